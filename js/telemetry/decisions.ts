/** Decisions as figures: by their own reason codes, and in the words that presidio-hardened-x402 has for them. */

import type { Decision, Reason } from "../core/types.ts";
import type { Backend } from "./backend.ts";

/** The reasons that are none of the policy's; every other one is. */
const CLASSES: Partial<Record<Reason, string>> = {
  allowed: "none",
  personal_data: "pii",
  personal_data_bound: "pii",
  payee_blocked: "wallet",
  payee_not_allowed: "wallet",
  counterparty_not_allowed: "wallet",
  fact_missing: "wallet",
  payee_changed: "wallet_rotation",
  caller_limit: "capability",
  replayed: "replay",
  approval_rejected: "mpa_denied",
  approval_expired: "mpa_timeout",
  conflict: "error",
  malformed_request: "error",
  clock_jump: "error",
  clock_skew: "error",
  store_conflict: "error",
  store_unavailable: "error",
  audit_unavailable: "error",
  internal_error: "error",
};

/** Their words for what their policies have too. */
const VIOLATIONS: Partial<Record<Reason, string>> = {
  payment_too_large: "per_call",
  budget_exceeded: "daily_limit",
  price_drift: "quote_drift",
};

export interface Decisions {
  decided(decision: Decision): void;
  /** Denied before the ledger was asked. */
  deniedBefore(reason: "personal_data" | "personal_data_bound"): void;
}

export function decisionsOf(backend: Backend, asked: Asked): Decisions {
  function payment(outcome: "allowed" | "blocked", reason: Reason, usd?: string | null): void {
    const kind = CLASSES[reason] ?? "policy";
    backend.count("x402_payments_total", { outcome, reason: kind }, 1);
    if (kind === "policy" || kind === "wallet" || kind === "wallet_rotation") {
      const violation = { violation_type: VIOLATIONS[reason] ?? reason };
      if (outcome === "blocked") backend.count("x402_policy_violations_total", violation, 1);
    }
    if (kind === "replay") backend.count("x402_replay_detections_total", {}, 1);
    const amount = Number(usd ?? Number.NaN);
    if (Number.isFinite(amount)) backend.observe("x402_payment_amount_usd", {}, amount);
  }

  return {
    decided(decision) {
      const { id, action, reason, usd, approval, delay } = decision;
      backend.count("tollwarden_decisions_total", { action, reason }, 1);
      // Neither is the last word on a payment: it waits for people, or for its turn.
      if (action === "require_approval") return asked.ask(id, Date.parse(approval?.expires_at ?? ""));
      if (delay === true) return;
      const ended = ENDS[reason];
      const answered = ended !== undefined && asked.end(id);
      if (answered) backend.count("x402_mpa_events_total", { outcome: ended }, 1);
      payment(action === "allow" ? "allowed" : "blocked", reason, usd);
    },
    deniedBefore(reason) {
      backend.count("tollwarden_decisions_total", { action: "deny", reason }, 1);
      payment("blocked", reason);
    },
  };
}

const ENDS: Partial<Record<Reason, string>> = {
  allowed: "approved",
  approval_rejected: "denied",
  approval_expired: "timeout",
};

/** The questions that payments of this process wait for, so that each is counted once when it ends. */
export interface Asked {
  ask(id: string, until: number): void;
  /** Whether it was waited for; then it no longer is. */
  end(id: string): boolean;
  /** Those whose time is over. */
  over(now: number): readonly string[];
}

/** Questions that are kept in mind. */
const MOST = 10_000;

export function askedPeople(): Asked {
  const waiting = new Map<string, number>();
  return {
    ask(id, until) {
      waiting.delete(id);
      waiting.set(id, until);
      const [oldest] = waiting.keys();
      if (waiting.size > MOST && oldest !== undefined) waiting.delete(oldest);
    },
    end: (id) => waiting.delete(id),
    over: (now) => [...waiting].flatMap(([id, until]) => (until <= now ? [id] : [])),
  };
}
