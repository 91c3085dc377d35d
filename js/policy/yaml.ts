/**
 * Policies in YAML, read by the `yaml` package where that is installed. It is found when the first one is read, and at
 * once: reading a policy is not asynchronous, and nobody who writes TOML has to have it.
 *
 * YAML 1.2 alone: `no` is a text and not `false`. Numbers are read as they are written: an address in hexadecimal stays
 * the text that it is, and `1.50` stays exact. No tags, no merge keys, no key twice, and few aliases.
 */

import { builtin } from "../builtin.ts";
import { PolicyInvalid } from "../errors.ts";

/** What is used of the package; its own types would make it a dependency. */
interface Yaml {
  parseDocument(text: string, options: object): YamlDocument;
  visit(document: YamlDocument, visitor: { Scalar(key: unknown, node: Scalar): void }): void;
}

interface YamlDocument {
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  toJS(options: { readonly maxAliasCount: number }): unknown;
}

interface Problem {
  readonly message: string;
  readonly linePos?: readonly { readonly line: number; readonly col: number }[];
}

interface Scalar {
  value: unknown;
  readonly source?: string;
}

const OPTIONS = {
  version: "1.2",
  schema: "core",
  merge: false,
  resolveKnownTags: false,
  uniqueKeys: true,
  stringKeys: true,
  strict: true,
  // Nothing is logged either way; `silent` would also let a second document pass.
  logLevel: "error",
  prettyErrors: true,
};

/** The most that aliases may stand for, as the package counts it: a few lines can otherwise stand for gigabytes. */
const ALIASES = 100;

/**
 * What becomes of a figure with a point: text, as it is written, so that `1.50` stays exact, or a number, for documents
 * of other systems, which have no other way to say it.
 */
export type Figures = "as written" | "numbers";

/** Reads one YAML document. Throws `PolicyInvalid`, with line and column. */
export function parseYaml(text: string, source: string, figures: Figures = "as written"): unknown {
  const { parseDocument, visit } = load(source);
  const document = parseDocument(text, OPTIONS);
  // A warning is a tag that is not known, or a directive: neither has a place in a policy.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const [what = "it can't be read"] = problem.message.split(/ at line \d+|\n/);
    const at = problem.linePos?.[0];
    throw invalid(source, at === undefined ? what : `line ${at.line}, column ${at.col}: ${what}`);
  }
  visit(document, { Scalar: (_, node) => asWritten(node, figures) });
  try {
    return document.toJS({ maxAliasCount: ALIASES });
  } catch (error) {
    throw invalid(source, error instanceof Error ? error.message : String(error));
  }
}

/** Only a plain whole number is a number; any other way to write one is kept as text, for the core to judge. */
function asWritten(node: Scalar, figures: Figures): void {
  if (typeof node.value !== "number" || node.source === undefined) return;
  const plain = figures === "numbers" ? /^-?[0-9]+(\.[0-9]+)?$|^-?\.(inf|nan)$/i : /^(0|[1-9][0-9]*)$/;
  const exact = figures === "numbers" || Number.isSafeInteger(node.value);
  if (!plain.test(node.source) || !exact) node.value = node.source;
}

let loaded: Yaml | undefined;

function load(source: string): Yaml {
  loaded ??= find();
  if (loaded !== undefined) return loaded;
  throw invalid(
    source,
    "YAML is read by the `yaml` package, which is not installed: `npm install yaml`, or write TOML",
  );
}

interface Modules {
  createRequire(from: string): (name: string) => unknown;
}

/** From this package's place, as a peer is found; else from the working folder. */
function find(): Yaml | undefined {
  const modules = builtin("node:module") as Modules | undefined;
  const host = globalThis as { process?: { cwd?: () => string } };
  const folder = modules === undefined ? undefined : host.process?.cwd?.();
  const places = [import.meta.url, folder === undefined ? undefined : `${folder}/_.js`];
  for (const place of places) {
    if (modules === undefined || typeof place !== "string") continue;
    try {
      return modules.createRequire(place)("yaml") as Yaml;
    } catch {
      // Not to be found from there.
    }
  }
  return undefined;
}

function invalid(source: string, message: string): PolicyInvalid {
  return new PolicyInvalid(source, [{ path: "", message }]);
}
