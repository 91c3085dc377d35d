/**
 * The JavaScript boundary, by fast-check: whatever a caller hands over (getters that change their mind, proxies, cycles, huge
 * texts, lone surrogates, `__proto__`), the answer is a decision or one of tollwarden's errors, nothing is allowed that an
 * honest object would not be, and nobody's prototype is changed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  memoryStore,
  openWarden,
  openWardenWithControl,
  PolicyInvalid,
  TollwardenError,
  type Warden,
} from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { seedOfRun } from "../torture/random.ts";

fc.configureGlobal({ seed: seedOfRun() | 0 });
const RUNS = Number(process.env.TOLLWARDEN_FUZZ_RUNS ?? 400);
const policy = { payment: { max_usd: "0.02" }, budgets: [{ name: "daily", limit_usd: "1", window: "24h" }] };
const url = "https://api.example.com/x";
const prototypes = () =>
  [Object.prototype, Array.prototype, String.prototype, Function.prototype].map(
    (one) => Object.getOwnPropertyNames(one).length,
  );
const before = prototypes();

/** Texts that are hard to hold: lone surrogates, controls, other digits, long ones. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 40 }),
  fc.constantFrom(
    "\ud800",
    "\udc00x",
    "\0",
    "__proto__",
    "constructor",
    "１０００",
    "1e400",
    "-0",
    "Infinity",
    "NaN",
    "0x10",
    " 1",
  ),
  fc.integer({ min: 1, max: 300_000 }).map((length) => "9".repeat(length)),
);
const odd: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    2 ** 53,
    10n ** 40n,
    Symbol("s"),
    () => 1,
    new Date(0),
    new Map(),
    new Uint8Array(4),
  ),
  fc.double(),
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    maxDepth: 3,
  }),
);

/** Objects that are not what they seem, each made when it is handed over: fast-check itself looks into what it draws. */
const hostile: fc.Arbitrary<() => unknown> = fc.tuple(fc.nat({ max: 7 }), odd).map(([kind, value]) => () => {
  switch (kind) {
    case 0: {
      const cycle: Record<string, unknown> = { value };
      cycle.self = cycle;
      return cycle;
    }
    case 1:
      return {
        get amount() {
          throw new Error("a getter");
        },
      };
    case 2:
      return new Proxy({}, { get: () => value, has: () => true, ownKeys: () => ["amount", "b"] });
    case 3: {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    }
    case 4:
      return JSON.parse(`{"__proto__":{"polluted":${JSON.stringify(typeof value === "string" ? value : "x")}}}`);
    case 5:
      return { toJSON: () => value };
    default:
      return value;
  }
});

/** Runs it; what comes out is a value or one of ours, or the caller's own error while its object was read. */
async function tried<T>(work: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    assert.ok(error instanceof TollwardenError || error instanceof Error || typeof error === "object", String(error));
    assert.ok(!(error instanceof WebAssembly.RuntimeError), `it trapped: ${String(error)}`);
    return undefined;
  }
}

async function stillWell(warden: Warden): Promise<void> {
  assert.deepEqual(prototypes(), before, "somebody's prototype has changed");
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  const decision = await warden.check({ url, offer: offer() });
  assert.equal(decision.action, "allow", "an honest payment still passes");
}

const members = ["scheme", "network", "amount", "asset", "payTo", "maxTimeoutSeconds", "extra"] as const;

test("an offer with one hostile member is never allowed for more than an honest one", async () => {
  const warden = await openWarden({ policy, store: memoryStore() });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...members), hostile, async (member, value) => {
      const made = structuredClone(offer()) as { accepts: Record<string, unknown>[] };
      (made.accepts[0] as Record<string, unknown>)[member] = value();
      const decision = await tried(() => warden.check({ url, offer: made }));
      if (decision?.action === "allow") {
        assert.ok(BigInt(decision.amount ?? "0") <= 20_000n, JSON.stringify(decision));
        assert.equal(
          decision.payee?.toLowerCase(),
          String((JSON.parse(JSON.stringify(made)) as typeof made).accepts[0]?.payTo).toLowerCase(),
        );
      }
    }),
    { numRuns: RUNS },
  );
  await stillWell(warden);
});

test("a request that is hostile through and through is a denial or an error, and holds nothing", async () => {
  const { warden, control } = await openWardenWithControl({ policy, store: memoryStore() });
  const request = fc.record(
    {
      id: hostile,
      method: hostile,
      url: hostile,
      offer: hostile,
      agent: hostile,
      maxUsd: hostile,
      metadata: hostile,
      countersignatures: hostile,
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(request, async (given) => {
      const made = Object.fromEntries(Object.entries(given).map(([name, make]) => [name, make?.()]));
      const decision = await tried(() => warden.authorize(made as never));
      assert.notEqual(decision?.action, "allow");
    }),
    { numRuns: RUNS },
  );
  assert.deepEqual(await control.holds(), []);
  await stillWell(warden);
});

test("a getter that says one thing first and another later is believed once", async () => {
  const warden = await openWarden({ policy, store: memoryStore() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("10000", "20000", "20001", "9000000", "x"), { minLength: 1, maxLength: 6 }),
      async (says) => {
        let reads = 0;
        const made = structuredClone(offer()) as { accepts: Record<string, unknown>[] };
        Object.defineProperty(made.accepts[0], "amount", {
          enumerable: true,
          get: () => says[Math.min(reads++, says.length - 1)],
        });
        const decision = await tried(() => warden.check({ url, offer: made }));
        if (decision?.action === "allow")
          assert.ok(decision.amount === "10000" || decision.amount === "20000", decision.amount ?? "");
      },
    ),
    { numRuns: RUNS },
  );
});

test("a payment that was signed, hostile in one place, binds only if it is what was held", async () => {
  const { warden } = await openWardenWithControl({ policy: { payment: { max_usd: "0.02" } }, store: memoryStore() });
  let next = 0;
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (payload, accepted) => {
      const id = `p${next++}`;
      await warden.authorize({ id, url, offer: offer() });
      await warden.ticket(id);
      const outcome = await tried(() =>
        warden.sign(id, { x402Version: 2, payload: payload(), accepted: accepted() } as never),
      );
      assert.notEqual(outcome?.ok, true);
    }),
    { numRuns: Math.min(RUNS, 200) },
  );
});

test("a policy that is hostile is refused in words, and opens nothing", async () => {
  const sections = [
    "payment",
    "budgets",
    "rates",
    "rules",
    "vendors",
    "payees",
    "agents",
    "approvals",
    "origins",
    "breaker",
    "replay",
    "schedule",
    "version",
    "privacy",
    "extends",
  ] as const;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sections), hostile, async (section, value) => {
      const given = { payment: { max_usd: "0.02" }, [section]: value() };
      const warden = await tried(() => openWarden({ policy: given as never, store: memoryStore() }));
      if (warden === undefined) return;
      const decision = await warden.check({ url, offer: offer("20001") });
      // A largest payment that was taken is one that was said.
      if (section !== "payment") assert.notEqual(decision.action, "allow");
    }),
    { numRuns: RUNS },
  );
});

test("a policy's text, whatever stands in it, is taken or refused as PolicyInvalid", async () => {
  const line = fc
    .tuple(fc.constantFrom("payment.max_usd", "[payment]\nmax_usd", "[[budgets]]\nname", "version", "x"), text)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        text,
        fc.array(line, { maxLength: 4 }).map((lines) => lines.join("\n")),
      ),
      async (given) => {
        try {
          await openWarden({ policy: `${given}\n`, store: memoryStore() });
        } catch (error) {
          assert.ok(error instanceof PolicyInvalid, String(error));
        }
      },
    ),
    { numRuns: RUNS },
  );
});
