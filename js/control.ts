/**
 * What loosens is not on the warden: an agent holds a warden, and may be talked into anything. A policy, an approval, an
 * unfreeze and a proof that frees money are for whoever holds the control, which `openWardenWithControl` gives beside it.
 */

import type { AnswerOptions, Approvals } from "./approvals/desk.ts";
import { type Breaker, createBreaker } from "./breaker.ts";
import type { Ledger, PolicySummary, WhichHolds } from "./core/ledger.ts";
import type { FreezeLine, HoldLine, Outcome } from "./core/types.ts";
import { PolicyInvalid } from "./errors.ts";
import { type PolicySource, readPolicy } from "./policy-source.ts";
import { type Proof, type Prover, type Reconciled, reconcileAll, reconcileOne } from "./reconcile.ts";

export interface Control {
  /**
   * Another policy takes over: it decides the next payment, with all history. Throws `PolicyInvalid` for one that is
   * broken, or that would forget what was spent; then the policy stays as it was.
   */
  reload(policy: PolicySource): Promise<PolicySummary>;
  /** The policy in force. */
  readonly policy: PolicySummary;
  /** A person lets a payment pass that needs approval. */
  approve(id: string, approver: string, options?: AnswerOptions): Promise<Outcome>;
  reject(id: string, approver: string, options?: AnswerOptions): Promise<Outcome>;
  /** The questions to people, and waiting for their answers. */
  readonly approvals: Approvals;
  /** Denies everything, or everything of one agent, until it is lifted. A warden can do this too. */
  freeze(reason: string, options?: FreezeOptions): Promise<void>;
  /** Lifts a freeze. A policy that names keys wants it signed by one of them; else it throws `PaymentDenied`. */
  unfreeze(options?: UnfreezeOptions): Promise<void>;
  /** What is frozen now. */
  freezes(): Promise<readonly FreezeLine[]>;
  /** Closes a payment whose outcome is unknown, by the chain's own answer. */
  reconcile(id: string, proof: Proof): Promise<Outcome>;
  /** Looks up every payment that proof could change; `evmProof` of `tollwarden/proofs/evm` is a ready `proof`. */
  reconcile(options: { readonly proof: Prover }): Promise<readonly Reconciled[]>;
  /** Closes a payment by a person's word. The reason is kept on the hold. Money is freed only once nothing can be used. */
  resolve(id: string, resolution: Resolution, reason: string): Promise<Outcome>;
  /** Money that came back. The same `refund` id twice is one refund; without one, a payment has one refund. */
  refund(id: string, amount: bigint | string, refund?: string): Promise<Outcome>;
  /** The holds that are open (the default), that proof could change, or all that are remembered. */
  holds(which?: WhichHolds): Promise<readonly HoldLine[]>;
  /** The clock of this host is right: after a `clock_jump`, budgets go by it from now on. */
  acceptClock(): void;
}

/** What a person has found out about a payment. */
export type Resolution = { readonly spent: bigint | string } | { readonly free: true };

export interface FreezeOptions {
  /** Only this agent. */
  readonly agent?: string;
  /** Takes the agent out of service, rather than pausing it: the word is for people. */
  readonly disable?: boolean;
}

export interface UnfreezeOptions {
  /** Only this agent's own freeze. */
  readonly agent?: string;
  /** Who lifts it, … */
  readonly approver?: string;
  /** … with a countersignature over the digest of the freeze. */
  readonly signedAt?: number;
  readonly signature?: string;
}

export function controlOf(ledger: Ledger, breaker: ReloadableBreaker, approvals: Approvals): Control {
  return {
    async reload(source) {
      // Nothing is waited for before it: what is asked after this call is judged by the new policy.
      const read = tried(source);
      if (read instanceof Error) {
        const errors =
          read instanceof PolicyInvalid ? read.errors.map(({ path, message }) => `${path}: ${message}`) : [];
        await ledger.note("policy_refused", { errors });
        throw read;
      }
      await ledger.reload(read);
      breaker.follow(ledger.policy);
      return ledger.policy;
    },
    get policy() {
      return ledger.policy;
    },
    approve: approvals.approve,
    reject: approvals.reject,
    approvals,
    freeze: (reason, options = {}) => ledger.command({ type: "freeze", reason, ...options }),
    unfreeze: ({ signedAt, ...options } = {}) =>
      ledger.command({ type: "unfreeze", ...options, ...(signedAt === undefined ? {} : { signed_at: signedAt }) }),
    freezes: () => ledger.freezes(),
    reconcile: reconciler(ledger),
    resolve: (id, resolution, reason) => {
      const said = "spent" in resolution ? { outcome: "spent", amount: String(resolution.spent) } : { outcome: "free" };
      return ledger.move({ type: "resolve", id, ...said, reason });
    },
    refund: (id, amount, refund) =>
      ledger.move({ type: "refund", id, amount: String(amount), ...(refund === undefined ? {} : { refund }) }),
    holds: (which = "open") => ledger.holds({ which }),
    acceptClock: () => ledger.acceptClock(),
  };
}

function reconciler(ledger: Ledger): Control["reconcile"] {
  function reconcile(id: string, proof: Proof): Promise<Outcome>;
  function reconcile(options: { readonly proof: Prover }): Promise<readonly Reconciled[]>;
  function reconcile(what: string | { readonly proof: Prover }, proof?: Proof): Promise<unknown> {
    if (typeof what !== "string") return reconcileAll(ledger, what.proof);
    if (proof === undefined) throw new TypeError("`reconcile(id, proof)` wants a proof");
    return reconcileOne(ledger, what, proof);
  }
  return reconcile;
}

/** The policy's text, or why it can't even be read: that is a policy refused too, and the audit log says so. */
function tried(source: PolicySource): ReturnType<typeof readPolicy> | Error {
  try {
    return readPolicy(source);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
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
