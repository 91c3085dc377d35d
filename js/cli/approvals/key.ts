/** `tollwarden approvals key`: a key for an approver, and the lines of the policy that make it known. */

import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";

/** Writes a new private key, never over an old one; gives the policy's lines. */
export function createKey(path: string, approver: string): string {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(path, pem, { mode: 0o600, flag: "wx" });
  const { x = "" } = publicKey.export({ format: "jwk" });
  const hex = Buffer.from(x, "base64url").toString("hex");
  return `[[approvals.keys]]\napprover = ${JSON.stringify(approver)}\ned25519 = "${hex}"`;
}
