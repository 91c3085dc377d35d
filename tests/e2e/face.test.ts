// The public face: the ways to pay through a warden, and what each of them promises.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { x402Client, x402HTTPClient } from "@x402/core/client";
import { ExactEvmScheme, registerExactEvmScheme } from "@x402/evm/exact/client";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { type Chain, NETWORK, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Hostile, startHostile } from "../../examples/localnet/hostile.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import { type SellerV1, startSellerV1 } from "../../examples/localnet/seller-v1.ts";
import { honest, offerV2, withheld } from "../../examples/localnet/traps.ts";
import { getWarden, guard, memoryStore, type Pay, type Warden, WardenUnavailable } from "../../js/index.ts";
import { arrived, controlOf, daily, deniedWith, guardedAgent, moved, policyFor, spyOn, warden } from "./support.ts";

let chain: Chain;
let seller: Seller;
let sellerV1: SellerV1;
let hostile: Hostile;
before(async () => {
  chain = await startChain();
  hostile = await startHostile(chain);
  seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
  sellerV1 = await startSellerV1({ chain, facilitator: createFacilitator(chain) });
});
after(async () => {
  await sellerV1?.stop();
  await seller?.stop();
  await hostile?.stop();
  await chain?.stop();
});

const PAID = { agent: -10_000n, seller: 10_000n };
const policy = (more: object = {}) =>
  policyFor([seller.url, sellerV1.url, hostile.url, hostile.otherUrl], {
    breaker: { failure_threshold: 100 },
    ...more,
  });
const open = (more: object = {}): Promise<Warden> => warden({ policy: policy(more) });
const offer = (overrides = {}): object => {
  const made = offerV2(chain, { payTo: chain.accounts.seller.address, ...overrides });
  assert.ok(made.kind === "v2");
  return made.required as object;
};

/** Signs what it is asked to, with the official schemes and an account's own key. */
function paying(account = chain.accounts.agent.account, change: (accept: object) => object = (accept) => accept): Pay {
  return async ({ x402Version, accept }) => {
    const scheme = x402Version === 1 ? new ExactEvmSchemeV1(account) : new ExactEvmScheme(account);
    return (await scheme.createPaymentPayload(x402Version, change(accept) as never)).payload;
  };
}

test("payingFetch pays both versions with an account that signs by itself", async () => {
  const w = await open();
  const spy = spyOn(chain.accounts.agent.account);
  const pay = w.payingFetch({ pay: paying(spy.account) });
  for (const url of [seller.url, sellerV1.url]) {
    const changes = await moved(chain, async () => assert.equal((await pay(`${url}/weather`)).status, 200));
    assert.deepEqual(changes, PAID);
  }
  assert.equal(spy.signed.length, 2);
  assert.deepEqual(await daily(w), { held: "0", spent: "0.02" });
  assert.equal((await pay(`${seller.url}/nothing`)).status, 404);
  await deniedWith("payment_too_large", pay(`${seller.url}/jackpot`));
  assert.equal(spy.signed.length, 2);
});

test("payingFetch never sends what a lying signer made, and counts the larger of held and signed", async () => {
  for (const [code, change, held] of [
    ["payee_mismatch", { payTo: chain.accounts.seller.address }, "0.01"],
    ["amount_mismatch", { amount: "3000000" }, "3"],
    ["lifetime_mismatch", { maxTimeoutSeconds: 86_400 }, "0.01"],
  ] as const) {
    const w = await open();
    const pay = w.payingFetch({ pay: paying(undefined, (accept) => ({ ...accept, ...change })) });
    hostile.set(`/${code}`, honest(offerV2(chain)));
    assert.deepEqual(await moved(chain, () => deniedWith(code, pay(`${hostile.url}/${code}`))), {});
    assert.equal(arrived(hostile, `/${code}`), 0);
    assert.deepEqual(await daily(w), { held, spent: "0" });
  }
});

test("payingFetch binds and sends one and the same text", async () => {
  const w = await open();
  const attacker = chain.accounts.attacker.address;
  hostile.set("/twice", honest(offerV2(chain, { payTo: chain.accounts.seller.address })));
  const pay = w.payingFetch({
    async pay(request) {
      const good = await paying()(request);
      const evil = await paying(undefined, (accept) => ({ ...accept, payTo: attacker }))(request);
      let asked = 0;
      return { toJSON: () => (asked++ === 0 ? good : evil) };
    },
  });
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/twice`)), PAID);
});

test("a signer that fails sends nothing, and its error comes through", async () => {
  const w = await open();
  const failing = w.payingFetch({
    pay: async () => {
      throw new RangeError("no battery");
    },
  });
  hostile.set("/battery", honest(offerV2(chain)));
  await assert.rejects(failing(`${hostile.url}/battery`), RangeError);
  assert.equal(arrived(hostile, "/battery"), 0);
  // The ticket is out: whether anything was signed, only the signer knows.
  assert.equal((await daily(w)).held, "0.01");
  for (const garbage of [undefined, null, 7, "text", [], {}]) {
    const pay = w.payingFetch({ pay: async () => garbage as never });
    await deniedWith("malformed_payload", pay(`${hostile.url}/battery?${String(garbage)}${typeof garbage}`));
  }
  assert.equal(arrived(hostile, "/battery"), 0);
});

test("guard opens a warden once, and each call is a session of its own", async () => {
  const store = memoryStore();
  const budgets = [{ name: "session", limit_usd: "0.02", per: "session", window: "session" }];
  const agentOptions = { policy: policy({ budgets }), store, agent: "guarded" };
  const work = async (times: number): Promise<number> => {
    const pay = getWarden().payingFetch({ pay: paying() });
    for (let i = 0; i < times; i++) await pay(`${seller.url}/weather`);
    return times;
  };
  const run = guard(agentOptions, work);
  const changes = await moved(chain, async () => {
    assert.equal(await run(2), 2);
    assert.equal(await run(2), 2);
    await deniedWith("budget_exceeded", run(3));
  });
  assert.deepEqual(changes, { agent: -60_000n, seller: 60_000n });

  const named = guard({ ...agentOptions, session: "one" }, work);
  assert.equal(await named(1), 1);
  await deniedWith("budget_exceeded", named(2));
  await deniedWith("budget_exceeded", named(1));
  assert.throws(getWarden, (error) => error instanceof WardenUnavailable && error.code === "no_warden");
});

test("guard that can't open pays nothing, and the next call tries again", async () => {
  const run = guard({ policy: { payment: { max_usd: "nonsense" } } }, async () => assert.fail("it ran unguarded"));
  await assert.rejects(run(), /max_usd/);
  await assert.rejects(run(), /max_usd/);
});

test("calls side by side keep their sessions and limits apart", async () => {
  const w = await open({ budgets: [{ name: "s", limit_usd: "0.01", per: "session", window: "session" }] });
  const run = guard({ warden: w }, async (path: string) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return getWarden().payingFetch({ pay: paying() })(`${seller.url}${path}`);
  });
  const changes = await moved(chain, async () => {
    const ran = await Promise.all(Array.from({ length: 5 }, () => run("/weather")));
    assert.ok(ran.every(({ status }) => status === 200));
    await deniedWith("budget_exceeded", run("/report"));
  });
  assert.deepEqual(changes, { agent: -50_000n, seller: 50_000n });
});

test("run, scoped and a call's own limits bound what is paid inside", async () => {
  const w = await open();
  const spy = spyOn(chain.accounts.agent.account);
  const pay = w.payingFetch({ pay: paying(spy.account) });
  await deniedWith(
    "caller_limit",
    w.run({ maxUsd: "0.009" }, () => pay(`${seller.url}/weather`)),
  );
  await deniedWith(
    "caller_limit",
    w.run({ network: "base" }, () => pay(`${seller.url}/weather`)),
  );
  await deniedWith(
    "caller_limit",
    w.scoped({ maxUsd: "0.009" }).payingFetch({ pay: paying(spy.account) })(`${seller.url}/weather`),
  );
  assert.deepEqual(spy.signed, []);
  const limits = { maxUsd: "0.01", network: ["base", NETWORK], metadata: { wallet: "main", framework: "none" } };
  const changes = await moved(chain, () => w.run(limits, () => pay(`${seller.url}/weather`)));
  assert.deepEqual(changes, PAID);
  // A member that is given as nothing takes no limit away.
  await deniedWith(
    "caller_limit",
    w.run({ maxUsd: "0.009" }, () => w.run({ maxUsd: undefined } as never, () => pay(`${seller.url}/weather`))),
  );
});

test("no limit is lifted by one that stands inside or around it", async () => {
  const w = await open();
  const request = { url: `${seller.url}/weather`, offer: offer() };
  const reason = async (checked: Promise<{ readonly reason: string }>) => (await checked).reason;
  const [low, high] = [{ maxUsd: "0.001" }, { maxUsd: "1.0" }];
  for (const [outer, inner] of [
    [low, high],
    [high, low],
    [{ network: ["base"] }, { network: NETWORK }],
    [{ network: NETWORK }, { network: ["base", "polygon"] }],
  ] as const) {
    assert.equal(await reason(w.run(outer, () => w.run(inner, () => w.check(request)))), "caller_limit");
    assert.equal(await reason(w.run(outer, () => w.scoped(inner).check(request))), "caller_limit");
    assert.equal(await reason(w.scoped(outer).run(inner, () => w.check(request))), "caller_limit");
    assert.equal(await reason(w.scoped(outer).scoped(inner).check(request)), "caller_limit");
    assert.equal(await reason(w.run(outer, () => w.check({ ...request, ...inner }))), "caller_limit");
  }
  assert.equal(await reason(w.run(high, () => w.scoped({ maxUsd: "0.01" }).check(request))), "allowed");
  assert.equal(
    await reason(w.run({ network: ["base", NETWORK] }, () => w.check({ ...request, network: NETWORK }))),
    "allowed",
  );
  assert.equal(await reason(w.run(high, () => w.check({ ...request, maxUsd: "all" }))), "malformed_request");
});

test("a scope's agent has a counter of its own, and the idempotency key makes calls one intent", async () => {
  const w = await open({ budgets: [{ name: "each", limit_usd: "0.01", per: "agent", window: "1h" }] });
  const pay = (agent: string) => w.scoped({ agent }).payingFetch({ pay: paying() })(`${seller.url}/weather`);
  assert.deepEqual(await moved(chain, () => pay("a")), PAID);
  await deniedWith("budget_exceeded", pay("a"));
  assert.deepEqual(await moved(chain, () => pay("b")), PAID);
  assert.deepEqual(
    (await w.scoped({ agent: "b" }).budgets()).map(({ key, spent }) => [key, spent]),
    [["b", "0.01"]],
  );

  const keyed = (await open()).scoped({ idempotencyKey: "invoice-7" }).payingFetch({ pay: paying() });
  hostile.set("/one", withheld(offerV2(chain)));
  hostile.set("/two", honest(offerV2(chain)));
  assert.equal((await keyed(`${hostile.url}/one`)).status, 500);
  await deniedWith("intent_unresolved", keyed(`${hostile.url}/two`));
});

test("check answers as authorize does, and holds nothing", async () => {
  const w = await open();
  const request = { url: `${seller.url}/weather`, offer: offer() };
  const checked = await w.check(request);
  assert.equal(checked.action, "allow");
  assert.deepEqual(await daily(w), { held: "0", spent: "0" });
  const dear = await w.check({ ...request, offer: offer({ amount: "11000000" }) });
  assert.equal(dear.reason, "payment_too_large");
  assert.equal((await w.ticket(checked.id)).reason, "unknown_id");
});

test("authorize, ticket, sign and settle by hand", async () => {
  const w = await open();
  const url = `${hostile.url}/by-hand`;
  hostile.set("/by-hand", honest(offerV2(chain)));
  const text = JSON.stringify(offer({ payTo: chain.accounts.attacker.address }));
  const decision = await w.authorize({ id: "mine", url, offer: text });
  assert.equal(decision.action, "allow");
  assert.equal((await w.authorize({ id: "mine", url, offer: text })).action, "allow");
  assert.equal((await w.authorize({ id: "mine", url: `${url}?other`, offer: text })).reason, "conflict");
  assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
  assert.equal((await w.ticket("mine")).ok, true);
  assert.equal((await w.ticket("mine")).reason, "ticket_used");
  const [accepted] = (JSON.parse(text) as { accepts: [never] }).accepts;
  const made = await new ExactEvmScheme(chain.accounts.agent.account).createPaymentPayload(2, accepted);
  const payment = { ...made, accepted };
  assert.equal((await w.sign("mine", payment)).ok, true);
  const header = Buffer.from(JSON.stringify(payment)).toString("base64");
  const changes = await moved(chain, () => fetch(url, { headers: { "PAYMENT-SIGNATURE": header } }));
  assert.deepEqual(changes, { agent: -10_000n, attacker: 10_000n });
  assert.equal((await w.settle("mine", { outcome: "captured", amount: 10_000n })).state, "captured");
  assert.equal((await w.settle("mine", { outcome: "captured", amount: 9_000n })).reason, "conflict");
  assert.equal((await w.settle("mine", { outcome: "captured", amount: 10_000n })).ok, true);
  assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
  assert.equal((await controlOf(w).refund("mine", "4000")).ok, true);
  assert.deepEqual(await daily(w), { held: "0", spent: "0.006" });
  assert.equal((await controlOf(w).refund("mine", "6001")).ok, false);

  // Never ticketed: the caller's own word is enough to let go.
  await w.authorize({ id: "unused", url, offer: text });
  assert.equal((await w.settle("unused", { outcome: "failed" })).state, "voided");
  assert.equal((await w.ticket("unused")).ok, false);
  assert.deepEqual(await daily(w), { held: "0", spent: "0.006" });
});

test("approval: waits, is given, and pays", async () => {
  const w = await open({ payment: { max_usd: "10", approve_from_usd: "0.01" } });
  const request = { id: "ask", url: `${seller.url}/weather`, offer: offer() };
  const asked = await w.authorize(request);
  assert.equal(asked.action, "require_approval");
  const pay = w.payingFetch({ pay: () => assert.fail("signed without approval") });
  const error = await deniedWith("approval_required", pay(`${seller.url}/weather`));
  assert.equal(error.name, "ApprovalRequired");
  assert.equal((await controlOf(w).approve("ask", "alice")).ok, true);
  assert.equal((await w.authorize(request)).action, "allow");
  assert.equal((await w.authorize({ ...request, offer: offer({ amount: "10001" }) })).reason, "conflict");
});

test("the hook denies over the cap, and holds what it lets through", async () => {
  const w = await open({ payment: { max_usd: "0.02" } });
  const spy = spyOn(chain.accounts.agent.account);
  const client = new x402Client().onBeforePaymentCreation(w.hook() as never);
  registerExactEvmScheme(client, { signer: spy.account });
  const pay = wrapFetchWithPayment(fetch, client);
  hostile.set("/hooked", honest(offerV2(chain, {}, `${hostile.url}/hooked`)));
  hostile.set("/dear", honest(offerV2(chain, { amount: "20001" }, `${hostile.url}/dear`)));
  const changes = await moved(chain, () => assert.rejects(pay(`${hostile.url}/dear`), /aborted.*payment_too_large/));
  assert.deepEqual(changes, {});
  assert.deepEqual(spy.signed, []);
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/hooked`)), { agent: -10_000n, attacker: 10_000n });
  // Nobody told the warden how it ended: it stays held, as the page on the hook says.
  assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
});

test("the hook's blind spots are as documented: a seller names its own URL, and a later hook changes the terms", async () => {
  const w = await open({ vendors: { allow: ["127.0.0.1", "good.example"] } });
  const spy = spyOn(chain.accounts.agent.account);
  const client = new x402Client().onBeforePaymentCreation(w.hook() as never);
  registerExactEvmScheme(client, { signer: spy.account });
  const pay = wrapFetchWithPayment(fetch, client);
  hostile.set("/spoof", honest(offerV2(chain, {}, "https://good.example/goods")));
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/spoof`)), { agent: -10_000n, attacker: 10_000n });
  client.onBeforePaymentCreation(async ({ selectedRequirements }) => {
    Object.assign(selectedRequirements, { amount: "50000" });
  });
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/spoof`)), { agent: -50_000n, attacker: 50_000n });

  // With the wallet guarded as well, the second one is stopped before it is signed.
  const guarded = new x402Client().onBeforePaymentCreation(w.hook() as never);
  registerExactEvmScheme(guarded, { signer: w.signer(spy.account) });
  const signed = spy.signed.length;
  guarded.onBeforePaymentCreation(async ({ selectedRequirements }) => {
    Object.assign(selectedRequirements, { amount: "60000" });
  });
  const both = wrapFetchWithPayment(fetch, guarded);
  const changes = await moved(chain, () => assert.rejects(both(`${hostile.url}/spoof`), /amount_mismatch/));
  assert.deepEqual(changes, {});
  assert.equal(spy.signed.length, signed);
});

test("the hook and the guarded client together hold the money once", async () => {
  const w = await open();
  const pay = guardedAgent(chain, w, { tamper: (client) => void client.onBeforePaymentCreation(w.hook() as never) });
  hostile.set("/both", honest(offerV2(chain, {}, `${hostile.url}/both`)));
  assert.deepEqual(await moved(chain, () => pay(`${hostile.url}/both`)), { agent: -10_000n, attacker: 10_000n });
  assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
});

test("a client is guarded once, half a client not at all, and an x402HTTPClient is as good", async () => {
  const w = await open();
  const client = w.client(new x402Client());
  assert.throws(() => w.client(client), /guarded already/);
  const http = new x402HTTPClient(client);
  assert.throws(() => w.client(http), /guarded already/);
  assert.throws(() => w.client({ createPaymentPayload: () => undefined }), TypeError);
  assert.throws(() => w.signer({ address: "0x00" }), TypeError);

  const inner = new x402Client();
  registerExactEvmScheme(inner, { signer: w.signer(chain.accounts.agent.account) });
  const pay = wrapFetchWithPayment(w.fetch(), w.client(new x402HTTPClient(inner)));
  assert.deepEqual(await moved(chain, () => pay(`${seller.url}/weather`)), PAID);
});

test("a guarded client pays only offers that came through the warden's fetch", async () => {
  const w = await open();
  const spy = spyOn(chain.accounts.agent.account);
  const client = new x402Client();
  registerExactEvmScheme(client, { signer: spy.account });
  const bare = wrapFetchWithPayment(fetch, w.client(client));
  const changes = await moved(chain, () => deniedWith("unticketed_signature", bare(`${seller.url}/weather`)));
  assert.deepEqual(changes, {});
  // A seller that writes the mark itself gains nothing.
  const marked = { ...offer(), tollwarden: { hold: "0".repeat(32) } };
  hostile.set("/marked", honest({ kind: "v2", required: marked }));
  await deniedWith("unticketed_signature", bare(`${hostile.url}/marked`));
  assert.deepEqual(spy.signed, []);
  const through = wrapFetchWithPayment(w.fetch(), client);
  assert.deepEqual(await moved(chain, () => through(`${hostile.url}/marked`)), PAID);
});

test("an unguarded client behind the guarded fetch is bound all the same", async () => {
  const w = await open();
  const client = new x402Client();
  registerExactEvmScheme(client, { signer: chain.accounts.agent.account });
  const pay = wrapFetchWithPayment(w.fetch(), client);
  assert.deepEqual(await moved(chain, () => pay(`${seller.url}/weather`)), PAID);
  const many = await moved(chain, async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => pay(`${seller.url}/weather`)));
    assert.ok(all.every(({ status }) => status === 200));
  });
  assert.deepEqual(many, { agent: -80_000n, seller: 80_000n });
  client.onBeforePaymentCreation(async ({ selectedRequirements }) => {
    Object.assign(selectedRequirements, { payTo: chain.accounts.attacker.address });
  });
  hostile.set("/unguarded", honest(offerV2(chain, { payTo: chain.accounts.seller.address })));
  assert.deepEqual(await moved(chain, () => deniedWith("payee_mismatch", pay(`${hostile.url}/unguarded`))), {});
  assert.equal(arrived(hostile, "/unguarded"), 0);
});

test("payments of different terms, side by side, each find their own ticket", async () => {
  const w = await open();
  const spy = spyOn(chain.accounts.agent.account);
  const pay = guardedAgent(chain, w, { account: spy.account });
  const amounts = Array.from({ length: 12 }, (_, i) => 10_000 + (i % 4));
  for (const amount of new Set(amounts))
    hostile.set(`/n-${amount}`, honest(offerV2(chain, { amount: String(amount) })));
  const changes = await moved(chain, async () => {
    const all = await Promise.all(amounts.map((amount) => pay(`${hostile.url}/n-${amount}`)));
    assert.ok(all.every(({ status }) => status === 200));
  });
  const total = BigInt(amounts.reduce((sum, amount) => sum + amount, 0));
  assert.deepEqual(changes, { agent: -total, attacker: total });
  assert.equal(spy.signed.length, 12);
});

test("the breaker stops paying an origin that fails, and lets one probe through later", async () => {
  let clock = Date.now();
  const now = () => clock;
  const breaker = { failure_threshold: 5, recovery_timeout: "30s" };
  const w = await warden({ policy: policy({ breaker }), now, store: memoryStore({ now }) });
  const spy = spyOn(chain.accounts.agent.account);
  const pay = guardedAgent(chain, w, { account: spy.account });
  for (let i = 0; i < 5; i++) {
    hostile.set(`/down-${i}`, withheld(offerV2(chain)));
    assert.equal((await pay(`${hostile.url}/down-${i}`)).status, 500);
  }
  hostile.set("/next", honest(offerV2(chain)));
  const changes = await moved(chain, async () => {
    const error = await deniedWith("circuit_open", pay(`${hostile.url}/next`));
    assert.ok("fix" in error.decision && error.decision.fix?.retry_at);
    assert.equal(Date.parse(error.decision.fix.retry_at), clock + 30_000);
  });
  assert.deepEqual(changes, {});
  assert.equal(spy.signed.length, 5);
  assert.deepEqual(await moved(chain, () => pay(`${seller.url}/weather`)), PAID);

  // A denial on the way does not use up the probe; then one call goes through and the next has to wait for it.
  // The clock of this test is ahead of the wallet's by less than an offer's lifetime.
  clock += 30_000;
  hostile.set("/dear", honest(offerV2(chain, { amount: "11000000" })));
  await deniedWith("payment_too_large", pay(`${hostile.url}/dear`));
  const [probe, second] = await Promise.allSettled([pay(`${hostile.url}/next`), pay(`${hostile.url}/next?2`)]);
  assert.equal(probe.status === "fulfilled" && probe.value.status, 200);
  assert.ok(second.status === "rejected");
  await deniedWith("circuit_open", Promise.reject(second.reason));
  assert.equal((await pay(`${hostile.url}/next?3`)).status, 200);

  // A probe that never leaves, since its signer fails, is given back as well.
  for (let i = 5; i < 10; i++) {
    hostile.set(`/down-${i}`, withheld(offerV2(chain)));
    await pay(`${hostile.url}/down-${i}`);
  }
  await deniedWith("circuit_open", pay(`${hostile.url}/next?4`));
  clock += 30_000;
  const failing = w.payingFetch({ pay: () => Promise.reject(new RangeError("no battery")) });
  await assert.rejects(failing(`${hostile.url}/next?5`), RangeError);
  assert.equal((await pay(`${hostile.url}/next?6`)).status, 200);
});

test("a facilitator that an offer names learns only from payments that go through it", async () => {
  const w = await warden({ policy: policy({ breaker: { failure_threshold: 2 } }) });
  const pay = guardedAgent(chain, w);
  const named = { ...(offer() as { accepts: [object] }) };
  const upto = {
    ...named.accepts[0],
    scheme: "upto",
    amount: "20000",
    extra: { name: "USDC", version: "2", facilitatorAddress: chain.accounts.facilitator.address },
  };
  // The dearer entry names an honest facilitator; the cheaper one, which is paid, fails.
  const both = { ...named, accepts: [upto, ...named.accepts] };
  for (let i = 0; i < 2; i++) {
    hostile.set(`/poison-${i}`, withheld({ kind: "v2", required: both }));
    await pay(`${hostile.url}/poison-${i}`);
  }
  await deniedWith("circuit_open", pay(`${hostile.url}/poison-0?`));
  const decision = await w.check({ url: `${seller.url}/metered`, offer: { ...named, accepts: [upto] } });
  assert.equal(decision.action, "allow");
  await chain.approvePermit2("agent", 10n ** 9n);
  assert.deepEqual(await moved(chain, () => pay(`${seller.url}/metered`)), { agent: -30_000n, seller: 30_000n });
});
