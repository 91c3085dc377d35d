/**
 * Where a policy comes from: a path on Node, its text, or an object. In each case the core gets JSON text. A file that is
 * missing or empty is an error: there is no default policy.
 */

import { parse as parseToml, TomlError } from "smol-toml";
import { loadCore } from "./core/load.ts";
import type { PolicyError } from "./core/types.ts";
import { PolicyInvalid } from "./errors.ts";
import { wholePolicy } from "./policy/extends.ts";
import { parseYaml } from "./policy/yaml.ts";
import { withZones } from "./policy/zones.ts";

/**
 * A path (`policy.toml`, `policy.yaml`, `policy.json`, a `file:` URL), the text of a policy in TOML or JSON, or an
 * object. A file in YAML needs the `yaml` package.
 */
export type PolicySource = string | URL | object;

export interface PolicyText {
  /** The policy as JSON, read and found good by the core. */
  readonly json: string;
  /** What to call it in messages. */
  readonly name: string;
  /** The files that it was read from, the first one first; none where it was given as text or as an object. */
  readonly files?: readonly string[];
}

/** Reads a policy. Throws `PolicyInvalid` with every place that is wrong. */
export function readPolicy(source: PolicySource): PolicyText {
  return checked(toJson(source));
}

/** Reads the policy in a file, whatever the file's name looks like. Throws `PolicyInvalid`. */
export function readPolicyFile(path: string | URL): PolicyText {
  return checked(fileToJson(path));
}

function checked(text: PolicyText): PolicyText {
  const errors = JSON.parse(loadCore().checkPolicy(text.json)) as readonly PolicyError[];
  if (errors.length > 0) throw new PolicyInvalid(text.name, errors);
  return text;
}

function toJson(source: PolicySource): PolicyText {
  if (source instanceof URL) return fileToJson(source);
  if (typeof source !== "string") return given(objectToJson(source, "(object)"), "(object)");
  return isPath(source) ? fileToJson(source) : given(textToJson(source, "(text)"), "(text)");
}

function given(json: string, name: string): PolicyText {
  return { json: withZones(json, name), name };
}

/** A path has no line break, is not the start of a document, and is no `key = value`, unless it ends like a path. */
function isPath(source: string): boolean {
  if (source.trim() === "" || /[\n\r]/.test(source) || /^\s*[{[]/.test(source)) return false;
  return !source.includes("=") || /\.(toml|json|ya?ml)$/i.test(source);
}

interface Paths {
  join(...parts: readonly string[]): string;
  dirname(path: string): string;
  isAbsolute(path: string): boolean;
}

interface Files {
  readFileSync(path: string, encoding: "utf8"): string;
  realpathSync(path: string): string;
}

function fileToJson(given: string | URL): PolicyText {
  const name = typeof given === "string" ? given : decodeURIComponent(given.pathname);
  const files = builtin("node:fs") as Files | undefined;
  const paths = builtin("node:path") as Paths | undefined;
  const urls = builtin("node:url") as { fileURLToPath(url: URL): string } | undefined;
  if (files === undefined || paths === undefined || urls === undefined) {
    throw invalid(name, "files can't be read here; pass the policy's text or an object");
  }
  const why = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
  let path: string;
  try {
    path = typeof given === "string" ? given : urls.fileURLToPath(given);
  } catch (cause) {
    throw invalid(name, `the file can't be read: ${why(cause)}`);
  }
  const whole = wholePolicy(path, {
    read(path) {
      let text: string;
      try {
        text = files.readFileSync(path, "utf8");
      } catch (cause) {
        throw invalid(path, `the file can't be read: ${why(cause)}`);
      }
      return textToJson(text, path);
    },
    beside: (file, path) => (paths.isAbsolute(path) ? path : paths.join(paths.dirname(file), path)),
    real(path) {
      try {
        return files.realpathSync(path);
      } catch {
        return path; // Reading it says what is wrong.
      }
    },
  });
  return { ...whole, name: path };
}

function textToJson(given: string, name: string): string {
  const text = given.startsWith("\u{feff}") ? given.slice(1) : given;
  if (text.trim() === "")
    throw invalid(name, "it is empty; a policy has to bound something, such as `payment.max_usd`");
  if (text.length > 1024 * 1024) throw invalid(name, "it is longer than 1 MiB");
  // JSON goes to the core as it is written, so that a key that stands there twice is seen. A policy is an object, and no
  // TOML document begins with a brace.
  if (/\.json$/i.test(name) || (!/\.(toml|ya?ml)$/i.test(name) && /^\s*\{/.test(text))) return text;
  if (/\.ya?ml$/i.test(name)) return objectToJson(parseYaml(text, name), name);
  try {
    return objectToJson(parseToml(text, { integersAsBigInt: "asNeeded" }), name);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = error.message] = error.message.split("\n");
    throw invalid(name, `line ${error.line}, column ${error.column}: ${what}`);
  }
}

/**
 * JSON text of an object. What JSON would drop or change in silence is an error: a limit that is `undefined` because a
 * variable was not set must not open a policy without that limit.
 */
function objectToJson(value: unknown, name: string): string {
  const wrong = (key: string, what: string): PolicyInvalid =>
    invalid(name, `${key === "" ? "it" : `\`${key}\``} is ${what}, which a policy can't have`);
  try {
    return JSON.stringify(value, (key, member: unknown) => {
      if (typeof member === "bigint") return member.toString();
      if (typeof member === "number" && !Number.isFinite(member)) throw wrong(key, String(member));
      if (member === undefined) throw wrong(key, "undefined");
      if (typeof member === "function" || typeof member === "symbol") throw wrong(key, `a ${typeof member}`);
      if (!isPlain(member)) throw wrong(key, "neither a plain object nor a list");
      return member;
    });
  } catch (error) {
    if (error instanceof PolicyInvalid) throw error;
    // An object that contains itself, or a getter that throws.
    throw invalid(name, error instanceof Error ? error.message : String(error));
  }
}

/** Not a `Map`, a `Set` or an instance of a class: JSON would write those as `{}`. True for objects of other realms. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function invalid(name: string, message: string): PolicyInvalid {
  return new PolicyInvalid(name, [{ path: "", message }]);
}

/** A module of Node's, where there is one; found, so that other runtimes load this file. */
export function builtin(name: string): unknown {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return host.process?.getBuiltinModule?.(name);
}
