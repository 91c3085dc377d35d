// Whoever sits between the payment and its answer: redirects, second offers, lost answers, kept signatures, receipts
// that lie. The official client pays through the warden; the chain says what really happened.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { x402Client, x402HTTPClient } from "@x402/core/client";
import type { PaymentRequired } from "@x402/core/types";
import { registerExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Hostile, type Offer, startHostile } from "../../examples/localnet/hostile.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import {
  baitAndSwitch,
  honest,
  lostResponse,
  lyingReceipt,
  offerV1,
  offerV2,
  pretendSettled,
  redirectPaid,
  withheld,
} from "../../examples/localnet/traps.ts";
import { memoryStore, PaymentDenied, PaymentUnresolved, type Warden, WardenUnavailable } from "../../js/index.ts";
import {
  arrived,
  controlOf,
  daily,
  deniedWith,
  guardedAgent,
  moved,
  policyFor,
  type Spy,
  spyOn,
  warden,
} from "./support.ts";

let chain: Chain;
let hostile: Hostile;
let seller: Seller;
before(async () => {
  chain = await startChain();
  hostile = await startHostile(chain);
  seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
});
after(async () => {
  await seller?.stop();
  await hostile?.stop();
  await chain?.stop();
});

const HELD = { held: "0.01", spent: "0" };
const SPENT = { held: "0", spent: "0.01" };
const NOTHING = { held: "0", spent: "0" };
const PAID = { agent: -10_000n, attacker: 10_000n };

interface Scene {
  readonly w: Warden;
  readonly spy: Spy;
  readonly pay: typeof fetch;
}

async function scene(options: Parameters<typeof guardedAgent>[2] = {}, more: object = {}): Promise<Scene> {
  const policy = policyFor([hostile.url, hostile.otherUrl, seller.url], {
    breaker: { failure_threshold: 100 },
    ...more,
  });
  const w = await warden({ policy });
  const spy = spyOn(chain.accounts.agent.account);
  return { w, spy, pay: guardedAgent(chain, w, { account: spy.account, ...options }) };
}

function requiredOf(offer: Offer): object {
  assert.ok(offer.kind === "v2");
  return offer.required as object;
}

async function unresolved(promise: Promise<unknown>): Promise<PaymentUnresolved> {
  const error = await promise.then(
    () => assert.fail("it went through"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PaymentUnresolved, String(error));
  assert.equal(error.code, "payment_unresolved");
  return error;
}

for (const status of [302, 307] as const) {
  test(`a paid request that is redirected (${status}) takes its payment nowhere else`, async () => {
    const { w, spy, pay } = await scene();
    hostile.set("/away", redirectPaid(offerV2(chain), status));
    const before = hostile.requests.length;
    const changes = await moved(chain, () => unresolved(pay(`${hostile.url}/away`)));
    assert.deepEqual(changes, {});
    const others = hostile.requests.slice(before).filter(({ origin }) => origin === "other");
    assert.deepEqual(others, []);
    assert.equal(spy.signed.length, 1);
    assert.deepEqual(await daily(w), HELD);
    const again = await deniedWith("intent_unresolved", pay(`${hostile.url}/away`));
    assert.match(again.message, /unknown outcome/);
    assert.equal(spy.signed.length, 1);
  });
}

test("an offer that comes from another origin than was asked is denied, and paid when it is asked for", async () => {
  const { w, spy, pay } = await scene();
  hostile.set("/moved", {
    offer: ({ origin }) =>
      origin === "main"
        ? { kind: "redirect", status: 307, location: `${hostile.otherUrl}/moved` }
        : offerV2(chain, {}, `${hostile.url}/moved`),
    paid: () => ({ settle: true, reply: "serve" }),
  });
  const changes = await moved(chain, () => deniedWith("redirected_offer", pay(`${hostile.url}/moved`)));
  assert.deepEqual(changes, {});
  assert.deepEqual(spy.signed, []);
  assert.deepEqual(await daily(w), NOTHING);
  assert.equal(arrived(hostile, "/moved"), 0);
  const honestly = await moved(chain, () => pay(`${hostile.otherUrl}/moved`));
  assert.deepEqual(honestly, PAID);
});

test("an offer behind a redirect on the same origin is denied: the payment could only be lost", async () => {
  const { w, spy, pay } = await scene();
  hostile.set("/old", {
    offer: () => ({ kind: "redirect", status: 307, location: "/new" }),
    paid: () => ({ settle: false, reply: "redirect", location: "/new" }),
  });
  hostile.set("/new", honest(offerV2(chain)));
  const error = await deniedWith("redirected_offer", pay(`${hostile.url}/old`));
  assert.match(error.message, /\/new/);
  assert.deepEqual(spy.signed, []);
  assert.deepEqual(await daily(w), NOTHING);
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/new`)), PAID);
});

test("bait and switch: the dearer second offer is not paid, and what was signed stays counted", async () => {
  const { w, spy, pay } = await scene();
  hostile.set("/bait", baitAndSwitch(offerV2(chain), offerV2(chain, { amount: "9000000" })));
  const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}/bait`)).status, 402));
  assert.deepEqual(changes, {});
  assert.equal(arrived(hostile, "/bait"), 1);
  assert.equal(spy.signed.length, 1);
  assert.deepEqual(await daily(w), HELD);
  await deniedWith("intent_unresolved", pay(`${hostile.url}/bait`));
  assert.equal(spy.signed.length, 1);
});

for (const how of ["hang", "reset"] as const) {
  test(`an answer that is lost (${how}) leaves the money counted, and the same request unpaid`, async () => {
    const { w, spy, pay } = await scene({}, { budgets: [{ name: "daily", limit_usd: "0.02", window: "24h" }] });
    hostile.set(`/lost-${how}`, lostResponse(offerV2(chain), how));
    hostile.set("/fine", honest(offerV2(chain)));
    hostile.set("/more", honest(offerV2(chain)));
    const changes = await moved(chain, async () => {
      const signal = how === "hang" ? AbortSignal.timeout(400) : null;
      const error = await unresolved(pay(`${hostile.url}/lost-${how}`, { signal }));
      assert.ok(error.cause instanceof Error);
      assert.ok(error.id.length > 0);
    });
    assert.deepEqual(changes, PAID);
    assert.deepEqual(await daily(w), HELD);
    const error = await deniedWith("intent_unresolved", pay(`${hostile.url}/lost-${how}`));
    assert.ok("hold" in error.decision && typeof error.decision.hold === "string");
    assert.equal(spy.signed.length, 1);
    // Another request is another intent; the budget still knows of both.
    assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/fine`)), PAID);
    await deniedWith("budget_exceeded", pay(`${hostile.url}/more`));
    assert.equal(spy.signed.length, 2);
  });
}

test("a signature that the seller keeps and uses later is covered by the books all the while", async () => {
  const { w, spy, pay } = await scene();
  hostile.set("/kept", withheld(offerV2(chain)));
  const quiet = await moved(chain, async () => assert.equal((await pay(`${hostile.url}/kept`)).status, 500));
  assert.deepEqual(quiet, {});
  assert.deepEqual(await daily(w), HELD);
  const payment = hostile.payments().at(-1);
  assert.ok(payment?.signed);
  assert.deepEqual(await moved(chain, () => hostile.collect(payment)), PAID);
  assert.deepEqual(await daily(w), HELD);

  const { decision } = await deniedWith("intent_unresolved", pay(`${hostile.url}/kept`));
  assert.equal(spy.signed.length, 1);
  const id = "hold" in decision ? (decision.hold ?? "") : "";
  // A seller's word frees nothing; the chain's does, and it says that the money went.
  assert.equal((await w.settle(id, { outcome: "failed" })).state, "unknown");
  assert.deepEqual(await daily(w), HELD);
  const { from, nonce } = payment.signed.authorization;
  assert.ok(await chain.authorizationUsed(from, nonce));
  const proven = await controlOf(w).reconcile(id, { authorization: "used", amount: 10_000n });
  assert.equal(proven.state, "captured");
  assert.deepEqual(await daily(w), SPENT);
});

test("an unused signature frees its money only when it can't be used any more", async () => {
  let clock = Date.now();
  const w = await warden({
    policy: policyFor([hostile.url]),
    now: () => clock,
    store: memoryStore({ now: () => clock }),
  });
  const pay = guardedAgent(chain, w);
  hostile.set("/unused", withheld(offerV2(chain)));
  await pay(`${hostile.url}/unused`);
  const { decision } = await deniedWith("intent_unresolved", pay(`${hostile.url}/unused`));
  const id = "hold" in decision ? (decision.hold ?? "") : "";
  assert.equal((await controlOf(w).reconcile(id, { authorization: "unused", at: clock })).ok, false);
  assert.deepEqual(await daily(w), HELD);
  clock += 400_000;
  // Nobody proved anything: it counts as spent. The proof then gives it back.
  const next = await w.authorize({ url: `${hostile.url}/next`, offer: requiredOf(offerV2(chain)) });
  assert.equal(next.action, "allow");
  assert.deepEqual(await daily(w), { held: "0.01", spent: "0.01" });
  assert.equal((await controlOf(w).reconcile(id, { authorization: "unused", at: clock })).ok, true);
  assert.deepEqual(await daily(w), HELD);
});

for (const [what, receipt, books] of [
  ["failure, though the money is gone", { success: false, errorReason: "no" }, HELD],
  ["an amount of nothing", { success: true, amount: "0", transaction: "0x00" }, SPENT],
  ["more than was ever signed", { success: true, amount: `1${"0".repeat(30)}`, transaction: "0x00" }, SPENT],
  ["nonsense", "not base64 at all!", SPENT],
] as const) {
  test(`a receipt that says ${what} does not move the books`, async () => {
    const { w, pay } = await scene();
    hostile.set("/lies", lyingReceipt(offerV2(chain), receipt));
    const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}/lies`)).status, 200));
    assert.deepEqual(changes, PAID);
    assert.deepEqual(await daily(w), books);
  });
}

test("a receipt for money that never moved is booked all the same: the signature can still be used", async () => {
  const { w, pay } = await scene();
  hostile.set("/pretend", pretendSettled(offerV2(chain)));
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/pretend`)), {});
  assert.deepEqual(await daily(w), SPENT);
});

for (const signer of [true, false]) {
  for (const [reply, trap] of [
    ["a success", () => honest(offerV2(chain))],
    ["a refusal", () => withheld(offerV2(chain))],
    ["a second offer", () => baitAndSwitch(offerV2(chain), offerV2(chain))],
  ] as const) {
    test(`a hook that answers ${reply} with {recovered: true} gets no second signature (signer: ${signer})`, async () => {
      const { w, spy, pay } = await scene({
        signer,
        tamper: (client) => void client.onPaymentResponse(async () => ({ recovered: true })),
      });
      hostile.set("/again", trap());
      const changes = await moved(chain, () => deniedWith("unticketed_signature", pay(`${hostile.url}/again`)));
      assert.deepEqual(changes, reply === "a success" ? PAID : {});
      assert.equal(spy.signed.length, 1);
      assert.equal(arrived(hostile, "/again") >= 1, true);
      assert.deepEqual(await daily(w), reply === "a success" ? SPENT : HELD);
    });
  }
}

test("a denial keeps its class and its code wherever it arises", async () => {
  // In the first request: the policy.
  const { w, spy, pay } = await scene({}, { payment: { max_usd: "0.02" } });
  hostile.set("/dear", honest(offerV2(chain, { amount: "20001" })));
  const dear = await deniedWith("payment_too_large", pay(`${hostile.url}/dear`));
  assert.ok("rules" in dear.decision);
  assert.deepEqual(dear.decision.rules, ["payment.max_usd"]);
  await w.freeze("stop");
  hostile.set("/frozen", honest(offerV2(chain)));
  await deniedWith("frozen", pay(`${hostile.url}/frozen`));
  await controlOf(w).unfreeze();
  assert.deepEqual(spy.signed, []);
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/frozen`)), PAID);

  // While the payment is made: the hold has lapsed before the ticket.
  let clock = Date.now();
  const store = memoryStore({ now: () => clock });
  const late = await warden({ policy: policyFor([hostile.url]), store, now: () => clock });
  const second = spyOn(chain.accounts.agent.account);
  hostile.set("/late", honest(offerV2(chain)));
  const slow = guardedAgent(chain, late, {
    account: second.account,
    tamper: (client) =>
      void client.onBeforePaymentCreation(async () => {
        clock += 61_000;
      }),
  });
  await deniedWith("hold_expired", slow(`${hostile.url}/late`));
  assert.deepEqual(second.signed, []);

  // The same with a scheme's own recovery in between: a hook that knows better does not lift it.
  const recovering = guardedAgent(chain, late, {
    account: second.account,
    tamper: (client) =>
      void client
        .onBeforePaymentCreation(async () => {
          clock += 61_000;
        })
        .onPaymentCreationFailure(async ({ error }) => {
          assert.ok(error instanceof PaymentDenied);
        }),
  });
  await deniedWith("hold_expired", recovering(`${hostile.url}/late`));
  assert.deepEqual(second.signed, []);
});

test("a store that fails while the payment is made is a typed error too, and nothing is signed", async () => {
  const store = memoryStore();
  let broken = false;
  const failing: typeof store = {
    ...store,
    commit: (commit) => (broken ? Promise.reject(new Error("disk full")) : store.commit(commit)),
  };
  const w = await warden({ policy: policyFor([hostile.url]), store: failing });
  const spy = spyOn(chain.accounts.agent.account);
  hostile.set("/disk", honest(offerV2(chain)));
  const pay = guardedAgent(chain, w, {
    account: spy.account,
    tamper: (client) =>
      void client.onBeforePaymentCreation(async () => {
        broken = true;
      }),
  });
  const changes = await moved(chain, () =>
    assert.rejects(pay(`${hostile.url}/disk`), (error) => {
      assert.ok(error instanceof WardenUnavailable, String(error));
      assert.equal(error.code, "store_unavailable");
      return true;
    }),
  );
  assert.deepEqual(changes, {});
  assert.deepEqual(spy.signed, []);
  assert.equal(arrived(hostile, "/disk"), 0);
  await deniedWith("store_unavailable", guardedAgent(chain, w)(`${hostile.url}/disk`));
  broken = false;
  assert.deepEqual(await moved(chain, () => guardedAgent(chain, w)(`${hostile.url}/disk`)), PAID);
});

test("a store that fails after the payment hides neither the answer nor the loss", async () => {
  const store = memoryStore();
  let broken = false;
  const failing: typeof store = {
    ...store,
    commit: (commit) => (broken ? Promise.reject(new Error("disk full")) : store.commit(commit)),
  };
  const w = await warden({ policy: policyFor([hostile.url]), store: failing });
  const inner: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (response.status !== 402) broken = true;
    return response;
  };
  hostile.set("/served", honest(offerV2(chain)));
  const pay = guardedAgent(chain, w, { inner });
  const changes = await moved(chain, async () => {
    const response = await pay(`${hostile.url}/served`);
    assert.deepEqual(await response.json(), { goods: "as promised" });
  });
  assert.deepEqual(changes, PAID);
  broken = false;
  // It could not be booked as spent; it is still counted.
  assert.deepEqual(await daily(w), HELD);
});

/** The official client, driven step by step: the payment header for one URL. */
async function headerFor(w: Warden, spy: Spy, url: string): Promise<Record<string, string>> {
  const client = w.client(new x402Client());
  registerExactEvmScheme(client, { signer: w.signer(spy.account) });
  const http = new x402HTTPClient(client);
  const response = await w.fetch()(url);
  assert.equal(response.status, 402);
  const required: PaymentRequired = http.getPaymentRequiredResponse((name) => response.headers.get(name));
  return http.encodePaymentSignatureHeader(await http.createPaymentPayload(required));
}

test("a payment goes to the URL that it was held for, once, and nowhere else", async () => {
  const { w, spy } = await scene();
  hostile.set("/a", honest(offerV2(chain)));
  hostile.set("/b", honest(offerV2(chain)));
  const headers = await headerFor(w, spy, `${hostile.url}/a`);
  const send = (url: string, init: RequestInit = {}) => w.fetch()(url, { headers, ...init });
  const changes = await moved(chain, async () => {
    await deniedWith("unticketed_signature", send(`${hostile.url}/b`));
    await deniedWith("unticketed_signature", send(`${hostile.url}/a?x=1`));
    await deniedWith("unticketed_signature", send(`${hostile.otherUrl}/a`));
    await deniedWith("unticketed_signature", send(`${hostile.url}/a`, { method: "POST" }));
  });
  assert.deepEqual(changes, {});
  const paid = await moved(chain, async () => {
    const [first, second] = await Promise.allSettled([send(`${hostile.url}/a#part`), send(`${hostile.url}/a`)]);
    assert.ok(first.status === "fulfilled" && first.value.status === 200);
    assert.ok(second.status === "rejected");
    await deniedWith("ticket_used", Promise.reject(second.reason));
  });
  assert.deepEqual(paid, PAID);
  await deniedWith("unticketed_signature", send(`${hostile.url}/a`));
  assert.equal(arrived(hostile, "/a"), 1);
  assert.equal(spy.signed.length, 1);
});

test("a payment that nothing was held for is not sent, whoever put it there", async () => {
  const { w, spy } = await scene();
  const other = await scene();
  hostile.set("/hand", honest(offerV2(chain)));
  const headers = await headerFor(other.w, spy, `${hostile.url}/hand`);
  const header = headers["PAYMENT-SIGNATURE"] ?? "";
  const send = (headers: Record<string, string>) => w.fetch()(`${hostile.url}/hand`, { headers });
  const changes = await moved(chain, async () => {
    await deniedWith("unticketed_signature", send({ "PAYMENT-SIGNATURE": header }));
    await deniedWith("unticketed_signature", send({ "payment-signature": header }));
    await deniedWith("malformed_payload", send({ "PAYMENT-SIGNATURE": header, "X-PAYMENT": header }));
    await deniedWith("malformed_payload", send({ "PAYMENT-SIGNATURE": `${header}, ${header}` }));
    for (const bad of ["", "%%%", "bm90IGpzb24=", "W10=", "/////w==", header.slice(0, -3)]) {
      await deniedWith("malformed_payload", send({ "X-PAYMENT": bad }));
    }
    const pay = w.payingFetch({ pay: () => assert.fail("the signer was reached") });
    await deniedWith("unticketed_signature", pay(`${hostile.url}/hand`, { headers }));
  });
  assert.deepEqual(changes, {});
  assert.equal(arrived(hostile, "/hand"), 0);
  assert.deepEqual(await daily(w), NOTHING);
});

test("headers that an extension's hook adds are judged like any other payment", async () => {
  const { w, spy } = await scene();
  const foreign = await scene();
  hostile.set("/siwx", honest(offerV2(chain)));
  const headers = await headerFor(foreign.w, foreign.spy, `${hostile.url}/siwx`);
  const inner = w.client(new x402Client());
  registerExactEvmScheme(inner, { signer: w.signer(spy.account) });
  const client = new x402HTTPClient(inner);
  client.onPaymentRequired(async () => ({ headers }));
  // It is for the same terms, so that it binds to the hold: one payment, and no second signature.
  const changes = await moved(chain, async () => {
    const response = await wrapFetchWithPayment(w.fetch(), client)(`${hostile.url}/siwx`);
    assert.equal(response.status, 200);
  });
  assert.deepEqual(changes, PAID);
  assert.deepEqual(spy.signed, []);
  assert.deepEqual(await daily(w), SPENT);
});

test("a POST pays once, and its body arrives whole both times", async () => {
  const { w, spy, pay } = await scene();
  const body = JSON.stringify({ text: "good day ".repeat(2_000), bytes: "é😀" });
  const changes = await moved(chain, async () => {
    const response = await pay(`${seller.url}/translate`, { method: "POST", body });
    assert.deepEqual(await response.json(), { text: "bom dia" });
  });
  assert.deepEqual(changes, { agent: -20_000n, seller: 20_000n });
  assert.equal(seller.hits("POST /translate").served, 1);

  hostile.set("/echo", honest(offerV2(chain)));
  const stream = new Blob([body]).stream();
  const streamed = { method: "POST", body: stream, duplex: "half" } as RequestInit;
  assert.equal((await pay(`${hostile.url}/echo`, streamed)).status, 200);
  const bodies = hostile.requests.filter(({ path }) => path === "/echo").map((request) => request.body);
  assert.deepEqual(bodies, [body, body]);
  assert.equal(spy.signed.length, 2);
  assert.deepEqual(await daily(w), { held: "0", spent: "0.03" });

  const own = w.payingFetch({ pay: () => assert.fail("nothing is for sale here") });
  assert.equal((await own(`${hostile.url}/nothing`, { method: "POST", body })).status, 404);
});

test("two bodies are two intents; the same body twice is one", async () => {
  const { spy, pay } = await scene();
  hostile.set("/job", withheld(offerV2(chain)));
  const post = (body: string) => pay(`${hostile.url}/job`, { method: "POST", body });
  assert.equal((await post("one")).status, 500);
  await deniedWith("intent_unresolved", post("one"));
  assert.equal(spy.signed.length, 1);
  assert.equal((await post("two")).status, 500);
  await deniedWith("intent_unresolved", post("two"));
  assert.equal(spy.signed.length, 2);
});

test("version 1 has the same answers to a lost answer and to a redirect", async () => {
  const { w, spy, pay } = await scene();
  hostile.set("/v1-lost", lostResponse(offerV1(chain), "reset"));
  hostile.set("/v1-away", redirectPaid(offerV1(chain)));
  assert.deepEqual(await moved(chain, () => unresolved(pay(`${hostile.url}/v1-lost`))), PAID);
  assert.deepEqual(await moved(chain, () => unresolved(pay(`${hostile.url}/v1-away`))), {});
  await deniedWith("intent_unresolved", pay(`${hostile.url}/v1-lost`));
  await deniedWith("intent_unresolved", pay(`${hostile.url}/v1-away`));
  assert.equal(spy.signed.length, 2);
  assert.deepEqual(await daily(w), { held: "0.02", spent: "0" });
});
