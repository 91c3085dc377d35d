/**
 * Ed25519 keys as C2SP's signed notes write them (`vkey` and `skey`, as Go's `sumdb/note` does), and the two things that
 * are done with them. The keys are WebCrypto's.
 */

import { base64Of, bytesOfBase64Url, hexOf } from "../encoding.ts";

const ED25519 = 1;
/** What comes before the 32 bytes of a seed in PKCS #8 (RFC 8410). */
const PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

export interface Signer {
  readonly name: string;
  /** The key that others verify with. */
  readonly vkey: string;
  /** A note: the text with its signature under it. */
  sign(text: string): Promise<string>;
}

/** A new pair. The `skey` is a secret: keep it where neither the agent nor the log's host can read it, if you can. */
export async function generateCheckpointKey(name: string): Promise<{ readonly skey: string; readonly vkey: string }> {
  checkName(name);
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const seed = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).slice(-32);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const id = hexOf(await keyId(name, raw));
  return {
    skey: `PRIVATE+KEY+${name}+${id}+${base64Of(Uint8Array.of(ED25519, ...seed))}`,
    vkey: `${name}+${id}+${base64Of(Uint8Array.of(ED25519, ...raw))}`,
  };
}

/** A signer from its `skey`. */
export async function checkpointSigner(skey: string): Promise<Signer> {
  const parts = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(skey.trim());
  const [, name = "", id = "", key = ""] = parts ?? [];
  const [kind, ...seed] = parts === null ? [] : bytesOf(key);
  if (kind !== ED25519 || seed.length !== 32) throw new Error("not the private key of a checkpoint signer");
  const pkcs8 = Uint8Array.of(...PKCS8, ...seed);
  const secret = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, true, ["sign"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", secret);
  const raw = bytesOfBase64Url(x) ?? new Uint8Array();
  if (hexOf(await keyId(name, raw)) !== id) throw new Error("the private key of the checkpoint signer is damaged");
  return {
    name,
    vkey: `${name}+${id}+${base64Of(Uint8Array.of(ED25519, ...raw))}`,
    async sign(text) {
      const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", secret, new TextEncoder().encode(text)));
      return `${text}\n\u2014 ${name} ${base64Of(Uint8Array.of(...(await keyId(name, raw)), ...signature))}\n`;
    },
  };
}

/** Whether one of the signatures (name, and key id with signature in hex) is this key's over this text. */
export async function verifyNote(
  vkey: string,
  text: string,
  signatures: readonly (readonly [string, string])[],
): Promise<boolean> {
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey.trim());
  const [, name = "", id = "", key = ""] = parts ?? [];
  const [kind, ...raw] = parts === null ? [] : bytesOf(key);
  if (kind !== ED25519 || raw.length !== 32 || hexOf(await keyId(name, Uint8Array.from(raw))) !== id) {
    throw new Error("not the public key of a checkpoint signer: expected `name+id+base64`");
  }
  const known = await crypto.subtle.importKey("raw", Uint8Array.from(raw), { name: "Ed25519" }, false, ["verify"]);
  for (const [signer, value] of signatures) {
    if (signer !== name || !value.startsWith(id)) continue;
    const signature = Uint8Array.from(value.slice(8).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    if (await crypto.subtle.verify("Ed25519", known, signature, new TextEncoder().encode(text))) return true;
  }
  return false;
}

/** The first four bytes of SHA-256 over name, line feed, kind and key. */
async function keyId(name: string, raw: Uint8Array): Promise<Uint8Array> {
  const bytes = Uint8Array.of(...new TextEncoder().encode(name), 0x0a, ED25519, ...raw);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 4);
}

function checkName(name: string): void {
  if (/^[^\s+]+$/u.test(name)) return;
  throw new Error(`a signer's name has no white space and no \`+\`: \`${name}\``);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
