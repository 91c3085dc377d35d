/** A file of TOML or JSON that is no policy: cases of a test, or the policy of another system. */

import { readFileSync } from "node:fs";
import { parse as parseToml, TomlDate, TomlError } from "smol-toml";

/** JSON text of the file. Dates are written as text, in ISO 8601. */
export function readDocument(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\u{feff}/u, "");
  } catch (cause) {
    throw new Error(`${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (/\.ya?ml$/i.test(path)) throw new Error(`${path}: YAML is not read; write it as TOML or JSON`);
  // JSON goes on as it is written, so that a key that stands there twice is seen.
  if (/\.json$/i.test(path) || /^\s*\{/.test(text)) return text;
  try {
    return JSON.stringify(parseToml(text, { integersAsBigInt: "asNeeded" }), (_, value: unknown) => {
      if (typeof value === "bigint") return value.toString();
      return value instanceof TomlDate ? value.toISOString() : value;
    });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = error.message] = error.message.split("\n");
    throw new Error(`${path}: line ${error.line}, column ${error.column}: ${what}`, { cause: error });
  }
}
