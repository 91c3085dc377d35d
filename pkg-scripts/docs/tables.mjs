// The tables in the documentation that say what the sources say: read from the sources, so that they can't differ.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import "../../js/cli/core.ts";
import { reasons } from "../../js/reasons.ts";
import { openApi } from "../../js/service/openapi.ts";
import { SPEC } from "../../js/service/spec.ts";
import { METRICS } from "../../js/telemetry/table.ts";
import { examples } from "../example.mjs";
import { root } from "../lib/paths.mjs";
import { consumers } from "../package/consumers.mjs";
import { runtimes } from "../package/runtimes.mjs";

const table = (head, rows) => {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
};

/** The registry of reasons, as the module tells it. */
export function reasonsTable() {
  const rows = reasons().map(({ code, meaning, remedy }) => [`\`${code}\``, meaning, remedy]);
  return table(["code", "what it means", "what to do"], rows);
}

/** The decision service's endpoints. */
export function endpointsTable() {
  const rows = Object.entries(SPEC).map(([endpoint, { summary, scopes }]) => {
    const who =
      scopes === "open" ? "anybody" : scopes === "any" ? "any key" : scopes.map((one) => `\`${one}\``).join(", ");
    return [`\`${endpoint}\``, who, summary];
  });
  return table(["endpoint", "for", "what it does"], rows);
}

/** docs/openapi.json. */
export function openApiText() {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return `${JSON.stringify(openApi("http://127.0.0.1:8403", version), undefined, 1)}\n`;
}

/** The table that stands at the top of js/errors.ts. */
export function errorsTable() {
  const source = readFileSync(join(root, "js/errors.ts"), "utf8");
  const lines = source.split("\n").filter((line) => line.startsWith(" * |"));
  if (lines.length < 3) throw new Error("js/errors.ts has no table any more");
  return lines.map((line) => line.slice(" * ".length)).join("\n");
}

/** Everything that is measured. */
export function metricsTable() {
  const rows = Object.entries(METRICS).map(([name, { kind, help, labels }]) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return table(["name", "kind", "labels", "what it says"], rows);
}

/** What tests/runtimes runs in. */
export function runtimesTable() {
  const rows = Object.values(runtimes).map(({ title, module, store }) => [title, module, store]);
  return table(["runtime", "the module", "the default store"], rows);
}

/** What the packed package is built and run with. */
export function consumersList() {
  return Object.entries(consumers)
    .map(([name, { title }]) => `- ${title ?? name}`)
    .join("\n");
}

/** The examples that are packages of their own; `folder` is where they are, seen from the page. */
export function examplesTable(folder = "") {
  const rows = examples().map(({ name, about }) => [`[${name}](${folder}${name}/main.ts)`, about]);
  return table(["example", "what it shows"], rows);
}

/** Where each section of the policy stands. */
const places = {
  Document: [""],
  PaymentSection: ["payment."],
  ListSection: ["vendors.", "agents.", "clients."],
  PayeeSection: ["payees."],
  AssetSection: ["assets[]."],
  BudgetSection: ["budgets[]."],
  RateSection: ["rates[]."],
  ScheduleSection: ["schedule."],
  CounterpartySection: ["counterparty."],
  PriceSection: ["prices."],
  AgreedSection: ["prices.agreed[]."],
  RuleSection: ["rules[]."],
  WhenSection: ["….when."],
  ReplaySection: ["replay."],
  ApprovalSection: ["approvals."],
  ApproverKeySection: ["approvals.keys[]."],
  BreakerSection: ["breaker."],
  PrivacySection: ["privacy."],
  PrivacyRuleSection: ["privacy.rules[]."],
};

/** How each type is written in a policy; a section has rows of its own. */
const kinds = {
  String: "text",
  bool: "true or false",
  u64: "whole number",
  Usd: "US dollars",
  Rate: "US dollars",
  Amount: "atomic units, as a text",
  Span: "span such as `30s`",
  WindowWord: "window",
  PerWords: "word, or list of words",
  FileWords: "path, or list of paths",
  Share100: "per cent",
  HoursWord: "hours such as `09:00-17:30`",
  Scheme: "`exact`, `upto`",
  Flow: "`authorization`, `upfront`, `escrow`",
  ZoneTables: "made by the wrapper",
  EntityName: "names of entities",
};

/** The words of each choice, from where they are declared. */
function choices() {
  const files = ["src/policy/words.rs", "src/privacy/entity.rs"];
  const source = files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  const found = {};
  for (const [, name, body] of source.matchAll(/pub enum (\w+) \{\n((?:.*\n)*?) {4}\}/g)) {
    const words = [...body.matchAll(/= "(\w+)",/g)].map(([, word]) => `\`${word}\``);
    if (words.length > 0) found[name] = words.join(", ");
  }
  return found;
}

function kindOf(type) {
  const item = /^Vec<(\w+)>$/.exec(type)?.[1];
  const words = { ...choices(), ...kinds }[item ?? type];
  if (words === undefined) throw new Error(`the type \`${type}\` has no words for it`);
  return item === undefined ? words : `list of ${item === "String" ? "texts" : words}`;
}

/** The sections of the policy, a row each. */
export function sectionsTable() {
  const source = readFileSync(join(root, "src/policy/document.rs"), "utf8");
  const body = /pub struct Document \{\n(( {8}.*\n)+) {4}\}/.exec(source)?.[1] ?? "";
  const rows = rowsOf("", body, true).filter(([key]) => key !== "`zones`");
  return table(
    ["key", "what it says"],
    rows.map(([key, , words]) => [key, words]),
  );
}

/** Every key of the policy, from the sections that src/policy/document.rs and src/privacy/section.rs declare. */
export function policyTable() {
  const files = ["src/policy/document.rs", "src/privacy/section.rs"];
  const source = files.map((file) => readFileSync(join(root, file), "utf8")).join("");
  const rows = [];
  for (const [, name, body] of source.matchAll(/pub struct (\w+) \{\n(( {8}.*\n)+) {4}\}/g)) {
    if (places[name] === undefined)
      throw new Error(`the section \`${name}\` has no place in pkg-scripts/docs/tables.mjs`);
    for (const prefix of places[name]) rows.push(...rowsOf(prefix, body));
  }
  if (rows.length < 20)
    throw new Error(`${files.join(" and ")} are not written as pkg-scripts/docs/tables.mjs reads them`);
  return table(["key", "value", "what it is"], rows);
}

function rowsOf(prefix, body, sections = false) {
  const rows = [];
  let doc = [];
  for (const line of body
    .trimEnd()
    .split("\n")
    .map((text) => text.trim())) {
    if (line.startsWith("///")) {
      doc.push(line.slice(3).trim());
      continue;
    }
    const [, field, type, required] = /^pub (\w+): ([\w<>]+)( = required)?,$/.exec(line) ?? [];
    if (field === undefined) throw new Error(`\`${line}\` is not a field of the policy`);
    const section = /Section>?$/.test(type);
    if (!section || sections) {
      const kind = section ? "" : kindOf(type);
      rows.push([`\`${prefix}${field}\``, `${kind}${required ? ", required" : ""}`, doc.join(" ")]);
    }
    doc = [];
  }
  return rows;
}

const reportOfPrivacy = () => JSON.parse(readFileSync(join(root, "tests/privacy/report.json"), "utf8"));
const four = (share) => share.toFixed(4);

/** How well personal data is found, from tests/privacy/report.json; `npm run privacy:report` writes it. */
export function privacyTable() {
  const { accuracy } = reportOfPrivacy();
  const rows = Object.entries(accuracy.entities).sort(([a], [b]) => a.localeCompare(b));
  const { texts, flagged } = accuracy.negatives;
  return table(
    ["what", "values", "precision", "recall"],
    [
      ...rows.map(([name, { values, precision, recall }]) => [`\`${name}\``, values, four(precision), four(recall)]),
      ["all", accuracy.all.values, four(accuracy.all.precision), four(accuracy.all.recall)],
      ["encoded, of these", accuracy.encoded.values, "", four(accuracy.encoded.recall)],
      ["hard negatives flagged", `${flagged} of ${texts}`, "", ""],
    ],
  );
}

/** The same by encoding. */
export function encodingsTable() {
  const { accuracy } = reportOfPrivacy();
  const rows = Object.entries(accuracy.encodings).sort(([a], [b]) => a.localeCompare(b));
  return table(
    ["written as", "values", "recall"],
    rows.map(([name, { values, recall }]) => [name, values, four(recall)]),
  );
}

/** How long it took when the report was written. */
export function privacySpeedTable() {
  const { speed, machine } = reportOfPrivacy();
  const rows = Object.entries(speed).map(([name, { least, p50, p99 }]) => [
    name,
    ...[least, p50, p99].map((figure) => figure.toFixed(2)),
  ]);
  return `${table(["what", "µs, least", "µs, p50", "µs, p99"], rows)}\n\nMeasured on ${machine}.`;
}

const bench = () => JSON.parse(readFileSync(join(root, "benches/report.json"), "utf8"));

const RATIOS = ["core / read", "core / plain", "warden / plain", "presidio / warden", "x402-firewall / warden"];

/** What `npm run bench -- --write` has found about one decision: ratios first, then microseconds. */
export const benchTable = () =>
  decisionTable(RATIOS, ["core", "warden", "native", "plain", "read", "sha256", "presidio", "x402-firewall"]);

/** The same with fewer columns, for a page about more than speed. */
export const benchShortTable = () => decisionTable(RATIOS, ["core", "warden"]);

function decisionTable(ratios, columns) {
  const { rows, machine, versions, at } = bench();
  const shown = (value, unit = "") => (value === undefined ? "" : `${value}${unit}`);
  const decisions = rows.filter(({ p50 }) => p50.core !== undefined);
  const lines = decisions.map(({ title, p50, ratios: found }) => [
    title,
    ...ratios.map((what) => shown(found[what], "×")),
    ...columns.map((column) => shown(p50[column])),
  ]);
  const made = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${table(["row", ...ratios, ...columns.map((column) => `${column}, µs`)], lines)}

p50, measured ${at.slice(0, 10)} on ${machine}.
With ${made.slice(0, 3).join(", ")},
${made.slice(3).join(", ")}.`;
}

/** The other rows of the same run, each with columns of its own. */
export function benchMoreTable() {
  const lines = bench()
    .rows.filter(({ p50 }) => p50.core === undefined)
    .flatMap(({ name, title, p50, ratios }) => [
      ...Object.entries(ratios).map(([what, value]) => [title, what, `${value}×`]),
      ...Object.entries(p50).map(([column, value]) => [
        title,
        name === "memory" ? column : `${column}, µs`,
        String(value),
      ]),
    ]);
  return table(["row", "column", "p50"], lines);
}
