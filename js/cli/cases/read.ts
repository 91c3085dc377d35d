/**
 * Cases of a policy's test, in a file beside the policy, read strictly: a member that is not known, such as a misspelt
 * `want`, would be a test that tests nothing.
 */

import { existsSync } from "node:fs";
import { readDocument } from "../document.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };
type Members = { readonly [member: string]: Json };

export interface Step {
  /** The event, as it goes to the core. */
  readonly send: Members;
  /** What the answer has to have at least; `null` is what it must not have. */
  readonly want: Members;
}

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** `policy.test.toml` or `policy.test.json`, beside `policy.toml`. */
export function casesBeside(policy: string): string {
  const stem = policy.replace(/\.[a-z]+$/i, "");
  const found = [".test.toml", ".test.json"].map((end) => `${stem}${end}`).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`there are no cases: neither ${stem}.test.toml nor ${stem}.test.json`);
  return found;
}

export function readCases(path: string): readonly Case[] {
  const wrong = (place: string, what: string): Error =>
    new Error(`${path}: ${place === "" ? "" : `${place}: `}${what}`);
  const table = (value: Json | undefined, place: string): Members => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(place, "expected a table");
    return value as Members;
  };
  const list = (value: Json | undefined, place: string): readonly Json[] => {
    if (!Array.isArray(value) || value.length === 0) throw wrong(place, "expected a list that is not empty");
    return value;
  };
  const known = (members: Members, place: string, names: readonly string[]): void => {
    const other = Object.keys(members).find((name) => !names.includes(name));
    if (other !== undefined) throw wrong(place, `unknown key \`${other}\`; known here: ${names.join(", ")}`);
  };

  const document = table(parsed(readDocument(path), path), "");
  known(document, "", ["define", "cases"]);
  const define = document.define === undefined ? {} : table(document.define, "define");

  const step = (value: Json, place: string): Step => {
    const members = table(value, place);
    known(members, place, ["send", "set", "want"]);
    let send = expand(members.send ?? null, define, (name) => wrong(`${place}.send`, `\`@${name}\` is not defined`));
    for (const [pointer, to] of Object.entries(members.set === undefined ? {} : table(members.set, `${place}.set`))) {
      send = replaced(send, pointer, to, () => wrong(`${place}.set`, `nothing stands at \`${pointer}\``));
    }
    return { send: table(send, `${place}.send`), want: table(members.want, `${place}.want`) };
  };
  return list(document.cases, "cases").map((value, index) => {
    const place = `cases[${index}]`;
    const members = table(value, place);
    known(members, place, ["name", "steps"]);
    if (typeof members.name !== "string") throw wrong(place, "`name` is missing");
    const steps = list(members.steps, `${place}.steps`);
    return { name: members.name, steps: steps.map((each, at) => step(each, `${place}.steps[${at}]`)) };
  });
}

function parsed(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** `"@name"`, anywhere, stands for what `define` has under that name. */
function expand(value: Json, define: Members, missing: (name: string) => Error, depth = 0): Json {
  if (depth > 64) throw missing("… defined by itself");
  if (typeof value === "string" && value.startsWith("@")) {
    const name = value.slice(1);
    const found = Object.hasOwn(define, name) ? define[name] : undefined;
    if (found === undefined) throw missing(name);
    return expand(found, define, missing, depth + 1);
  }
  if (Array.isArray(value)) return value.map((item) => expand(item, define, missing, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, expand(member, define, missing, depth + 1)]),
  );
}

/** The value with another at a JSON pointer; `null` takes a member away. */
function replaced(value: Json, pointer: string, to: Json, missing: () => Error): Json {
  const steps = pointer.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (steps.shift() !== "" || steps.length === 0) throw missing();
  const change = (at: Json, [step = "", ...rest]: readonly string[]): Json => {
    if (Array.isArray(at)) {
      const index = Number(step);
      if (!/^[0-9]+$/.test(step) || index >= at.length) throw missing();
      return at.map((item, place) => (place !== index ? item : rest.length === 0 ? to : change(item, rest)));
    }
    if (typeof at !== "object" || at === null) throw missing();
    const { [step]: old, ...others } = at as Members;
    if (rest.length > 0 && old === undefined) throw missing();
    if (rest.length === 0 && to === null) return others;
    return { ...(at as Members), [step]: rest.length === 0 ? to : change(old as Json, rest) };
  };
  return change(value, steps);
}
