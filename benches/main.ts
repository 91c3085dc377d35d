/**
 * How long a decision takes, beside what it can't be faster than, beside plain JavaScript, and beside the peers that can be
 * had from registries: `npm run bench`. All of a row in one run, in turns; ratios are what counts, since another machine, or
 * the same one at another hour, has other microseconds.
 */

import "../js/privacy/index.ts";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coreVersion } from "../js/index.ts";
import { attempt } from "../pkg-scripts/lib/child.mjs";
import { EXTRAS } from "./extras.ts";
import { type Effort, LONG } from "./measure.ts";
import { openPeers, PEERS } from "./peers.ts";
import { ROWS } from "./rows.ts";
import { type Result, runRow } from "./run.ts";

const HELP = `npm run bench -- [options]

Measures a decision row by row; each row's columns take turns. The table is in README.md and docs/performance.md.

  --only <text>    the rows whose names contain it, several times for several; --list names them
  --list           the rows
  --quick          three short passes instead of five
  --no-peers       without the Python peers
  --no-native      without criterion
  --json           the results as JSON on stdout, instead of lines
  --write          writes benches/report.json, which the tables are made from, and adds a line to benches/history.jsonl
  --help           this
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    list: { type: "boolean" },
    quick: { type: "boolean" },
    "no-peers": { type: "boolean" },
    "no-native": { type: "boolean" },
    json: { type: "boolean" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  },
});

const QUICK: Effort = { passes: 3, ms: 60, least: 10 };

export interface Report {
  readonly at: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Result[];
}

async function main(): Promise<void> {
  if (values.help === true) return void process.stdout.write(HELP);
  const wanted = ({ name }: { readonly name: string }): boolean =>
    values.only === undefined || values.only.some((text) => name.includes(text));
  const [rows, extras] = [ROWS.filter(wanted), EXTRAS.filter(wanted)];
  if (values.list === true) {
    for (const { name, title } of [...ROWS, ...EXTRAS]) process.stdout.write(`${name.padEnd(18)} ${title}\n`);
    return;
  }
  if (rows.length + extras.length === 0) throw new Error("no row has such a name; --list names them");
  const effort = values.quick === true ? QUICK : LONG;
  if (values["no-native"] !== true && rows.some(({ native }) => native !== undefined)) await natively();
  const peers = values["no-peers"] === true ? undefined : await openPeers();
  if (peers === undefined) say("the peers take no part");
  const results: Result[] = [];
  for (const [at, row] of [...rows, ...extras].entries()) {
    say(`${at + 1} of ${rows.length + extras.length}: ${row.title}`);
    const result = "run" in row ? await row.run(effort) : await runRow(row, effort, peers);
    results.push(result);
    if (values.json !== true) process.stdout.write(`${line(result)}\n`);
  }
  peers?.close();
  const told: Report = {
    at: new Date().toISOString(),
    machine: machine(),
    versions: await versions(),
    rows: results,
  };
  if (values.json === true) process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
  if (values.write === true) {
    appendFileSync(here("history.jsonl"), `${JSON.stringify(told)}\n`);
    writeFileSync(here("report.json"), `${JSON.stringify({ ...told, rows: among(results) }, null, 2)}\n`);
  }
}

/** The rows of the report in their order: those of now, and of those that did not run now what stood there. */
function among(results: readonly Result[]): readonly Result[] {
  const before = existsSync(here("report.json"))
    ? (JSON.parse(readFileSync(here("report.json"), "utf8")) as Report)
    : undefined;
  return [...ROWS, ...EXTRAS].flatMap(({ name }) => {
    const found = [...results, ...(before?.rows ?? [])].find((row) => row.name === name);
    return found === undefined ? [] : [found];
  });
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** Progress goes to stderr. */
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function line({ name, p50, ratios }: Result): string {
  const figures = Object.entries(p50).map(([column, value]) => `${column} ${value}`);
  const compared = Object.entries(ratios).map(([what, value]) => `${what} ${value}x`);
  return `${name}: ${figures.join(", ")}${compared.length > 0 ? `; ${compared.join(", ")}` : ""}`;
}

async function natively(): Promise<void> {
  say("natively, by criterion: some minutes where it has to be built first");
  const args = ["bench", "--quiet", "--manifest-path", here("native/Cargo.toml")];
  const { status, output } = await attempt("cargo", args).catch((error) => ({ status: 1, output: String(error) }));
  if (status !== 0) say(`criterion takes no part: ${output.trim().split("\n").at(-1)}`);
}

function machine(): string {
  const [first, ...more] = cpus();
  return `${platform()} ${arch()}, ${more.length + 1} × ${first?.model.trim() ?? "unknown"}`;
}

async function versions(): Promise<Readonly<Record<string, string>>> {
  const rustc = await attempt("rustc", ["--version"]).catch(() => undefined);
  return {
    tollwarden: coreVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    rustc: rustc?.stdout.split(" ")[1] ?? "none",
    ...Object.fromEntries(PEERS.map((peer) => peer.split("==") as [string, string])),
  };
}

await main();
