/**
 * The errors that tollwarden throws, each with a stable `code`. A decision is a value and is never thrown by
 * `authorize`; what wraps an action (`fetch`, `guard`, the guarded client and signer) throws these.
 *
 * | class | code | what it means | was anything signed? |
 * |---|---|---|---|
 * | `PaymentDenied` | the decision's reason | the policy, or the binding, says no | no; or it was signed wrongly and not sent |
 * | `ApprovalRequired` | `approval_required` | people have to approve first | no |
 * | `PaymentUnresolved` | `payment_unresolved` | it was sent, and nobody can say whether the money moved | yes; it stays held |
 * | `WardenUnavailable` | `store_unavailable`, … | the warden itself can't work | no |
 * | `PolicyInvalid` | `policy_invalid` | the policy was refused; `errors` has each place | no |
 */

import type { Decision, Outcome, PolicyError } from "./core/types.ts";

export abstract class TollwardenError extends Error {
  /** A stable code to match on. */
  abstract readonly code: string;
}

/** What was decided, as far as an error needs it: a whole decision, or the outcome of a later step. */
export type Denial = Decision | Outcome;

export class PaymentDenied extends TollwardenError {
  override readonly name: string = "PaymentDenied";
  /** The stable reason code, such as `budget_exceeded`. */
  readonly code: string;
  /** The decision, or the outcome of the step that refused: rules, field, message, fix. */
  readonly decision: Denial;

  constructor(decision: Denial) {
    super(sentence(decision));
    this.code = decision.reason ?? "internal_error";
    this.decision = decision;
  }
}

/** People are asked, and have not answered yet. Nothing is held: the same call later goes on with the same question. */
export class ApprovalRequired extends PaymentDenied {
  override readonly name = "ApprovalRequired";

  /** The id to approve, and to wait for: also from another process, as the question stands in the store. */
  get id(): string {
    return this.decision.id;
  }

  /** From then on silence is a denial (ISO 8601). */
  get expiresAt(): string | undefined {
    return "approval" in this.decision ? this.decision.approval?.expires_at : undefined;
  }
}

export class PaymentUnresolved extends TollwardenError {
  override readonly name = "PaymentUnresolved";
  readonly code = "payment_unresolved";
  /** The hold's id: settle or reconcile it when more is known. */
  readonly id: string;

  constructor(id: string, what: string, cause?: unknown) {
    super(`payment ${id} was ${what}; the money stays held until it is known what became of it`, { cause });
    this.id = id;
  }
}

export class WardenUnavailable extends TollwardenError {
  override readonly name = "WardenUnavailable";
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export class PolicyInvalid extends TollwardenError {
  override readonly name = "PolicyInvalid";
  readonly code = "policy_invalid";
  /** Each place that is wrong. */
  readonly errors: readonly PolicyError[];

  constructor(source: string, errors: readonly PolicyError[]) {
    const lines = errors.map((error) => `  ${error.path === "" ? "" : `${error.path}: `}${error.message}`);
    super(`the policy ${source} is not valid:\n${lines.join("\n")}`);
    this.errors = errors;
  }
}

/** A denial as an error; one that waits for people as `ApprovalRequired`. */
export function denied(decision: Denial): PaymentDenied {
  const waits = "action" in decision && decision.action === "require_approval";
  return waits ? new ApprovalRequired(decision) : new PaymentDenied(decision);
}

/** A denial that the wrapper itself decides. */
export function refusal(id: string, reason: NonNullable<Outcome["reason"]>, message: string): PaymentDenied {
  return new PaymentDenied({ id, ok: false, reason, message });
}

function sentence(denial: Denial): string {
  const parts = [`payment denied: ${denial.reason ?? "internal_error"}`];
  if (denial.field !== undefined) parts.push(`at ${denial.field}`);
  if (denial.message !== undefined) parts.push(`(${denial.message})`);
  if ("rules" in denial && denial.rules.length > 0) parts.push(`by ${denial.rules.join(", ")}`);
  const fix = "fix" in denial ? denial.fix : undefined;
  if (fix?.max_amount_usd !== undefined) parts.push(`· at most ${fix.max_amount_usd} USD now`);
  if (fix?.retry_at !== undefined) parts.push(`· again at ${fix.retry_at}`);
  return parts.join(" ");
}
