/** The parts that scenarios are made of. */

import { authorizationTypes } from "@x402/evm";
import { keccak256, toHex } from "viem";
import { CHAIN_ID, USDC } from "../../examples/localnet/chain.ts";
import type { Offer, Trap } from "../../examples/localnet/hostile.ts";
import { honest, type Overrides, offerV2 } from "../../examples/localnet/traps.ts";
import { take } from "./books.ts";
import type { BuyingStage } from "./scenario.ts";

export { served } from "./buying.ts";

/** An offer of a cent to the honest seller, with these fields in place of its own. */
export const toSeller = (stage: BuyingStage, overrides: Overrides = {}, resource?: string): Offer =>
  offerV2(stage.chain, { payTo: stage.seller, ...overrides }, resource);

/** Asks once for what such an offer sells. The offer says what the overrides say, and pays the attacker if they don't. */
export const offered =
  (overrides: Overrides | ((stage: BuyingStage) => Overrides)) =>
  async (stage: BuyingStage): Promise<void> => {
    const fields = typeof overrides === "function" ? overrides(stage) : overrides;
    await stage.buy(stage.sells(honest(offerV2(stage.chain, fields))));
  };

/** The same call so many times, as an agent in a loop makes it. */
export async function again(stage: BuyingStage, url: string, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await stage.buy(url);
}

/** Goods of a cent at so many places, one after the other. */
export async function several(stage: BuyingStage, times: number, trap = honest(toSeller(stage))): Promise<void> {
  for (let n = 0; n < times; n++) await stage.buy(stage.sells(trap));
}

/** What a 402 of version 2 says, as text. */
export function textOf(offer: Offer): string {
  if (offer.kind !== "v2") throw new Error("an offer of version 2 was meant");
  return JSON.stringify(offer.required);
}

/** A 402 with exactly this text in its header, whatever it is; a payment is taken, and served. */
export const verbatim = (text: string): Trap => honest({ kind: "raw", header: Buffer.from(text).toString("base64") });

let nonces = 0;

/** A transfer of the agent's money, as whoever has its wallet in their hands asks it to sign, and takes. */
export async function transferBy(stage: BuyingStage, value: bigint): Promise<void> {
  const message = {
    from: stage.wallet.address,
    to: stage.attacker,
    value,
    validAfter: 0n,
    validBefore: 4_102_444_800n,
    nonce: keccak256(toHex(`adversary ${nonces++} ${Math.random()}`)),
  } as const;
  const signature = await stage.wallet.signTypedData({
    domain: { name: "USDC", version: "2", chainId: CHAIN_ID, verifyingContract: USDC },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message,
  } as never);
  const written = { ...message, value: String(value), validAfter: "0", validBefore: String(message.validBefore) };
  await take(stage.chain, written, signature);
}

/** The question that waits for people, if one does. */
export async function question(stage: BuyingStage): Promise<string | undefined> {
  const [first] = (await stage.control?.approvals.pending()) ?? [];
  return first?.id;
}

/** Alice says yes to whatever waits. */
export async function approved(stage: BuyingStage): Promise<void> {
  for (const { id } of (await stage.control?.approvals.pending()) ?? []) await stage.control?.approve(id, "alice");
}
