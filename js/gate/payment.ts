/**
 * A payment as it comes in, of version 1 or 2. It is known by what can be used once on the chain: network, token, payer and
 * nonce; so that the same payment in another spelling is the same payment.
 */

import { sha256 } from "../digest.ts";
import { isObject, type JsonObject, paymentOf } from "../x402/wire.ts";
import { addressOf } from "./identity.ts";
import { legacyName, networkOf } from "./networks.ts";
import { canonical } from "./quote.ts";
import type { Requirements } from "./requirements.ts";

/** The longest header that carries a payment, in characters. */
const MAX_HEADER = 64 * 1024;

export interface Payment {
  readonly version: 1 | 2;
  /** As it came: this is what the facilitator gets. */
  readonly payload: JsonObject;
  /** The entry that it was made for; version 1 names only scheme and network. */
  readonly accepted: Requirements | undefined;
  readonly scheme: string;
  /** CAIP-2. */
  readonly network: string;
  /** Who says that it pays, as far as the payload tells. Nobody has verified that. */
  readonly from: string | undefined;
  /** What is signed for, of version 1. */
  readonly value: string | undefined;
  /** When it ends, in milliseconds since the epoch, where the payload tells. */
  readonly until: number | undefined;
  /** The URL that a payload of version 2 names. */
  readonly resource: string | undefined;
}

export type PaymentFault = "several_payments" | "payment_unreadable" | "payment_too_long";

/** The payment of a request; nothing where it has none. */
export function readPayment(headers: Headers): Payment | PaymentFault | undefined {
  for (const name of ["PAYMENT-SIGNATURE", "X-PAYMENT"]) {
    if ((headers.get(name)?.length ?? 0) > MAX_HEADER) return "payment_too_long";
  }
  const found = paymentOf(headers);
  if (found === "none") return undefined;
  if (found === "several") return "several_payments";
  if (found === "unreadable") return "payment_unreadable";
  return parsePayment(found) ?? "payment_unreadable";
}

export function parsePayment(payload: JsonObject): Payment | undefined {
  const version = payload.x402Version;
  const inner = payload.payload;
  if ((version !== 1 && version !== 2) || !isObject(inner)) return undefined;
  const accepted = version === 2 ? readRequirements(payload.accepted) : undefined;
  if (version === 2 && accepted === undefined) return undefined;
  const scheme = accepted?.scheme ?? payload.scheme;
  const network = accepted?.network ?? networkOf(String(payload.network));
  if (typeof scheme !== "string" || network === undefined) return undefined;
  const signed = isObject(inner.authorization) ? inner.authorization : inner.permit2Authorization;
  const authorization = isObject(signed) ? signed : {};
  const from = text(authorization.from);
  const until = Number(authorization.validBefore ?? authorization.deadline);
  const resource = isObject(payload.resource) ? payload.resource.url : undefined;
  return {
    version,
    payload,
    accepted,
    scheme,
    network,
    from: from === undefined ? undefined : addressOf(from),
    value: text(authorization.value),
    until: Number.isSafeInteger(until * 1000) && until > 0 ? until * 1000 : undefined,
    resource: text(resource),
  };
}

/** An entry as a payer sends it back. Read strictly: what is odd in it was not made here. */
function readRequirements(value: unknown): Requirements | undefined {
  if (!isObject(value)) return undefined;
  const { scheme, network, amount, asset, payTo, maxTimeoutSeconds, extra = {} } = value;
  const texts = [scheme, network, amount, asset, payTo];
  if (!texts.every((member) => typeof member === "string" && member.length <= 512)) return undefined;
  if (!Number.isSafeInteger(maxTimeoutSeconds) || !isObject(extra)) return undefined;
  return value as unknown as Requirements;
}

/** What is asked for several times while a payment is worked on. */
const ids = new WeakMap<Payment, Promise<string>>();
const prints = new WeakMap<Payment, Promise<string>>();

/** The number of the payment: the same for every spelling of it. */
export function paymentId(payment: Payment): Promise<string> {
  const known = ids.get(payment) ?? idOf(payment);
  ids.set(payment, known);
  return known;
}

async function idOf(payment: Payment): Promise<string> {
  const inner = payment.payload.payload as JsonObject;
  for (const member of ["authorization", "permit2Authorization"]) {
    const signed = inner[member];
    if (!isObject(signed)) continue;
    const nonce = text(signed.nonce)?.toLowerCase();
    const from = text(signed.from)?.toLowerCase();
    if (nonce === undefined || from === undefined) continue;
    // Neither version nor token is part of it: one authorization in two spellings is one payment.
    const number = member === "authorization" ? nonce : numberText(nonce);
    return digest([member, payment.network, from, number]);
  }
  const transaction = text(inner.transaction);
  return digest([payment.network, transaction ?? canonical(inner)]);
}

async function digest(parts: readonly string[]): Promise<string> {
  return (await sha256(JSON.stringify(parts))).slice(0, 40);
}

/** A number, whatever it is written in. */
function numberText(value: string): string {
  return /^(0x[0-9a-f]{1,64}|[0-9]{1,78})$/.test(value) ? BigInt(value).toString() : value;
}

/** SHA-256 of all of it: who sends the same one again has the signature, and not just the nonce. */
export function fingerprint(payment: Payment): Promise<string> {
  const known = prints.get(payment) ?? (async () => sha256(canonical(payment.payload.payload)))();
  prints.set(payment, known);
  return known;
}

/** An entry as version 1 has it; nothing where version 1 has no name for the network. */
export function legacyEntry(
  entry: Requirements,
  resource: { readonly url: string; readonly description: string; readonly mimeType: string },
): JsonObject | undefined {
  const network = legacyName(entry.network);
  if (network === undefined || entry.scheme !== "exact" || entry.extra.assetTransferMethod === "permit2") {
    return undefined;
  }
  return {
    scheme: entry.scheme,
    network,
    maxAmountRequired: entry.amount,
    resource: resource.url,
    description: resource.description,
    mimeType: resource.mimeType,
    payTo: entry.payTo,
    maxTimeoutSeconds: entry.maxTimeoutSeconds,
    asset: entry.asset,
    extra: entry.extra,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= 8192 ? value : undefined;
}
