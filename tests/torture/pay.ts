/** One payment by hand, told step by step: before each call what is asked, after it what was answered. */

import type { Warden } from "../../js/index.ts";
import { offerOf, urlOf } from "./spend.ts";

/** How far a payment goes, and how it ends. */
export const PLANS = ["capture", "capture", "leave", "let go", "fail late", "ticket only"] as const;

export interface Payment {
  readonly id: string;
  /** Atomic units, as text: it crosses processes. */
  readonly amount: string;
  readonly plan: (typeof PLANS)[number];
}

type Step = "authorize" | "ticket" | "captured" | "failed";

const STEPS: Readonly<Record<Payment["plan"], readonly Step[]>> = {
  capture: ["authorize", "ticket", "captured"],
  leave: ["authorize"],
  "let go": ["authorize", "failed"],
  "fail late": ["authorize", "ticket", "failed"],
  "ticket only": ["authorize", "ticket"],
};

/** `answer` is missing while it is not known: before the call, and after one that failed. */
export interface Note {
  readonly payment: Payment;
  readonly step: Step;
  readonly answer?: string;
}

/** Goes as far as the answers allow. A failure is an answer that is not known, and ends the payment. */
export async function pay(warden: Warden, payment: Payment, note: (note: Note) => void): Promise<void> {
  for (const step of STEPS[payment.plan]) {
    note({ payment, step });
    const answer = await ask(warden, payment, step);
    if (answer === undefined) return;
    note({ payment, step, answer });
    if (answer === "deny") return;
  }
}

/** What the ledger says its state is now, `deny`, or undefined where nobody can say. */
async function ask(warden: Warden, { id, amount }: Payment, step: Step): Promise<string | undefined> {
  if (step === "authorize") {
    const decision = await warden.authorize({ id, url: urlOf(id), offer: offerOf(BigInt(amount)) });
    if (decision.action === "allow") return "held";
    if (decision.reason === "budget_exceeded") return "deny";
    if (decision.reason === "store_unavailable" || decision.reason === "store_conflict") return undefined;
    throw new Error(`denied: ${decision.reason} ${decision.message ?? ""}`);
  }
  const outcome = await (step === "ticket" ? warden.ticket(id) : warden.settle(id, { outcome: step })).catch(
    (error) => {
      if (error.name === "WardenUnavailable") return undefined;
      throw error;
    },
  );
  if (outcome === undefined) return undefined;
  if (!outcome.ok) throw new Error(`${step} was refused: ${outcome.reason} ${outcome.message ?? ""}`);
  return outcome.state ?? "none";
}
