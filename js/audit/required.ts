/** Whether a ledger can be changed without its audit log: what was done would be missing there. */

import { coreSha256 } from "../core/generated/digest.js";
import type { Auditing } from "../core/ledger.ts";
import { loadCore } from "../core/load.ts";
import { WardenUnavailable } from "../errors.ts";
import type { Store } from "../stores/store.ts";
import { HEAD } from "./drain.ts";

export async function hasLog(store: Store): Promise<boolean> {
  // A store that fails here fails again where it matters, and denies.
  const [head] = await store.load([HEAD]).catch(() => []);
  return head !== undefined && head.value !== null;
}

export async function withoutLog(store: Store): Promise<undefined> {
  if (await hasLog(store)) {
    throw new WardenUnavailable("audit_required", "this ledger has an audit log: open it with `audit`");
  }
}

/** For a ledger that is changed by hand: the records wait in the store for the sinks of whoever has them. */
export function recording({ key }: { readonly key?: Uint8Array }): Auditing {
  const core = `${loadCore().coreVersion()} ${coreSha256}`;
  return { core, key, blocked: () => undefined, flagOnly: false };
}
