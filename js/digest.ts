/** SHA-256 and HMAC-SHA256: Node's own where it is there, since it answers at once; WebCrypto elsewhere. */

import { builtin } from "./builtin.ts";
import { hexOf } from "./encoding.ts";

type Bytes = string | Uint8Array;

interface Hashing {
  update(data: Bytes): Hashing;
  digest(encoding: "hex"): string;
}

interface NodeCrypto {
  createHash(name: "sha256"): Hashing;
  createHmac(name: "sha256", key: object): Hashing;
  createSecretKey(key: Uint8Array): object;
}

const node = builtin("node:crypto") as NodeCrypto | undefined;

/** In hex. */
export function sha256(data: Bytes): string | Promise<string> {
  if (node?.createHash !== undefined) return node.createHash("sha256").update(data).digest("hex");
  return crypto.subtle.digest("SHA-256", plainBytes(data)).then(hexOf);
}

/** In hex. */
export type Mac = (text: string) => string | Promise<string>;

export function hmacOf(key: Uint8Array): Mac {
  if (node?.createHmac !== undefined) {
    const secret = node.createSecretKey(key);
    return (text) => node.createHmac("sha256", secret).update(text).digest("hex");
  }
  const imported = crypto.subtle.importKey("raw", plainBytes(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  imported.catch(() => undefined);
  return async (text) => hexOf(await crypto.subtle.sign("HMAC", await imported, plainBytes(text)));
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  let differs = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) differs |= a.charCodeAt(i) ^ (b.charCodeAt(i % (b.length || 1)) || 0);
  return differs === 0;
}

/** So many random bytes, in hex. */
export function randomHex(length: number): string {
  return hexOf(crypto.getRandomValues(new Uint8Array(length)));
}

export function plainBytes(data: Bytes): Uint8Array<ArrayBuffer> {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
}
