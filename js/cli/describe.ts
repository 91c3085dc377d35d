/** A policy's file, described by the core: what it means and what is odd about it, or everything that is wrong with it. */

import type { Description, PolicyError } from "../core/types.ts";
import { PolicyInvalid } from "../errors.ts";
import { readPolicyFile } from "../policy-source.ts";
import { loadTools } from "./core.ts";

export type Described =
  | { readonly json: string; readonly description: Description }
  | { readonly errors: readonly PolicyError[] };

export function describePolicyFile(path: string): Described {
  try {
    const { json } = readPolicyFile(path);
    const described = loadTools().describePolicy(json) as Description | { errors: readonly PolicyError[] };
    return "errors" in described ? described : { json, description: described };
  } catch (error) {
    if (!(error instanceof PolicyInvalid)) throw error;
    return { errors: error.errors };
  }
}

/** As for `describePolicyFile`; what is wrong is thrown. */
export function describeGoodPolicyFile(path: string): { readonly json: string; readonly description: Description } {
  const described = describePolicyFile(path);
  if ("errors" in described) throw new PolicyInvalid(path, described.errors);
  return described;
}

/** `place: what is wrong there`. */
export function located({ path, message }: { readonly path: string; readonly message: string }): string {
  return path === "" ? message : `${path}: ${message}`;
}
