/**
 * Stable quotes, without a table: each entry of a 402 carries a mark over what it was made for (method, URL, body,
 * client, price) and until when it is good. The payer sends the entry back word for word, so that the price of the paid
 * request is the price of the 402, and a payment that was made for one request is good for no other.
 *
 * Version 1 sends no entry back: there, the entry is made again, and has to ask for what was signed.
 */

import type { Mac } from "../digest.ts";
import { sameText } from "../digest.ts";
import type { Requirements } from "./requirements.ts";

/** The member of `extra` that carries the mark. */
export const QUOTE = "quote";

/** What an entry is made for. */
export interface QuotedFor {
  readonly route: string;
  readonly method: string;
  readonly url: string;
  /** SHA-256 of the body, in hex; empty where there is none. */
  readonly body: string;
  /** The client whose API key came with the request; empty without one. */
  readonly client: string;
}

export interface Quotes {
  /** The entry with its mark. */
  mark(entry: Requirements, wanted: QuotedFor, until: number): Promise<Requirements>;
  /** Whether this is an entry that was made here, for this request, and is still good. */
  check(accepted: Requirements, wanted: QuotedFor, now: number): Promise<QuoteFault | undefined>;
}

export type QuoteFault = "no_quote" | "quote_expired" | "payment_bound_elsewhere";

export function quotes(mac: Mac): Quotes {
  async function markOf(entry: Requirements, wanted: QuotedFor, until: string): Promise<string> {
    const { scheme, network, amount, asset, payTo, maxTimeoutSeconds, extra } = entry;
    const { [QUOTE]: _, ...rest } = extra;
    const terms = [scheme, network, amount, asset, payTo, maxTimeoutSeconds, canonical(rest)];
    const { route, method, url, body, client } = wanted;
    const full = await mac(JSON.stringify(["tollwarden quote 1", until, route, method, url, body, client, terms]));
    return full.slice(0, 32);
  }
  return {
    async mark(entry, wanted, until) {
      const text = until.toString(36);
      return { ...entry, extra: { ...entry.extra, [QUOTE]: `${text}.${await markOf(entry, wanted, text)}` } };
    },
    async check(accepted, wanted, now) {
      const quote = accepted.extra[QUOTE];
      if (typeof quote !== "string" || quote.length > 64) return "no_quote";
      const [until = "", mark = ""] = quote.split(".");
      if (!sameText(mark, await markOf(accepted, wanted, until))) return "payment_bound_elsewhere";
      return Number.parseInt(until, 36) > now ? undefined : "quote_expired";
    },
  };
}

/** JSON with its members in order: a client may write an object's members in another one. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
