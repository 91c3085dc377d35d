/** `tollwarden reasons`: the registry of reason codes. */

import { reasons } from "../reasons.ts";
import { readOptions } from "./options.ts";
import type { Command } from "./terminal.ts";

const USAGE = `usage: tollwarden reasons [CODE] [--json]

Lists every reason that a decision can give: its code, what it means, and what to do about it.

  --json   the same as a JSON list

exit status: 0, or 1 if there is no such code
`;

export const reasonsCommand: Command = {
  name: "reasons",
  summary: "every reason code, what it means and what to do",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [code, another] = positionals;
    if (another !== undefined) throw new Error(`one code at a time: \`${code}\` or \`${another}\``);
    const rows = reasons().filter((row) => code === undefined || row.code === code);
    if (rows.length === 0) {
      out.error(`tollwarden reasons: there is no reason \`${code}\``);
      return 1;
    }
    if (values.json) {
      out.print(JSON.stringify(rows, undefined, 2));
      return 0;
    }
    for (const row of rows) out.print(`${row.code}\n  ${row.meaning}\n  ${row.remedy}`);
    return 0;
  },
};
