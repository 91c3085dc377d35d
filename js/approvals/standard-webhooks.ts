/**
 * Standard Webhooks (https://www.standardwebhooks.com), symmetric: `webhook-id`, `webhook-timestamp` in seconds, and
 * `webhook-signature`, a list of `v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`. Written here with the platform's
 * own HMAC: the npm library brings one in JavaScript, and base64 with it. The tests check the two against each other.
 */

import { base64Of, bytesOfBase64, hmac, hmacKey, isHmac } from "../encoding.ts";

/** How far a message's time may be off, in seconds. */
const TOLERANCE = 300;

/** `whsec_` and base64, as the specification writes secrets. Throws for anything else, or less than 16 bytes. */
export async function webhookKey(secret: string): Promise<CryptoKey> {
  const bytes = bytesOfBase64(secret.replace(/^whsec_/, ""));
  if (bytes === undefined || bytes.length < 16) {
    throw new Error("the webhook's secret has to be `whsec_` and base64 of 24 to 64 random bytes; 16 are the least");
  }
  return hmacKey(bytes);
}

/** A fresh secret: for whoever sets up a receiver. */
export function createWebhookSecret(): string {
  return `whsec_${base64Of(crypto.getRandomValues(new Uint8Array(32)))}`;
}

export async function signWebhook(
  key: CryptoKey,
  id: string,
  body: string,
  now: number,
): Promise<Readonly<Record<string, string>>> {
  const timestamp = String(Math.floor(now / 1_000));
  const mac = base64Of(await hmac(key, `${id}.${timestamp}.${body}`));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac}` };
}

/** Whether a message is signed with this key, in time. Any of several signatures will do: secrets are rotated that way. */
export async function isSignedWebhook(
  key: CryptoKey,
  headers: (name: string) => string | null | undefined,
  body: string,
  now: number,
): Promise<boolean> {
  const id = headers("webhook-id");
  const timestamp = headers("webhook-timestamp");
  const signatures = headers("webhook-signature");
  if (!id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1_000 - Number(timestamp)) > TOLERANCE) return false;
  for (const signature of signatures.split(" ").slice(0, 16)) {
    const [version, text = ""] = signature.split(",");
    const mac = version === "v1" ? bytesOfBase64(text) : undefined;
    if (mac !== undefined && (await isHmac(key, mac, `${id}.${timestamp}.${body}`))) return true;
  }
  return false;
}
