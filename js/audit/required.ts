/** Whether a ledger can be changed without its audit log: what was done would be missing there. */

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
