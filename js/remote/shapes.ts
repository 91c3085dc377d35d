/** What a service's answers have to have. A field that is missing is no answer, and no answer is a denial. */

import type { PolicySummary } from "../core/ledger.ts";
import type { Decision, HoldLine, Outcome } from "../core/types.ts";
import { WardenUnavailable } from "../errors.ts";
import type { WhoAmI } from "../service/api.ts";
import { isObject, type JsonObject } from "../x402/wire.ts";

const STATES: ReadonlySet<unknown> = new Set(["held", "signing", "signed", "captured", "voided", "unknown"]);
const ACTIONS: ReadonlySet<unknown> = new Set(["allow", "require_approval", "deny"]);

export function decisionIn(value: unknown, id: string, resumed: boolean): Decision {
  const decision = objectIn(value, "the decision");
  // A question that stands for the same request is gone on with under its own id.
  if (resumed ? typeof decision.id !== "string" || decision.id === "" : decision.id !== id)
    throw missing("the decision", "id");
  if (!ACTIONS.has(decision.action)) throw missing("the decision", "action");
  if (typeof decision.reason !== "string") throw missing("the decision", "reason");
  if (!isTexts(decision.rules)) throw missing("the decision", "rules");
  if (decision.action === "allow") {
    if (decision.reason !== "allowed") throw missing("the decision", "reason");
    if (!Number.isSafeInteger(decision.accept) || (decision.accept as number) < 0)
      throw missing("the decision", "accept");
    if (typeof decision.amount !== "string" || !/^(0|[1-9][0-9]{0,38})$/.test(decision.amount))
      throw missing("the decision", "amount");
    if (typeof decision.asset !== "string" || typeof decision.payee !== "string")
      throw missing("the decision", "payee");
    if (!STATES.has(decision.state)) throw missing("the decision", "state");
  }
  if (decision.action === "require_approval") {
    const { approval } = decision;
    if (!isObject(approval) || typeof approval.id !== "string" || typeof approval.digest !== "string")
      throw missing("the decision", "approval");
  }
  return value as Decision;
}

export function outcomeIn(value: unknown, id: string): Outcome {
  const outcome = objectIn(value, "the outcome");
  if (outcome.id !== id) throw missing("the outcome", "id");
  if (typeof outcome.ok !== "boolean") throw missing("the outcome", "ok");
  if (outcome.ok && !STATES.has(outcome.state)) throw missing("the outcome", "state");
  return value as Outcome;
}

export function holdIn(value: unknown, id: string): HoldLine {
  const hold = objectIn(value, "the payment");
  if (hold.id !== id || !STATES.has(hold.state)) throw missing("the payment", "state");
  return value as HoldLine;
}

export function whoIn(value: unknown): WhoAmI {
  const who = objectIn(value, "who this key is");
  if (typeof who.key !== "string" || !isTexts(who.scopes) || typeof who.signs !== "boolean")
    throw missing("who this key is", "scopes");
  const policy = objectIn(who.policy, "the policy");
  const { hash, breaker_failures, breaker_recovery_ms, approval_ms, facts, privacy } = policy as Partial<PolicySummary>;
  const good =
    typeof hash === "string" &&
    [breaker_failures, breaker_recovery_ms, approval_ms].every(Number.isSafeInteger) &&
    Array.isArray(facts) &&
    (privacy === null || typeof privacy === "string");
  if (!good) throw missing("the policy", "hash, breaker_failures, privacy");
  return value as WhoAmI;
}

/** The list that an answer has under this name. */
export function listIn<T>(value: unknown, name: string): readonly T[] {
  const list = objectIn(value, "the answer")[name];
  if (!Array.isArray(list) || !list.every(isObject)) throw missing("the answer", name);
  return list as readonly unknown[] as readonly T[];
}

export function objectIn(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new WardenUnavailable("store_unavailable", `the decision service left out ${what}`);
  return value;
}

function missing(what: string, member: string): WardenUnavailable {
  return new WardenUnavailable("store_unavailable", `${what} that the decision service gave has no good \`${member}\``);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
