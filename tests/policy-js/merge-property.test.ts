/**
 * What two policies put together allow, each of them allows: 2,000 random pairs, each with random payments, through the
 * core. The base is taken as it stands, with all its defaults. The child is taken with what it leaves out and the base
 * loosens (origins, assets, flows, lifetimes): it said nothing about those.
 *
 * `TOLLWARDEN_SEED` and `TOLLWARDEN_PAIRS` choose another run.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Engine, loadTools } from "../../js/core/tools.ts";

type Table = Record<string, unknown>;

const SEED = Number(process.env.TOLLWARDEN_SEED ?? 1);
const PAIRS = Number(process.env.TOLLWARDEN_PAIRS ?? 2_000);
const PAYMENTS = 6;

function randomness(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  const oneIn = (n: number): boolean => below(n) === 0;
  const pick = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  /** Some of them, at least one. */
  const some = <T>(of: readonly T[]): T[] => {
    const chosen = of.filter(() => oneIn(2));
    return chosen.length > 0 ? chosen : [pick(of)];
  };
  return { below, oneIn, pick, some };
}

type Random = ReturnType<typeof randomness>;

const LOCAL = "http://localhost:4021";
const PAYEES = [`0x${"1".repeat(40)}`, `0x${"2".repeat(40)}`, `base/0x${"1".repeat(40)}`];
const VENDORS = ["*.example.com", "example.com", "api.example.com", "api.example.com/v1", "localhost"];
const AGENTS = ["bot-1", "bot-2", "bot-*", "*"];
const USDC = { base: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", test: "0x036CbD53842c5426634e7929541eC2318f3dCF7e" };
const OWN = { network: "base", address: `0x${"9".repeat(40)}`, decimals: 2, usd: "1.08" };

function when(r: Random): Table {
  const made: Table = {};
  if (r.oneIn(3)) made.vendors = r.some(VENDORS);
  if (r.oneIn(4)) made.agents = r.some(AGENTS);
  if (r.oneIn(3)) made.min_usd = `0.${r.below(90) + 10}`;
  if (r.oneIn(4)) made.max_usd = `1.${r.below(90) + 10}`;
  if (r.oneIn(6)) made.first_payment = r.oneIn(2);
  if (r.oneIn(6)) made.min_risk = r.pick(["low", "medium", "high"]);
  if (r.oneIn(6)) made.hours = [r.pick(["09:00-17:00", "22:00-06:00"])];
  return made;
}

/** A policy; `mark` is in its names, so that two policies share none but the common ones. */
function document(r: Random, mark: string): Table {
  const made: Table = {};
  const section = (name: string, chance: number, build: () => Table): void => {
    if (r.oneIn(chance)) made[name] = build();
  };
  const maybe = (table: Table, name: string, chance: number, value: () => unknown): void => {
    if (r.oneIn(chance)) table[name] = value();
  };
  section("payment", 1, () => {
    const payment: Table = {};
    maybe(payment, "max_usd", 2, () => `${r.below(4)}.${r.below(90) + 10}`);
    maybe(payment, "max_first_usd", 5, () => `${r.below(3)}.${r.below(90) + 10}`);
    maybe(payment, "approve_from_usd", 4, () => `${r.below(3)}.5`);
    maybe(payment, "max_lifetime_seconds", 4, () => r.pick([60, 300, 900]));
    maybe(payment, "networks", 6, () => r.some(["base", "eip155:8453", "base-sepolia"]));
    maybe(payment, "block_networks", 8, () => ["base-sepolia"]);
    maybe(payment, "schemes", 8, () => r.some(["exact", "upto"]));
    maybe(payment, "flows", 6, () => r.some(["authorization", "upfront"]));
    return payment;
  });
  if (r.oneIn(mark === "base" ? 2 : 4)) made.origins = r.oneIn(6) ? [] : [LOCAL];
  if (r.oneIn(mark === "base" ? 2 : 4)) made.assets = [OWN];
  for (const [name, entries] of [
    ["vendors", VENDORS],
    ["payees", PAYEES],
    ["agents", AGENTS],
  ] as const) {
    section(name, 7, () => {
      const lists: Table = {};
      maybe(lists, "allow", 2, () => r.some(entries));
      maybe(lists, "block", 4, () =>
        [r.pick(entries.slice(0, 3))].filter((e) => !(lists.allow as string[])?.includes(e)),
      );
      if (name === "payees") maybe(lists, "pin", 3, () => r.pick(["warn", "approve", "deny"]));
      return lists;
    });
  }
  const common = { name: "common", limit_usd: "2", window: "1h" };
  const budgets = Array.from({ length: r.below(3) }, (_, n) => ({
    name: `${mark}-budget-${n}`,
    limit_usd: `${r.below(4)}.${r.below(90) + 10}`,
    window: r.pick(["10m", "24h", "day", "lifetime"]),
    per: r.pick(["all", "agent", "vendor", ["payee", "network"]]),
    ...(r.oneIn(3) ? { when: when(r) } : {}),
  }));
  if (r.oneIn(3)) made.budgets = r.oneIn(2) ? [common, ...budgets] : budgets;
  if (r.oneIn(4)) {
    const gap = r.oneIn(2) ? { min_gap: "10s" } : { max: r.below(4) + 1, window: "10m" };
    made.rates = [
      { name: `${mark}-rate`, ...gap, per: r.pick(["all", "agent"]), ...(r.oneIn(3) ? { when: when(r) } : {}) },
    ];
  }
  section("schedule", 8, () => {
    const schedule: Table = {};
    maybe(schedule, "hours", 2, () => r.some(["08:00-12:00", "11:00-19:00", "21:00-03:00"]));
    maybe(schedule, "days", 2, () => r.some(["mon", "tue", "wed", "sun"]));
    return schedule;
  });
  section("counterparty", 8, () => {
    const wanted: Table = {};
    maybe(wanted, "allow_contracts", 3, () => r.oneIn(2));
    maybe(wanted, "require_verified", 3, () => r.oneIn(2));
    maybe(wanted, "min_wallet_age_days", 4, () => r.below(60));
    maybe(wanted, "min_prior_payments", 4, () => r.below(3));
    maybe(wanted, "max_risk", 4, () => r.pick(["low", "medium", "high"]));
    maybe(wanted, "on_missing", 2, () => r.pick(["allow", "deny"]));
    return wanted;
  });
  section("prices", 5, () => ({
    max_drift_percent: r.pick([0, 10, 50]),
    ...(r.oneIn(2) ? { then: r.pick(["warn", "approve"]) } : {}),
  }));
  if (r.oneIn(8)) made.unmatched = "deny";
  const rules = Array.from({ length: r.below(3) }, (_, n) => ({
    name: `${mark}-rule-${n}`,
    ...(r.oneIn(4) ? {} : { when: when(r) }),
    then: r.pick(["deny", "require_approval", "require_approval", "flag", "allow"]),
    ...(r.oneIn(8) ? { enabled: false } : {}),
  }));
  if (rules.length > 0 && r.oneIn(2)) made.rules = rules;
  return made;
}

/** With a bound that nothing reaches, so that any part of a policy can be asked alone. */
function bounded(policy: Table): string {
  return JSON.stringify({ ...policy, payment: { max_usd: "1000000", ...(policy.payment as Table | undefined) } });
}

/** The child, with what it leaves out and the base loosens. */
function completed(child: Table, base: Table): Table {
  const loosened = (table: Table, from: Table, names: readonly string[]): Table =>
    Object.fromEntries(names.filter((name) => !(name in table) && name in from).map((name) => [name, from[name]]));
  const payment = (child.payment ?? {}) as Table;
  return {
    ...child,
    ...loosened(child, base, ["origins"]),
    ...("assets" in base ? { assets: base.assets } : {}),
    payment: { ...payment, ...loosened(payment, (base.payment ?? {}) as Table, ["flows", "max_lifetime_seconds"]) },
  };
}

function payment(r: Random, id: string, at: number): Table {
  const entry = (): Table => {
    const network = r.pick(["eip155:8453", "eip155:8453", "eip155:84532"]);
    const own = network === "eip155:8453" && r.oneIn(4);
    const asset = own ? OWN.address : network === "eip155:8453" ? USDC.base : USDC.test;
    return {
      scheme: r.oneIn(6) ? "upto" : "exact",
      network,
      amount: String(own ? r.below(250) + 1 : r.below(r.pick([50_000, 500_000, 2_500_000])) + 1),
      asset,
      payTo: r.pick(PAYEES.slice(0, 2)),
      maxTimeoutSeconds: r.pick([30, 60, 60, 120, 300, 800]),
      extra: { name: "USDC", version: "2", ...(r.oneIn(6) ? { paymentFlow: "upfront" } : {}) },
    };
  };
  const facts: Table = {};
  if (r.oneIn(2)) facts.payee_is_contract = r.oneIn(2);
  if (r.oneIn(2)) facts.payee_contract_verified = r.oneIn(2);
  if (r.oneIn(2)) facts.payee_wallet_age_days = r.below(90);
  if (r.oneIn(2)) facts.payee_risk = r.pick(["low", "medium", "high"]);
  if (r.oneIn(4)) facts.payee_prior_payments = r.below(4);
  return {
    id,
    at,
    agent: r.pick(["bot-1", "bot-2", "other"]),
    url: r.pick([
      `${LOCAL}/x`,
      "https://api.example.com/v1",
      "https://api.example.com/v1/x",
      "https://api.example.com/v2",
      "https://example.com/",
    ]),
    facts,
    offer: { x402Version: 2, accepts: r.oneIn(3) ? [entry(), entry()] : [entry()] },
  };
}

const RANK = { allow: 0, require_approval: 1, deny: 2 } as const;

interface Answer {
  readonly action: keyof typeof RANK;
  readonly reason: string;
}

function ask(engine: Engine, type: "check" | "authorize", event: Table): Answer {
  const answer = JSON.parse(engine.handle(JSON.stringify({ type, ...event }))) as Answer & { error?: unknown };
  assert.equal(answer.error, undefined, JSON.stringify(answer));
  return answer;
}

test(`what ${PAIRS} random pairs allow together, each allows alone`, () => {
  const core = loadTools();
  const r = randomness(SEED);
  const seen = { pairs: 0, clashes: 0, allowed: 0, approvals: 0, denied: 0, stricter: 0, single: 0 };
  while (seen.pairs < PAIRS) {
    const [base, child] = [document(r, "base"), document(r, "child")];
    const text = core.mergePolicies(JSON.stringify(base), JSON.stringify(child), "base", "child");
    const answer = JSON.parse(text) as { document?: Table; errors?: readonly { message: string }[] };
    if (answer.document === undefined) {
      seen.clashes += 1;
      // A clash is between the two: nothing is wrong with either alone.
      for (const { message } of answer.errors ?? []) assert.doesNotMatch(message, /\(in `(base|child)`\)/, message);
      continue;
    }
    seen.pairs += 1;
    const engines = [base, completed(child, base), answer.document].map((p) => new core.Engine(bounded(p), true));
    const [ofBase, ofChild, ofBoth] = engines as [Engine, Engine, Engine];
    let at = Date.UTC(2026, 0, 5 + r.below(7), r.below(24));
    for (let n = 0; n < PAYMENTS; n++) {
      at += r.pick([1_000, 5_000, 20_000, 3_600_000]);
      const event = payment(r, `p${n}`, at);
      const alone = [ask(ofBase, "check", event), ask(ofChild, "check", event)];
      const both = ask(ofBoth, "authorize", event);
      const least = Math.max(...alone.map(({ action }) => RANK[action]));
      const told = () =>
        JSON.stringify({ seed: SEED, base, child, together: answer.document, event, alone, both }, undefined, 1);
      assert.ok(RANK[both.action] >= least, told());
      if ((event.offer as { accepts: unknown[] }).accepts.length === 1) {
        seen.single += 1;
        if (RANK[both.action] > least) seen.stricter += 1;
      }
      if (both.action === "allow") {
        // All three go on from the same history.
        for (const engine of [ofBase, ofChild]) assert.equal(ask(engine, "authorize", event).action, "allow", told());
        seen.allowed += 1;
      } else if (both.action === "deny") seen.denied += 1;
      else seen.approvals += 1;
    }
    for (const engine of engines) engine.free();
  }
  // The run is worth something only if all of it happens, and if what is put together denies no more than it has to.
  assert.ok(seen.allowed > PAIRS / 2 && seen.denied > PAIRS && seen.approvals > PAIRS / 20, JSON.stringify(seen));
  assert.ok(seen.stricter < seen.single / 100, JSON.stringify(seen));
});
