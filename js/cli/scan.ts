/** `tollwarden scan`: personal data and secrets in files and streams. */

import { createReadStream } from "node:fs";
import type { Scan } from "../core/types.ts";
import { readPolicyFile } from "../policy-source.ts";
import { PLACES, type Place } from "../privacy/recogniser.ts";
import { count, type Paint, painter } from "./colour.ts";
import { loadTools } from "./core.ts";
import { type Line, linesOf } from "./lines.ts";
import { readOptions } from "./options.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden scan [--policy FILE --place PLACE] [--redact | --json] [FILE …]

Looks for personal data and secrets in each line of the files, or of standard input, and tells where they are. What they
say is not repeated. A file that is - is standard input.

  --redact        write the text itself, with everything that is found written over
  --json          one JSON object for each line with something in it:
                  {"file","line","action","entities":[{"entity","start","end","action"}],"redacted"}
  --policy FILE   go by the \`privacy\` section of this policy, and not by what is found alone
  --place PLACE   with --policy, the place that the text leaves by: ${PLACES.join(", ")}
  --help          this text

start and end count UTF-16 code units, as JavaScript does; column and line count from 1.

exit status: 0 if nothing was found, or with --redact; 2 if something was; 1 if something can't be read
`;

export const scanCommand: Command = {
  name: "scan",
  summary: "find personal data and secrets in files and streams",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        policy: { type: "string" },
        place: { type: "string" },
        json: { type: "boolean", default: false },
        redact: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    if (values.json && values.redact) throw new Error("`--json` and `--redact` can't stand together");
    const look = looker(values.policy, values.place);
    const paint = painter(process.stdout);
    let [found, lines] = [0, 0];
    for (const file of positionals.length === 0 ? ["-"] : positionals) {
      const input = file === "-" ? process.stdin : createReadStream(file);
      for await (const { text, line } of blocksOf(linesOf(input), file)) {
        const scan = look(text);
        if (values.redact) out.print(scan?.redacted ?? text);
        await out.drained();
        if (scan === undefined) continue;
        found += scan.entities.length;
        lines += 1;
        if (values.json) out.print(JSON.stringify({ file, line, ...scan }));
        else if (!values.redact) tell(scan, `${file}:${line}`, out, paint);
      }
    }
    if (values.redact) return 0;
    if (!values.json) {
      out.print(found === 0 ? "nothing found" : `\n${count(found, "finding")} in ${count(lines, "line")}`);
    }
    return found > 0 ? 2 : 0;
  },
};

/** So many lines a private key may have at most. */
const LONGEST_KEY = 400;

/** The lines, each with its number; those of a private key in its armour together, for it is one thing. */
async function* blocksOf(lines: AsyncIterable<Line>, file: string): AsyncGenerator<{ text: string; line: number }> {
  let [number, first] = [0, 0];
  let block: string[] = [];
  for await (const read of lines) {
    number += 1;
    const text = textOf(read, file, number);
    if (block.length === 0) first = number;
    block.push(text);
    const begun = block.length > 1 || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
    if (begun && !/-----END /.test(text) && block.length < LONGEST_KEY) continue;
    yield { text: block.join("\n"), line: first };
    block = [];
  }
  if (block.length > 0) yield { text: block.join("\n"), line: first };
}

function textOf(line: Line, file: string, number: number): string {
  if ("text" in line) return line.text;
  throw new Error(`${file}, line ${number}: ${line.problem}`);
}

/** What looks through one line. */
function looker(policy: string | undefined, place: string | undefined): (text: string) => Scan | undefined {
  if ((policy === undefined) !== (place === undefined)) {
    throw new Error("`--policy FILE` and `--place PLACE` go together: what becomes of it depends on both");
  }
  const section = policy === undefined ? undefined : sectionOf(policy);
  const { Screen } = loadTools();
  const number = Screen.place(placeOf(place ?? "audit"));
  const screen = new Screen(section, new Uint8Array());
  return (text) => {
    const told = screen.scan(number, text);
    return told === undefined ? undefined : (JSON.parse(told) as Scan);
  };
}

function sectionOf(policy: string): string {
  const { privacy } = JSON.parse(readPolicyFile(policy).json) as { readonly privacy?: object };
  if (privacy === undefined) throw new Error(`${policy} has no \`privacy\` section: it looks for nothing`);
  return JSON.stringify(privacy);
}

function placeOf(word: string): Place {
  const known = PLACES.find((place) => place === word);
  if (known === undefined) throw new Error(`\`${word}\` is not a place; the places are ${PLACES.join(", ")}`);
  return known;
}

function tell(scan: Scan, where: string, out: Terminal, paint: Paint): void {
  for (const { entity, start, end } of scan.entities) {
    out.print(
      `${where}:${start + 1}  ${paint("yellow", entity.padEnd(14))}  ${paint("dim", `${end - start} characters`)}`,
    );
  }
}
