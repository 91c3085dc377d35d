/** What proves an answer of the service, and the headers of it. */

import { hmacOf } from "../digest.ts";

const utf8 = new TextEncoder();

/** HMAC-SHA256 under the key's own text as UTF-8, in hex. What is given back may be a promise. */
export function hmacText(key: string, text: string): string | Promise<string> {
  return hmacOf(utf8.encode(key))(text);
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
