/** Where budgets are kept if nobody says where. Entries of the package say what that is; in Workers it has to be named. */

import { WardenUnavailable } from "../errors.ts";
import type { Store } from "./store.ts";

type Opener = () => Promise<Store> | undefined;

let opener: Opener | undefined;

/** Names the default; the first one stays. Gives nothing in a runtime that has none. */
export function openByDefault(open: Opener): void {
  opener ??= open;
}

/** Opens the default store. Throws where there is none: money is never counted in a place that nobody chose. */
export async function defaultStore(): Promise<Store> {
  const opened = opener?.();
  if (opened === undefined) {
    throw new WardenUnavailable("no_store", "this runtime has no default store; pass `store` to openWarden()");
  }
  return opened;
}
