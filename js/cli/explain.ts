/** `tollwarden explain`: what a policy means in sentences, or what each of its rules says to one payment. */

import { createReadStream } from "node:fs";
import type { Decision, Trace, TraceLine } from "../core/types.ts";
import { type Paint, painter } from "./colour.ts";
import { loadTools } from "./core.ts";
import { describeGoodPolicyFile } from "./describe.ts";
import { linesOf } from "./lines.ts";
import { readOptions } from "./options.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden explain POLICY [EVENTS] [--json]

Without EVENTS: what the policy means, in sentences and figures, in the order in which a person would ask.

With EVENTS, a file or - for standard input: what each rule saw of a payment, and what it said. The last event is the
payment, an \`authorize\` or \`check\`; it is judged and not held. Events before it, if any, are run first: they are what
was spent until then. An event is a JSON object, alone in its file or one a line, as in tollwarden simulate.

  --json   a JSON object: {"name","version","hash","sections"}, or {"rules","others","decision"}
  --help   this text

exit status: 0, whatever the decision; 1 if the policy or an event can't be read
`;

export const explainCommand: Command = {
  name: "explain",
  summary: "what a policy means, and what it says to one payment",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [policy, events, another] = positionals;
    if (policy === undefined) throw new Error("`POLICY` is missing; see tollwarden explain --help");
    if (another !== undefined) throw new Error(`one file of events at a time: \`${events}\` or \`${another}\``);

    const { json, description } = describeGoodPolicyFile(policy);
    const paint = painter(process.stdout);
    if (events === undefined) {
      const { name, version, hash, sections } = description;
      if (values.json) {
        out.print(JSON.stringify({ name, version, hash, sections }, undefined, 2));
        return 0;
      }
      out.print(`${name === undefined ? policy : `\`${name}\``}, version ${version}`);
      out.print(paint("dim", `hash ${hash}`));
      for (const { title, lines } of sections) {
        out.print(`\n${paint("bold", title)}`);
        for (const line of lines) out.print(`  ${line}`);
      }
      return 0;
    }
    const trace = explained(json, await read(events));
    if (values.json) out.print(JSON.stringify(trace, undefined, 2));
    else print(trace, out, paint);
    return 0;
  },
};

/** One object over several lines, or an object a line. */
async function read(path: string): Promise<readonly object[]> {
  const texts: string[] = [];
  for await (const line of linesOf(path === "-" ? process.stdin : createReadStream(path))) {
    if ("problem" in line) throw new Error(line.problem);
    if (line.text.trim() !== "") texts.push(line.text);
  }
  if (texts.length === 0) throw new Error(`there is no event in ${path === "-" ? "standard input" : path}`);
  const alone = parsed(texts.join("\n"));
  if (alone !== undefined) return [alone];
  return texts.map((text, index) => {
    const event = parsed(text);
    if (event === undefined) throw new Error(`line ${index + 1} of the events is not a JSON object`);
    return event;
  });
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function explained(policy: string, events: readonly object[]): Trace {
  const engine = new (loadTools().Engine)(policy, true);
  const ask = (event: object, what: string): object => {
    const reply = JSON.parse(engine.handle(JSON.stringify(event))) as { error?: { message: string } };
    if (reply.error !== undefined) throw new Error(`${what}: ${reply.error.message}`);
    return reply;
  };
  const [payment = {}] = events.slice(-1);
  for (const [index, event] of events.slice(0, -1).entries()) ask(event, `event ${index + 1}`);
  const { type = "authorize" } = payment as { type?: unknown };
  if (type !== "authorize" && type !== "check" && type !== "explain") {
    throw new Error(`the last event is a \`${String(type)}\`; expected the payment, an \`authorize\` or \`check\``);
  }
  return ask({ id: "explained", ...payment, type: "explain" }, "the payment") as Trace;
}

function print(trace: Trace, out: Terminal, paint: Paint): void {
  out.print(verdict(trace.decision, paint));
  if (trace.rules.length > 0) out.print("");
  printLines(trace.rules, out, paint);
  for (const { accept, rules } of trace.others ?? []) {
    out.print(`\n${paint("bold", `entry ${accept} of the offer`)}`);
    printLines(rules, out, paint);
  }
}

function printLines(lines: readonly TraceLine[], out: Terminal, paint: Paint): void {
  const width = Math.max(0, ...lines.map(({ rule }) => rule.length));
  for (const { rule, said, saw } of lines) {
    const word = said.replace("_", " ");
    out.print(
      `  ${paint(COLOURS[said], word.padEnd(9))}  ${rule.padEnd(width)}  ${said === "not_asked" ? paint("dim", saw) : saw}`,
    );
  }
}

const COLOURS = {
  not_asked: "dim",
  pass: "green",
  allow: "green",
  flag: "cyan",
  approve: "yellow",
  deny: "red",
} as const;

/** A decision in a line or two. */
export function verdict(decision: Decision, paint: Paint): string {
  const colour = { allow: "green", require_approval: "yellow", deny: "red" } as const;
  const { action, reason, message, field, fix, usd } = decision;
  const parts = [paint(colour[action], action)];
  if (action !== "allow") parts.push(`${reason}${message === undefined ? "" : `: ${message}`}`);
  const lines = [parts.join("  ")];
  const detail = [
    usd === undefined ? undefined : `${usd} USD`,
    field === undefined ? undefined : `at ${field}`,
    fix?.max_amount_usd === undefined ? undefined : `at most ${fix.max_amount_usd} USD would pass now`,
    fix?.retry_at === undefined ? undefined : `the same would pass at ${fix.retry_at}`,
    decision.flags === undefined ? undefined : `marked by ${decision.flags.join(", ")}`,
  ].filter((part) => part !== undefined);
  if (detail.length > 0) lines.push(paint("dim", `  ${detail.join(" · ")}`));
  return lines.join("\n");
}
