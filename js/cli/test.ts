/** `tollwarden test`: a policy's cases, and how much of the policy they touch. */

import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { told } from "./cases/compare.ts";
import { casesBeside, readCases } from "./cases/read.ts";
import { type Coverage, type Report, type Result, runCases } from "./cases/run.ts";
import { count, type Paint, painter } from "./colour.ts";
import { describeGoodPolicyFile } from "./describe.ts";
import { readOptions } from "./options.ts";
import { type Command, failure, type Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden test POLICY [CASES] [--coverage] [--watch] [--json]

Runs the cases of CASES, or of policy.test.toml or policy.test.json beside policy.toml, each from an empty ledger. A case
has a name and steps; a step sends an event, as in tollwarden simulate, and wants some members in the answer:

  [define.pay]
  type = "authorize"
  id = "p1"
  at = "2026-01-05T10:00:00Z"
  url = "https://api.example.com/report"
  offer = "@offer"

  [[cases]]
  name = "a payment at the maximum passes"
  steps = [
    { send = "@pay", set = { "/offer/accepts/0/amount" = "1000000" }, want = { action = "allow" } },
  ]

"@name" stands for what \`define\` has under that name. \`set\` changes places of the event by JSON pointer. The answer may
have more than is wanted. In JSON, null takes a place away in \`set\`, and in \`want\` is what must not be there.

  --coverage   tell which rules never fired, and which figures no payment met exactly, or crossed by one smallest step:
               an atomic unit, a payment, a day or a millisecond
  --watch      run again whenever one of the two files changes, until interrupted
  --json       one JSON object a run: {"policy","cases","ok","results","coverage"}
  --help       this text

exit status: 0, or 1 if a case failed, or 2 if nothing could be run
`;

interface Files {
  readonly policy: string;
  readonly cases: string | undefined;
}

export const testCommand: Command = {
  name: "test",
  summary: "run a policy's cases, and see what they touch of it",
  usage: USAGE,
  async run(args, out) {
    let files: Files;
    let options: { coverage: boolean; watch: boolean; json: boolean };
    try {
      const { values, positionals } = readOptions({
        args: [...args],
        options: {
          coverage: { type: "boolean", default: false },
          watch: { type: "boolean", default: false },
          json: { type: "boolean", default: false },
        },
        allowPositionals: true,
      });
      const [policy, cases, another] = positionals;
      if (policy === undefined) throw new Error("`POLICY` is missing; see tollwarden test --help");
      if (another !== undefined) throw new Error(`one file of cases at a time: \`${cases}\` or \`${another}\``);
      [files, options] = [{ policy, cases }, values];
    } catch (error) {
      out.error(`tollwarden test: ${failure(error)}`);
      return 2;
    }
    const once = (): number => runOnce(files, options, out);
    return options.watch ? watched(files, once, () => options.json || out.print("\n---\n")) : once();
  },
};

function runOnce(files: Files, options: { coverage: boolean; json: boolean }, out: Terminal): number {
  try {
    const { json, description } = describeGoodPolicyFile(files.policy);
    const path = files.cases ?? casesBeside(files.policy);
    const report = runCases(json, description.rules, readCases(path));
    const ok = report.results.every((result) => result.failure === undefined);
    if (options.json) {
      out.print(JSON.stringify({ policy: files.policy, cases: path, ok, ...report }, undefined, 2));
    } else {
      print(report, options.coverage, out, painter(process.stdout));
    }
    return ok ? 0 : 1;
  } catch (error) {
    out.error(`tollwarden test: ${failure(error)}`);
    return 2;
  }
}

/** Runs again when one of the files changes, until interrupted; then the status is that of the last run. */
function watched(files: Files, run: () => number, between: () => void): Promise<number> {
  let status = 0;
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    clearTimeout(timer);
    // Editors write a file in several steps.
    timer = setTimeout(() => {
      between();
      status = run();
    }, 50);
  };
  // The folders are watched: many editors put a new file in the old one's place.
  const stems = [files.policy.replace(/\.[a-z]+$/i, ""), files.cases].filter((path) => path !== undefined);
  const watchers = [...new Set(stems.map((path) => dirname(path)))].map((folder) =>
    watch(folder, (_, name) => {
      if (name !== null && stems.some((stem) => dirname(stem) === folder && name.startsWith(basename(stem)))) again();
    }),
  );
  // Watched first: who changes a file as soon as the results stand there is not missed.
  status = run();
  return new Promise((resolve) => {
    process.once("SIGINT", () => {
      for (const watcher of watchers) watcher.close();
      clearTimeout(timer);
      resolve(status);
    });
  });
}

function print({ results, coverage }: Report, covered: boolean, out: Terminal, paint: Paint): void {
  for (const result of results) printResult(result, out, paint);
  const failed = results.filter((result) => result.failure !== undefined).length;
  const passed = `${count(results.length - failed, "case")} passed`;
  const summary = failed === 0 ? paint("green", passed) : `${passed}, ${paint("red", `${failed} failed`)}`;
  out.print(`${results.length > 0 ? "\n" : ""}${summary}`);
  if (covered) printCoverage(coverage, out, paint);
}

function printResult({ name, failure: wrong }: Result, out: Terminal, paint: Paint): void {
  if (wrong === undefined) {
    out.print(`${paint("green", "ok")}      ${name}`);
    return;
  }
  out.print(`${paint("red", "failed")}  ${name}`);
  out.print(`        step ${wrong.step}, ${wrong.event}`);
  for (const difference of wrong.differences) out.print(`          ${told(difference)}`);
  const { message } = wrong.got as { message?: unknown };
  if (typeof message === "string") out.print(paint("dim", `          it says: ${message}`));
}

function printCoverage(coverage: Coverage, out: Terminal, paint: Paint): void {
  const { rules, sides } = coverage;
  out.print(
    `\n${rules.fired} of ${count(rules.of, "rule")} fired, ${sides.touched} of ${sides.of} sides of figures touched`,
  );
  const list = (what: string, entries: readonly string[]): void => {
    if (entries.length > 0) out.print(`  ${paint("yellow", what.padEnd(13))}  ${entries.join(", ")}`);
  };
  list("never fired", coverage.never_fired);
  list("never met", coverage.never_met);
  list("never crossed", coverage.never_crossed);
}
