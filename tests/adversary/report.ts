/** The table of a run, for a terminal, in Markdown, as JSON and as SARIF. Everything in it comes from the rows. */

import { fileOf } from "./scenarios/index.ts";
import { flawOf, type Harm, none, type Row, type Score, scoreOf } from "./score.ts";

const HEAD = ["", "attack", "by", "without tollwarden", "with it", "stopped by", "honestly"] as const;

/** US dollars of atomic units, which six of the decimals are. */
function dollars(units: string): string {
  const value = BigInt(units);
  const cents = (value % 1_000_000n)
    .toString()
    .padStart(6, "0")
    .replace(/0{1,4}$/, "");
  return `${value / 1_000_000n}.${cents} USD`;
}

function harmText({ money, goods }: Harm): string {
  const parts = [];
  if (money !== "0") parts.push(`${dollars(money)} gone`);
  if (goods !== "0") parts.push(`${dollars(goods)} of goods`);
  return parts.join(", ") || "nothing";
}

/** What stopped it, once each: what was expected first. */
function stopText(row: Row): string {
  const rank = (code: string): number => (row.expected.includes(code) ? 0 : 1);
  const said = row.stops
    .toSorted((one, other) => rank(one.code) - rank(other.code))
    .map(({ code, rules }) => (rules.length === 0 ? code : `${code} (${rules.join(", ")})`));
  const [first, ...rest] = [...new Set(said)];
  if (first === undefined) return "-";
  return rest.length === 0 ? first : `${first}, and ${rest.length} more`;
}

function cells(row: Row): readonly string[] {
  const honest = row.honestFailure === undefined ? "bought" : `FAILED: ${row.honestFailure}`;
  const without = none(row.without) && row.harmless !== undefined ? `nothing: ${row.harmless}` : harmText(row.without);
  const flaw = flawOf(row);
  const stopped = flaw === undefined ? stopText(row) : `WRONG: ${flaw}`;
  return [
    row.id,
    row.attack,
    row.by,
    without,
    harmText(row.with),
    stopped,
    row.side === "seller" && honest === "bought" ? "sold" : honest,
  ];
}

export function verdict({ unauthorized, honestFailures, wrong, scenarios }: Score): string {
  const lines = [
    `${scenarios} scenarios: ${dollars(unauthorized)} moved or delivered without authority, ${honestFailures} honest purchases failed`,
    ...wrong.map((one) => `wrong: ${one}`),
  ];
  return lines.join("\n");
}

export const good = ({ unauthorized, honestFailures, wrong }: Score): boolean =>
  unauthorized === "0" && honestFailures === 0 && wrong.length === 0;

/** One row for a terminal. */
export function lineOf(row: Row): string {
  const [id = "", attack = "", , without = "", guarded = "", stopped = "", honest = ""] = cells(row);
  return `${id.padEnd(13)}${attack}\n${" ".repeat(13)}without: ${without} · with: ${guarded} · ${stopped} · ${honest}`;
}

export function markdown(rows: readonly Row[]): string {
  const plain = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (row: readonly string[]): string => `| ${row.map(plain).join(" | ")} |`;
  const table = [line(HEAD), line(HEAD.map(() => "---")), ...rows.map((row) => line(cells(row)))];
  return `# What the adversary did\n\n${verdict(scoreOf(rows))}\n\n${table.join("\n")}\n`;
}

export function json(rows: readonly Row[], version: string): string {
  return `${JSON.stringify({ version, score: scoreOf(rows), rows }, undefined, 2)}\n`;
}

/** SARIF 2.1.0: each scenario is a rule; one that was stopped passes, and one that was not is an error. */
export function sarif(rows: readonly Row[], version: string): string {
  const rules = rows.map((row) => ({
    id: row.id,
    shortDescription: { text: row.attack },
    properties: { by: row.by, side: row.side, expected: row.expected },
  }));
  const results = rows.map((row, ruleIndex) => {
    const fault = faultOf(row);
    const uri = fileOf(row.id);
    return {
      ruleId: row.id,
      ruleIndex,
      kind: fault === undefined ? "pass" : "fail",
      level: fault === undefined ? "none" : "error",
      message: { text: fault ?? `stopped by ${stopText(row)}; without tollwarden: ${harmText(row.without)}` },
      locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } } }],
      properties: { without: row.without, with: row.with },
    };
  });
  const driver = { name: "tollwarden adversary", semanticVersion: version, rules };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function faultOf(row: Row): string | undefined {
  if (!none(row.with)) return `${row.attack}: ${harmText(row.with)} with tollwarden there`;
  if (row.honestFailure !== undefined) return `the honest purchase failed: ${row.honestFailure}`;
  return flawOf(row);
}
