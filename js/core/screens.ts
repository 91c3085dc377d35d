/** Looking through texts takes a module of its own. It is loaded by the first policy with a `privacy` section. */

import type { Privacy, PrivacyOptions } from "../privacy/privacy.ts";
import type * as bindings from "./generated/privacy/bindings.js";
import type { PolicySummary } from "./ledger.ts";

/** What looks through texts, and what goes by it. */
export interface Screens {
  readonly Screen: typeof bindings.Screen;
  readonly screening: (policy: () => PolicySummary, options: PrivacyOptions) => Privacy;
}

let opener: (() => Screens) | undefined;
let screens: Screens | undefined;

/** Says where the module comes from. The first one that is named stays. */
export function useScreens(open: () => Screens): void {
  opener ??= open;
}

/**
 * The module's functions; nothing where it can't be found, as in a bundle that doesn't hold it.
 *
 * It is required, not imported, as `merge.ts` does it: what never looks for personal data never carries the detectors.
 *
 * @throws {Error} where it is there and the platform forbids compiling it
 */
export function findScreens(): Screens | undefined {
  if (screens !== undefined) return screens;
  if (opener === undefined) {
    try {
      const nodeModule = globalThis.process.getBuiltinModule("node:module");
      nodeModule.createRequire(import.meta.url)(`./privacy.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`);
    } catch {
      // No Node, or the file is not beside this one.
    }
  }
  screens = opener?.();
  return screens;
}

/** The `privacy` section of a policy, both as JSON text; nothing where it has none. */
export function privacySection(json: string): string | undefined {
  const policy: unknown = JSON.parse(json);
  if (typeof policy !== "object" || policy === null || !("privacy" in policy)) return undefined;
  return JSON.stringify(policy.privacy);
}
