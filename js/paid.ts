/** From a paid response to its payment: who asks what became of it, or settles it by hand, needs the hold's id. */

import type { Decision, Outcome } from "./core/types.ts";

/** A payment that was sent, as far as it is known when the answer came. Nothing in it can be used to pay. */
export interface PaymentInfo {
  /** The hold's id: for `settle`, `present`, `reconcile`, `refund`. */
  readonly id: string;
  readonly method: string;
  readonly url: string;
  /** What was held, in atomic units. */
  readonly amount: string;
  /** The same in US dollars, where the asset has a price. */
  readonly usd?: string;
  /** `network/address`. */
  readonly asset: string;
  readonly payee: string;
  /** Where the hold stands: `captured`, `unknown`; `signed` if that could not be written down. */
  readonly state: NonNullable<Outcome["state"]>;
  /** As the seller's receipt names it. */
  readonly transaction?: string;
}

const payments = new WeakMap<Response, PaymentInfo>();

/** The payment that a response was paid with; nothing for one that was not paid, or that somebody copied. */
export function paymentOf(response: Response): PaymentInfo | undefined {
  return payments.get(response);
}

export function remember(response: Response, payment: PaymentInfo): void {
  payments.set(response, payment);
}

export function describe(
  sent: { readonly id: string; readonly method: string; readonly url: string; readonly decision: Decision },
  outcome: Outcome | undefined,
  transaction?: string,
): PaymentInfo {
  const { amount, usd, asset, payee } = sent.decision;
  return Object.freeze({
    id: sent.id,
    method: sent.method,
    url: sent.url,
    amount: amount ?? "",
    ...(usd == null ? {} : { usd }),
    asset: asset ?? "",
    payee: payee ?? "",
    state: outcome?.state ?? "signed",
    ...(transaction === undefined ? {} : { transaction }),
  });
}
