/** Facts: asked for when the policy wants them, and missing when nobody answers in time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../../js/core/ledger.ts";
import { withFacts } from "../../js/facts.ts";
import { type FactProvider, type FactQuestion, memoryStore, openWarden, type Warden } from "../../js/index.ts";

const URL = "https://api.example.com/x";
const ONE = `0x${"1".repeat(40)}`;
const TWO = `0x${"2".repeat(40)}`;

const entry = (payTo: string, more: object = {}): object => ({
  scheme: "exact",
  network: "eip155:84532",
  amount: "10000",
  asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
  payTo,
  maxTimeoutSeconds: 60,
  extra: { name: "USDC", version: "2" },
  ...more,
});
const offer = (...entries: readonly object[]): object => ({
  x402Version: 2,
  accepts: entries.length === 0 ? [entry(ONE)] : entries,
});

interface Scene {
  readonly warden: Warden;
  readonly asked: FactQuestion[];
  judge(what?: object): Promise<string>;
}

async function scene(policy: object, provider: FactProvider, factsTimeoutMs?: number): Promise<Scene> {
  const asked: FactQuestion[] = [];
  const warden = await openWarden({
    policy: { payment: { max_usd: "1" }, ...policy },
    store: memoryStore(),
    agent: "a",
    facts: (question) => {
      asked.push(question);
      return provider(question);
    },
    ...(factsTimeoutMs === undefined ? {} : { factsTimeoutMs }),
  });
  return { warden, asked, judge: async (what = offer()) => (await warden.check({ url: URL, offer: what })).reason };
}

const NO_CONTRACTS = { counterparty: { allow_contracts: false } };

test("a policy that wants no facts has nobody asked", async () => {
  const { judge, asked } = await scene({ counterparty: { allow_contracts: true } }, () => assert.fail("asked"));
  assert.equal(await judge(), "allowed");
  assert.deepEqual(asked, []);
});

test("what the policy wants is asked once, of who is paid, and decides", async () => {
  for (const [is, reason] of [
    [false, "allowed"],
    [true, "counterparty_not_allowed"],
  ] as const) {
    const { judge, asked, warden } = await scene(NO_CONTRACTS, async () => ({ payee_is_contract: is }));
    assert.equal(await judge(), reason);
    const [question] = asked;
    assert.equal(asked.length, 1);
    assert.deepEqual(
      { ...question, signal: undefined },
      {
        network: "eip155:84532",
        payee: ONE,
        asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        url: URL,
        wanted: ["payee_is_contract"],
        signal: undefined,
      },
    );
    const decision = await warden.authorize({ url: URL, offer: JSON.stringify(offer()) });
    assert.equal(decision.reason, reason);
    assert.equal(asked.length, 2);
  }
});

test("whatever is no answer is a missing fact, and a missing fact denies", async () => {
  const providers: Readonly<Record<string, FactProvider>> = {
    nothing: () => ({}),
    "another fact": () => ({ payee_risk: "low" }),
    "a rejection": () => Promise.reject(new Error("down")),
    "a throw": () => {
      throw new Error("down");
    },
    "no object": () => "no" as never,
    null: () => null as never,
    "a text": () => ({ payee_is_contract: "false" }) as never,
    "a number": () => ({ payee_is_contract: 0 }) as never,
    "a getter that throws": () => ({
      get payee_is_contract(): boolean {
        throw new Error("down");
      },
    }),
  };
  for (const [name, provider] of Object.entries(providers)) {
    const { judge } = await scene(NO_CONTRACTS, provider);
    assert.equal(await judge(), "fact_missing", name);
    const lenient = await scene({ counterparty: { allow_contracts: false, on_missing: "allow" } }, provider);
    assert.equal(await lenient.judge(), "allowed", name);
  }
});

test("figures that are none, and words that are none, are missing", async () => {
  for (const age of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "90", 2 ** 60]) {
    const { judge } = await scene({ counterparty: { min_wallet_age_days: 1 } }, () => ({
      payee_wallet_age_days: age as number,
    }));
    assert.equal(await judge(), "fact_missing", String(age));
  }
  const { judge } = await scene({ counterparty: { max_risk: "high" } }, () => ({ payee_risk: "none" as never }));
  assert.equal(await judge(), "fact_missing");
});

test("a provider that is late has not answered; it is told, and nobody waits in line behind it", async () => {
  const { warden, asked, judge } = await scene(NO_CONTRACTS, () => new Promise(() => undefined), 40);
  const slow = judge();
  // What needs no facts goes on meanwhile.
  const first = await Promise.race([slow.then(() => "what waits"), warden.budgets().then(() => "what needs no facts")]);
  assert.equal(first, "what needs no facts");
  assert.equal(await slow, "fact_missing");
  assert.equal(asked[0]?.signal.aborted, true);

  const late = await scene(
    NO_CONTRACTS,
    () => new Promise((resolve) => setTimeout(resolve, 80, { payee_is_contract: false })),
    20,
  );
  assert.equal(await late.judge(), "fact_missing");
  // By default there are two seconds.
  const patient = await scene(
    NO_CONTRACTS,
    () => new Promise((resolve) => setTimeout(resolve, 80, { payee_is_contract: false })),
  );
  assert.equal(await patient.judge(), "allowed");
});

test("an offer that could pay two addresses is judged by the worse of each fact", async () => {
  const both = { counterparty: { min_wallet_age_days: 30, max_risk: "medium" } };
  const told: Readonly<Record<string, object>> = {
    [ONE]: { payee_wallet_age_days: 90, payee_risk: "low" },
    [TWO]: { payee_wallet_age_days: 29, payee_risk: "low" },
  };
  const { judge, asked } = await scene(both, ({ payee }) => told[payee] ?? {});
  assert.equal(await judge(offer(entry(ONE))), "allowed");
  assert.equal(await judge(offer(entry(ONE), entry(TWO))), "counterparty_not_allowed");
  assert.equal(await judge(offer(entry(ONE), entry(`0x${"3".repeat(40)}`))), "fact_missing");
  // The same address twice is asked for once; on another network it is another address.
  asked.length = 0;
  await judge(offer(entry(ONE), entry(ONE, { amount: "5" }), entry(ONE, { network: "eip155:8453" })));
  assert.deepEqual(
    asked.map(({ network }) => network),
    ["eip155:84532", "eip155:8453"],
  );
});

test("an entry that the client can't pay is not looked up", async () => {
  const asked: string[] = [];
  const events: Record<string, unknown>[] = [];
  const ledger = {
    policy: { facts: ["payee_is_contract"] },
    authorize: async (event: Record<string, unknown>) => {
      events.push(event);
    },
  } as unknown as Ledger;
  const facts: FactProvider = ({ payee }) => {
    asked.push(payee);
    return { payee_is_contract: payee === TWO };
  };
  const request = { id: "p", url: URL, offer_text: JSON.stringify(offer(entry(ONE), entry(TWO))) };
  await withFacts(ledger, { facts }).authorize({ ...request, payable: [0], facts: { circuit_open_until: 5 } });
  await withFacts(ledger, { facts }).authorize(request);
  assert.deepEqual(asked, [ONE, ONE, TWO]);
  const told = [{ payee_is_contract: false, circuit_open_until: 5 }, { payee_is_contract: true }];
  assert.deepEqual(
    events.map((event) => event.facts),
    told,
  );
});

test("a name of version 1 is asked for by the network that it stands for", async () => {
  const { judge, asked } = await scene(NO_CONTRACTS, () => ({ payee_is_contract: false }));
  const { amount, ...rest } = entry(ONE, { network: "base-sepolia", resource: URL }) as { amount: string };
  assert.equal(
    await judge({
      x402Version: 1,
      error: "",
      accepts: [{ ...rest, maxAmountRequired: amount, description: "", mimeType: "" }],
    }),
    "allowed",
  );
  assert.equal(asked[0]?.network, "eip155:84532");
});

test("an offer that can't be read, or is too long to look up, is asked about by nobody", async () => {
  const { judge, asked } = await scene(NO_CONTRACTS, () => ({ payee_is_contract: false }));
  const many = Array.from({ length: 17 }, (_, n) => entry(`0x${String(n).padStart(40, "0")}`));
  assert.notEqual(await judge(offer(...many)), "allowed");
  assert.notEqual(await judge({ x402Version: 2, accepts: [{ payTo: 5 }] }), "allowed");
  assert.notEqual(await judge({ x402Version: 2, accepts: [entry(ONE, { network: "eip155:x" })] }), "allowed");
  assert.deepEqual(asked, []);
});

test("each kind of rule that rests on facts asks for its own", async () => {
  const wants: readonly (readonly [object, readonly string[]])[] = [
    [{ counterparty: { require_verified: true } }, ["payee_contract_verified", "payee_is_contract"]],
    [{ counterparty: { min_prior_payments: 1 } }, ["payee_prior_payments"]],
    [{ payment: { max_usd: "1", max_first_usd: "0.5" } }, ["payee_prior_payments"]],
    [{ rules: [{ name: "r", when: { min_risk: "high" }, then: "deny" }] }, ["payee_risk"]],
    [{ rates: [{ name: "r", min_gap: "1s", when: { first_payment: true } }] }, ["payee_prior_payments"]],
  ];
  for (const [policy, wanted] of wants) {
    const { judge, asked, warden } = await scene(policy, () => ({}));
    await judge();
    assert.deepEqual(asked[0]?.wanted, wanted);
    assert.deepEqual(warden.policy.facts, wanted);
  }
});

test("the ledger's own count of payments stands where the provider has none", async () => {
  const policy = { counterparty: { min_prior_payments: 1 } };
  assert.equal(await (await scene(policy, () => ({}))).judge(), "counterparty_not_allowed");
  assert.equal(await (await scene(policy, () => ({ payee_prior_payments: 1 }))).judge(), "allowed");
});
