/**
 * What loosens is not on the warden: an agent holds a warden, and may be talked into anything. A policy, an approval, an
 * unfreeze and a proof that frees money are for whoever holds the control, which `openWardenWithControl` gives beside it.
 */

import { type Breaker, createBreaker } from "./breaker.ts";
import type { Ledger, PolicySummary } from "./core/ledger.ts";
import type { Outcome } from "./core/types.ts";
import { type PolicySource, readPolicy } from "./policy-source.ts";
import type { Proof } from "./warden.ts";

export interface Control {
  /**
   * Another policy takes over: it decides the next payment, with all history. Throws `PolicyInvalid` for one that is
   * broken, or that would forget what was spent; then the policy stays as it was.
   */
  reload(policy: PolicySource): Promise<PolicySummary>;
  /** The policy in force. */
  readonly policy: PolicySummary;
  /** A person lets a payment pass that needs approval. */
  approve(id: string, approver: string): Promise<Outcome>;
  reject(id: string, approver: string): Promise<Outcome>;
  /** Denies everything, until it is lifted. A warden can do this too. */
  freeze(reason: string): Promise<void>;
  unfreeze(): Promise<void>;
  /** Closes a payment whose outcome is unknown, by the chain's own answer. */
  reconcile(id: string, proof: Proof): Promise<Outcome>;
  /** Money that came back. */
  refund(id: string, amount: bigint | string): Promise<Outcome>;
}

export function controlOf(ledger: Ledger, breaker: ReloadableBreaker): Control {
  return {
    async reload(source) {
      await ledger.reload(readPolicy(source));
      breaker.follow(ledger.policy);
      return ledger.policy;
    },
    get policy() {
      return ledger.policy;
    },
    approve: (id, approver) => ledger.move({ type: "approve", id, approver }),
    reject: (id, approver) => ledger.move({ type: "reject", id, approver }),
    freeze: (reason) => ledger.command({ type: "freeze", reason }),
    unfreeze: () => ledger.command({ type: "unfreeze" }),
    reconcile: (id, proof) => {
      const text = proof.authorization === "used" ? { ...proof, amount: String(proof.amount) } : proof;
      return ledger.move({ type: "reconcile", id, proof: text });
    },
    refund: (id, amount) => ledger.move({ type: "refund", id, amount: String(amount) }),
  };
}

export interface ReloadableBreaker extends Breaker {
  /** Goes on from where it stands, by the figures of another policy. */
  follow(policy: PolicySummary): void;
}

/** The circuit breaker of a policy, which can become that of another. */
export function breakerOf(policy: PolicySummary, now: () => number): ReloadableBreaker {
  const config = ({ breaker_failures, breaker_recovery_ms }: PolicySummary) => ({
    failureThreshold: breaker_failures,
    recoveryTimeoutMs: breaker_recovery_ms,
    now,
  });
  let breaker = createBreaker(config(policy));
  return {
    admit: (key) => breaker.admit(key),
    success: (key) => breaker.success(key),
    failure: (key) => breaker.failure(key),
    release: (key) => breaker.release(key),
    state: (key) => breaker.state(key),
    toJSON: () => breaker.toJSON(),
    follow(next) {
      breaker = createBreaker({ ...config(next), from: breaker.toJSON() });
    },
  };
}
