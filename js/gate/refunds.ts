/**
 * Money that moved without a delivery is owed back: a signed statement of that (an IOU) goes to the client and into the
 * record. Paying it back is a person's or a program's business; that it was done is taken down here. Disputes are kept on
 * the same record.
 */

import { plainBytes } from "../digest.ts";
import { bytesOfBase64Url, bytesOfHex, hexOf } from "../encoding.ts";
import type { Cells } from "./cells.ts";
import type { Iou, PaymentRecord, Refund } from "./records.ts";

export interface Signer {
  readonly key: string;
  sign(text: string): Promise<string>;
}

interface StoredKey {
  readonly seed: string;
  readonly key: string;
}

/**
 * The key for IOUs: the PKCS #8 of an Ed25519 key if one is given; else one that is drawn once and kept in the store, beside
 * what it speaks of.
 */
export async function iouSigner(cells: Cells, given?: Uint8Array): Promise<Signer> {
  if (given !== undefined) return signerOf(given, await publicOf(given));
  const found = await cells.read<StoredKey>("gate/iou-key");
  if (found.value !== undefined) return signerOf(bytesOfHex(found.value.seed), found.value.key);
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const seed = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const drawn = { seed: hexOf(seed), key: hexOf(await crypto.subtle.exportKey("raw", pair.publicKey)) };
  const { seed: kept, key } = (await cells.change<StoredKey>("gate/iou-key", (there) =>
    there === undefined ? { value: drawn, expires: null } : undefined,
  )) as StoredKey;
  return signerOf(bytesOfHex(kept), key);
}

async function signerOf(pkcs8: Uint8Array, key: string): Promise<Signer> {
  const secret = await crypto.subtle.importKey("pkcs8", plainBytes(pkcs8), "Ed25519", false, ["sign"]);
  return {
    key,
    sign: async (text) => hexOf(await crypto.subtle.sign("Ed25519", secret, plainBytes(text))),
  };
}

async function publicOf(pkcs8: Uint8Array): Promise<string> {
  const secret = await crypto.subtle.importKey("pkcs8", plainBytes(pkcs8), "Ed25519", true, ["sign"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", secret);
  return hexOf(bytesOfBase64Url(x) ?? new Uint8Array());
}

export async function owe(signer: Signer, record: PaymentRecord, reason: string, at: number): Promise<Refund> {
  const amount = record.charged ?? record.amount;
  const { id, payer, network, asset, transaction, route } = record;
  const statement = JSON.stringify({
    type: "tollwarden refund owed",
    version: 1,
    payment: id,
    payer: payer ?? null,
    network,
    asset,
    amount,
    transaction: transaction ?? null,
    route,
    reason,
    at: new Date(at).toISOString(),
  });
  return { amount, reason, at, iou: { statement, signature: await signer.sign(statement), key: signer.key } };
}

/** Whether this key has signed this statement. */
export async function verifyIou(iou: Iou, key: string): Promise<boolean> {
  if (iou.key !== key) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", bytesOfHex(key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, bytesOfHex(iou.signature), plainBytes(iou.statement));
  } catch {
    return false;
  }
}
