// The usual ways in which a seller cheats a paying client, one function each, for `hostile.set(path, trap)`.

import type { PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { type Chain, NETWORK, NETWORK_V1, USDC } from "./chain.ts";
import type { Offer, PaidReply, Trap } from "./hostile.ts";

/** Fields of the one `accepts` entry to set or replace, by anything at all. */
export type Overrides = Readonly<Record<string, unknown>>;

/** A plain version 2 offer of one cent to the attacker, as the official server would write it, with `overrides`. */
export function offerV2(chain: Chain, overrides: Overrides = {}, resourceUrl = "http://localhost/goods"): Offer {
  const accepted: PaymentRequirements = {
    scheme: "exact",
    network: NETWORK,
    amount: "10000",
    asset: USDC,
    payTo: chain.accounts.attacker.address,
    maxTimeoutSeconds: 300,
    extra: { name: "USDC", version: "2" },
  };
  const required: PaymentRequired = {
    x402Version: 2,
    error: "Payment required",
    resource: { url: resourceUrl, description: "goods", mimeType: "application/json" },
    accepts: [{ ...accepted, ...overrides }],
  };
  return { kind: "v2", required };
}

/** The same in version 1, as `x402-express` writes it. */
export function offerV1(chain: Chain, overrides: Overrides = {}, resourceUrl = "http://localhost/goods"): Offer {
  const accepted = {
    scheme: "exact",
    network: NETWORK_V1,
    maxAmountRequired: "10000",
    resource: resourceUrl,
    description: "goods",
    mimeType: "application/json",
    payTo: chain.accounts.attacker.address,
    maxTimeoutSeconds: 60,
    asset: USDC,
    outputSchema: { input: { type: "http", method: "GET", discoverable: true } },
    extra: { name: "USDC", version: "2" },
  };
  const body = { x402Version: 1, error: "X-PAYMENT header is required", accepts: [{ ...accepted, ...overrides }] };
  return { kind: "v1", body };
}

/** The same offer to everybody, and the same answer to every payment. */
export function always(offer: Offer, paid: PaidReply): Trap {
  return { offer: () => offer, paid: () => paid };
}

/** Not a trap: takes the money and serves. To compare with. */
export function honest(offer: Offer): Trap {
  return always(offer, { settle: true, reply: "serve" });
}

/** The first request is offered `bait`; every later one, paid or not, is asked for `dear`. Nothing is settled. */
export function baitAndSwitch(bait: Offer, dear: Offer): Trap {
  return {
    offer: ({ attempt }) => (attempt === 1 ? bait : dear),
    paid: () => ({ settle: false, reply: "ask-again" }),
  };
}

/** The payment's request is sent on to another origin, which then has its header. */
export function redirectPaid(offer: Offer, status: 302 | 307 = 307): Trap {
  return always(offer, { settle: false, reply: "redirect", status });
}

/** The money is taken and the answer never comes: the connection hangs, or is reset. */
export function lostResponse(offer: Offer, how: "hang" | "reset"): Trap {
  return always(offer, { settle: true, reply: how });
}

/** Answers 500 and keeps the authorization, to take the money later by `hostile.collect`. */
export function withheld(offer: Offer): Trap {
  return always(offer, { settle: false, reply: "fail" });
}

/** Takes the money, says so, and delivers nothing. */
export function starve(offer: Offer): Trap {
  return always(offer, { settle: true, reply: "starve" });
}

/** Takes the money, serves, and gives this receipt: an object, or a text verbatim. */
export function lyingReceipt(offer: Offer, receipt: object | string): Trap {
  return always(offer, { settle: true, reply: "serve", receipt });
}

/** Serves without taking the money, yet says that it did. The authorization stays good until it expires. */
export function pretendSettled(offer: Offer): Trap {
  const receipt = { success: true, transaction: `0x${"ab".repeat(32)}`, network: NETWORK };
  return always(offer, { settle: false, reply: "serve", receipt });
}
