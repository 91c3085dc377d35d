/** What became of payments that nobody knew the end of: by a chain's proof, one by one or all of them. */

import { reconcileOne } from "../reconcile.ts";
import { owed, turnedOut, unresolved, voided } from "./close.ts";
import type { Bookkeeping } from "./parts.ts";
import type { PaymentRecord } from "./records.ts";

/** What a chain says: the transfer, if there was one. Booked in the ledger already. Nothing where nothing is proven. */
export async function proven(
  parts: Bookkeeping,
  record: PaymentRecord,
): Promise<{ readonly transaction?: string; readonly charged: string; readonly booked: true } | undefined> {
  if (parts.proof === undefined) return undefined;
  const [hold] = await parts.ledger.holds({ id: record.hold });
  if (hold === undefined) return undefined;
  const proof = await parts.proof(hold);
  if (proof === undefined) return undefined;
  const outcome = await reconcileOne(parts.ledger, record.hold, proof);
  if (!outcome.ok || proof.authorization !== "used") return undefined;
  const named = proof.transaction === undefined ? {} : { transaction: proof.transaction };
  return { ...named, charged: String(proof.amount), booked: true };
}

export interface Resolved {
  readonly id: string;
  readonly state: PaymentRecord["state"];
  readonly error?: unknown;
}

/**
 * Looks up every payment that is unresolved. What was paid is owed back, since nothing was delivered for it; what can't be
 * paid any more is void.
 */
export async function resolveAll(parts: Bookkeeping): Promise<readonly Resolved[]> {
  const done: Resolved[] = [];
  for await (const record of parts.records.all()) {
    if (record.state !== "unresolved" || parts.inFlight.has(record.id)) continue;
    try {
      done.push(await resolveOne(parts, record));
    } catch (error) {
      done.push({ id: record.id, state: record.state, error });
    }
  }
  return done;
}

async function resolveOne(parts: Bookkeeping, record: PaymentRecord): Promise<Resolved> {
  const { id } = record;
  const moved = await proven(parts, record);
  if (moved !== undefined) {
    const booked = await turnedOut(parts, record, moved);
    if (booked !== undefined) await owed(parts, booked, "settled_without_delivery");
    return { id, state: "captured" };
  }
  const [hold] = await parts.ledger.holds({ id: record.hold });
  if (hold?.state !== "voided") return { id, state: record.state };
  await voided(parts, record, "proven_unpaid");
  return { id, state: "void" };
}

/** How long a record may be open before whoever worked on it is taken for dead, in milliseconds. */
export const ABANDONED = 10 * 60_000;

/**
 * After a crash: what somebody was working on is unresolved, since nobody knows how far they came; what was taken and
 * neither delivered nor owed is owed.
 */
export async function recover(parts: Bookkeeping): Promise<readonly Resolved[]> {
  const done: Resolved[] = [];
  for await (const record of parts.records.all()) {
    const { id } = record;
    if (parts.inFlight.has(id) || parts.now() - record.at < ABANDONED) continue;
    if (record.state === "open") {
      await unresolved(parts, record, undefined, "abandoned");
      done.push({ id, state: "unresolved" });
    } else if (record.state === "captured" && !record.delivered && record.refund === undefined) {
      await owed(parts, record, "abandoned");
      done.push({ id, state: "captured" });
    }
  }
  return done;
}
