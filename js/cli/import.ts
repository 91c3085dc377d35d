/** `tollwarden import`: the policy of another system, brought over setting by setting. */

import { existsSync, writeFileSync } from "node:fs";
import { stringify } from "smol-toml";
import type { Document, PolicyError } from "../core/types.ts";
import { type ImportNote, importJson } from "../tools.ts";
import { count, type Paint, painter } from "./colour.ts";
import { located } from "./describe.ts";
import { readDocument } from "./document.ts";
import { readOptions } from "./options.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden import --from DIALECT FILE [--out FILE] [--force] [--json]

Reads the policy of another system, in TOML, YAML or JSON, and writes a tollwarden policy to standard output or to FILE.
For each setting it says, on standard error, what became of it: carried, carried with a difference, or lost.

  --from DIALECT   x402-firewall, presidio, paysentry, smart402 or spend-controls
  --out FILE       where to write the policy: as JSON if the name ends so, else as TOML
  --force          write it although something was lost, and over a file that is there
  --json           one JSON object instead: {"ok","document","notes","errors"}
  --help           this text

exit status: 0, with differences too; 1 if something was lost, or nothing could be read or written
`;

export const importCommand: Command = {
  name: "import",
  summary: "bring over the policy of another system",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        from: { type: "string" },
        out: { type: "string" },
        force: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [file, another] = positionals;
    if (values.from === undefined) throw new Error("`--from DIALECT` is missing; see tollwarden import --help");
    if (file === undefined) throw new Error("`FILE` is missing; see tollwarden import --help");
    if (another !== undefined) throw new Error(`one file at a time: \`${file}\` or \`${another}\``);
    if (values.out !== undefined && !values.force && existsSync(values.out)) {
      throw new Error(`${values.out} is there already; \`--force\` writes over it`);
    }

    const { document, notes, errors } = importJson(values.from, readDocument(file), file);
    const lost = notes.filter((note) => note.level === "lost").length;
    const whole = lost === 0 && errors.length === 0;
    const status = whole || values.force ? 0 : 1;

    if (values.json) {
      out.print(JSON.stringify({ ok: whole, document, notes, errors }, undefined, 2));
    } else {
      report(notes, errors, out, painter(process.stderr));
    }
    if (status === 0) write(document, values.out, values.json, out);
    else
      out.error(
        `nothing is written: ${lost > 0 ? `${count(lost, "setting")} lost` : "it is no good policy"}; --force writes it`,
      );
    return status;
  },
};

function write(document: Document, path: string | undefined, json: boolean, out: Terminal): void {
  if (path === undefined) {
    if (!json) out.print(stringify(document).trimEnd());
    return;
  }
  const text = /\.json$/i.test(path) ? `${JSON.stringify(document, undefined, 2)}\n` : stringify(document);
  writeFileSync(path, text);
  out.error(`written to ${path}`);
}

function report(notes: readonly ImportNote[], errors: readonly PolicyError[], out: Terminal, paint: Paint): void {
  const colours = { carried: "green", differs: "yellow", lost: "red" } as const;
  for (const { level, path, message, to } of notes) {
    const where = to.length === 0 ? "" : paint("dim", ` → ${to.join(", ")}`);
    out.error(`${paint(colours[level], level.padEnd(7))}  ${path === "" ? "the whole" : path}${where}`);
    out.error(`         ${message}`);
  }
  for (const error of errors) out.error(`${paint("red", "error")}    ${located(error)}`);
  const number = (level: ImportNote["level"]): number => notes.filter((note) => note.level === level).length;
  out.error(`\n${number("carried")} carried, ${number("differs")} with a difference, ${number("lost")} lost`);
}
