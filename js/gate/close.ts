/**
 * What became of a payment that was let in, booked in the ledger and in its record. Once money has moved nothing here
 * fails: what can't be written down is told, and stays held.
 */

import type { Event } from "../core/ledger.ts";
import type { Bookkeeping } from "./parts.ts";
import type { PaymentRecord } from "./records.ts";
import { owe } from "./refunds.ts";

export type Upstream = NonNullable<PaymentRecord["upstream"]>;

/** How the money moved. */
export interface Moved {
  readonly transaction?: string | undefined;
  readonly charged?: string | undefined;
  /** The ledger knows already, by proof. */
  readonly booked?: boolean;
}

/** The money moved. `delivered`: whether its answer is on its way. */
export async function captured(
  parts: Bookkeeping,
  record: PaymentRecord,
  said: Moved,
  delivered: boolean,
  upstream?: Upstream,
): Promise<PaymentRecord> {
  const { transaction, charged = record.amount, booked = false } = said;
  const named = transaction === undefined || transaction === "" ? {} : { transaction };
  const settlement = { type: "settle", id: record.hold, outcome: "captured", amount: charged, ...named };
  const change = (now: PaymentRecord): PaymentRecord => ({
    ...now,
    ...named,
    state: "captured",
    delivered,
    charged,
    closedAt: parts.now(),
    ...(upstream === undefined ? {} : { upstream }),
  });
  const next = booked ? await write(parts, record, change) : await book(parts, record, settlement, change);
  if (delivered) await note(parts, next, "delivered", said.transaction);
  await told(parts, next, "captured");
  return next;
}

/**
 * It turns out that the money of an unresolved payment moved. To one alone, of all processes that find out at the same time:
 * who gets the record delivers for it, or owes it. Nothing to the others.
 */
export async function turnedOut(
  parts: Bookkeeping,
  record: PaymentRecord,
  said: Moved,
): Promise<PaymentRecord | undefined> {
  let first = false;
  await tried(parts, () =>
    parts.records.change(record.id, (now) => {
      first = now.state === "unresolved";
      return first ? { ...now, state: "captured", charged: said.charged ?? now.amount } : undefined;
    }),
  );
  return first ? captured(parts, record, said, false) : undefined;
}

/** What was taken before is on its way now. */
export async function delivered(parts: Bookkeeping, record: PaymentRecord, upstream: Upstream): Promise<PaymentRecord> {
  const next = await write(parts, record, (now) => ({ ...now, delivered: true, upstream }));
  await note(parts, next, "delivered", record.transaction);
  return next;
}

/** It did not move, and the same payment may be sent again. */
export async function voided(
  parts: Bookkeeping,
  record: PaymentRecord,
  reason: string,
  upstream?: Upstream,
): Promise<PaymentRecord> {
  const next = await book(parts, record, { type: "settle", id: record.hold, outcome: "failed" }, (now) => ({
    ...now,
    state: "void",
    reason,
    closedAt: parts.now(),
    ...(upstream === undefined ? {} : { upstream }),
  }));
  await told(parts, next, "void");
  return next;
}

/**
 * Nobody knows. The ledger keeps it held until somebody does, or as spent when the signature has run out; it takes down
 * whose authorization it is, and which, so that a chain can be asked.
 */
export async function unresolved(
  parts: Bookkeeping,
  record: PaymentRecord,
  payload: object | undefined,
  reason: string,
  upstream?: Upstream,
): Promise<PaymentRecord> {
  await tried(parts, async () => {
    await parts.ledger.move({ type: "ticket", id: record.hold });
    // What it says is taken down, whether or not it fits: nobody will send it.
    if (payload !== undefined) await parts.ledger.move({ type: "sign", id: record.hold, payload });
  });
  const next = await book(parts, record, { type: "settle", id: record.hold, outcome: "unknown" }, (now) => ({
    ...now,
    state: "unresolved",
    reason,
    ...(upstream === undefined ? {} : { upstream }),
  }));
  await told(parts, next, "unresolved");
  return next;
}

/** It moved, and there is nothing to show for it. */
export async function owed(
  parts: Bookkeeping,
  record: PaymentRecord,
  reason: string,
  upstream?: Upstream,
): Promise<PaymentRecord> {
  const refund = await parts
    .signer()
    .then((signer) => owe(signer, record, reason, parts.now()))
    .catch((error: unknown) => {
      parts.onError(error);
      return undefined;
    });
  const next = await write(parts, record, (now) =>
    now.refund !== undefined
      ? now
      : {
          ...now,
          state: "captured",
          charged: now.charged ?? record.charged ?? now.amount,
          delivered: false,
          reason,
          ...(refund === undefined ? {} : { refund }),
          ...(upstream === undefined ? {} : { upstream }),
        },
  );
  await note(parts, next, "refund_owed", JSON.stringify(refund?.iou ?? reason));
  await told(parts, next, "owed");
  return next;
}

/** For the audit log. What has happened already is not undone by a log that fails. */
async function note(
  parts: Bookkeeping,
  { hold }: PaymentRecord,
  what: "delivered" | "refund_owed",
  message = "",
): Promise<void> {
  await parts.ledger.note(what, { id: hold, message }).catch(parts.onError);
}

/** So often a write is tried that must not be lost. */
const TRIES = 3;

async function tried<T>(parts: Bookkeeping, work: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries < TRIES) continue;
      parts.onError(error);
      return undefined;
    }
  }
}

/** Moves the hold and changes the record in one step; the record alone where the ledger does not take it. */
async function book(
  parts: Bookkeeping,
  record: PaymentRecord,
  move: Event & { readonly id: string },
  change: (now: PaymentRecord) => PaymentRecord,
): Promise<PaymentRecord> {
  const written = await tried(parts, async () => {
    let next: PaymentRecord | undefined;
    const outcome = await parts.ledger.move(move, async () => {
      const { value, commit } = await parts.records.changing(record.id, change);
      next = value;
      return commit;
    });
    if (!outcome.ok) parts.onError(new Error(`the ledger did not take what became of ${record.id}`));
    return next;
  });
  return written ?? write(parts, record, change);
}

async function write(
  parts: Bookkeeping,
  record: PaymentRecord,
  change: (now: PaymentRecord) => PaymentRecord,
): Promise<PaymentRecord> {
  return (await tried(parts, () => parts.records.change(record.id, change))) ?? change(record);
}

async function told(
  parts: Bookkeeping,
  record: PaymentRecord,
  what: "captured" | "void" | "unresolved" | "owed",
): Promise<void> {
  const { route, client, tier, id, reason, upstream, usd } = record;
  const at = parts.now();
  parts.happened({
    what,
    at,
    route,
    client,
    tier,
    asset: `${record.network}/${record.asset.toLowerCase()}`,
    amount: record.charged ?? record.amount,
    ms: what === "owed" ? undefined : upstream?.ms,
    usd,
  });
  try {
    await parts.record({ what, at, route, client, payment: id, record, ...(reason === undefined ? {} : { reason }) });
  } catch (error) {
    parts.onError(error);
  }
}
