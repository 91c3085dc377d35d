/**
 * The guarded fetch. It stands between the paying client and the network: it reads each offer before the client does,
 * lets the client see only the entry that is held, and sends only the payment that was held.
 */

import { denied, refusal } from "./errors.ts";
import { digestOf, originOf, type Payment, type Payments, plain, signatureOf } from "./payments.ts";
import type { Scope } from "./scope.ts";
import { RETRY_HEADER } from "./x402/retry.ts";
import {
  buildPayment,
  discard,
  type JsonObject,
  markedResponse,
  paymentHeader,
  paymentOf,
  readOffer,
} from "./x402/wire.ts";

type Fetch = typeof globalThis.fetch;

/** What a signer of one's own is asked to pay: the held entry, word for word, and what stood round it. */
export interface PayRequest {
  readonly id: string;
  readonly x402Version: 1 | 2;
  /** The entry of `accepts` that is held. Pay this, and nothing else. */
  readonly accept: JsonObject;
  readonly resource: unknown;
  readonly extensions: unknown;
}

/** Signs, and gives back the scheme's payload (`{signature, authorization}`, …). */
export type Pay = (request: PayRequest) => Promise<JsonObject>;

/** A fetch for `wrapFetchWithPayment`: reads offers on the way in and payments on the way out. */
export function guardedFetch(payments: Payments, base: Fetch, scope: () => Scope): Fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const payment = paymentOf(request.headers);
    if (payment === "none") {
      const retried = request.headers.get(RETRY_HEADER);
      if (retried !== null) return again(payments, request, retried, base);
      const { response, held } = await ask(payments, request, base, scope(), true);
      if (held === undefined) return response;
      discard(response);
      return markedResponse(held.held, held.id, response);
    }
    request.headers.delete(RETRY_HEADER);
    if (payment === "several" || payment === "unreadable") {
      throw refusal("", "malformed_payload", "the request carries a payment that can't be read, or more than one");
    }
    return payments.send(await claim(payments, request, payment), request, base);
  };
}

/** A request that a hook of the client makes once more: the hold of the first one stands for it, if it has to be paid. */
async function again(payments: Payments, request: Request, hold: string, base: Fetch): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.delete(RETRY_HEADER);
  const response = await base(new Request(request, { headers }));
  const held = payments.byId(hold);
  const same = held?.stage === "held" && held.method === request.method && held.url === urlText(request.url);
  if (response.status !== 402 && same) await payments.abandon(held);
  return response;
}

/** A fetch that pays by itself, with a signer of one's own. */
export function payingFetch(payments: Payments, base: Fetch, scope: () => Scope, pay: Pay): Fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (paymentOf(request.headers) !== "none") {
      throw refusal("", "unticketed_signature", "the request carries a payment already");
    }
    const again = request.clone();
    const { response, held } = await ask(payments, request, base, scope(), false);
    if (held === undefined) {
      await again.body?.cancel();
      return response;
    }
    discard(response);
    await payments.ticket(held);
    const { offer, accept, version } = held.held;
    const shown = structuredClone({ accept, resource: offer.resource, extensions: offer.extensions });
    const payment = await payments
      .signing(held, () => pay({ id: held.id, x402Version: version, ...shown }))
      // One copy is bound and sent: what writes itself differently the second time is written once.
      .then((payload) => plain(buildPayment(held.held, payload)) as JsonObject)
      .catch(async (error: unknown) => {
        await payments.abandon(held);
        throw error;
      });
    await payments.bind(held, payment);
    const headers = new Headers(again.headers);
    headers.set(...paymentHeader(payment));
    return payments.send(held, new Request(again, { headers }), base);
  };
}

/** Asks once; if the answer is an offer, holds what the policy allows of it. */
async function ask(
  payments: Payments,
  request: Request,
  base: Fetch,
  scope: Scope,
  byClient: boolean,
): Promise<{ readonly response: Response; readonly held?: Payment }> {
  // The body is gone once it is sent; its digest is part of what makes two calls the same.
  const body = request.body === null ? undefined : request.clone();
  const { method, url } = request;
  const response = await base(request);
  if (response.status !== 402) {
    await body?.body?.cancel();
    return { response };
  }
  const offer = await readOffer(response);
  if (offer === undefined) {
    await body?.body?.cancel();
    return { response };
  }
  try {
    if (offer === "too_long" || offer === "unreadable") {
      const what =
        offer === "too_long" ? "the offer is longer than is read" : "the offer's header is not base64 of UTF-8";
      throw denied({ id: "", action: "deny", reason: "malformed_offer", message: what, rules: [] });
    }
    const from = response.url === "" ? undefined : originOf(response.url);
    const moved = response.url !== "" && response.url !== urlText(url);
    if (moved && from === originOf(url)) {
      // The paid request goes to the URL that was asked for, and follows no redirect: it could only fail.
      throw refusal("", "redirected_offer", `the offer is that of \`${response.url}\`; ask for that URL itself`);
    }
    const held = await payments.hold(
      {
        method,
        url: urlText(url),
        offerText: offer.text,
        byClient,
        offerOrigin: moved ? from : undefined,
        bodyDigest: body === undefined ? undefined : await digestOf(await body.arrayBuffer()),
        signal: request.signal,
      },
      scope,
    );
    return { response, held };
  } catch (error) {
    discard(response);
    throw error;
  }
}

/**
 * The hold that a payment on its way out belongs to. One that the guarded client made is known; any other has to bind to
 * a hold of this very request. A payment that nothing was held for is not sent.
 */
async function claim(payments: Payments, request: Request, payment: JsonObject): Promise<Payment> {
  const known = payments.bySignature(signatureOf(payment));
  if (known !== undefined) {
    if (known.method !== request.method || known.url !== urlText(request.url)) {
      throw refusal(known.id, "unticketed_signature", `this payment was held for ${known.method} ${known.url}`);
    }
    return known;
  }
  const all = payments.heldFor(request.method, urlText(request.url));
  const accepted = JSON.stringify(payment.accepted);
  const signed = JSON.stringify(payment.payload ?? null);
  // One that a guarded wallet has signed for is known by its number; it is nobody else's.
  const numbered = all.filter(({ nonce }) => nonce !== undefined && signed.includes(nonce));
  const free = all.filter(({ nonce }) => nonce === undefined);
  const candidates = [numbered, free, all].find((some) => some.length > 0) ?? [];
  const held =
    candidates.find(({ held }) => held.version === payment.x402Version && JSON.stringify(held.accept) === accepted) ??
    candidates.find(({ held }) => held.version === payment.x402Version) ??
    candidates[0];
  if (held === undefined) {
    throw refusal("", "unticketed_signature", "nothing is held for this payment; it was not sent");
  }
  await payments.bind(held, payment);
  return held;
}

/** As it goes to the core: without the fragment, which is never sent. */
function urlText(url: string): string {
  const end = url.indexOf("#");
  return end < 0 ? url : url.slice(0, end);
}
