/** The desk on a store, for a process that sells nothing: a terminal, a page, a nightly job. */

import { openLedger } from "../core/ledger.ts";
import type { Prover } from "../reconcile.ts";
import type { Store } from "../stores/store.ts";
import { cellsOf } from "./cells.ts";
import { circuits } from "./circuit.ts";
import { type Desk, desk } from "./desk.ts";
import { insight, type Line } from "./insight.ts";
import { records } from "./records.ts";
import { iouSigner } from "./refunds.ts";

export interface OpenDesk extends Desk {
  analytics(options?: Parameters<ReturnType<typeof insight>["lines"]>[0]): Promise<readonly Line[]>;
  close(): Promise<void>;
}

export interface DeskOptions {
  readonly store: Store;
  readonly proof?: Prover;
  readonly iouKey?: Uint8Array;
  readonly keepDays?: number;
  readonly now?: () => number;
}

/** Nothing is authorized here; but a ledger has a policy. */
const NOTHING_IS_DECIDED = JSON.stringify({ payment: { max_usd: "0" }, unmatched: "deny" });

export function openGateDesk({ store, proof, iouKey, keepDays = 90, now }: DeskOptions): OpenDesk {
  const clock = now ?? Date.now;
  const cells = cellsOf(store);
  const figures = insight(cells, "desk");
  const ledger = openLedger({ policy: NOTHING_IS_DECIDED, store, now });
  const parts = {
    now: clock,
    ledger,
    records: records(cells, keepDays * 86_400_000),
    circuits: circuits(cells, clock),
    signer: () => iouSigner(cells, iouKey),
    proof,
    record: () => undefined,
    happened: () => undefined,
    onError: (error: unknown) => {
      throw error;
    },
    inFlight: new Set<string>(),
  };
  return { ...desk(parts), analytics: (which) => figures.lines(which), close: () => ledger.close() };
}
