/** `tollwarden replay`: every decision of a log again. */

import { loadTools } from "../../core/tools.ts";
import { count, painter } from "../colour.ts";
import { readOptions } from "../options.ts";
import type { Command } from "../terminal.ts";
import { eachPiece, filesOf, namedLog } from "./log.ts";

const USAGE = `usage: tollwarden replay LOG [--json]

Makes every decision of an audit log again, from an empty ledger and under the policies that were in force, and compares
each answer with the one recorded, and the running hash over the ledger with it. It does not say whether the log is whole:
tollwarden verify does.

  --json   one JSON object: {"same","records","different","differences","state","recorded_state"}
  --help   this text

exit status: 0 if every decision came out the same, or 1
`;

export interface Replayed {
  readonly same: boolean;
  readonly records: number;
  readonly different: number;
  readonly differences: readonly {
    readonly record: number;
    readonly what: string;
    readonly recorded: string;
    readonly replayed: string;
  }[];
  readonly state: string;
  readonly recorded_state: string;
}

export const replayCommand: Command = {
  name: "replay",
  summary: "make every decision of an audit log again, and compare",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const log = namedLog(positionals, "replay");
    const files = filesOf(log);
    const replayer = new (loadTools().AuditReplayer)();
    await eachPiece(log, (piece) => replayer.push(piece));
    const replayed = JSON.parse(replayer.finish()) as Replayed;
    if (values.json) {
      out.print(JSON.stringify(replayed, undefined, 2));
      return replayed.same ? 0 : 1;
    }
    const paint = painter(process.stdout);
    if (replayed.same) {
      out.print(`${files}: ${paint("green", "the same")}, ${count(replayed.records, "record")} replayed`);
      out.print(paint("dim", `  state ${replayed.state}`));
      return 0;
    }
    out.print(
      paint("red", `${files}: ${replayed.different} of ${count(replayed.records, "record")} came out otherwise`),
    );
    for (const { record, what, recorded, replayed: now } of replayed.differences) {
      out.print(`  record ${record}, ${what}`);
      out.print(`    recorded  ${recorded}`);
      out.print(`    replayed  ${now}`);
    }
    return 1;
  },
};
