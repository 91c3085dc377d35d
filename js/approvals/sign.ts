/**
 * Countersignatures: an approver, or a machine that stands for one, proves an answer with a key that the agent can't
 * read. The core checks it; here it is made.
 */

import { hexOf } from "../encoding.ts";

/** What a key is for: `crypto.subtle` signs with it, and nothing reads it back. */
export interface ApproverKey {
  readonly kind: "ed25519" | "hmac";
  readonly key: CryptoKey;
}

/** What is answered. `unfreeze` takes the digest of the freeze. */
export interface Statement {
  readonly verb: "approve" | "reject" | "unfreeze";
  /** The digest of what is asked: `decision.approval.digest`, or that of an approval's view. */
  readonly digest: string;
  readonly approver: string;
}

export interface Countersignature {
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  /** Lower-case hex. */
  readonly signature: string;
}

const utf8 = new TextEncoder();

/** A key from a file's text: an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`), or the secret of an HMAC. */
export async function readApproverKey(text: string | Uint8Array): Promise<ApproverKey> {
  const read = typeof text === "string" ? text : new TextDecoder().decode(text);
  const pem = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(read);
  if (pem !== null) {
    const der = Uint8Array.from(atob((pem[1] ?? "").replace(/\s/g, "")), (char) => char.charCodeAt(0));
    return { kind: "ed25519", key: await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]) };
  }
  if (read.includes("-----BEGIN")) throw new Error("the key is in PEM, but no unencrypted Ed25519 `PRIVATE KEY`");
  const secret = typeof text === "string" ? utf8.encode(text.replace(/\r?\n$/, "")) : new Uint8Array(text);
  if (secret.length < 16) throw new Error(`the secret has ${secret.length} bytes, and 16 are the least`);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return { kind: "hmac", key: await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]) };
}

/** Signs an answer. It is good for this question, this answer and this approver, for a few minutes. */
export async function countersign(key: ApproverKey, of: Statement, now = Date.now()): Promise<Countersignature> {
  const signedAt = Math.floor(now);
  // As `statement` in src/approval/proof.rs has it.
  const text = `tollwarden 1\n${of.verb}\n${of.digest}\n${signedAt}\n${of.approver}`;
  const bytes = await crypto.subtle.sign(key.kind === "hmac" ? "HMAC" : "Ed25519", key.key, utf8.encode(text));
  return { signedAt, signature: hexOf(bytes) };
}
