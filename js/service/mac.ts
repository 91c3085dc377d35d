/**
 * SHA-256 and its HMAC. Node's own are at hand at once; WebCrypto, where there is nothing else, takes a trip to another
 * thread for each. What is given back may be a promise, so that callers await it.
 */

import { builtin } from "../builtin.ts";
import { hexOf, hmac, hmacKey } from "../encoding.ts";

type Later<T> = T | Promise<T>;

interface NodeCrypto {
  /** In one step; not in every release. */
  hash?(name: "sha256", text: string): string;
  createHash(name: "sha256"): { update(text: string): { digest(as: "hex"): string } };
  createHmac(name: "sha256", key: string): { update(text: string): { digest(as: "hex"): string } };
}

const node = builtin("node:crypto") as NodeCrypto | undefined;
const utf8 = new TextEncoder();

/** Of the text's UTF-8, in hex. */
export function sha256(text: string): Later<string> {
  if (node?.hash !== undefined) return node.hash("sha256", text);
  if (node !== undefined) return node.createHash("sha256").update(text).digest("hex");
  return crypto.subtle.digest("SHA-256", utf8.encode(text)).then(hexOf);
}

/** Under the key's own text as UTF-8, in hex. */
export function hmacText(key: string, text: string): Later<string> {
  if (node !== undefined) return node.createHmac("sha256", key).update(text).digest("hex");
  return hmacKey(utf8.encode(key))
    .then((imported) => hmac(imported, text))
    .then(hexOf);
}

/** Compares texts of the same length in the same time, wherever they differ. */
export function same(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let differs = 0;
  for (let at = 0; at < one.length; at++) differs |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return differs === 0;
}

export function randomHex(bytes: number): string {
  if (bytes === 16) return crypto.randomUUID().replaceAll("-", "");
  return hexOf(crypto.getRandomValues(new Uint8Array(bytes)));
}

/**
 * What is signed of an answer: the caller's nonce, what was asked, and all that was answered. An old answer, one to
 * another question, and one by somebody who does not know the key's last part are told by it.
 */
export function answerText(
  nonce: string,
  asked: { readonly method: string; readonly target: string },
  answer: { readonly status: number; readonly body: string },
): string {
  return `tollwarden answer 1\n${nonce}\n${asked.method} ${asked.target}\n${answer.status}\n${answer.body}`;
}

/** The headers of it. */
export const NONCE = "tollwarden-nonce";
export const MAC = "tollwarden-mac";
/** The policy's hash: a caller that sees another one asks again what it is. */
export const POLICY = "tollwarden-policy";
