import { loadCore } from "./load.ts";

/** The version of the core inside this package. */
export function coreVersion(): string {
  return loadCore().coreVersion();
}
