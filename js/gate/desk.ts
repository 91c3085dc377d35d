/** For whoever answers for the money: payments and what became of them, refunds owed, disputes, unresolved ones. */

import type { BreakerState } from "../breaker.ts";
import { owed } from "./close.ts";
import type { Bookkeeping } from "./parts.ts";
import { type Books, booksOf, type PaymentRecord, type PaymentState } from "./records.ts";
import { type Resolved, recover, resolveAll } from "./resolve.ts";

export interface PaymentFilter {
  readonly client?: string;
  readonly route?: string;
  readonly state?: PaymentState;
  /** Owed, and not paid back. */
  readonly owed?: boolean;
  readonly disputed?: boolean;
  /** Milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
}

export interface Desk {
  /** One payment's whole way: client, decision, upstream, settlement, refund. */
  payment(id: string): Promise<PaymentRecord | undefined>;
  payments(filter?: PaymentFilter): AsyncGenerator<PaymentRecord>;
  /** By asset: paid = delivered + owed + unresolved. */
  books(): Promise<readonly Books[]>;
  /** Takes down that what was owed was paid back; budgets get it back, too. */
  refunded(id: string, reference: string): Promise<PaymentRecord>;
  /** A client says that it did not get what it paid for. */
  dispute(id: string, by: string, claim: string): Promise<PaymentRecord>;
  /** Ends a dispute. `refund`: it is owed back. */
  resolveDispute(id: string, outcome: "refund" | "rejected", note: string): Promise<PaymentRecord>;
  /** Looks up what is unresolved, by `proof`. */
  reconcile(): Promise<readonly Resolved[]>;
  /** After a crash: what was under way is unresolved, and what was taken without a delivery is owed. */
  recover(): Promise<readonly Resolved[]>;
  /** Breakers that are not closed. */
  circuits(): Promise<readonly (readonly [key: string, state: BreakerState])[]>;
}

export function desk(parts: Bookkeeping): Desk {
  async function changed(
    id: string,
    change: (record: PaymentRecord) => PaymentRecord | undefined,
  ): Promise<PaymentRecord> {
    const record = await parts.records.change(id, change);
    if (record === undefined) throw new Error(`there is no payment \`${id}\``);
    return record;
  }

  async function tell(what: "dispute" | "refunded", record: PaymentRecord): Promise<void> {
    const { route, client, id } = record;
    const { refund, dispute } = record;
    const message = what === "refunded" ? `${refund?.amount} by ${refund?.reference}` : JSON.stringify(dispute);
    await parts.ledger.note(what === "refunded" ? "refund_paid" : "disputed", { id: record.hold, message });
    await parts.record({ what, at: parts.now(), route, client, payment: id, record });
  }

  return {
    payment: async (id) => (await parts.records.find(id)).value,

    async *payments({ client, route, state, owed: due, disputed, from = 0, to = Number.POSITIVE_INFINITY } = {}) {
      for await (const record of parts.records.all()) {
        if (client !== undefined && record.client !== client) continue;
        if (route !== undefined && record.route !== route) continue;
        if (state !== undefined && record.state !== state) continue;
        if (due === true && (record.refund === undefined || record.refund.paidAt !== undefined)) continue;
        if (disputed === true && record.dispute === undefined) continue;
        if (record.at >= from && record.at < to) yield record;
      }
    },

    books: () => booksOf(parts.records.all()),

    async refunded(id, reference) {
      const record = await changed(id, (now) => {
        if (now.refund === undefined) throw new Error(`nothing is owed for the payment \`${id}\``);
        if (now.refund.paidAt !== undefined) return undefined;
        return { ...now, refund: { ...now.refund, paidAt: parts.now(), reference: reference.slice(0, 256) } };
      });
      const { amount } = record.refund ?? { amount: record.amount };
      await parts.ledger.move({ type: "refund", id: record.hold, amount });
      await tell("refunded", record);
      return record;
    },

    async dispute(id, by, claim) {
      const record = await changed(id, (now) => {
        if (now.dispute !== undefined) throw new Error(`the payment \`${id}\` is disputed already`);
        const dispute = { openedAt: parts.now(), by: by.slice(0, 128), claim: claim.slice(0, 1024) };
        return { ...now, dispute };
      });
      await tell("dispute", record);
      return record;
    },

    async resolveDispute(id, outcome, note) {
      const record = await changed(id, (now) => {
        if (now.dispute === undefined) throw new Error(`the payment \`${id}\` is not disputed`);
        if (now.dispute.resolvedAt !== undefined) throw new Error(`the dispute of \`${id}\` is over`);
        if (outcome === "refund" && now.state !== "captured") throw new Error(`nothing was taken for \`${id}\``);
        return { ...now, dispute: { ...now.dispute, resolvedAt: parts.now(), outcome, note: note.slice(0, 1024) } };
      });
      await tell("dispute", record);
      if (outcome === "rejected" || record.refund !== undefined) return record;
      return owed(parts, record, "dispute");
    },

    reconcile: () => resolveAll(parts),
    recover: () => recover(parts),
    circuits: () => parts.circuits.states(),
  };
}
