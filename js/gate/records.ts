/**
 * One record per payment, in the store: what it was for, what was decided, what the upstream did, what became of the money.
 * It is also the lock: whoever writes it first delivers, and nobody else.
 *
 * For all records: paid = delivered + owed back + unresolved.
 */

import type { Commit } from "../stores/store.ts";
import type { Cells, Found } from "./cells.ts";

/**
 * - `open`: being delivered and settled. One that nobody works on any more is `unresolved`.
 * - `captured`: the money moved.
 * - `void`: it did not, and the same payment may be sent again.
 * - `unresolved`: nobody knows yet; nothing was delivered.
 */
export type PaymentState = "open" | "captured" | "void" | "unresolved";

export interface PaymentRecord {
  readonly id: string;
  /** The ledger's hold. */
  readonly hold: string;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly route: string;
  readonly method: string;
  /** Without its query, which may say more about people than a record should. */
  readonly endpoint: string;
  /** SHA-256 of method, URL, body and client: what the payment is bound to. */
  readonly bound: string;
  /** SHA-256 of what was signed. The signature itself is never written down. */
  readonly fingerprint: string;
  readonly client: string;
  readonly tier?: string;
  readonly payer?: string;
  readonly version: 1 | 2;
  readonly scheme: string;
  readonly network: string;
  readonly asset: string;
  readonly payTo: string;
  /** In atomic units. */
  readonly amount: string;
  readonly usd?: string;
  /** The rules that the decision named. */
  readonly rules: readonly string[];
  readonly state: PaymentState;
  readonly delivered: boolean;
  /** What moved, in atomic units. */
  readonly charged?: string;
  readonly transaction?: string;
  /** The upstream's answer: its status, or what went wrong; and how long it took. */
  readonly upstream?: { readonly status?: number; readonly error?: string; readonly ms: number };
  /** Why it ended as it did, where that is not plain. */
  readonly reason?: string;
  readonly closedAt?: number;
  /** Until when the signature can be used, in milliseconds since the epoch. */
  readonly until: number;
  readonly refund?: Refund;
  readonly dispute?: Dispute;
}

export interface Records {
  find(id: string): Promise<Found<PaymentRecord>>;
  /** Cells that write it if the one that was found is still the one, for a step of the ledger. */
  claim(record: PaymentRecord, version: number): Commit;
  change(id: string, change: ChangeRecord): Promise<PaymentRecord | undefined>;
  /** The same, as cells for a step of the ledger. */
  changing(
    id: string,
    change: ChangeRecord,
  ): Promise<{ readonly value: PaymentRecord | undefined; readonly commit: Commit }>;
  /** Cells that take back a claim: the payment was refused, and may come again. */
  forgetting(id: string): Promise<Commit>;
  all(): AsyncGenerator<PaymentRecord>;
}

export interface Refund {
  /** In atomic units. */
  readonly amount: string;
  readonly reason: string;
  readonly at: number;
  readonly iou: Iou;
  readonly paidAt?: number;
  /** How it was paid back, such as a transaction. */
  readonly reference?: string;
}

/** A promise to pay back. `statement` is what is signed, word for word. */
export interface Iou {
  readonly statement: string;
  /** Ed25519, in hex, over the statement's UTF-8 bytes. */
  readonly signature: string;
  /** The seller's public key, in hex. */
  readonly key: string;
}

export interface Dispute {
  readonly openedAt: number;
  readonly by: string;
  readonly claim: string;
  readonly resolvedAt?: number;
  readonly outcome?: "refund" | "rejected";
  readonly note?: string;
}

/** `undefined` leaves the record as it is. */
export type ChangeRecord = (record: PaymentRecord) => PaymentRecord | undefined;

const PREFIX = "gate/payment/";

/** `keptMs`: how long a record stays after the payment's signature has ended. */
export function records(cells: Cells, keptMs: number): Records {
  const cell = (id: string): string => `${PREFIX}${id}`;
  const expires = (record: PaymentRecord): number => Math.ceil(record.until + keptMs);
  const changed = (change: ChangeRecord) => (record: PaymentRecord | undefined) => {
    const next = record === undefined ? undefined : change(record);
    return next === undefined ? undefined : { value: next, expires: expires(next) };
  };
  return {
    find: (id) => cells.read<PaymentRecord>(cell(id)),
    claim(record, version) {
      const key = cell(record.id);
      return {
        read: [{ key, version }],
        write: [{ key, value: JSON.stringify(record), expires: expires(record) }],
      };
    },
    change: (id, change) => cells.change<PaymentRecord>(cell(id), changed(change)),
    changing: (id, change) => cells.changing<PaymentRecord>(cell(id), changed(change)),
    async forgetting(id) {
      const key = cell(id);
      const { value, version } = await cells.read<PaymentRecord>(key);
      return value?.state === "open"
        ? { read: [{ key, version }], write: [{ key, value: null, expires: null }] }
        : { read: [], write: [] };
    },
    async *all() {
      for await (const [, record] of cells.all<PaymentRecord>(PREFIX)) yield record;
    },
  };
}

/** The books: sums over all records, by asset, in atomic units. `paid` is always the sum of the other three. */
export interface Books {
  readonly asset: string;
  readonly paid: string;
  readonly delivered: string;
  readonly owed: string;
  /** Of what was owed, what was paid back. */
  readonly refunded: string;
  readonly unresolved: string;
}

export async function booksOf(all: AsyncIterable<PaymentRecord>): Promise<readonly Books[]> {
  const sums = new Map<string, { delivered: bigint; owed: bigint; refunded: bigint; unresolved: bigint }>();
  for await (const record of all) {
    const asset = `${record.network}/${record.asset.toLowerCase()}`;
    const sum = sums.get(asset) ?? { delivered: 0n, owed: 0n, refunded: 0n, unresolved: 0n };
    sums.set(asset, sum);
    const amount = BigInt(record.charged ?? record.amount);
    if (record.state === "unresolved" || record.state === "open") sum.unresolved += amount;
    if (record.state !== "captured") continue;
    sum[record.delivered ? "delivered" : "owed"] += amount;
    if (record.refund?.paidAt !== undefined) sum.refunded += BigInt(record.refund.amount);
  }
  return [...sums].map(([asset, { delivered, owed, refunded, unresolved }]) => ({
    asset,
    paid: String(delivered + owed + unresolved),
    delivered: String(delivered),
    owed: String(owed),
    refunded: String(refunded),
    unresolved: String(unresolved),
  }));
}
