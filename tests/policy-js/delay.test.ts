/** A payment that only comes too soon is waited for, as long as the caller can wait. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../js/core/types.ts";
import { patiently } from "../../js/delay.ts";
import { memoryStore, openWarden, PaymentDenied, type WardenOptions } from "../../js/index.ts";
import { offer } from "../cli/support.ts";

const START = Date.UTC(2026, 0, 5, 10);

/** A clock that only moves when somebody waits. */
function clock() {
  const waits: number[] = [];
  let at = START;
  return {
    waits,
    now: () => at,
    async sleep(milliseconds: number, signal: AbortSignal | undefined) {
      signal?.throwIfAborted();
      waits.push(milliseconds);
      at += milliseconds;
    },
  };
}

function tooSoon(retryAt: number | undefined, delay = true): Decision {
  const fix = retryAt === undefined ? {} : { fix: { retry_at: new Date(retryAt).toISOString() } };
  return { id: "x", action: "deny", reason: "rate_exceeded", rules: ["calm"], delay, ...fix };
}

const ALLOWED: Decision = { id: "y", action: "allow", reason: "allowed", rules: [] };

async function outcome(decisions: readonly Decision[], maxDelayMs?: number) {
  const time = clock();
  const left = [...decisions];
  const ask = async (): Promise<Decision> => left.shift() ?? assert.fail("asked too often");
  const decision = await patiently(ask, { ...time, ...(maxDelayMs === undefined ? {} : { maxDelayMs }) });
  return { decision, waits: time.waits, unasked: left.length };
}

test("it waits until it may be made, and asks again", async () => {
  const { decision, waits } = await outcome([tooSoon(START + 3_000), ALLOWED]);
  assert.deepEqual([decision, waits], [ALLOWED, [3_000]]);
});

test("somebody else may be faster: it waits again, for ten seconds in all", async () => {
  const again = await outcome([tooSoon(START + 3_000), tooSoon(START + 10_000), ALLOWED]);
  assert.deepEqual([again.decision, again.waits], [ALLOWED, [3_000, 7_000]]);
  const over = await outcome([tooSoon(START + 3_000), tooSoon(START + 10_001), ALLOWED]);
  assert.deepEqual([over.decision.action, over.waits, over.unasked], ["deny", [3_000], 1]);
});

test("no longer than it may, and not at all for what is no delay", async () => {
  const cases: readonly (readonly [Decision, number | undefined])[] = [
    [tooSoon(START + 10_001), undefined],
    [tooSoon(START + 1_001), 1_000],
    [tooSoon(START + 1), 0],
    [tooSoon(undefined), undefined],
    [tooSoon(START + 1_000, false), undefined],
    [{ ...tooSoon(START), fix: { retry_at: "soon" } }, undefined],
    [tooSoon(START + 1_000), Number.NaN],
  ];
  for (const [first, most] of cases) {
    const { decision, waits } = await outcome([first, ALLOWED], most);
    assert.deepEqual([decision, waits], [first, []]);
  }
});

test("a time that has come already is no busy loop, and a clock that stands still ends", async () => {
  const { decision, waits } = await outcome([tooSoon(START - 5), ALLOWED]);
  assert.deepEqual([decision, waits], [ALLOWED, [1]]);
  let asked = 0;
  const still = { now: () => START, sleep: async () => undefined, maxDelayMs: 50 };
  const never = await patiently(async () => {
    asked += 1;
    return tooSoon(START);
  }, still);
  assert.deepEqual([never.action, asked], ["deny", 51]);
});

test("a caller that gives up ends the wait", async () => {
  const control = new AbortController();
  const waiting = patiently(async () => tooSoon(Date.now() + 5_000), { now: Date.now }, control.signal);
  const since = performance.now();
  setTimeout(() => control.abort(new Error("enough")), 20);
  await assert.rejects(waiting, /enough/);
  assert.ok(performance.now() - since < 2_000);
  const over = patiently(
    async () => tooSoon(Date.now() + 5_000),
    { now: Date.now },
    AbortSignal.abort(new Error("before")),
  );
  await assert.rejects(over, /before/);
});

const CALM = {
  payment: { max_usd: "1" },
  rates: [{ name: "calm", min_gap: "200ms", then: "delay" }],
};

const seller: typeof fetch = async (input, init) => {
  const paid = new Request(input, init).headers.has("PAYMENT-SIGNATURE");
  const encoded = Buffer.from(JSON.stringify(offer())).toString("base64");
  return paid ? new Response("goods") : new Response("", { status: 402, headers: { "PAYMENT-REQUIRED": encoded } });
};

async function shop(more: Partial<WardenOptions> = {}, policy: object = CALM) {
  const asked: string[] = [];
  const warden = await openWarden({ policy, store: memoryStore(), agent: "a", ...more });
  // Nothing is signed here: the hold is what is waited for.
  const pay = warden.payingFetch({
    fetch: seller,
    pay: async ({ id }) => {
      asked.push(id);
      throw new RangeError("signed");
    },
  });
  return { asked, pay: (n: number, init?: RequestInit) => pay(`https://api.example.com/${n}`, init) };
}

test("the guarded fetch waits for a rate that delays, with a payment of its own", async () => {
  const { asked, pay } = await shop();
  const since = performance.now();
  for (const n of [1, 2, 3]) await assert.rejects(pay(n), /signed/);
  assert.ok(performance.now() - since >= 395, `${performance.now() - since} ms`);
  assert.equal(new Set(asked).size, 3);
});

test("a rate that denies, a wait that is too long, and a caller that gives up are denials and errors at once", async () => {
  const denied = async (promise: Promise<unknown>): Promise<void> => {
    const error = await promise.then(
      () => assert.fail("it went through"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PaymentDenied, String(error));
    assert.equal(error.code, "rate_exceeded");
  };
  const impatient = await shop({ maxDelayMs: 100 });
  await assert.rejects(impatient.pay(1), /signed/);
  await denied(impatient.pay(2));
  const strict = await shop({}, { ...CALM, rates: [{ name: "calm", min_gap: "200ms" }] });
  await assert.rejects(strict.pay(1), /signed/);
  await denied(strict.pay(2));
  const slow = await shop({}, { ...CALM, rates: [{ name: "calm", min_gap: "5s", then: "delay" }] });
  await assert.rejects(slow.pay(1), /signed/);
  const since = performance.now();
  await assert.rejects(slow.pay(2, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  assert.ok(performance.now() - since < 2_000);
});
