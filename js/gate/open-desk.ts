/** The desk on a store, for a process that sells nothing: a terminal, a page, a nightly job. */

import { type AuditOptions, openAudit } from "../audit/audit.ts";
import { withoutLog } from "../audit/required.ts";
import { NOTHING_IS_DECIDED, openLedger } from "../core/ledger.ts";
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
  /** The gate's audit log, if it has one: without it nothing that it would miss can be changed here. */
  readonly audit?: AuditOptions;
  readonly now?: () => number;
}

export function openGateDesk({ store, proof, iouKey, keepDays = 90, audit, now }: DeskOptions): OpenDesk {
  const clock = now ?? Date.now;
  const log = audit === undefined ? undefined : openAudit(store, audit, clock);
  const cells = cellsOf(store);
  const figures = insight(cells, "desk");
  const ledger = openLedger({ policy: NOTHING_IS_DECIDED, store, now, audit: log?.auditing });
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
  const open = desk(parts);
  const changing =
    <A extends unknown[], R>(change: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (log === undefined) await withoutLog(store);
      return change(...args);
    };
  return {
    ...open,
    refunded: changing(open.refunded),
    dispute: changing(open.dispute),
    resolveDispute: changing(open.resolveDispute),
    reconcile: changing(open.reconcile),
    recover: changing(open.recover),
    analytics: (which) => figures.lines(which),
    async close() {
      await ledger.finished();
      await log?.close();
      await ledger.close();
    },
  };
}
