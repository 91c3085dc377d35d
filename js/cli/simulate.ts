/** `tollwarden simulate`: the core, driven by events, with no server, chain or clock. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { loadCore } from "../core/load.ts";
import { readPolicy } from "../policy-source.ts";
import type { Command } from "./terminal.ts";

const USAGE = `usage: tollwarden simulate --policy FILE [EVENTS]

Reads events, one JSON object a line, from EVENTS or standard input, and writes one result a line. Nothing is kept
afterwards.

  --policy FILE   the policy, in TOML or JSON
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
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { policy: { type: "string" } },
      allowPositionals: true,
    });
    if (values.policy === undefined || positionals.length > 1) {
      out.error(USAGE.trimEnd());
      return 1;
    }
    const [events] = positionals;
    const engine = new (loadCore().Engine)(readPolicy(values.policy).json, true);
    const input = events === undefined || events === "-" ? process.stdin : createReadStream(events);
    // A file that can't be read is met by the stream, not by the lines read from it.
    let unreadable: Error | undefined;
    input.on("error", (error: Error) => {
      unreadable = error;
      lines.close();
    });
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    let [number, wrong] = [0, 0];
    for await (const line of lines) {
      number += 1;
      if (line.trim() === "") continue;
      const result = engine.handle(line, number);
      if (result.startsWith('{"error":')) wrong += 1;
      out.print(result);
      await out.drained();
    }
    if (unreadable !== undefined) throw unreadable;
    return wrong > 0 ? 2 : 0;
  },
};
