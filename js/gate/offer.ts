/** The 402: what a route costs this client now, for both versions of the protocol at once. */

import { encodeBase64, type JsonObject } from "../x402/wire.ts";
import type { Identity } from "./identity.ts";
import type { Parts } from "./parts.ts";
import { legacyEntry, type Payment } from "./payment.ts";
import { priceOf } from "./price.ts";
import { QUOTE, type QuotedFor } from "./quote.ts";
import type { Answer } from "./refusal.ts";
import type { Requirements } from "./requirements.ts";
import type { Route } from "./routes.ts";

/** A request that is for a route: all that its price and its payment hang on. */
export interface Wanted extends QuotedFor {
  readonly matched: Route;
  readonly identity: Identity | undefined;
  /** The address in one spelling. */
  readonly address: string;
  readonly bodyBytes: number;
}

/** Offers to version 1 that are remembered. */
const MOST = 10_000;

/** What can be paid now, with the mark of its quote. */
export async function entriesFor(parts: Parts, wanted: Wanted): Promise<readonly Requirements[]> {
  const { matched, identity, method, url, bodyBytes } = wanted;
  const at = parts.now();
  const counts = matched.volume !== undefined && identity !== undefined;
  const volume = counts ? await parts.volumes.count(matched.name, identity.id) : 0;
  const price = await priceOf(matched, {
    route: matched.name,
    method,
    url,
    client: identity?.id,
    tier: identity?.tier,
    volume,
    bodyBytes,
    at,
  });
  const until = at + parts.quoteMs;
  return Promise.all(
    matched.ways.map(async (way) => parts.quotes.mark(await parts.offering.entry(way, price), wanted, until)),
  );
}

/** The 402 itself. `error` is a word for programs. */
export async function offerAnswer(
  parts: Parts,
  wanted: Wanted,
  error: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const entries = await entriesFor(parts, wanted);
  const { description = "", mimeType = "" } = wanted.matched;
  const resource = { url: wanted.url, description, mimeType };
  const legacy = entries.map((entry) => legacyEntry(entry, resource)).filter((entry) => entry !== undefined);
  if (legacy.length > 0) remember(parts, wanted, entries);
  const offer = { x402Version: 2, error, resource, accepts: entries };
  return {
    status: 402,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "PAYMENT-REQUIRED": encodeBase64(JSON.stringify(offer)),
      ...more,
    },
    // Version 2 looks at the header alone, version 1 at the body.
    body: JSON.stringify(legacy.length > 0 ? { x402Version: 1, error, accepts: legacy } : {}),
  };
}

function placeOf({ route, method, url, body, client }: QuotedFor): string {
  return JSON.stringify([route, method, url, body, client]);
}

/** Version 1 sends no quote back. For as long as one is good, what was offered is kept here. */
function remember(parts: Parts, wanted: Wanted, entries: readonly Requirements[]): void {
  const at = parts.now();
  const place = placeOf(wanted);
  const before = parts.offered.get(place)?.entries ?? [];
  parts.offered.delete(place);
  parts.offered.set(place, { entries: [...entries, ...before].slice(0, 8), until: at + parts.quoteMs });
  for (const [old, { until }] of parts.offered) {
    if (until > at && parts.offered.size <= MOST) break;
    parts.offered.delete(old);
  }
}

/** The entry that a payment is for; or why there is none. */
export async function entryOf(
  parts: Parts,
  wanted: Wanted,
  payment: Payment,
): Promise<{ readonly entry: Requirements } | { readonly fault: string }> {
  if (payment.accepted !== undefined) {
    const fault = await parts.quotes.check(payment.accepted, wanted, parts.now());
    return fault === undefined ? { entry: payment.accepted } : { fault };
  }
  const kept = parts.offered.get(placeOf(wanted));
  const known = kept !== undefined && kept.until > parts.now() ? (kept.entries as readonly Requirements[]) : [];
  for (const entry of [...known, ...(await entriesFor(parts, wanted))]) {
    const same = entry.scheme === payment.scheme && entry.network === payment.network;
    // The figure that was signed, letter by letter: the facilitator verifies what it means.
    if (same && entry.amount === payment.value) return { entry: withoutQuote(entry) };
  }
  return { fault: "no_matching_offer" };
}

/** A quote says until when it is good: without it the same price is the same entry, whenever it was made. */
function withoutQuote(entry: Requirements): Requirements {
  const { [QUOTE]: _, ...extra } = entry.extra;
  return { ...entry, extra };
}

/** What the facilitator is asked about: of version 1, the entry as version 1 has it. */
export function termsFor(payment: Payment, entry: Requirements, url: string): object {
  if (payment.version === 2) return entry;
  return legacyEntry(entry, { url, description: "", mimeType: "" }) as JsonObject;
}
