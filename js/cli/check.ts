/** `tollwarden check`: everything that is wrong with a policy, and what is odd about it. */

import type { Lint } from "../core/types.ts";
import { count, type Paint, painter } from "./colour.ts";
import { describePolicyFile, located } from "./describe.ts";
import { readOptions } from "./options.ts";
import type { Command } from "./terminal.ts";

const USAGE = `usage: tollwarden check POLICY [--strict] [--json]

Reads a policy, in TOML, YAML or JSON, and tells everything that is wrong with it at once; each place with what was expected.
A good policy is told by its name, version and hash, with what is odd about it: limits that can't bind, rules that
can't fire, gaps between them. A warning says that the policy hardly says what was meant; a note may well be meant.

  --strict   a warning counts as an error; a note does not
  --json     one JSON object: {"policy","ok","name","version","hash","errors","lints"}
  --help     this text

exit status: 0, or 1 if the policy is wrong, or with --strict if there is a warning
`;

export const checkCommand: Command = {
  name: "check",
  summary: "what is wrong with a policy, and what is odd about it",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: { strict: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [policy, another] = positionals;
    if (policy === undefined) throw new Error("`POLICY` is missing; see tollwarden check --help");
    if (another !== undefined) throw new Error(`one policy at a time: \`${policy}\` or \`${another}\``);

    const described = describePolicyFile(policy);
    const good = "description" in described;
    const lints = good ? described.description.lints : [];
    const warnings = lints.filter((lint) => lint.level === "warning").length;
    const status = !good || (values.strict && warnings > 0) ? 1 : 0;

    if (values.json) {
      const { name, version, hash } = good ? described.description : {};
      const errors = good ? [] : described.errors;
      out.print(JSON.stringify({ policy, ok: status === 0, name, version, hash, errors, lints }, undefined, 2));
      return status;
    }
    const paint = painter(process.stdout);
    if (!good) {
      out.print(paint("red", `${policy}: ${count(described.errors.length, "error")}`));
      for (const error of described.errors) out.print(`  ${located(error)}`);
      return status;
    }
    const { name, version, hash } = described.description;
    out.print(`${paint("green", `${policy}: good`)}${name === undefined ? "" : `, \`${name}\``}, version ${version}`);
    out.print(paint("dim", `  hash ${hash}`));
    for (const lint of lints) print(lint, out.print, paint);
    if (lints.length > 0) out.print(`\n${count(warnings, "warning")}, ${count(lints.length - warnings, "note")}`);
    return status;
  },
};

function print(lint: Lint, line: (text: string) => void, paint: Paint): void {
  const word = lint.level === "warning" ? paint("yellow", "warning") : paint("cyan", "note");
  line(`\n${word} ${paint("dim", lint.code)}`);
  line(`  ${located(lint)}`);
  if (lint.fix !== undefined) line(`  ${paint("dim", `to do: ${lint.fix}`)}`);
}
