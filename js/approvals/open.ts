/** The desk on a store, for a process that pays nothing: a page, a bot, a terminal. */

import { recording, withoutLog } from "../audit/required.ts";
import { breakerOf, type Control, controlOf } from "../control.ts";
import { NOTHING_IS_DECIDED, openLedger } from "../core/ledger.ts";
import type { FreezeLine } from "../core/types.ts";
import type { Store } from "../stores/store.ts";
import { approvalsDesk } from "./desk.ts";

export interface DeskOptions {
  readonly store: Store;
  /** Secrets of approvers who sign with an HMAC, by the references that the questions name: `env:NAME`, `file:PATH`. */
  readonly secrets?: Readonly<Record<string, Uint8Array>>;
  /** For a ledger with an audit log: what is answered and frozen here is recorded there. `{}`, or the key of its HMAC. */
  readonly audit?: { readonly key?: Uint8Array };
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** What a desk can do; it knows no policy, so what is answered here is judged by that of whoever pays. */
export interface OpenDesk extends Pick<Control, "approvals" | "approve" | "reject" | "freeze" | "unfreeze"> {
  freezes(): Promise<readonly FreezeLine[]>;
  /** Closes the store. */
  close(): Promise<void>;
}

/** Whoever has a key in the question is believed by a signature; other names are believed here as they are said. */
export function openApprovals({ store, secrets, audit, now = Date.now }: DeskOptions): OpenDesk {
  const auditing = audit && recording(audit);
  const ledger = openLedger({
    policy: NOTHING_IS_DECIDED,
    store: audit ? store : unlogged(store),
    now,
    held: secrets,
    audit: auditing,
  });
  const control = controlOf(ledger, breakerOf(ledger.policy, now), approvalsDesk(ledger));
  const { approvals, approve, reject, freeze, unfreeze, freezes } = control;
  return { approvals, approve, reject, freeze, unfreeze, freezes, close: () => ledger.close() };
}

/** The same store, as long as it has no audit log in which what is done here would be missing. */
function unlogged(store: Store): Store {
  const storeNow = store.now?.bind(store);
  return {
    name: store.name,
    load: (keys) => store.load(keys),
    async commit(commit) {
      await withoutLog(store);
      return store.commit(commit);
    },
    scan: (prefix) => store.scan(prefix),
    watch: (key, changed) => store.watch(key, changed),
    ...(storeNow && { now: storeNow }),
    close: () => store.close(),
  };
}
