/**
 * Where a policy comes from: a path on Node, its text, or an object. In each case the core gets JSON text. A file that is
 * missing or empty is an error: there is no default policy.
 */

import { builtin } from "./builtin.ts";
import { policyErrors } from "./core/check.ts";
import { PolicyInvalid } from "./errors.ts";
import { wholePolicy } from "./policy/extends.ts";
import { invalid, objectToJson, textToJson } from "./policy/text.ts";
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
  const errors = policyErrors(text.json);
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
