/** `tollwarden backtest`: what another policy would have said to the payments of a log. */

import { writeFileSync } from "node:fs";
import { loadTools } from "../../core/tools.ts";
import { readPolicyFile } from "../../policy-source.ts";
import { count, painter } from "../colour.ts";
import { readOptions } from "../options.ts";
import type { Command } from "../terminal.ts";
import { bars, cards, escaped, page, table, visible } from "./html.ts";
import { eachPiece, filesOf, namedLog } from "./log.ts";

const USAGE = `usage: tollwarden backtest --policy FILE LOG [--html FILE] [--json]

Judges the payments of an audit log by another policy, in their order, and tells what would have come out otherwise. The
other policy has a ledger of its own: what it denies is not spent there, and what it lets through is, at once and in full.

  --policy FILE   the other policy, in TOML, YAML or JSON
  --html FILE     a page with charts, which stands alone
  --json          one JSON object
  --help          this text

exit status: 0, whatever came out; 1 if it could not be run
`;

interface Both {
  readonly was: string;
  readonly would_be: string;
}

export interface Backtest {
  readonly policy: string;
  readonly payments: number;
  readonly changed: number;
  readonly matrix: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly stopped_usd: string;
  readonly asked_usd: string;
  readonly let_through_usd: string;
  readonly vendors: Readonly<Record<string, Both>>;
  readonly days: Readonly<Record<string, Readonly<Record<string, Both>>>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly id: string;
    readonly at: string;
    readonly agent: string;
    readonly vendor: string;
    readonly usd: string | null;
    readonly was: readonly [string, string];
    readonly would_be: readonly [string, string];
    readonly rules: readonly string[];
  }[];
  readonly more: boolean;
}

const VERDICTS = ["authorized", "approval_asked", "denied"] as const;
/** So many changes are printed; the page and the JSON have more. */
const PRINTED = 20;

export const backtestCommand: Command = {
  name: "backtest",
  summary: "what another policy would have said to the payments of an audit log",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: { policy: { type: "string" }, html: { type: "string" }, json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    if (values.policy === undefined) throw new Error("`--policy FILE` is missing; see tollwarden backtest --help");
    const log = namedLog(positionals, "backtest");
    const test = new (loadTools().AuditBacktest)(readPolicyFile(values.policy).json);
    await eachPiece(log, (piece) => test.push(piece));
    const result = JSON.parse(test.finish()) as Backtest;

    if (values.html !== undefined) writeFileSync(values.html, backtestPage(result, values.policy, filesOf(log)));
    if (values.json) out.print(JSON.stringify(result, undefined, 2));
    else print(result, values.policy, out.print);
    return 0;
  },
};

function print(result: Backtest, policy: string, line: (text: string) => void): void {
  const paint = painter(process.stdout);
  line(
    `${visible(policy)}: ${result.changed} of ${count(result.payments, "payment")} would have been answered otherwise`,
  );
  line("");
  line(`  ${"in the log".padEnd(16)}${VERDICTS.map((word) => word.padStart(16)).join("")}`);
  for (const was of VERDICTS) {
    const row = VERDICTS.map((now) => String(result.matrix[was]?.[now] ?? 0).padStart(16));
    line(`  ${was.padEnd(16)}${row.join("")}`);
  }
  line("");
  line(`  spent, and would have been stopped       ${result.stopped_usd.padStart(14)} USD`);
  line(`  spent, and people would have been asked  ${result.asked_usd.padStart(14)} USD`);
  line(`  denied, and would have been let through  ${result.let_through_usd.padStart(14)} USD`);
  if (result.changes.length === 0) return;
  line("");
  for (const { at, agent, vendor, usd, was, would_be, rules } of result.changes.slice(0, PRINTED)) {
    const who = agent === "" ? "" : ` ${visible(agent)}`;
    line(`  ${at}${who} ${visible(vendor)} ${usd ?? "?"} USD: ${was[0]} → ${would_be[0]}`);
    line(paint("dim", `    ${would_be[1]}${rules.length === 0 ? "" : ` by ${rules.map(visible).join(", ")}`}`));
  }
  const left = result.changed - Math.min(PRINTED, result.changes.length);
  if (left > 0) line(`  and ${left} more: --json or --html`);
}

export function backtestPage(result: Backtest, policy: string, log: string): string {
  const vendors = Object.entries(result.vendors)
    .sort(([, a], [, b]) => Number(b.was) - Number(a.was))
    .slice(0, 20)
    .map(([name, { was, would_be }]) => ({ name, values: [was, would_be] }));
  const days = Object.entries(result.days)
    .slice(-60)
    .map(([day, of]) => {
      const sum = (which: keyof Both): string =>
        Object.values(of)
          .reduce((total, both) => total + Number(both[which]), 0)
          .toFixed(2);
      return { name: day, values: [sum("was"), sum("would_be")] };
    });
  const series = ["in the log", "under the other policy"];
  const byDay = Object.entries(result.days).flatMap(([day, of]) =>
    Object.entries(of).map(([vendor, { was, would_be }]) => [day, vendor, was, would_be]),
  );
  const n = (name: string) => ({ name, number: true });
  return page(
    "Back-test",
    `<h1>Back-test</h1>
<p class="dim">The payments of <code>${escaped(log)}</code>, judged by <code>${escaped(policy)}</code> (hash <code>${escaped(result.policy)}</code>)</p>
${cards([
  [String(result.payments), "payments"],
  [String(result.changed), "answered otherwise"],
  [`${result.stopped_usd} USD`, "would have been stopped"],
  [`${result.asked_usd} USD`, "people would have been asked"],
  [`${result.let_through_usd} USD`, "would have been let through"],
])}
<h2>Verdicts</h2>
${table(
  [{ name: "in the log" }, ...VERDICTS.map(n)],
  VERDICTS.map((was) => [was, ...VERDICTS.map((now) => String(result.matrix[was]?.[now] ?? 0))]),
  "verdicts",
)}
<h2>Spent by day, in USD</h2>
${bars(days, series, "spent by day")}
<h2>Spent by vendor, in USD</h2>
${bars(vendors, series, "spent by vendor")}
<h2>Why the other policy denies</h2>
${bars(
  Object.entries(result.reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => ({ name, values: [String(times)] })),
  ["denials"],
  "denials by reason",
)}
<h2>Payments that would have been answered otherwise</h2>
${table(
  [
    { name: "time" },
    { name: "id" },
    { name: "agent" },
    { name: "vendor" },
    n("USD"),
    { name: "in the log" },
    { name: "would be" },
    { name: "reason" },
    { name: "rules" },
  ],
  result.changes.map(({ at, id, agent, vendor, usd, was, would_be, rules }) => [
    at,
    id,
    agent,
    vendor,
    usd ?? "",
    was[0],
    would_be[0],
    would_be[1],
    rules.join(", "),
  ]),
  "payments that would have been answered otherwise",
)}
${result.more ? '<p class="dim">Only the first thousand are shown.</p>' : ""}
<h2>Spent by day and vendor</h2>
${table([{ name: "day" }, { name: "vendor" }, n("in the log, USD"), n("would be, USD")], byDay, "spent by day and vendor")}
<p class="dim">What was denied in the log and would have been let through is taken as spent at once and in full: nobody can
know what would have become of it. Agents may have gone other ways after another answer.</p>`,
  );
}
