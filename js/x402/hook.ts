/**
 * The one-line binding: `client.onBeforePaymentCreation(warden.hook())`, for transports whose fetch can't be wrapped.
 *
 * What it can't see: the URL that was really requested (it judges the one that the *offer* names, which the seller
 * chooses), what is signed in the end (later hooks may change the terms; guard the signer as well, and it can't be),
 * whether the request was sent, redirected or answered, and what became of the payment. A payment made this way counts
 * as signed from then on, and is booked as spent when its signature runs out, unless you settle it by hand.
 */

import { PaymentDenied } from "../errors.ts";
import type { Payments } from "../payments.ts";
import type { Scope } from "../scope.ts";
import { isObject, markOf } from "./wire.ts";

export interface HookContext {
  readonly paymentRequired: unknown;
  readonly selectedRequirements: unknown;
}

export type Hook = (context: HookContext) => Promise<undefined | { readonly abort: true; readonly reason: string }>;

export function paymentHook(payments: Payments, scope: () => Scope): Hook {
  return async ({ paymentRequired, selectedRequirements }) => {
    try {
      const marked = markOf(paymentRequired);
      const held = marked === undefined ? undefined : payments.byId(marked);
      // With the guarded fetch and client round it, the hold and the ticket are theirs.
      if (held !== undefined) return undefined;
      const offer = isObject(paymentRequired) ? paymentRequired : {};
      const { resource } = offer;
      const entry = isObject(selectedRequirements) ? selectedRequirements : {};
      const url = isObject(resource) ? resource.url : entry.resource;
      const offerText = JSON.stringify({ ...offer, accepts: [selectedRequirements] });
      const payment = await payments.hold(
        { method: "GET", url: typeof url === "string" ? url : "", offerText, byClient: false },
        scope(),
      );
      await payments.ticket(payment);
      return undefined;
    } catch (error) {
      // The official client takes this, and only this, as a no without running its other hooks.
      const reason = error instanceof PaymentDenied ? error.message : `tollwarden failed: ${String(error)}`;
      return { abort: true, reason };
    }
  };
}
