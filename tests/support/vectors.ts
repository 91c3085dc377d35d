// The shared vectors, read as tests/vectors.rs reads them; that file says what the members mean.

import { readdirSync, readFileSync } from "node:fs";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export interface Step {
  /** The event, as one line of text. */
  readonly line: string;
  /** What the answer has to have at least; `null` is what it must not have. */
  readonly want: Json;
}

export interface Case {
  readonly note: string;
  /** As JSON text. */
  readonly policy: string;
  /** For a policy that must be refused: each text is in some error, and there are as many errors. */
  readonly wantErrors: readonly string[] | undefined;
  readonly steps: readonly Step[];
}

interface CaseFile {
  readonly define?: JsonObject;
  readonly cases: readonly {
    readonly note: string;
    readonly policy: Json;
    readonly want_errors?: readonly string[];
    readonly steps?: readonly { readonly send: Json; readonly set?: JsonObject; readonly want: Json }[];
  }[];
}

const folder = new URL("../vectors/events/", import.meta.url);

/** The files' names, sorted. */
export const vectorFiles: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort();

export function readCases(name: string): readonly Case[] {
  const { define = {}, cases } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as CaseFile;
  return cases.map(({ note, policy, want_errors, steps = [] }) => ({
    note,
    policy: JSON.stringify(expand(policy, define)),
    wantErrors: want_errors,
    steps: steps.map(({ send, set = {}, want }) => {
      // A copy: what one step changes in a named value must not be seen by the next.
      const event = structuredClone(expand(send, define));
      for (const [pointer, value] of Object.entries(set)) setAt(event, pointer, value);
      return { line: JSON.stringify(event), want };
    }),
  }));
}

function expand(value: Json, define: JsonObject): Json {
  if (typeof value === "string" && value.startsWith("@")) {
    const named = define[value.slice(1)];
    if (named === undefined) throw new Error(`\`${value}\` is not defined`);
    return expand(named, define);
  }
  if (Array.isArray(value)) return value.map((item: Json) => expand(item, define));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expand(member, define)]));
}

/** Sets one place of an event, by JSON pointer; `null` takes a member away. */
function setAt(event: Json, pointer: string, value: Json): void {
  const names = pointer.split("/").slice(1);
  const last = names.pop() ?? "";
  let parent: Json | undefined = event;
  for (const name of names) parent = memberOf(parent, name);
  if (Array.isArray(parent) && memberOf(parent, last) !== undefined) (parent as Json[])[Number(last)] = value;
  else if (!isObject(parent)) throw new Error(`nothing stands at ${pointer}`);
  else if (value === null) delete (parent as Record<string, Json>)[last];
  else (parent as Record<string, Json>)[last] = value;
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(value)) return value[Number(name)];
  return isObject(value) ? value[name] : undefined;
}

/** Every place where `got` has not what is wanted, in words. Members that are not asked for are not looked at. */
export function differences(want: Json, got: Json | undefined, path = ""): string[] {
  if (isObject(want) && isObject(got)) {
    return Object.entries(want).flatMap(([key, value]) => differences(value, got[key] ?? null, `${path}/${key}`));
  }
  if (Array.isArray(want) && Array.isArray(got) && want.length === got.length) {
    return want.flatMap((value: Json, at: number) => differences(value, got[at], `${path}/${at}`));
  }
  const same = !isObject(want) && !Array.isArray(want) && want === got;
  return same ? [] : [`${path}: wanted ${JSON.stringify(want)}, got ${JSON.stringify(got)}`];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
