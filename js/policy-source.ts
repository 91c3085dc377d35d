/**
 * Where a policy comes from: a path on Node, its text, or an object, and in each case JSON text for the core. A file that is missing or
 * empty is an error: there is no default policy.
 */

import { parse as parseToml, TomlError } from "smol-toml";
import { loadCore } from "./core/load.ts";
import type { PolicyError } from "./core/types.ts";
import { PolicyInvalid } from "./errors.ts";

/** A path (`policy.toml`, `policy.json`), the text of a policy in TOML or JSON, or an object. */
export type PolicySource = string | object;

export interface PolicyText {
  /** The policy as JSON, read and found good by the core. */
  readonly json: string;
  /** What to call it in messages. */
  readonly name: string;
}

/** Reads a policy. Throws `PolicyInvalid` with every place that is wrong. */
export function readPolicy(source: PolicySource): PolicyText {
  const { json, name } = toJson(source);
  const errors = JSON.parse(loadCore().checkPolicy(json)) as readonly PolicyError[];
  if (errors.length > 0) throw new PolicyInvalid(name, errors);
  return { json, name };
}

function toJson(source: PolicySource): PolicyText {
  if (typeof source !== "string") return { json: asJson(source, "(object)"), name: "(object)" };
  if (!isPath(source)) return { json: textToJson(source, "(text)"), name: "(text)" };
  const files = builtin("node:fs") as { readFileSync(path: string, encoding: "utf8"): string } | undefined;
  if (files === undefined) {
    throw invalid(source, "files can't be read here; pass the policy's text or an object");
  }
  let text: string;
  try {
    text = files.readFileSync(source, "utf8");
  } catch (cause) {
    throw invalid(source, `the file can't be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return { json: textToJson(text, source), name: source };
}

/** A path has no line break, and is not the start of a document. */
function isPath(source: string): boolean {
  return source.trim() !== "" && !/[\n\r]/.test(source) && !/^\s*[{[]/.test(source) && !source.includes("=");
}

function textToJson(text: string, name: string): string {
  if (text.trim() === "")
    throw invalid(name, "it is empty; a policy has to bound something, such as `payment.max_usd`");
  if (text.length > 1024 * 1024) throw invalid(name, "it is longer than 1 MiB");
  // JSON goes to the core as it is written, so that a key that stands there twice is seen.
  if (/^\s*[{[]/.test(text) && !name.endsWith(".toml") && looksLikeJson(text)) return text;
  if (/\.(ya?ml)$/i.test(name)) throw invalid(name, "YAML is not read; write the policy as TOML or JSON");
  try {
    return asJson(parseToml(text, { integersAsBigInt: "asNeeded" }), name);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = error.message] = error.message.split("\n");
    throw invalid(name, `line ${error.line}, column ${error.column}: ${what}`);
  }
}

/** `[payment]` opens a TOML table and a JSON list; only one of them goes on like JSON. */
function looksLikeJson(text: string): boolean {
  return /^\s*\{/.test(text) || /^\s*\[\s*[[{"\d\]]/.test(text);
}

function asJson(value: unknown, name: string): string {
  const text = JSON.stringify(value, (key, member: unknown) => {
    if (typeof member === "number" && !Number.isFinite(member)) {
      throw invalid(name, `\`${key}\` is ${member}, which is not a number that a policy can have`);
    }
    if (typeof member === "bigint") return member.toString();
    return member;
  });
  if (text === undefined) throw invalid(name, "it is not an object");
  return text;
}

function invalid(name: string, message: string): PolicyInvalid {
  return new PolicyInvalid(name, [{ path: "", message }]);
}

/** A module of Node's, where there is one; found, so that other runtimes load this file. */
export function builtin(name: string): unknown {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return host.process?.getBuiltinModule?.(name);
}
