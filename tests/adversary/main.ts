// `npm run adversary`: every known attack on agent payments, against the package as it is shipped.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { good, json, lineOf, markdown, sarif, verdict } from "./report.ts";
import { SCENARIOS } from "./scenarios/index.ts";
import { judge, openWorld, type Row, scoreOf } from "./score.ts";
import { loadShipped } from "./shipped.ts";

const HELP = `usage: npm run adversary [-- OPTIONS]

A hostile seller, facilitator, plug-in and network attack an agent with the official x402 client, and hostile clients a
seller, on a private chain. Each attack is run without tollwarden, with the package as it is packed, and as the honest
purchase that it imitates. The score is the chain's own: what moved without authority, and honest purchases that failed.

  --only ID      this scenario, or all whose name begins with it and a dot; may be given several times
  --list         the scenarios, and nothing is run
  --json         the result as one JSON object, in place of the table
  --out FOLDER   where adversary.md, adversary.json and adversary.sarif go; default .cache/adversary
  --help         this text

exit status: 0 if nothing moved without authority and no honest purchase failed; 2 if something did, or a scenario did no
harm without tollwarden, or was stopped by something else than it should be; 1 if nothing could be run`;

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Options {
  readonly only: readonly string[];
  readonly json: boolean;
  readonly out: string;
}

function readOptions(): Options | "help" | "list" {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      out: { type: "string", default: join(root, ".cache/adversary") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return values.list ? "list" : values;
}

async function run({ only, json: asJson, out }: Options): Promise<number> {
  const chosen = SCENARIOS.filter(
    ({ id }) => only.length === 0 || only.some((name) => id === name || id.startsWith(`${name}.`)),
  );
  const unknown = only.find((name) => !SCENARIOS.some(({ id }) => id === name || id.startsWith(`${name}.`)));
  if (unknown !== undefined) throw new Error(`\`${unknown}\` is no scenario; see --list`);
  const shipped = await loadShipped();
  const version = shipped.coreVersion();
  const { world, close } = await openWorld();
  const rows: Row[] = [];
  try {
    for (const scenario of chosen) {
      const row = await judge(scenario, world, shipped);
      rows.push(row);
      if (!asJson) console.log(lineOf(row));
    }
  } finally {
    await close();
  }
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "adversary.md"), markdown(rows));
  writeFileSync(join(out, "adversary.json"), json(rows, version));
  writeFileSync(join(out, "adversary.sarif"), sarif(rows, version));
  const score = scoreOf(rows);
  if (asJson) process.stdout.write(json(rows, version));
  else console.log(`\n${verdict(score)}\nwritten to ${out}: adversary.md, adversary.json, adversary.sarif`);
  return good(score) ? 0 : 2;
}

try {
  const options = readOptions();
  if (options === "help") console.log(HELP);
  else if (options === "list") for (const { id, attack } of SCENARIOS) console.log(`${id.padEnd(13)}${attack}`);
  else {
    // What the official middleware warns of, while it is attacked, is not the result.
    console.warn = console.error = () => undefined;
    process.exitCode = await run(options);
  }
} catch (error) {
  process.stderr.write(`adversary: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
