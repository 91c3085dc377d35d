/** Figures for Prometheus: each is moved by what it says, and by nothing that a seller can invent. */

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../js/privacy/index.ts";
import { createBreaker } from "../../js/breaker.ts";
import { openLedger } from "../../js/core/ledger.ts";
import { memoryStore, PaymentDenied, type Store } from "../../js/index.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { MAX_SERIES, OTHERS } from "../../js/telemetry/backend.ts";
import { METRICS, prometheusMetrics, together } from "../../js/telemetry/metrics.ts";
import { offer } from "../cli/support.ts";
import { openGate } from "../gate/support.ts";
import { figureOf, measuredWarden, seriesOf, URL_OF_SELLER } from "./support.ts";

const policy = {
  payment: { max_usd: "1", approve_from_usd: "0.5" },
  budgets: [
    { name: "daily", limit_usd: "2", window: "24h" },
    { name: "each-vendor", limit_usd: "0.8", window: "24h", per: "vendor" },
  ],
};
const ask = (id: string, usd = "0.01", url = URL_OF_SELLER) => ({
  id,
  url,
  offer: offer(String(Math.round(Number(usd) * 1e6))),
});

test("a store that is measured lets the core keep its cells, as it does unmeasured: no load for each payment", async () => {
  const inner = memoryStore();
  let loads = 0;
  const store: Store = {
    ...inner,
    load: (keys) => {
      loads += 1;
      return inner.load(keys);
    },
  };
  const { warden } = await measuredWarden(policy, { store });
  await warden.authorize(ask("p0"));
  loads = 0;
  for (let n = 1; n <= 10; n++) assert.equal((await warden.authorize(ask(`p${n}`))).action, "allow");
  assert.ok(loads <= 2, String(loads));
});

test("what presidio-hardened-x402 counts is counted under its names", async () => {
  const { warden, control, figure } = await measuredWarden({
    ...policy,
    budgets: [{ name: "daily", limit_usd: "2", window: "24h" }],
    replay: { window: "10m" },
  });
  await warden.authorize({ ...ask("p1"), idempotencyKey: "k" });
  assert.equal(await figure('x402_payments_total{outcome="allowed",reason="none"}'), 1);
  await warden.authorize({ ...ask("p2"), idempotencyKey: "k" });
  assert.equal(await figure('x402_payments_total{outcome="blocked",reason="replay"}'), 1);
  assert.equal(await figure("x402_replay_detections_total"), 1);

  await warden.authorize(ask("p3", "1.5"));
  assert.equal(await figure('x402_payments_total{outcome="blocked",reason="policy"}'), 1);
  assert.equal(await figure('x402_policy_violations_total{violation_type="per_call"}'), 1);
  assert.equal(
    await figure('x402_payment_amount_usd_bucket{le="1"}'),
    1,
    "the replay was denied before its price was looked at",
  );
  assert.equal(await figure('x402_payment_amount_usd_bucket{le="5"}'), 2);

  assert.equal((await warden.authorize(ask("p4", "0.6"))).action, "require_approval");
  assert.equal(await figure('x402_mpa_events_total{outcome="approved"}'), 0, "nobody has answered");
  assert.equal(await figure("tollwarden_approvals_pending"), 1);
  await control.approve("p4", "alice");
  assert.equal((await warden.authorize(ask("p4", "0.6"))).action, "allow");
  await warden.authorize(ask("p4", "0.6"));
  assert.equal(await figure('x402_mpa_events_total{outcome="approved"}'), 1, "once, however often it is asked");
  await warden.authorize(ask("p5", "0.6"));
  await control.reject("p5", "alice");
  await warden.authorize(ask("p5", "0.6"));
  assert.equal(await figure('x402_mpa_events_total{outcome="denied"}'), 1);
  assert.equal(await figure('x402_payments_total{outcome="blocked",reason="mpa_denied"}'), 1);
});

test("a question whose time is over is a time-out, although nobody asks again", async () => {
  let at = Date.parse("2026-01-05T10:00:00Z");
  const { warden, figure } = await measuredWarden(
    { ...policy, approvals: { timeout: "1m" } },
    { now: () => at, monotonic: () => at },
  );
  assert.equal((await warden.authorize(ask("p", "0.6"))).action, "require_approval");
  assert.equal(await figure('x402_mpa_events_total{outcome="timeout"}'), 0);
  at += 61_000;
  assert.equal(await figure('x402_mpa_events_total{outcome="timeout"}'), 1);
  assert.equal(await figure('x402_mpa_events_total{outcome="timeout"}'), 1);
});

test("personal data is counted where it is found, and the denial with it", async () => {
  const { warden, figure } = await measuredWarden({ ...policy, privacy: { action: "block" } });
  const fetch = warden.payingFetch({
    pay: async () => assert.fail("it is not paid"),
    fetch: async () => assert.fail("it is not sent"),
  });
  await assert.rejects(fetch(`${URL_OF_SELLER}?mail=jane.doe@example.com`), PaymentDenied);
  assert.equal(await figure('x402_pii_detections_total{entity_type="EMAIL_ADDRESS",action="block"}'), 1);
  assert.equal(await figure('x402_payments_total{outcome="blocked",reason="pii"}'), 1);
  assert.equal(await figure('tollwarden_decisions_total{action="deny",reason="personal_data"}'), 1);
});

test("a wallet that is asked for what no ticket covers is counted", async () => {
  const { warden, figure } = await measuredWarden(policy);
  const wallet = warden.signer({ address: "0x1", signTypedData: async () => "0x" });
  const series = 'tollwarden_moves_total{step="message",result="unticketed_signature"}';
  assert.equal(await figure(series), 0);
  await assert.rejects((wallet.signTypedData as (typed: object) => Promise<string>)({ message: {} }), PaymentDenied);
  assert.equal(await figure(series), 1);
});

test("holds, budgets, breakers and freezes are told as they stand", async () => {
  let at = Date.parse("2026-01-05T10:00:00Z");
  const { warden, control, figure } = await measuredWarden(policy, { now: () => at, monotonic: () => at });
  for (const id of ["p1", "p2", "p3"]) await warden.authorize(ask(id));
  await warden.ticket("p2");
  await warden.ticket("p3");
  await warden.settle("p3", { outcome: "unknown" });
  at += 30_000;
  assert.equal(await figure('tollwarden_holds{state="held"}'), 1);
  assert.equal(await figure('tollwarden_holds{state="signing"}'), 1);
  assert.equal(await figure('tollwarden_holds{state="unknown"}'), 1);
  assert.equal(await figure('tollwarden_held_usd{state="unknown"}'), 0.01);
  assert.equal(await figure("tollwarden_unknown_oldest_seconds"), 30);
  assert.equal(await figure('tollwarden_settlements_total{state="unknown",ground="none"}'), 1);
  assert.equal(await figure('tollwarden_moves_total{step="ticket",result="ok"}'), 2);
  assert.equal(await figure('tollwarden_budget_held{budget="daily",unit="usd"}'), 0.03);
  assert.equal(await figure('tollwarden_budget_limit{budget="daily",unit="usd"}'), 2);
  assert.ok(
    Math.abs(((await figure('tollwarden_budget_use_ratio{budget="each-vendor",unit="usd"}')) ?? 0) - 0.0375) < 1e-9,
  );
  assert.equal(await figure('tollwarden_frozen{what="all"}'), 0);
  await control.freeze("stop");
  await control.freeze("you too", { agent: "b" });
  assert.equal(await figure('tollwarden_frozen{what="all"}'), 1);
  assert.equal(await figure('tollwarden_frozen{what="agents"}'), 1);
  assert.equal(await figure('tollwarden_breakers{state="open"}'), 0);
  const [version, hash] = [control.policy.version, control.policy.hash.slice(0, 16)];
  assert.equal(await figure(`tollwarden_policy_info{name="",version="${version}",hash="${hash}"}`), 1);
  await control.reload({ ...policy, version: 2 });
  assert.equal(await figure(`tollwarden_policy_info{name="",version="${version}",hash="${hash}"}`), undefined);
  await assert.rejects(control.reload({ nonsense: 1 }));
  assert.equal(await figure('tollwarden_policy_reloads_total{result="ok"}'), 1);
});

test("a breaker is seen to open, and to try again", async () => {
  let at = 1_000;
  const metrics = prometheusMetrics({ refreshMs: 0 });
  const breaker = createBreaker({ failureThreshold: 1, now: () => at });
  const ledger = openLedger({ policy: readPolicy(policy).json, store: memoryStore() });
  metrics.ledger(ledger, { breaker, now: () => at });
  breaker.failure("https://hostile.example");
  breaker.failure("https://worse.example");
  assert.equal(figureOf(await metrics.text(), 'tollwarden_breakers{state="open"}'), 2);
  at += 60_000;
  breaker.admit("https://worse.example");
  assert.equal(figureOf(await metrics.text(), 'tollwarden_breakers{state="open"}'), 1);
  assert.equal(figureOf(await metrics.text(), 'tollwarden_breakers{state="half-open"}'), 1);
});

interface Shaky {
  readonly store: Store;
  fails: boolean;
  conflicts: number;
}

/** A memory store that can fail, and for whose first commits others are faster. */
function shaky(): Shaky {
  const inner = memoryStore();
  const state: Shaky = {
    fails: false,
    conflicts: 0,
    store: {
      ...inner,
      load: (keys) => (state.fails ? Promise.reject(new Error("gone")) : inner.load(keys)),
      commit: async (commit) => (state.conflicts-- > 0 ? { ok: false, conflicts: ["x"] } : inner.commit(commit)),
    },
  };
  return state;
}

test("conflicts, failures and latency of the store and of decisions", async () => {
  const state = shaky();
  const { warden, figure, metrics } = await measuredWarden(policy, { store: state.store });
  state.conflicts = 3;
  assert.equal((await warden.authorize(ask("p1"))).action, "allow");
  assert.equal(await figure("tollwarden_store_conflicts_total"), 3);
  assert.equal(await figure("tollwarden_sample_ok"), 1);
  state.fails = true;
  assert.equal((await warden.authorize(ask("p2"))).reason, "store_unavailable");
  assert.equal(await figure('x402_payments_total{outcome="blocked",reason="error"}'), 1);
  assert.ok(((await figure('tollwarden_store_errors_total{operation="load"}')) ?? 0) > 0);
  assert.equal(await figure("tollwarden_decision_seconds_count"), 2);
  const text = await metrics.text();
  assert.equal(figureOf(text, "tollwarden_sample_ok"), 0, "figures that can't be read are not told as 0");
  assert.equal(figureOf(text, "tollwarden_unknown_oldest_seconds"), undefined);
  assert.equal(figureOf(text, 'tollwarden_holds{state="held"}'), undefined);
});

test("a hostile seller can't make series: 400 vendors, payees and descriptions of its own", async () => {
  const { warden, metrics } = await measuredWarden({
    payment: { max_usd: "1" },
    budgets: [{ name: "each", limit_usd: "0.02", window: "24h", per: ["vendor", "payee"] }],
  });
  const visit = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => {
      const nth = from + n;
      const payTo = `0x${String(nth + 1).padStart(40, "0")}`;
      const [entry] = (offer("10000", `d${nth}`) as { accepts: [object] }).accepts;
      const odd = nth % 5 === 0 ? { amount: `x${nth}`, network: `made:${nth}`, scheme: `s${nth}` } : {};
      const made = { ...offer(), accepts: [{ ...entry, payTo, ...odd }] };
      return warden.authorize({ id: `p${nth}`, url: `https://v${nth}.example.com/${nth}`, offer: made });
    });
  await Promise.all(visit(0, 50));
  const before = seriesOf(await metrics.text());
  await Promise.all(visit(50, 400));
  const after = seriesOf(await metrics.text());
  assert.deepEqual(after, before);
  assert.ok(before.length < 400, String(before.length));
  assert.doesNotMatch(after.join("\n"), /v1\d*\.example|0x0000/);
});

test("a policy with thousands of budgets ends at the bound too", async () => {
  const budgets = Array.from({ length: 300 }, (_, n) => ({ name: `b${n}`, limit_usd: "1", window: "24h" }));
  const { warden, metrics } = await measuredWarden({ payment: { max_usd: "1" }, budgets });
  await warden.authorize(ask("p"));
  const lines = seriesOf(await metrics.text()).filter((one) => one.startsWith("tollwarden_budget_held"));
  assert.equal(lines.length, MAX_SERIES + 1);
  assert.ok(lines.includes(`tollwarden_budget_held{budget="${OTHERS}",unit="${OTHERS}"}`));
});

test("the gate: what became of requests, what is owed", async () => {
  const metrics = prometheusMetrics({ refreshMs: 0 });
  let at = Date.parse("2026-01-05T10:00:00Z");
  const { gate, buy, facilitator } = await openGate({ telemetry: metrics, now: () => at });
  const figure = async (series: string) => {
    at += 61_000;
    return figureOf(await metrics.text(), series);
  };
  const route = 'route="GET /weather"';
  assert.equal((await buy("/weather")).status, 200);
  assert.equal(await figure(`tollwarden_gate_requests_total{${route},outcome="captured"}`), 1);
  assert.equal(await figure(`tollwarden_gate_revenue_usd_total{${route}}`), 0.01);
  assert.equal(await figure(`tollwarden_gate_upstream_seconds_count{${route}}`), 1);
  assert.equal(await figure("tollwarden_gate_refunds_owed"), 0);

  facilitator.settles.push(new Error("no answer"));
  await buy("/weather");
  assert.equal(await figure("tollwarden_gate_unresolved"), 1);
  assert.ok(((await figure("tollwarden_gate_unresolved_oldest_seconds")) ?? 0) > 100);
  await gate.freeze("stop");
  await buy("/weather");
  assert.equal(await figure('tollwarden_gate_refusals_total{reason="frozen"}'), 1);
  await gate.close();
  assert.equal(
    figureOf(await metrics.text(), "tollwarden_gate_unresolved"),
    undefined,
    "a closed gate is no longer told",
  );
});

test("refunds owed, disputes and anomalies", async () => {
  const metrics = prometheusMetrics({ refreshMs: 0 });
  let at = Date.parse("2026-01-05T10:00:00Z");
  const { gate, buy } = await openGate({ telemetry: metrics, now: () => at, anomalies: { minimum: 1 } });
  await buy("/weather");
  await buy("/weather", { from: "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" });
  for await (const { id } of gate.payments()) {
    await gate.dispute(id, "client", "nothing came");
    await gate.resolveDispute(id, "refund", "so it was");
    break;
  }
  at += 61_000;
  const text = await metrics.text();
  assert.equal(figureOf(text, "tollwarden_gate_refunds_owed"), 1);
  assert.equal(figureOf(text, "tollwarden_gate_disputes_open"), 0);
  assert.equal(figureOf(text, 'tollwarden_gate_anomalies_total{kind="new_payer"}'), 1);
});

test("the handler answers as Prometheus asks, and nothing else", async () => {
  const { metrics } = await measuredWarden(policy, {}, { labels: { agent_id: "a1" }, defaultMetrics: true });
  const answer = await metrics.handle(new Request("http://localhost/metrics"));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  assert.match(text, /^x402_replay_detections_total\{agent_id="a1"\} 0$/m);
  assert.match(text, /^process_cpu_seconds_total/m);
  assert.equal(await (await metrics.handle(new Request("http://localhost/metrics", { method: "HEAD" }))).text(), "");
  assert.equal((await metrics.handle(new Request("http://localhost/metrics", { method: "POST" }))).status, 405);
});

test("two wardens on one registry are told together; a closed one no longer is", async () => {
  const metrics = prometheusMetrics({ refreshMs: 0 });
  const one = await measuredWarden(policy, { telemetry: metrics });
  const two = await measuredWarden(policy, { telemetry: metrics });
  for (const { warden } of [one, two]) await warden.authorize(ask("p"));
  assert.equal(figureOf(await metrics.text(), 'tollwarden_holds{state="held"}'), 2);
  await two.warden.close();
  assert.equal(figureOf(await metrics.text(), 'tollwarden_holds{state="held"}'), 1);
});

test("telemetry that fails loses its figures, and no payment", async () => {
  const metrics = prometheusMetrics();
  const { warden, control } = await measuredWarden(policy, { telemetry: together(metrics, prometheusMetrics()) });
  metrics.register.clear();
  for (const metric of Object.values(METRICS)) assert.ok(metric.help.length > 0);
  assert.equal((await warden.authorize(ask("p"))).action, "allow");
  assert.equal((await control.holds()).length, 1);
});

test("the service's answers are counted by their pattern, and by methods that there are", async () => {
  const metrics = prometheusMetrics();
  metrics.request({ route: "/v1/authorize", method: "POST", status: 200, seconds: 0.01 });
  for (let n = 0; n < 50; n++) metrics.request({ route: "none", method: `M${n}`, status: 404, seconds: 0.01 });
  const text = await metrics.text();
  assert.equal(
    figureOf(text, 'tollwarden_service_requests_total{route="/v1/authorize",method="POST",status="200"}'),
    1,
  );
  assert.equal(figureOf(text, 'tollwarden_service_requests_total{route="none",method="other",status="404"}'), 50);
});
