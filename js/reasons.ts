/** The registry of reasons, from the core. */

import { loadCore } from "./core/load.ts";
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
  return JSON.parse(loadCore().reasons()) as readonly ReasonRow[];
}

/** The version of the core inside this package. */
export function coreVersion(): string {
  return loadCore().coreVersion();
}
