/**
 * Signed payments that were sent, for as long as they can be used: while nobody knows what became of one, it can be
 * presented again, and no second one is signed. They are bearer instruments, so they are kept in this process's memory;
 * and in the store only where a key is given, encrypted with AES-GCM. They go when the payment is settled, when the
 * signature runs out, and when the warden closes. Nothing here is ever logged, or put into an error.
 */

import { WardenUnavailable } from "./errors.ts";
import type { Store } from "./stores/store.ts";
import { base64OfBytes } from "./x402/wire.ts";

/** As many are kept in memory; of more, the oldest go first. */
const MOST = 1_000;

/** A signed payment, and the request that it was sent with. */
export interface Kept {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  /** SHA-256 of the request's body, in hex. */
  readonly bodyDigest: string | undefined;
  /** The header that carries the payment: its name, and its value. */
  readonly header: readonly [name: string, value: string];
  /** From then on it can't be used, in milliseconds since the epoch. */
  readonly until: number;
  readonly amount: string;
  readonly asset: string;
  readonly payee: string;
}

export interface Vault {
  /** Resolves whatever becomes of it: a payment that can't be kept is sent all the same. */
  keep(payment: Kept): Promise<void>;
  find(id: string): Promise<Kept | undefined>;
  drop(id: string): Promise<void>;
  /** Forgets what is in memory. */
  clear(): void;
}

export interface VaultOptions {
  readonly store: Store;
  readonly now: () => number;
  /** 32 bytes, or a key for AES-GCM. */
  readonly key?: Uint8Array | CryptoKey | undefined;
}

const cellOf = (id: string): string => `~kept/${encodeURIComponent(id)}`;

export function createVault({ store, now, key }: VaultOptions): Vault {
  const kept = new Map<string, Kept>();
  checkKey(key);
  const imported = key === undefined ? undefined : importKey(key);
  // Told when it is used, and not as a rejection that nobody handles.
  imported?.catch(() => undefined);

  function purge(): void {
    const at = now();
    for (const [id, { until }] of kept) if (until <= at || kept.size > MOST) kept.delete(id);
  }

  return {
    async keep(payment) {
      if (payment.until <= now()) return;
      kept.set(payment.id, payment);
      purge();
      if (imported === undefined) return;
      try {
        const value = await seal(await imported, payment);
        const write = [{ key: cellOf(payment.id), value, expires: payment.until }];
        await store.commit({ read: [], write });
      } catch {
        // It is in memory still. The payment matters more than a copy of it.
      }
    },
    async find(id) {
      purge();
      const here = kept.get(id);
      if (here !== undefined || imported === undefined) return here;
      const [cell] = await store.load([cellOf(id)]);
      if (cell?.value == null) return undefined;
      const found = await open(await imported, id, cell.value);
      return found !== undefined && found.until > now() ? found : undefined;
    },
    async drop(id) {
      kept.delete(id);
      if (imported === undefined) return;
      await store.commit({ read: [], write: [{ key: cellOf(id), value: null, expires: null }] }).catch(() => undefined);
    },
    clear: () => kept.clear(),
  };
}

/** Told when the warden opens: with a key that can't encrypt, nothing would be kept, and nobody would know. */
function checkKey(key: Uint8Array | CryptoKey | undefined): void {
  if (key === undefined) return;
  if (key instanceof Uint8Array) {
    if (key.length === 32) return;
    throw new WardenUnavailable("bad_key", `\`keepKey\` has ${key.length} bytes, not 32`);
  }
  const { algorithm, usages }: Partial<CryptoKey> = key ?? {};
  const uses = ["encrypt", "decrypt"] as const;
  if (algorithm?.name === "AES-GCM" && uses.every((use) => usages?.includes(use))) return;
  throw new WardenUnavailable("bad_key", "`keepKey` is neither 32 bytes nor a `CryptoKey` for AES-GCM, both ways");
}

async function importKey(key: Uint8Array | CryptoKey): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key;
  return crypto.subtle.importKey("raw", new Uint8Array(key), "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function seal(key: CryptoKey, payment: Kept): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const algorithm = { name: "AES-GCM", iv, additionalData: bytes(payment.id) };
  const sealed = await crypto.subtle.encrypt(algorithm, key, bytes(JSON.stringify(payment)));
  return `${base64OfBytes(iv)}.${base64OfBytes(new Uint8Array(sealed))}`;
}

/** What was kept; nothing where the key is another one, or the cell is another payment's. */
async function open(key: CryptoKey, id: string, value: string): Promise<Kept | undefined> {
  try {
    const [iv = "", sealed = ""] = value.split(".");
    const algorithm = { name: "AES-GCM", iv: bytesOfBase64(iv), additionalData: bytes(id) };
    const plain = await crypto.subtle.decrypt(algorithm, key, bytesOfBase64(sealed));
    return JSON.parse(new TextDecoder().decode(plain)) as Kept;
  } catch {
    return undefined;
  }
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
