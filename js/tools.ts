/** What only people ask for, in a module of its own: the meaning of a policy, what is odd about it, and policies of other systems. */

import { loadTools } from "./core/tools.ts";
import type { Description, Document, PolicyError } from "./core/types.ts";
import { PolicyInvalid } from "./errors.ts";

export type { Description, Document as PolicyDocument } from "./core/types.ts";

/** The systems whose policies can be brought over. */
export type Dialect = "x402-firewall" | "presidio" | "paysentry" | "smart402" | "spend-controls";

/** A policy that was brought over, and what became of each setting. */
export interface Imported {
  readonly document: Document;
  readonly notes: readonly ImportNote[];
}

export interface ImportNote {
  /** The setting's place in the other system's policy. */
  readonly path: string;
  readonly level: "carried" | "differs" | "lost";
  readonly message: string;
  /** The places in the new policy. */
  readonly to: readonly string[];
}

type Refused = { readonly errors: readonly PolicyError[] };

/** Brings over the policy of another system, given as JSON text. Throws `PolicyInvalid` for one that can't be read. */
export function importPolicy(dialect: Dialect, json: string): Imported {
  return answered(JSON.parse(loadTools().importPolicy(dialect, json)) as Imported | Refused, dialect);
}

/** What a policy means, what is odd about it, and what a test of it should touch. Throws `PolicyInvalid`. */
export function describePolicy(policy: object | string): Description {
  const json = typeof policy === "string" ? policy : JSON.stringify(policy);
  return answered(JSON.parse(loadTools().describePolicy(json)) as Description | Refused, "the policy");
}

function answered<T extends object>(answer: T | Refused, name: string): T {
  if ("errors" in answer) throw new PolicyInvalid(name, answer.errors);
  return answer;
}
