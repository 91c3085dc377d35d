// Everything that the warden stands on may fail: answers from strangers, the store, the core. Each time the payment is
// denied, or an error says so; nothing is signed; and afterwards the warden works as before. (A promise that is rejected
// and that nobody looks at fails these tests too: the test runner sees to it.)

import assert from "node:assert/strict";
import { after, afterEach, before, mock, test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { type Hostile, startHostile } from "../../examples/localnet/hostile.ts";
import { honest, offerV1, offerV2 } from "../../examples/localnet/traps.ts";
import { createBreaker } from "../../js/breaker.ts";
import { loadCore } from "../../js/core/inline.ts";
import { openLedger } from "../../js/core/ledger.ts";
import { memoryStore, PaymentDenied, type Store, TollwardenError, type Warden } from "../../js/index.ts";
import { trackPayments } from "../../js/payments.ts";
import { daily, deniedWith, guardedAgent, moved, policyFor, spyOn, warden } from "./support.ts";

let chain: Chain;
let hostile: Hostile;
before(async () => {
  chain = await startChain();
  hostile = await startHostile(chain);
  hostile.set("/goods", honest(offerV2(chain)));
});
after(async () => {
  await hostile?.stop();
  await chain?.stop();
});
afterEach(() => {
  mock.restoreAll();
  mock.timers.reset();
});

const PAID = { agent: -10_000n, attacker: 10_000n };

/** A warden on this store, and a fetch that pays with the agent's key. */
async function scene(store: Store = memoryStore()) {
  const w = await warden({ policy: policyFor([hostile.url]), store });
  const spy = spyOn(chain.accounts.agent.account);
  const through = (base: typeof fetch = fetch) =>
    w.payingFetch({
      fetch: base,
      pay: async ({ accept }) =>
        (await new ExactEvmScheme(spy.account).createPaymentPayload(2, accept as never)).payload,
    });
  const works = async () => assert.deepEqual(await moved(chain, () => through()(`${hostile.url}/goods`)), PAID);
  return { w, spy, through, works };
}

function offerText(): string {
  const offer = offerV2(chain);
  assert.ok(offer.kind === "v2");
  return JSON.stringify(offer.required);
}
const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString("base64");
const inHeader = (value: string, body: BodyInit = "{}") =>
  new Response(body, { status: 402, headers: { "PAYMENT-REQUIRED": value } });
const inBody = (body: BodyInit) => new Response(body, { status: 402 });

/** A body that never ends, and how much of it was taken. */
function endless(first = "") {
  const taken = { bytes: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(first)),
    pull(controller) {
      taken.bytes += 65_536;
      controller.enqueue(new Uint8Array(65_536).fill(32));
    },
    cancel() {
      taken.cancelled = true;
    },
  });
  return { body, taken };
}

test("offers that are no offers are denied or handed back, and nothing is signed", async () => {
  const { w, spy, through, works } = await scene();
  const text = offerText();
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const denied: Record<string, () => Response> = {
    "a header of a megabyte": () => inHeader("A".repeat(1_048_576)),
    "an offer of 400 kB": () => inHeader(base64(text.replace('"goods"', `"${"g".repeat(400_000)}"`))),
    "no base64": () => inHeader("%%%"),
    "base64 of another alphabet": () => inHeader(base64(text).replaceAll("A", "-")),
    "no UTF-8": () => inHeader(base64(new Uint8Array([0xff, 0xfe, 0x80]))),
    "an empty header": () => inHeader(""),
    "no JSON": () => inHeader(base64("nonsense")),
    "a list": () => inHeader(base64("[]")),
    nothing: () => inHeader(base64("null")),
    "a deep hole": () => inHeader(base64(deep)),
    "a deep hole inside": () => inHeader(base64(text.replace('"extra":{', `"extra":{"x":${deep},`))),
    "a key twice": () => inHeader(base64(text.replace('"payTo":', '"payTo":"0x1","payTo":'))),
    "accepts twice": () => inHeader(base64(text.replace(/}$/, ',"accepts":[]}'))),
    "a lone surrogate": () => inHeader(base64(text.replace('"goods"', '"\\ud800"'))),
    "a byte order mark": () => inHeader(base64(`\ufeff${text}x`)),
    "ten thousand entries": () => inHeader(base64(JSON.stringify({ x402Version: 2, accepts: Array(10_000).fill({}) }))),
    "no version": () => inHeader(base64(text.replace('"x402Version":2', '"x402Version":3'))),
    "a version 1 body that never ends": () => inBody(endless('{"x402Version":1,').body),
    "a version 1 body with a key twice": () => inBody('{"x402Version":1,"x402Version":1,"accepts":[]}'),
  };
  for (const [name, answer] of Object.entries(denied)) {
    const error = await through(async () => answer())(`${hostile.url}/x`).then(
      (response) => assert.fail(`${name}: ${response.status}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PaymentDenied, `${name}: ${String(error)}`);
    assert.equal(error.code, "malformed_offer", `${name}: ${error.message}`);
  }
  const handedBack: Record<string, () => Response> = {
    "another 402": () => inBody("please pay at the desk"),
    "an empty one": () => new Response(null, { status: 402 }),
    "a version 2 body without its header": () => inBody(text),
  };
  for (const [name, answer] of Object.entries(handedBack)) {
    const response = await through(async () => answer())(`${hostile.url}/x`);
    assert.equal(response.status, 402, name);
    assert.equal(response.bodyUsed, false, name);
  }
  assert.deepEqual(spy.signed, []);
  assert.deepEqual(await daily(w), { held: "0", spent: "0" });
  await works();
});

test("of an endless body, a bounded part is read, and then it is let go", async () => {
  const { through, spy } = await scene();
  const v1 = endless('{"x402Version":1,');
  await deniedWith("malformed_offer", through(async () => inBody(v1.body))(`${hostile.url}/x`));
  const v2 = endless();
  await deniedWith("malformed_offer", through(async () => inHeader("%%%", v2.body))(`${hostile.url}/x`));
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const { taken } of [v1, v2]) {
    assert.ok(taken.bytes <= 1_048_576, `${taken.bytes} bytes were taken`);
    assert.equal(taken.cancelled, true);
  }
  const broken = new ReadableStream({ pull: () => Promise.reject(new RangeError("cut off")) });
  await assert.rejects(through(async () => inBody(broken))(`${hostile.url}/x`), RangeError);
  assert.deepEqual(spy.signed, []);
});

test("members that reach for prototypes change nothing but the offer that they stand in", async () => {
  const { w, through } = await scene();
  const text = offerText().replace(
    '"extra":{',
    '"extra":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
  );
  const sent: Request[] = [];
  const inner: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.headers.has("payment-signature")) {
      sent.push(request);
      return new Response("{}");
    }
    return inHeader(base64(text));
  };
  const outcome = await through(inner)(`${hostile.url}/proto`).then(
    (response) => response.status,
    (error: unknown) => error,
  );
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  // Paid as it was held, word for word, or denied: both are right.
  assert.ok(outcome === 200 || outcome instanceof PaymentDenied, String(outcome));
  assert.equal(sent.length, outcome === 200 ? 1 : 0);
  const { spent } = await daily(w);
  assert.equal(spent, outcome === 200 ? "0.01" : "0");
});

test("numbers that JavaScript writes differently than the seller did are still the same offer", async () => {
  const { through } = await scene();
  for (const [number, written] of [
    ["1.0", "1"],
    ["1e2", "100"],
    ["-0", "0"],
    ["1E+2", "100"],
  ] as const) {
    let payment = "";
    const text = offerText().replace('"extra":{', `"extra":{"n":${number},`);
    const inner: typeof fetch = async (input, init) => {
      const header = new Request(input, init).headers.get("payment-signature");
      if (header === null) return inHeader(base64(text));
      payment = Buffer.from(header, "base64").toString("utf8");
      return new Response("{}");
    };
    const outcome = await through(inner)(`${hostile.url}/n?${encodeURIComponent(number)}`).then(
      ({ status }) => status,
      (error: unknown) => String(error),
    );
    assert.equal(outcome, 200, `${number}: ${outcome}`);
    assert.ok(payment.includes(`"n":${written}`), payment);
  }
});

/** A store that can be broken in one way at a time. */
function fragile() {
  const store = memoryStore();
  const state: { how?: "rejects" | "throws" | "hangs" | "conflicts" | "garbage" | undefined } = {};
  const broken = <T>(good: () => Promise<T>, conflict: () => Promise<T>, garbage: () => Promise<T>): Promise<T> => {
    switch (state.how) {
      case "rejects":
        return Promise.reject(new Error("disk on fire"));
      case "throws":
        throw new Error("no such method");
      case "hangs":
        return new Promise(() => undefined);
      case "conflicts":
        return conflict();
      case "garbage":
        return garbage();
      default:
        return good();
    }
  };
  const weak: Store = {
    ...store,
    load: (keys) =>
      broken(
        () => store.load(keys),
        () => store.load(keys),
        async () => keys.map((key) => ({ key, version: 1, value: '{"not":"a cell"}' })),
      ),
    commit: (commit) =>
      broken(
        () => store.commit(commit),
        async () => ({ ok: false, conflicts: [] }),
        async () => undefined as never,
      ),
  };
  return { weak, state };
}

for (const [how, code] of [
  ["rejects", "store_unavailable"],
  ["throws", "store_unavailable"],
  ["hangs", "store_unavailable"],
  ["conflicts", "store_conflict"],
  ["garbage", "internal_error"],
] as const) {
  test(`a store that ${how} allows nothing, and once it is well again payments go on`, async () => {
    const { weak, state } = fragile();
    const { w, spy, through, works } = await scene(weak);
    await works();
    state.how = how;
    const request = { url: `${hostile.url}/goods`, offer: offerText() };
    if (how === "hangs") {
      mock.timers.enable({ apis: ["setTimeout"] });
      const all = Promise.all([w.authorize(request), w.check(request), w.budgets().catch((error: unknown) => error)]);
      for (let i = 0; i < 12; i++) {
        for (let tick = 0; tick < 50; tick++) await Promise.resolve();
        mock.timers.tick(20_000);
      }
      const [authorized, checked, budgets] = await all;
      assert.equal(authorized.reason, code);
      assert.equal(checked.reason, code);
      assert.ok(budgets instanceof TollwardenError || Array.isArray(budgets));
      mock.timers.reset();
    } else {
      const changes = await moved(chain, () => deniedWith(code, through()(`${hostile.url}/goods`)));
      assert.deepEqual(changes, {});
      assert.equal((await w.authorize(request)).reason, code);
      await assert.rejects(w.ticket("any"), how === "conflicts" ? /./ : TollwardenError).catch((error: unknown) => {
        // A ticket that is refused changes nothing, so that nothing conflicts.
        assert.equal(how, "conflicts", String(error));
      });
    }
    assert.equal(spy.signed.length, 1);
    state.how = undefined;
    await works();
    assert.deepEqual(await daily(w), { held: "0", spent: "0.02" });
  });
}

for (const [what, member, broken] of [
  [
    "throws",
    "step",
    () => {
      throw new WebAssembly.RuntimeError("unreachable");
    },
  ],
  ["answers no JSON", "step", () => ["oops"]],
  ["answers null", "step", () => ["null"]],
  ["answers nothing", "step", () => ["{}"]],
  [
    "can't keep its cells",
    "taken",
    () => {
      throw new Error("taken");
    },
  ],
  [
    "can't load",
    "load",
    () => {
      throw new Error("load");
    },
  ],
  [
    "can't forget",
    "forget",
    () => {
      throw new Error("forget");
    },
  ],
] as const) {
  test(`a core that ${what} allows nothing, and once it is well again payments go on`, async () => {
    // Cells are forgotten after each event where the store can't say whether they are still the same.
    const { w, spy, through, works } = await scene({
      ...memoryStore(),
      keeps: false,
      ...(member === "taken" && { keeps: true }),
    });
    const failing = mock.method(loadCore().Engine.prototype, member, broken as never);
    const changes = await moved(chain, () => deniedWith("internal_error", through()(`${hostile.url}/goods`)));
    assert.deepEqual(changes, {});
    assert.ok(failing.mock.callCount() > 0);
    const asked = await w.authorize({ url: `${hostile.url}/goods`, offer: offerText() });
    assert.notEqual(asked.action, "allow");
    await w.ticket("any").then(
      ({ ok }) => assert.notEqual(ok, true),
      (error: unknown) => assert.ok(error instanceof TollwardenError, String(error)),
    );
    assert.deepEqual(spy.signed, []);
    failing.mock.restore();
    await works();
  });
}

test("a core that fails between the ticket and the signature keeps the wallet shut", async () => {
  const { w, spy, works } = await scene();
  const signer = w.signer(spy.account);
  const pay = w.payingFetch({
    async pay({ accept }) {
      mock.method(loadCore().Engine.prototype, "step", () => {
        throw new WebAssembly.RuntimeError("unreachable");
      });
      return (await new ExactEvmScheme(signer).createPaymentPayload(2, accept as never)).payload;
    },
  });
  const changes = await moved(chain, () => assert.rejects(pay(`${hostile.url}/goods`), TollwardenError));
  assert.deepEqual(changes, {});
  assert.deepEqual(spy.signed, []);
  mock.restoreAll();
  assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
  await works();
});

test("a clock that is none denies", async () => {
  let clock: () => number = Date.now;
  const w: Warden = await warden({ policy: policyFor([hostile.url]), now: () => clock() });
  const request = { url: `${hostile.url}/goods`, offer: offerText() };
  const spy = spyOn(chain.accounts.agent.account);
  const pay = w.payingFetch({ pay: () => assert.fail("signed without a clock") });
  for (const broken of [
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => -1,
    () => {
      throw new Error("no clock");
    },
  ]) {
    clock = broken;
    assert.equal((await w.authorize(request)).action, "deny");
    await assert.rejects(pay(`${hostile.url}/goods`), TollwardenError);
  }
  assert.deepEqual(spy.signed, []);
  clock = Date.now;
  assert.equal((await w.authorize(request)).action, "allow");
});

test("the table of payments under way does not grow: what nobody takes further is forgotten", async () => {
  let clock = Date.now();
  const now = () => clock;
  const policy = JSON.stringify(policyFor([hostile.url], { budgets: [{ name: "b", limit_usd: "900", window: "1h" }] }));
  const ledger = openLedger({ policy, store: memoryStore({ now }), now });
  const payments = trackPayments(ledger, createBreaker({ now }), now);
  const url = `${hostile.url}/many`;
  const hold = () => payments.hold({ method: "GET", url, offerText: offerText(), byClient: false }, {});
  const held = await Promise.all(Array.from({ length: 60 }, hold));
  for (const payment of held.slice(0, 20)) await payments.ticket(payment);
  for (const payment of held.slice(20, 30)) await payments.abandon(payment);
  assert.equal(payments.heldFor("GET", url).length, 50);
  clock += 121_000;
  await hold();
  // Those that were ticketed stay as long as their signatures could be used.
  assert.equal(payments.heldFor("GET", url).length, 21);
  clock += 300_000;
  await hold();
  assert.equal(payments.heldFor("GET", url).length, 1);
  const [first] = held;
  assert.ok(first);
  assert.equal(payments.byId(first.id), undefined);
  await assert.rejects(payments.send(first, new Request(url), fetch), PaymentDenied);
});

test("version 1 offers meet the same strictness", async () => {
  const { spy, through } = await scene();
  const offer = offerV1(chain);
  assert.ok(offer.kind === "v1");
  const text = JSON.stringify(offer.body);
  const doubled = text.replace('"payTo":', '"payTo":"0x1","payTo":');
  await deniedWith("malformed_offer", through(async () => inBody(doubled))(`${hostile.url}/x`));
  const decoy = text.replace('"maxAmountRequired":"10000"', '"amount":"1","maxAmountRequired":"99000000"');
  await deniedWith("payment_too_large", through(async () => inBody(decoy))(`${hostile.url}/x`));
  assert.deepEqual(spy.signed, []);
});

test("a version 1 offer that stands in the header is paid by the official client", async () => {
  const { w, spy } = await scene();
  const offer = offerV1(chain);
  assert.ok(offer.kind === "v1");
  const text = JSON.stringify(offer.body);
  const inner: typeof fetch = async (input, init) => {
    const paid = new Request(input, init).headers.has("x-payment");
    return paid ? Response.json({ paid }) : inHeader(base64(text));
  };
  const pay = guardedAgent(chain, w, { account: spy.account, inner });
  assert.equal((await pay(`${hostile.url}/x`)).status, 200);
  assert.equal(spy.signed.length, 1);
});
