/** What is wrong with a policy. */

import { loadCore } from "./load.ts";
import { findScreens, privacySection } from "./screens.ts";
import type { PolicyError } from "./types.ts";

/**
 * Everything wrong with a policy as JSON text. The core takes the `privacy` section as it stands, for only the detectors
 * know what it says; where they are not, no warden opens on it. The module with the tools has both.
 */
export function policyErrors(json: string): readonly PolicyError[] {
  const core = loadCore();
  const errors = JSON.parse(core.checkPolicy(json)) as readonly PolicyError[];
  if ("Screen" in core || !json.includes("privacy")) return errors;
  let section: string | undefined;
  try {
    section = privacySection(json);
  } catch {
    return errors; // It is no JSON, which is among them.
  }
  const wrong = section === undefined ? undefined : findScreens()?.Screen.check(section);
  return wrong === undefined ? errors : [...errors, ...(JSON.parse(wrong) as readonly PolicyError[])];
}
