/** A file of TOML, YAML or JSON that is no policy: cases of a test, or the policy of another system. */

import { readFileSync } from "node:fs";
import { PolicyInvalid } from "../errors.ts";
import { textToJson } from "../policy/text.ts";

/** JSON text of the file. Dates are written as text, in ISO 8601. */
export function readDocument(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (text.trim() === "") throw new Error(`${path} is empty`);
  try {
    return textToJson(text, path, "numbers");
  } catch (error) {
    if (!(error instanceof PolicyInvalid)) throw error;
    throw new Error(`${path}: ${error.errors.map(({ message }) => message).join("; ")}`, { cause: error });
  }
}
