/**
 * What a client sees when it is refused: a status that fits, a header for programs, and a body that says whether it was
 * the seller's policy, the payment, or a failure; so that nobody takes a refusal for a reason to pay once more.
 */

import type { Decision, Fix } from "../core/types.ts";
import { encodeBase64 } from "../x402/wire.ts";

/** The header that a refusal has, with its reason. */
export const REFUSAL_HEADER = "Tollwarden-Refusal";
/** The header with a signed promise to pay back, in base64. */
export const REFUND_HEADER = "Tollwarden-Refund-Owed";

/** An answer that needs no framework: status, headers, and a body of text. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * - `policy`: the seller's policy says no; the same again will be refused too, until `fix`.
 * - `payment`: something is wrong with this payment.
 * - `unavailable`: something does not work now; nothing was charged.
 * - `unresolved`: it was charged or not, and nobody knows yet.
 */
export type RefusalKind = "policy" | "payment" | "unavailable" | "unresolved";

export interface Refusal {
  readonly kind: RefusalKind;
  readonly reason: string;
  readonly status: number;
  readonly message: string;
  readonly rules?: readonly string[];
  readonly fix?: Fix | null;
  /** Milliseconds since the epoch. */
  readonly retryAt?: number;
  /** The payment's id, where there is one. */
  readonly payment?: string;
  readonly approval?: { readonly id: string; readonly threshold: number; readonly approved: number };
  readonly refund?: object;
}

export function refusalAnswer(refusal: Refusal, now: number, more: Readonly<Record<string, string>> = {}): Answer {
  const { kind, reason, message, rules, fix, retryAt, payment, approval, refund, status } = refusal;
  const body = {
    error: reason,
    tollwarden: { kind, reason, message, rules, fix: fix ?? undefined, payment, approval, refund },
  };
  const wait = retryAt === undefined ? undefined : Math.max(1, Math.ceil((retryAt - now) / 1000));
  return {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      [REFUSAL_HEADER]: reason,
      ...(wait === undefined ? {} : { "retry-after": String(wait) }),
      ...(refund === undefined ? {} : { [REFUND_HEADER]: encodeBase64(JSON.stringify(refund)) }),
      ...more,
    },
    body: JSON.stringify(body),
  };
}

/** A denial of the policy: 429 where waiting helps, else 403. */
export function policyRefusal(decision: Decision, payment?: string): Refusal {
  const retryAt = Date.parse(decision.fix?.retry_at ?? "");
  const wait = Number.isFinite(retryAt) ? { retryAt } : {};
  const down = DOWN.has(decision.reason);
  const { approval } = decision;
  return {
    kind: down ? "unavailable" : "policy",
    reason: decision.reason,
    status: down ? 503 : "retryAt" in wait ? 429 : decision.reason === "intent_unresolved" ? 409 : 403,
    message: decision.message ?? sentences[decision.reason] ?? "the seller's policy does not allow this payment",
    rules: decision.rules,
    fix: decision.fix ?? null,
    ...wait,
    ...(payment === undefined ? {} : { payment }),
    ...(approval == null
      ? {}
      : { approval: { id: approval.id, threshold: approval.threshold, approved: approval.approved } }),
  };
}

/** What is no word of the policy about this payment. */
const DOWN: ReadonlySet<string> = new Set([
  "store_conflict",
  "store_unavailable",
  "internal_error",
  "clock_jump",
  "clock_skew",
  "too_many_holds",
  "audit_unavailable",
  "frozen",
]);

const sentences: Readonly<Record<string, string>> = {
  approval_required: "people have to approve this payment; send the same payment again when they have",
  budget_exceeded: "this client's budget is used up",
  rate_exceeded: "too many payments in too short a time",
  frozen: "the seller has stopped all payments",
};

/** A failure of ours, or of what we depend on. Nothing was charged. */
export function unavailable(reason: string, message: string, retryAt?: number): Refusal {
  return { kind: "unavailable", reason, status: 503, message, ...(retryAt === undefined ? {} : { retryAt }) };
}

export function paymentRefusal(status: number, reason: string, message: string, payment?: string): Refusal {
  return { kind: "payment", reason, status, message, ...(payment === undefined ? {} : { payment }) };
}
