/** A document of TOML, YAML or JSON as JSON text, which is what the core reads. What can't be said in JSON is an error. */

import { parse as parseToml, TomlError } from "smol-toml";
import { PolicyInvalid } from "../errors.ts";
import { type Figures, parseYaml } from "./yaml.ts";

/**
 * JSON text of a document; `name` says what it is written in, where it ends so, and what to call it. Throws
 * `PolicyInvalid`, with line and column.
 */
export function textToJson(given: string, name: string, figures: Figures = "as written"): string {
  const text = given.startsWith("\u{feff}") ? given.slice(1) : given;
  if (text.trim() === "")
    throw invalid(name, "it is empty; a policy has to bound something, such as `payment.max_usd`");
  if (text.length > 1024 * 1024) throw invalid(name, "it is longer than 1 MiB");
  // JSON goes to the core as it is written, so that a key that stands there twice is seen. A policy is an object, and no
  // TOML document begins with a brace.
  if (/\.json$/i.test(name) || (!/\.(toml|ya?ml)$/i.test(name) && /^\s*\{/.test(text))) return text;
  if (/\.ya?ml$/i.test(name)) return objectToJson(parseYaml(text, name, figures), name, figures);
  try {
    return objectToJson(parseToml(text, { integersAsBigInt: "asNeeded" }), name, figures);
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
export function objectToJson(value: unknown, name: string, figures: Figures = "as written"): string {
  const wrong = (key: string, what: string): PolicyInvalid =>
    invalid(name, `${key === "" ? "it" : `\`${key}\``} is ${what}, which a policy can't have`);
  try {
    return JSON.stringify(value, (key, member: unknown) => {
      if (typeof member === "bigint") return member.toString();
      if (typeof member === "number" && !Number.isFinite(member)) {
        // Elsewhere `inf` can stand for no limit: whoever reads it has to be told.
        if (figures === "numbers") return String(member).replace("Infinity", "inf");
        throw wrong(key, String(member));
      }
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

/** One error that concerns the whole of it. */
export function invalid(name: string, message: string): PolicyInvalid {
  return new PolicyInvalid(name, [{ path: "", message }]);
}
