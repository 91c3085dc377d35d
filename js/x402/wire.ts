/**
 * The wire formats of x402, versions 1 and 2: which header carries what, and how it is written. What the fields mean is
 * the core's business; nothing here looks at an amount.
 */

/** A 402 body or header longer than this is not read: offers are a few hundred bytes. */
export const MAX_OFFER_BYTES = 256 * 1024;

/** The headers that carry a payment, by protocol version. */
export const PAYMENT_HEADERS = ["PAYMENT-SIGNATURE", "X-PAYMENT"] as const;
const OFFER_HEADER = "PAYMENT-REQUIRED";
const RECEIPT_HEADERS = ["PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE"] as const;

/** The member of a rewritten offer that names its hold. It never reaches the seller: payments don't echo it. */
export const MARK = "tollwarden";

export type JsonObject = { readonly [key: string]: unknown };

/** An offer as it came: its text, which the core reads, and whether it stood in the header (version 2) or the body. */
export interface OfferText {
  readonly text: string;
  readonly inHeader: boolean;
}

/** An offer that was allowed, cut down to the one entry that is held. */
export interface HeldOffer {
  readonly offer: JsonObject;
  readonly accept: JsonObject;
  readonly version: 1 | 2;
}

/** A receipt as far as it can be read. Nobody signs receipts: it is a seller's word. */
export interface Receipt {
  readonly success: boolean;
  readonly amount: string | undefined;
  readonly transaction: string | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The offer of a 402, or nothing where it is none of x402's. The body is read from a copy. */
export async function readOffer(response: Response): Promise<OfferText | "too_long" | "unreadable" | undefined> {
  const header = response.headers.get(OFFER_HEADER);
  if (header !== null) {
    if (header.length > MAX_OFFER_BYTES * 2) return "too_long";
    const text = decodeBase64(header);
    return text === undefined ? "unreadable" : { text, inHeader: true };
  }
  const text = await readBounded(response.clone(), MAX_OFFER_BYTES);
  if (text === undefined) return "too_long";
  const body = parseObject(text);
  return body?.x402Version === 1 ? { text, inHeader: false } : undefined;
}

/** The offer with the held entry alone, word for word. */
export function heldOffer(text: string, accept: number): HeldOffer | undefined {
  const offer = parseObject(text);
  const accepts = offer?.accepts;
  const entry: unknown = Array.isArray(accepts) ? accepts[accept] : undefined;
  const version = offer?.x402Version;
  if (offer === undefined || !isObject(entry) || (version !== 1 && version !== 2)) return undefined;
  return { offer: { ...offer, accepts: [entry] }, accept: entry, version };
}

/** The 402 that the client is shown: the held entry alone, and the mark of its hold. */
export function markedResponse(held: HeldOffer, id: string, from: Response): Response {
  const marked = JSON.stringify({ ...held.offer, [MARK]: { hold: id } });
  const headers = new Headers(from.headers);
  for (const name of ["content-length", "content-encoding", "transfer-encoding"]) headers.delete(name);
  headers.set("content-type", "application/json");
  let body = "{}";
  if (held.version === 2) headers.set(OFFER_HEADER, encodeBase64(marked));
  else {
    // One of version 1 that came in the header would be read there again, without the mark.
    headers.delete(OFFER_HEADER);
    body = marked;
  }
  const response = new Response(body, { status: 402, statusText: from.statusText, headers });
  // The official client asks `response.url` where the offer came from; a made response has none of its own.
  Object.defineProperty(response, "url", { value: from.url });
  return response;
}

/** The hold that a shown offer is marked with. */
export function markOf(offer: unknown): string | undefined {
  const mark = isObject(offer) ? offer[MARK] : undefined;
  const hold = isObject(mark) ? mark.hold : undefined;
  return typeof hold === "string" ? hold : undefined;
}

/** The payment that a request carries: nothing, one, or more than one, which is never right. */
export function paymentOf(headers: Headers): JsonObject | "none" | "several" | "unreadable" {
  const found = PAYMENT_HEADERS.map((name) => headers.get(name)).filter((value) => value !== null);
  const [header] = found;
  if (header === undefined) return "none";
  if (found.length > 1 || header.includes(",")) return "several";
  const text = decodeBase64(header);
  return (text === undefined ? undefined : parseObject(text)) ?? "unreadable";
}

/** The header of a request that carries a payment, as it stands. */
export function paymentHeaderOf(headers: Headers): readonly [name: string, value: string] | undefined {
  for (const name of PAYMENT_HEADERS) {
    const value = headers.get(name);
    if (value !== null) return [name, value];
  }
  return undefined;
}

/** The header that carries a payment. */
export function paymentHeader(payment: JsonObject): readonly [name: string, value: string] {
  const name = payment.x402Version === 1 ? PAYMENT_HEADERS[1] : PAYMENT_HEADERS[0];
  return [name, encodeBase64(JSON.stringify(payment))];
}

/** The payment object for what a signer made of a held offer. */
export function buildPayment({ version, offer, accept }: HeldOffer, payload: JsonObject): JsonObject {
  if (version === 1) return { x402Version: 1, scheme: accept.scheme, network: accept.network, payload };
  const extensions = offer.extensions;
  const resource = offer.resource;
  return {
    x402Version: 2,
    payload,
    ...(extensions === undefined ? {} : { extensions }),
    ...(resource === undefined ? {} : { resource }),
    accepted: accept,
  };
}

/** What the seller says became of the payment. */
export function readReceipt(headers: Headers): Receipt | undefined {
  for (const name of RECEIPT_HEADERS) {
    const header = headers.get(name);
    if (header === null || header.length > MAX_OFFER_BYTES) continue;
    const text = decodeBase64(header);
    const receipt = text === undefined ? undefined : parseObject(text);
    if (receipt === undefined) continue;
    const amount = receipt.amount;
    const transaction = receipt.transaction;
    return {
      success: receipt.success === true,
      amount: typeof amount === "string" && /^(0|[1-9][0-9]{0,37})$/.test(amount) ? amount : undefined,
      transaction: typeof transaction === "string" && transaction.length <= 256 ? transaction : undefined,
    };
  }
  return undefined;
}

/** Parses an object; anything else is nothing. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Standard alphabet with padding over UTF-8, as the official packages write it. */
export function encodeBase64(text: string): string {
  return base64OfBytes(new TextEncoder().encode(text));
}

export function base64OfBytes(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary);
}

export function decodeBase64(text: string): string | undefined {
  if (text.length === 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Lets go of a response that nobody will read, so that its connection is not kept for it. A short body is read to its
 * end, in the background: the connection can then be used again.
 */
export function discard(response: Response): void {
  if (response.bodyUsed) return;
  void readBounded(response, MAX_OFFER_BYTES).catch(() => undefined);
}

/** The body as text, or nothing where it is longer than the bound; the rest is not downloaded. */
async function readBounded(response: Response, bound: number): Promise<string | undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > bound) {
      // Not awaited: of a response that was cloned, this half is let go only when the other one is, too.
      void reader.cancel().catch(() => undefined);
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}
