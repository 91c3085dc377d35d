/**
 * Personal data on its way out, by the policy's `privacy` section. What looks through it is loaded by the first policy that
 * has one: `screening.ts`, beside the detectors.
 */

import type { PolicySummary } from "../core/ledger.ts";
import { findScreens, privacySection, type Screens } from "../core/screens.ts";
import { PolicyInvalid } from "../errors.ts";
import type { Privacy, PrivacyOptions } from "./privacy.ts";

/**
 * The detectors, for a policy that wants them: `name` is what to call it. Throws `PolicyInvalid` where they are not here,
 * for a policy that looks for personal data must never be one that doesn't.
 */
function detectors(name: string): Screens {
  let why = "import `tollwarden/privacy` too";
  try {
    const found = findScreens();
    if (found !== undefined) return found;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw new PolicyInvalid(name, [{ path: "privacy", message: `it needs the detectors, which are not here; ${why}` }]);
}

/** Refuses a policy, as JSON text, whose personal data nobody here could find. */
export function mustBeScreened({ json, name }: { readonly json: string; readonly name: string }): void {
  if (privacySection(json) !== undefined) detectors(name);
}

/** `policy`: the one in force, asked each time, so that a reload counts from the next request on. */
export function openPrivacy(policy: () => PolicySummary, options: PrivacyOptions): Privacy {
  let opened: Privacy | undefined;
  function privacy(): Privacy | undefined {
    const { privacy, name } = policy();
    if (opened === undefined && privacy !== null) opened = detectors(name ?? "(in force)").screening(policy, options);
    return opened;
  }
  return {
    clean: async (place, text) => privacy()?.clean(place, text) ?? text,
    guard: (inner) => async (input, init) => (privacy()?.guard(inner) ?? inner)(input, init),
    offer: async (offerText) => privacy()?.offer(offerText),
  };
}
