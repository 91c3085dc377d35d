/** `tollwarden simulate`: the core, driven by events, with no server, chain or clock. */

import { createReadStream, openSync, writeSync } from "node:fs";
import { coreSha256 } from "../core/generated/tools/digest.js";
import { readPolicyFile } from "../policy-source.ts";
import { loadTools } from "./core.ts";
import { type Line, linesOf } from "./lines.ts";
import { readOptions } from "./options.ts";
import type { Command } from "./terminal.ts";

const USAGE = `usage: tollwarden simulate --policy FILE [--audit LOG] [EVENTS]

Reads events, one JSON object a line, from EVENTS or standard input, and writes one result a line. Nothing is kept
afterwards.

  --policy FILE   the policy, in TOML, YAML or JSON
  --audit LOG     writes the audit log that a warden would have written, into a new file
  --help          this text

  {"type":"authorize","id":"p1","at":"2026-01-05T10:00:00Z","agent":"a1","url":"https://api.example.com/report",
   "offer":{"x402Version":2,"accepts":[…]}}
  {"type":"settle","id":"p1","at":"2026-01-05T10:00:01Z","outcome":"captured"}
  {"type":"budgets","agent":"a1"}

exit status: 0, or 2 if a line was not an event, or 1 if nothing could be run
`;

export const simulateCommand: Command = {
  name: "simulate",
  summary: "run events through a policy, and see each decision",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: { policy: { type: "string" }, audit: { type: "string" } },
      allowPositionals: true,
    });
    const [events = "-", another] = positionals;
    if (values.policy === undefined) throw new Error("`--policy FILE` is missing; see tollwarden simulate --help");
    if (another !== undefined) throw new Error(`one file of events at a time: \`${events}\` or \`${another}\``);

    const { json } = readPolicyFile(values.policy);
    const core = loadTools();
    const engine = new core.Engine(json, true);
    const log = values.audit === undefined ? undefined : openSync(values.audit, "wx");
    if (log !== undefined) {
      engine.audit(`${core.coreVersion()} ${coreSha256}`, core.drawId(), core.drawId(), undefined, json);
    }
    const record = (): void => {
      if (log !== undefined) for (const line of engine.takeRecords()) writeSync(log, `${line}\n`);
    };
    const answer = (line: Line, number: number): string =>
      "text" in line ? engine.handle(line.text, number) : problem(line.problem, number);
    let [number, wrong] = [0, 0];
    for await (const line of linesOf(events === "-" ? process.stdin : createReadStream(events))) {
      number += 1;
      if ("text" in line && line.text.trim() === "") continue;
      const result = answer(line, number);
      if (result.startsWith('{"error":')) wrong += 1;
      record();
      out.print(result);
      await out.drained();
    }
    return wrong > 0 ? 2 : 0;
  },
};

/** As the core says it of a line that is not JSON. */
function problem(message: string, line: number): string {
  return JSON.stringify({ error: { code: "not_json", message, line } });
}
