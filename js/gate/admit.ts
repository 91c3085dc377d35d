/**
 * Letting a verified payment in: the policy decides and holds, and the payment's record is claimed. Both, or nothing: what
 * is refused here has taken nothing and may come again.
 */

import type { Along } from "../core/ledger.ts";
import type { Decision } from "../core/types.ts";
import { sha256 } from "../digest.ts";
import type { Parts } from "./parts.ts";
import { fingerprint, type Payment, paymentId } from "./payment.ts";
import type { PaymentRecord } from "./records.ts";
import { paymentRefusal, policyRefusal, type Refusal, unavailable } from "./refusal.ts";
import type { Requirements } from "./requirements.ts";

/** A payment that was verified, and what it is for. */
export interface Verified {
  readonly payment: Payment;
  /** What it pays: the entry that was offered. */
  readonly entry: Requirements;
  readonly route: string;
  readonly method: string;
  readonly url: string;
  /** The same address in one spelling: budgets and rules go by this one. */
  readonly address: string;
  /** SHA-256 of the body, in hex; empty where there is none. */
  readonly body: string;
  readonly client: string;
  readonly tier?: string | undefined;
  readonly payer: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Admitted =
  | { readonly kind: "admitted"; readonly record: PaymentRecord; readonly decision: Decision }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A lapsed hold of a process that died leaves its number used: then the next one is tried. */
const ATTEMPTS = 4;
/** The ledger counts a signature as usable for this much longer: a chain's clock may lag. */
const LAG = 30_000;

export async function admit(parts: Parts, verified: Verified): Promise<Admitted> {
  const { records, now } = parts;
  const { payment } = verified;
  const id = await paymentId(payment);
  const bound = await boundTo(verified);
  const found = await records.find(id);
  const standing = found.value === undefined ? undefined : standingOf(found.value, bound, await fingerprint(payment));
  if (standing !== undefined) return { kind: "refused", refusal: standing };

  const first = (found.value?.attempt ?? 0) + 1;
  for (let attempt = first; attempt < first + ATTEMPTS; attempt++) {
    const hold = `gate-${id}-${attempt}`;
    const print = await fingerprint(payment);
    let record: PaymentRecord | undefined;
    let claimed = false;
    // Hold and claim are one step: there is no hold that nobody delivers for, and nobody delivers without one.
    const decision = await decide(parts, verified, hold, async (decision) => {
      if (decision.action !== "allow" || decision.state !== "held") return undefined;
      const there = record === undefined ? found : await records.find(id);
      claimed = there.version !== found.version;
      if (claimed) throw new Error("the payment was claimed meanwhile");
      record = newRecord(parts, verified, { id, hold, attempt, bound, print, decision });
      return records.claim(record, found.version);
    });
    // Whoever was faster has the hold too: it is the same one.
    if (claimed) return { kind: "refused", refusal: inFlight(id) };
    if (decision.action !== "allow") return { kind: "refused", refusal: policyRefusal(decision, id) };
    if (decision.state !== "held" || record === undefined) continue;
    try {
      const { route, client } = record;
      await parts.record({ what: "admitted", at: now(), route, client, payment: id, record });
    } catch (error) {
      const failed = { type: "settle", id: hold, outcome: "failed" };
      await parts.ledger.move(failed, () => records.forgetting(id)).catch(parts.onError);
      throw error;
    }
    return { kind: "admitted", record, decision };
  }
  return { kind: "refused", refusal: unavailable("conflict", "this payment's number is used up; sign a new one") };
}

function newRecord(
  { now }: Parts,
  { payment, entry, route, method, url, client, tier, payer }: Verified,
  rest: { id: string; hold: string; attempt: number; bound: string; print: string; decision: Decision },
): PaymentRecord {
  const { id, hold, attempt, bound, print, decision } = rest;
  const at = now();
  return {
    id,
    hold,
    attempt,
    at,
    route,
    method,
    endpoint: url.split(/[?#]/)[0] ?? url,
    bound,
    fingerprint: print,
    client,
    ...(tier === undefined ? {} : { tier }),
    ...(payer === undefined ? {} : { payer }),
    version: payment.version,
    scheme: entry.scheme,
    network: entry.network,
    asset: entry.asset,
    payTo: entry.payTo,
    amount: entry.amount,
    ...(decision.usd == null ? {} : { usd: decision.usd }),
    rules: [...decision.rules, ...(decision.flags ?? [])],
    state: "open",
    delivered: false,
    until: (payment.until ?? at + entry.maxTimeoutSeconds * 1000) + LAG,
  };
}

/** Asks the ledger; and people, where it says so and somebody can ask them. */
async function decide(parts: Parts, verified: Verified, hold: string, along: Along<Decision>): Promise<Decision> {
  const event = { id: hold, ...eventOf(verified) };
  const decision = await parts.ledger.authorize(event, along);
  if (decision.action !== "require_approval") return decision;
  await parts.ask(decision, verified.signal);
  return parts.ledger.authorize(event, along);
}

/** What the ledger is asked: the client takes an agent's place, and the entry is the whole offer. */
export function eventOf({
  client,
  method,
  address,
  body,
  entry,
}: Pick<Verified, "client" | "method" | "address" | "body" | "entry">): {
  readonly agent: string;
  readonly client: string;
  readonly method: string;
  readonly url: string;
  readonly offer: object;
  readonly body_digest?: string;
} {
  return {
    agent: client,
    client,
    method,
    url: address,
    offer: { x402Version: 2, resource: { url: address }, accepts: [entry] },
    ...(body === "" ? {} : { body_digest: body }),
  };
}

export async function boundTo({
  method,
  url,
  body,
  client,
}: Pick<Verified, "method" | "url" | "body" | "client">): Promise<string> {
  return sha256(JSON.stringify([method, url, body, client]));
}

/** What there is to say to a payment that was here before; nothing where it may be tried again. */
export function standingOf(record: PaymentRecord, bound: string, print: string): Refusal | undefined {
  const { id, state } = record;
  if (record.bound !== bound) {
    return paymentRefusal(409, "payment_bound_elsewhere", "this payment was made for another request");
  }
  if (state === "void") return undefined;
  // What it bought is told only to who has the signature, and not to who has seen the nonce on the chain.
  const known = record.fingerprint === print;
  if (state === "open") return inFlight(id);
  if (state === "unresolved") {
    return {
      kind: "unresolved",
      reason: "payment_unresolved",
      status: 409,
      message: "nobody knows yet what became of this payment; do not sign another one for it",
      ...(known ? { payment: id } : {}),
    };
  }
  return {
    ...paymentRefusal(409, "payment_used", "this payment was used; what it bought was delivered, or is owed back"),
    ...(known ? { payment: id } : {}),
    ...(known && record.refund !== undefined && record.refund.paidAt === undefined
      ? { refund: record.refund.iou }
      : {}),
  };
}

export function inFlight(id: string): Refusal {
  return paymentRefusal(409, "payment_in_flight", "this payment is being worked on; it is answered once", id);
}
