/** Reconciliation: each payment that nobody knows the end of is looked up, and closed by what is proven. */

import type { Ledger } from "./core/ledger.ts";
import type { HoldLine, Outcome } from "./core/types.ts";

/** A chain's own answer about an authorization. */
export type Proof =
  | { readonly authorization: "used"; readonly amount: bigint | string; readonly transaction?: string }
  /** `at`: the time of the block that says so, in milliseconds since the epoch. */
  | { readonly authorization: "unused"; readonly at: number }
  /** Taken back on the chain: it can never be used. */
  | { readonly authorization: "cancelled"; readonly transaction?: string };

/** Looks a payment up where it can be known; nothing where nothing is proven. What it throws proves nothing either. */
export type Prover = (hold: HoldLine) => Promise<Proof | undefined>;

/** What became of one payment that was looked up. */
export interface Reconciled {
  readonly id: string;
  /** What was proven; nothing where nothing was. */
  readonly proof?: Proof;
  /** What the ledger said to it. */
  readonly outcome?: Outcome;
  /** Why the proof could not be had, or not be booked. */
  readonly error?: unknown;
}

export function reconcileOne(ledger: Ledger, id: string, proof: Proof): Promise<Outcome> {
  const text = proof.authorization === "used" ? { ...proof, amount: String(proof.amount) } : proof;
  return ledger.move({ type: "reconcile", id, proof: text });
}

/** All that proof could change: the open ones that were signed, and those booked on an assumption or a seller's word. */
export async function reconcileAll(ledger: Ledger, prover: Prover): Promise<readonly Reconciled[]> {
  const done: Reconciled[] = [];
  // One after the other: a node that is asked for everything at once answers nothing.
  for (const hold of await ledger.holds({ which: "unresolved" })) {
    const { id } = hold;
    try {
      const proof = await prover(hold);
      done.push(proof === undefined ? { id } : { id, proof, outcome: await reconcileOne(ledger, id, proof) });
    } catch (error) {
      done.push({ id, error });
    }
  }
  return done;
}
