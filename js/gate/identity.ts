/**
 * Who asks: a client by its API key, known before it pays; or the payer of a payment that was verified. Keys are kept as
 * their SHA-256 alone, and compared in constant time: what is looked up is an HMAC of that, under a key of this process.
 */

import { hmacOf, randomHex, sha256 } from "../digest.ts";

/** A client with an API key. */
export interface ApiClient {
  /** The client's name, as budgets and the policy's `clients` know it. */
  readonly id: string;
  /** `hashApiKey(key)`; several while keys are changed. Never the key itself. */
  readonly keyHash: string | readonly string[];
  /** For prices by tier. */
  readonly tier?: string;
}

export interface Identity {
  readonly id: string;
  readonly tier: string | undefined;
}

/** A new API key with 256 random bits, to be shown to the client once. */
export function createApiKey(): string {
  return `tw_${randomHex(32)}`;
}

/** What is kept of an API key. Only for keys of high entropy, as `createApiKey` makes them: it is quick. */
export async function hashApiKey(key: string): Promise<string> {
  return `sha256:${await sha256(key)}`;
}

/** The client with this key; nothing where nobody has it. */
export type FindClient = (key: string) => Promise<Identity | undefined>;

export async function clientsByKey(clients: readonly ApiClient[]): Promise<FindClient> {
  const blind = hmacOf(crypto.getRandomValues(new Uint8Array(32)));
  const found = new Map<string, Identity>();
  const ids = new Set<string>();
  for (const { id, keyHash, tier } of clients) {
    if (!/^[!-~]{1,128}$/.test(id) || id.startsWith("payer:")) {
      throw new TypeError(`\`${id}\` is no name for a client: up to 128 letters, and not \`payer:…\``);
    }
    if (ids.has(id)) throw new TypeError(`there are two clients named \`${id}\``);
    ids.add(id);
    for (const hash of [keyHash].flat()) {
      if (!/^sha256:[0-9a-f]{64}$/.test(hash)) throw new TypeError(`the key hash of \`${id}\` is none: use hashApiKey`);
      const place = await blind(hash);
      if (found.has(place)) throw new TypeError(`the key of \`${id}\` is another client's, too`);
      found.set(place, { id, tier });
    }
  }
  return async (key) => (key.length > 512 ? undefined : found.get(await blind(await hashApiKey(key))));
}

/** What a payer is called where no API key names the client. */
export function payerClient(payer: string): string {
  return `payer:${addressOf(payer)}`;
}

/** An address in one spelling: the letters of an EVM address mean the same in either case, those of Solana's do not. */
export function addressOf(text: string): string {
  return /^0x/i.test(text) ? text.toLowerCase() : text;
}
