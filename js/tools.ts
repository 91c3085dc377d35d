/** What only people ask for, in a module of its own: the meaning of a policy, what is odd about it, and policies of other systems. */

import { loadTools } from "./core/tools.ts";
import type { Description, Document, PolicyError } from "./core/types.ts";
import { PolicyInvalid } from "./errors.ts";
import { objectToJson, textToJson } from "./policy/text.ts";

export type { Description, Document as PolicyDocument } from "./core/types.ts";
export { type ReasonRow, reasons } from "./reasons.ts";

/** The systems whose policies can be brought over. */
export type Dialect = "x402-firewall" | "presidio" | "paysentry" | "smart402" | "spend-controls";

/** What became of one setting of the other system's policy. */
export interface ImportNote {
  /** Where it stands in the source; empty for the whole. */
  readonly path: string;
  /** `lost`: something that the source did is not done by the new policy. */
  readonly level: "carried" | "differs" | "lost";
  readonly message: string;
  /** Where it stands in the new policy. */
  readonly to: readonly string[];
}

export interface ImportedPolicy {
  /** For `openWarden`, or to be kept in a file. */
  readonly document: Document;
  readonly notes: readonly ImportNote[];
  /** Why the document is no policy as it is; none if nothing was lost. */
  readonly errors: readonly PolicyError[];
}

/**
 * Reads the policy of another system: an object, or text in TOML or JSON. Throws `PolicyInvalid` if it can't be read at
 * all. Look at `notes` before money depends on it.
 */
export function importPolicy(from: Dialect, source: string | object): ImportedPolicy {
  const name = `(${from})`;
  const json = typeof source === "string" ? textToJson(source, name, "numbers") : objectToJson(source, name, "numbers");
  return importJson(from, json, name);
}

/** As `importPolicy`, of JSON text as it was written; `name` is what to call it. */
export function importJson(from: string, json: string, name: string): ImportedPolicy {
  const tools = loadTools();
  const imported = JSON.parse(tools.importPolicy(from, json)) as Omit<ImportedPolicy, "errors"> | Refused;
  if ("errors" in imported) throw new PolicyInvalid(name, imported.errors);
  const errors = JSON.parse(tools.checkPolicy(JSON.stringify(imported.document))) as readonly PolicyError[];
  return { ...imported, errors };
}

interface Refused {
  readonly errors: readonly PolicyError[];
}

/** What a policy means, what is odd about it, and what a test of it should touch. Throws `PolicyInvalid`. */
export function describePolicy(policy: object | string): Description {
  const json = typeof policy === "string" ? policy : JSON.stringify(policy);
  const answer = loadTools().describePolicy(json) as Description | Refused;
  if ("errors" in answer) throw new PolicyInvalid("the policy", answer.errors);
  return answer;
}
