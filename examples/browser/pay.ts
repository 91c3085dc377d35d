// One payment, step by step: a person may have to be asked between the offer and the signature, and then the same id is
// judged again. Each step is the warden's, and none can be left out.

import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from "@x402/core/http";
import type { PaymentPayload } from "@x402/core/types";
import type { ExactEvmScheme } from "@x402/evm/exact/client";
import { type Control, type Decision, PaymentDenied, type Warden } from "tollwarden";

export interface Buyer {
  readonly warden: Warden;
  readonly control: Control;
  readonly scheme: ExactEvmScheme;
  /** Asks a person about this payment, and gives their answer. */
  readonly ask: (url: string, decision: Decision) => Promise<boolean>;
}

/** Gets what this URL has, and pays for it if it may. */
export async function buy({ warden, control, scheme, ask }: Buyer, url: string): Promise<string> {
  const asked = await fetch(url);
  const header = asked.headers.get("payment-required");
  if (asked.status !== 402 || header === null) return asked.text();
  const offer = decodePaymentRequiredHeader(header);

  const id = crypto.randomUUID();
  let decision = await warden.authorize({ id, url, offer });
  if (decision.action === "require_approval") {
    // The answer is to what was shown, by its digest: if anything else is asked under this id by then, it does not count.
    const answer = { digest: decision.approval?.digest };
    const yes = await ask(url, decision);
    await (yes ? control.approve(id, "owner", answer) : control.reject(id, "owner", answer));
    decision = await warden.authorize({ id, url, offer }); // the budget may be used up by now
  }
  const accepted = offer.accepts[decision.accept ?? -1];
  if (decision.action !== "allow" || accepted === undefined) throw new PaymentDenied(decision);

  const ticket = await warden.ticket(id); // from here on only proof frees the money
  if (!ticket.ok) throw new PaymentDenied(ticket);
  const signed = await scheme.createPaymentPayload(2, accepted);
  const payment = { ...signed, resource: offer.resource, accepted } as PaymentPayload;
  const bound = await warden.sign(id, payment); // what was signed is what is held, or it is not sent
  if (!bound.ok) throw new PaymentDenied(bound);

  const headers = { "payment-signature": encodePaymentSignatureHeader(payment) };
  try {
    const paid = await fetch(url, { headers, redirect: "error" });
    const receipt = paid.headers.get("payment-response");
    const { success, transaction } = receipt === null ? {} : decodePaymentResponseHeader(receipt);
    // A seller's word that it failed is no proof.
    await warden.settle(id, success ? { outcome: "captured", transaction } : { outcome: "unknown" });
    return await paid.text();
  } catch (error) {
    await warden.settle(id, { outcome: "unknown" }); // it may have arrived
    throw error;
  }
}
