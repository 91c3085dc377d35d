/** The alert rules and the Grafana dashboard: they load, ask for what is really exported, and each alert is raised. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { prometheusMetrics } from "../../js/telemetry/metrics.ts";
import { METRICS, type Metric } from "../../js/telemetry/table.ts";
import { dashboard, dashboardFile, dashboardText } from "../../pkg-scripts/grafana.mjs";
import { attempt } from "../../pkg-scripts/lib/child.mjs";
import { bringPrometheus } from "../../pkg-scripts/lib/prometheus.mjs";
import { offer } from "../cli/support.ts";
import { openGate } from "../gate/support.ts";
import { freePort } from "../support/port.ts";
import { measuredWarden, URL_OF_SELLER } from "../telemetry/support.ts";
import { HEALTHY, RAISING } from "./rules.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

const rulesFile = fileURLToPath(new URL("../../deploy/prometheus/tollwarden.rules.yml", import.meta.url));
const rules = (parse(readFileSync(rulesFile, "utf8")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const panels = dashboard().panels as readonly Panel[];
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr: plain(expr) })));

/** As Grafana sends it. */
function plain(expr: string): string {
  return expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(job|instance)/g, ".*");
}

const tools = await bringPrometheus();
const skip = tools === undefined ? "there is no Prometheus here (Debian's package `prometheus`)" : false;
if (tools === undefined) console.error("NO PROMETHEUS: alert rules and dashboard are only read, their tests SKIPPED");
const folder = mkdtempSync(join(tmpdir(), "tollwarden-prometheus-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function promtool(...args: string[]): Promise<string> {
  const { status, output } = await attempt(tools?.promtool ?? "", args, { cwd: folder });
  assert.equal(status, 0, output);
  return output;
}

/** `name` and the labels that are asked of it, for each selector. */
function selectors(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:x402|tollwarden)_\w+)(?:\{([^}]*)\})?/g)].map(([, name = "", inside = ""]) => ({
    name,
    labels: [...inside.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = ""]) => label),
  }));
}

test("rules and panels ask only for figures that there are, by labels that those have", () => {
  const known = METRICS as Readonly<Record<string, Metric>>;
  for (const expr of [...rules.map(({ expr }) => expr), ...queries.map(({ expr }) => expr)]) {
    const found = selectors(expr);
    assert.ok(found.length > 0 || expr.startsWith("up{"), expr);
    for (const { name, labels } of found) {
      const base = known[name] === undefined ? name.replace(/_(bucket|sum|count)$/, "") : name;
      const metric = known[base] ?? assert.fail(`${name} is not exported`);
      if (base !== name) assert.equal(metric.kind, "histogram", name);
      for (const label of labels)
        assert.ok(["job", "instance", "le", ...metric.labels].includes(label), `${name}{${label}}`);
    }
  }
});

test("what an alert waits for is there as 0 from the start: the first of it is an increase, and raises it", async () => {
  const metrics = prometheusMetrics();
  metrics.request({ route: "/v1/authorize", method: "POST", status: 200, seconds: 0.01 });
  const text = await metrics.text();
  for (const { alert, expr } of rules.filter(({ expr }) => /^sum by \([^)]*\) \(increase|^increase/.test(expr))) {
    const [, name = "", inside = ""] = /increase\((\w+)(?:\{([^}]*)\})?/.exec(expr) ?? assert.fail(expr);
    const wanted = [...inside.matchAll(/(\w+)=~?"([^"]*)"/g)].map(([, label, words]) => `${label}="(?:${words})"`);
    const line = text
      .split("\n")
      .find((one) => one.startsWith(name) && wanted.every((one_) => new RegExp(one_).test(one)));
    assert.ok(line, `${alert}: ${expr}`);
  }
});

test("every figure stands in a panel", () => {
  const text = queries.map(({ expr }) => expr).join("\n");
  // Told apart by the others: the limit is in the ratio, a refusal's count in its reasons, a request's time in a trace.
  const elsewhere = ["tollwarden_budget_limit", "tollwarden_budget_held", "tollwarden_gate_unresolved_oldest_seconds"];
  const missing = Object.keys(METRICS).filter((name) => !text.includes(name) && !elsewhere.includes(name));
  assert.deepEqual(missing, ["tollwarden_service_request_seconds"]);
});

test("every alert has a heading in the runbook, a summary and a severity", () => {
  const runbook = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8");
  const headings = [...runbook.matchAll(/^### (Tollwarden\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(headings.sort(), rules.map(({ alert }) => alert).sort());
  for (const { alert, labels, annotations } of rules) {
    assert.ok(["page", "ticket", "info"].includes(labels.severity), alert);
    assert.ok(annotations.summary.length > 10, alert);
  }
});

test("the dashboard is what its script makes, and no panel covers another", () => {
  assert.equal(readFileSync(dashboardFile, "utf8"), dashboardText(), "run node pkg-scripts/grafana.mjs");
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { gridPos, type, targets = [], title } of panels) {
    const { x, y, w, h } = gridPos;
    assert.ok(x + w <= 24 && w > 0 && h > 0, title);
    if (type !== "row") assert.ok(targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (let across = x; across < x + w; across++) {
      for (let down = y; down < y + h; down++) {
        assert.ok(!taken.has(`${across},${down}`), title);
        taken.add(`${across},${down}`);
      }
    }
  }
});

test("promtool takes the rules, and every expression of the dashboard", { skip }, async () => {
  assert.match(await promtool("check", "rules", rulesFile), new RegExp(`${rules.length} rules found`));
  const recorded = queries.map(({ expr }, place) => ({ record: `panel_${place}`, expr }));
  const file = join(folder, "panels.yml");
  writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules: recorded }] }));
  assert.match(await promtool("check", "rules", file), new RegExp(`${queries.length} rules found`));
});

test("hours in which all is well raises nothing; what each alert is for raises it", { skip }, async () => {
  assert.deepEqual(Object.keys(RAISING).sort(), rules.map(({ alert }) => alert).sort());
  const series = (given: object) => Object.entries(given).map(([series, values]) => ({ series, values }));
  const raised = (expected: string | undefined) => ({
    interval: "1m",
    input_series: series({ ...HEALTHY, ...(expected === undefined ? {} : RAISING[expected]) }),
    promql_expr_test: rules.map(({ alert }) => ({
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) > 0`,
      eval_time: "170m",
      ...(alert === expected ? { exp_samples: [{ labels: "{}", value: 1 }] } : {}),
    })),
  });
  const quiet = raised(undefined);
  const each = rules.map(({ alert }) => {
    const { promql_expr_test, ...rest } = raised(alert);
    return { ...rest, promql_expr_test: promql_expr_test.filter(({ expr }) => expr.includes(`"${alert}"`)) };
  });
  const file = join(folder, "test.yml");
  writeFileSync(file, JSON.stringify({ rule_files: [rulesFile], evaluation_interval: "1m", tests: [quiet, ...each] }));
  await promtool("test", "rules", file);
});

test("Prometheus scrapes a warden and a gate, and answers every panel and every alert", { skip }, async (t) => {
  const metrics = prometheusMetrics({ refreshMs: 0 });
  const { warden } = await measuredWarden(
    { payment: { max_usd: "1" }, budgets: [{ name: "daily", limit_usd: "2", window: "24h" }] },
    { telemetry: metrics },
  );
  const { buy } = await openGate({ telemetry: metrics });
  await warden.authorize({ id: "p1", url: URL_OF_SELLER, offer: offer() });
  await warden.authorize({ id: "p2", url: URL_OF_SELLER, offer: offer("9000000") });
  await buy("/weather");

  const server = createServer(async (request, response) => {
    const answer = await metrics.handle(new Request(`http://localhost${request.url}`));
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const scraped = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: "tollwarden", static_configs: [{ targets: [scraped] }] }],
  };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  await promtool("check", "config", "prometheus.yml");
  const port = await freePort();
  const child = spawn(
    tools?.prometheus ?? "",
    [
      "--config.file=prometheus.yml",
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: "ignore" },
  );
  t.after(async () => {
    child.kill();
    await once(child, "exit");
  });
  const ask = async (path: string): Promise<{ status: string; data: never }> =>
    (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json() as never;
  const query = async (expr: string): Promise<readonly unknown[]> => {
    const { status, data } = await ask(`query?query=${encodeURIComponent(expr)}`);
    assert.equal(status, "success", expr);
    return (data as { result: readonly unknown[] }).result;
  };
  const twice = 'count_over_time(tollwarden_holds{job="tollwarden",state="held"}[1m]) >= 3';
  for (let tries = 0; tries < 300; tries++) {
    if ((await query(twice).catch(() => [])).length > 0) break;
    await sleep(100);
  }
  const { data } = await ask("rules");
  const loaded = (data as { groups: { rules: { health: string; name: string }[] }[] }).groups.flatMap(
    ({ rules }) => rules,
  );
  assert.equal(loaded.length, rules.length);
  for (const { name, health } of loaded) assert.ok(health === "ok" || health === "unknown", `${name}: ${health}`);

  const empty: string[] = [];
  for (const { title, expr } of queries) if ((await query(expr)).length === 0) empty.push(title);
  for (const title of [
    "Payments by outcome",
    "Held now",
    "Fullest budget",
    "Time to a decision",
    "Requests at the gate",
  ]) {
    assert.ok(!empty.includes(title), title);
  }
  // What has not happened yet has no series.
  t.diagnostic(`${queries.length} expressions, without an answer: ${empty.join(", ")}`);
  assert.ok(empty.length < queries.length / 2, empty.join(", "));
});
