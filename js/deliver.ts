/** The one place where a payment goes out: it is sent, and what became of it is booked. */

import type { Breaker } from "./breaker.ts";
import type { Decision, Outcome } from "./core/types.ts";
import { PaymentUnresolved } from "./errors.ts";
import { describe, type PaymentInfo, remember } from "./paid.ts";
import type { Vault } from "./vault.ts";
import { discard, readReceipt } from "./x402/wire.ts";

/** What a delivery tells, beside the ledger. */
export interface Delivery {
  readonly breaker: Breaker;
  readonly vault: Vault | undefined;
  readonly onPayment: ((payment: PaymentInfo) => void) | undefined;
}

/** A payment that is signed and bound. */
export interface Sent {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  /** What the circuit breaker knows the seller and the facilitator by. */
  readonly circuits: readonly string[];
  /** Those of them that wait for this payment to tell whether they work again. */
  readonly probes?: readonly string[];
  readonly decision: Decision;
}

/** Sends a payment and books what became of it, by `settled`. Throws `PaymentUnresolved`. */
export async function deliver(
  { breaker, vault, onPayment }: Delivery,
  sent: Sent,
  request: Request,
  through: typeof fetch,
  settled: (members: Record<string, unknown>) => Promise<Outcome>,
): Promise<Response> {
  const [origin] = sent.circuits;
  const learn = (how: "success" | "failure"): void => {
    try {
      for (const circuit of sent.circuits) breaker[how](circuit);
    } catch {
      // A breaker is no limit, and the payment is out: what became of it matters more than a clock that fails.
    }
  };
  // It is out, whatever the ledger answers now: an error here would hide that from the caller. What could not be
  // booked stays held, and counts as spent, in full, when the signature runs out.
  const book = async (members: Record<string, unknown>, transaction?: string): Promise<PaymentInfo> => {
    const outcome = await settled(members).catch(() => undefined);
    if (outcome?.state === "captured") await vault?.drop(sent.id);
    const payment = describe(sent, outcome, transaction);
    try {
      onPayment?.(payment);
    } catch {
      // Whoever listens does not decide.
    }
    return payment;
  };
  const ended = request.signal.aborted;
  let response: Response;
  try {
    // A redirect would carry the payment to whoever the seller names: 307 keeps the headers.
    response = await through(new Request(request, { redirect: "manual" }));
  } catch (cause) {
    // A call that its caller ended before it went out says nothing of the seller.
    if (!ended) learn("failure");
    else for (const probe of sent.probes ?? []) breaker.release(probe);
    await book({ outcome: "unknown" });
    const what = ended ? "signed, and the call was aborted" : `sent, and ${origin ?? sent.url} did not answer`;
    throw new PaymentUnresolved(sent.id, what, cause);
  }
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
    learn("failure");
    discard(response);
    await book({ outcome: "unknown" });
    throw new PaymentUnresolved(sent.id, "sent, and the seller answered with a redirect, which was not followed");
  }
  const receipt = readReceipt(response.headers);
  const delivered = response.status >= 200 && response.status < 300;
  if (delivered && receipt?.success !== false) learn("success");
  else learn("failure");
  if (receipt?.success === true) {
    // Its amount is left out. It is a seller's word: a smaller one proves nothing, and no more than what was signed
    // can have moved, so that a larger one is a lie that would eat up the budget.
    const { transaction } = receipt;
    const named = transaction === undefined ? {} : { transaction };
    remember(response, await book({ outcome: "captured", evidence: "receipt", ...named }, transaction));
  } else if (delivered && receipt === undefined) {
    remember(response, await book({ outcome: "captured", evidence: "delivery" }));
  } else {
    // A refusal after the payment is no proof: the signature can still be used until it runs out.
    remember(response, await book({ outcome: "unknown" }));
  }
  return response;
}
