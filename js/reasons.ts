/** The registry of reasons. Its texts are for people, and so stand in the second module. */

import { loadTools } from "./core/tools.ts";
import type { Reason } from "./core/types.ts";

export interface ReasonRow {
  readonly code: Reason;
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** What a person can do about it, in one sentence. */
  readonly remedy: string;
}

/** Every reason that a decision or an outcome can give. */
export function reasons(): readonly ReasonRow[] {
  return loadTools().reasons() as readonly ReasonRow[];
}
