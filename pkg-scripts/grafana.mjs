// The Grafana dashboard, from a list of its panels: `node pkg-scripts/grafana.mjs` writes deploy/grafana/tollwarden.json.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./lib/paths.mjs";

export const dashboardFile = join(root, "deploy/grafana/tollwarden.json");

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const datasource = { type: "prometheus", uid: "${datasource}" };
const rate = "$__rate_interval";
/** The chosen instances' series only. */
const of = (metric, more = "") => `${metric}{job=~"$job",instance=~"$instance"${more === "" ? "" : `,${more}`}}`;
const per = (by, metric, more) => `sum by (${by}) (rate(${of(metric, more)}[${rate}]))`;
const quantile = (q, metric, by = "") =>
  `histogram_quantile(${q}, sum by (${["le", by].filter(Boolean).join(", ")}) (rate(${of(`${metric}_bucket`)}[${rate}])))`;

const row = (title) => ({ row: title });
const stat = (title, expr, unit, levels = []) => ({
  type: "stat",
  width: 4,
  height: 4,
  title,
  unit,
  levels,
  targets: [[expr, ""]],
});
const graph = (title, unit, ...targets) => ({ type: "timeseries", width: 8, height: 8, title, unit, targets });
const [green, orange, red] = ["green", "orange", "red"];

const panels = [
  row("Money"),
  stat("Payments allowed, last hour", `sum(increase(${of("x402_payments_total", 'outcome="allowed"')}[1h]))`, "none"),
  stat("Denied, last hour", `sum(increase(${of("x402_payments_total", 'outcome="blocked"')}[1h]))`, "none", [
    [20, orange],
  ]),
  stat("Held now", `sum(${of("tollwarden_held_usd")})`, "currencyUSD"),
  stat("Fullest budget", `max(${of("tollwarden_budget_use_ratio")})`, "percentunit", [
    [0.8, orange],
    [1, red],
  ]),
  stat("Oldest unresolved payment", `max(${of("tollwarden_unknown_oldest_seconds")})`, "s", [
    [900, orange],
    [3600, red],
  ]),
  stat("Frozen", `sum(${of("tollwarden_frozen")})`, "none", [[1, red]]),
  graph("Payments by outcome", "reqps", [per("outcome, reason", "x402_payments_total"), "{{outcome}} {{reason}}"]),
  graph("Denials by reason", "reqps", [per("reason", "tollwarden_decisions_total", 'action="deny"'), "{{reason}}"]),
  graph(
    "Amounts asked for",
    "currencyUSD",
    [quantile(0.5, "x402_payment_amount_usd"), "p50"],
    [quantile(0.99, "x402_payment_amount_usd"), "p99"],
  ),
  graph("Budgets: used", "percentunit", [`max by (budget, unit) (${of("tollwarden_budget_use_ratio")})`, "{{budget}}"]),
  graph("Budgets: spent in the window", "none", [
    `max by (budget, unit) (${of("tollwarden_budget_spent")})`,
    "{{budget}} ({{unit}})",
  ]),
  graph("Open holds", "none", [`max by (state) (${of("tollwarden_holds")})`, "{{state}}"]),

  row("What was stopped"),
  graph("Policy violations", "reqps", [per("violation_type", "x402_policy_violations_total"), "{{violation_type}}"]),
  graph("Personal data", "reqps", [
    per("entity_type, action", "x402_pii_detections_total"),
    "{{entity_type}} {{action}}",
  ]),
  graph(
    "Replays, breaches, signatures that did not fit",
    "none",
    [`sum(increase(${of("x402_replay_detections_total")}[${rate}]))`, "replays"],
    [`sum(increase(${of("tollwarden_breaches_total")}[${rate}]))`, "breaches"],
    [
      `sum by (result) (increase(${of("tollwarden_moves_total", 'step=~"sign|message",result!="ok"')}[${rate}]))`,
      "{{result}}",
    ],
  ),
  graph("Settlements", "reqps", [per("state, ground", "tollwarden_settlements_total"), "{{state}} by {{ground}}"]),
  graph("Steps", "reqps", [per("step, result", "tollwarden_moves_total"), "{{step}} {{result}}"]),
  graph(
    "People",
    "none",
    [`max(${of("tollwarden_approvals_pending")})`, "waiting"],
    [`sum by (outcome) (increase(${of("x402_mpa_events_total")}[${rate}]))`, "{{outcome}}"],
  ),

  row("The warden itself"),
  graph(
    "Time to a decision",
    "s",
    [quantile(0.5, "tollwarden_decision_seconds"), "p50"],
    [quantile(0.99, "tollwarden_decision_seconds"), "p99"],
  ),
  graph("The store's time, p99", "s", [quantile(0.99, "tollwarden_store_seconds", "operation"), "{{operation}}"]),
  graph(
    "Conflicts and errors of the store",
    "reqps",
    [`sum(rate(${of("tollwarden_store_conflicts_total")}[${rate}]))`, "conflicts"],
    [per("operation", "tollwarden_store_errors_total"), "{{operation}} failed"],
  ),
  graph("Breakers", "none", [`max by (state) (${of("tollwarden_breakers")})`, "{{state}}"]),
  graph(
    "Audit log",
    "none",
    [`max(${of("tollwarden_audit_behind")})`, "records behind"],
    [`max by (sink) (${of("tollwarden_audit_sink_failing")})`, "{{sink}} failing"],
  ),
  graph("Policies in force", "none", [
    `count by (name, version, hash) (${of("tollwarden_policy_info")})`,
    "{{name}} v{{version}} {{hash}}",
  ]),
  graph("Counters of budgets", "none", [`max by (budget) (${of("tollwarden_budget_counters")})`, "{{budget}}"]),
  graph(
    "Figures read, policies refused",
    "none",
    [`min(${of("tollwarden_sample_ok")})`, "figures read"],
    [`sum by (result) (increase(${of("tollwarden_policy_reloads_total")}[${rate}]))`, "policy {{result}}"],
  ),
  graph("The decision service", "reqps", [
    per("route, status", "tollwarden_service_requests_total"),
    "{{route}} {{status}}",
  ]),

  row("The seller's side"),
  graph("Requests at the gate", "reqps", [per("outcome", "tollwarden_gate_requests_total"), "{{outcome}}"]),
  graph("Refusals", "reqps", [per("reason", "tollwarden_gate_refusals_total"), "{{reason}}"]),
  graph("Revenue per hour", "currencyUSD", [
    `sum by (route) (increase(${of("tollwarden_gate_revenue_usd_total")}[1h]))`,
    "{{route}}",
  ]),
  graph("What is sold: p99", "s", [quantile(0.99, "tollwarden_gate_upstream_seconds", "route"), "{{route}}"]),
  graph(
    "Owed, unresolved, disputed",
    "none",
    [`max(${of("tollwarden_gate_refunds_owed")})`, "owed"],
    [`max(${of("tollwarden_gate_unresolved")})`, "unresolved"],
    [`max(${of("tollwarden_gate_disputes_open")})`, "disputed"],
  ),
  graph(
    "Breakers and anomalies",
    "none",
    [`max by (what, state) (${of("tollwarden_gate_breakers")})`, "{{what}} {{state}}"],
    [`sum by (kind) (increase(${of("tollwarden_gate_anomalies_total")}[${rate}]))`, "{{kind}}"],
  ),
];

/** Left to right, top to bottom, 24 units wide. */
function laidOut() {
  let [x, y, high, id] = [0, 0, 0, 0];
  return panels.map((panel) => {
    id += 1;
    const width = panel.row === undefined ? panel.width : 24;
    if (x + width > 24) [x, y, high] = [0, y + high, 0];
    const height = panel.row === undefined ? panel.height : 1;
    const gridPos = { h: height, w: width, x, y };
    [x, high] = [x + width, Math.max(high, height)];
    if (panel.row !== undefined) return { id, type: "row", title: panel.row, collapsed: false, gridPos, panels: [] };
    const { type, title, unit, levels = [], targets } = panel;
    const steps = [[null, green], ...levels].map(([value, color]) => ({ color, value }));
    const lines = { lineWidth: 1, fillOpacity: 10, showPoints: "never" };
    const plain = { unit, thresholds: { mode: "absolute", steps } };
    return {
      id,
      type,
      title,
      datasource,
      gridPos,
      fieldConfig: { defaults: type === "stat" ? plain : { ...plain, custom: lines }, overrides: [] },
      options:
        type === "stat"
          ? {
              reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
              colorMode: "value",
              graphMode: "area",
            }
          : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
      targets: targets.map(([expr, legendFormat], place) => ({
        refId: String.fromCharCode(65 + place),
        datasource,
        editorMode: "code",
        range: true,
        expr,
        legendFormat,
      })),
    };
  });
}

const choice = (name, label, query) => ({
  name,
  label,
  type: "query",
  datasource,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] },
});

export function dashboard() {
  return {
    uid: "tollwarden",
    title: "Tollwarden",
    tags: ["x402", "payments"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", current: {}, hide: 0 },
        choice("job", "Job", "label_values(tollwarden_sample_ok, job)"),
        choice("instance", "Instance", 'label_values(tollwarden_sample_ok{job=~"$job"}, instance)'),
      ],
    },
    annotations: { list: [] },
    panels: laidOut(),
  };
}

export const dashboardText = () => `${JSON.stringify(dashboard(), null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(dashboardFile, dashboardText());
