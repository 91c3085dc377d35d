/** Clients of a seller: one payment for many answers, money that is gone, work that is more than its price, caches. */

import { authorizationTypes } from "@x402/evm";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { CHAIN_ID, USDC } from "../../../examples/localnet/chain.ts";
import { take } from "../books.ts";
import type { Selling } from "../scenario.ts";
import { amountOf, paid, type SellingStage } from "../selling.ts";

/** A key without a name, with so many cents. */
async function somebody(stage: SellingStage, cents: bigint) {
  const account = privateKeyToAccount(generatePrivateKey());
  await stage.chain.mint(account.address, cents * 10_000n);
  return account;
}

export const SALES: readonly Selling[] = [
  {
    id: "F1",
    attack: "a payment made for one resource buys another of the same price",
    by: "client",
    side: "seller",
    stoppedBy: ["payment_bound_elsewhere"],
    async run(stage) {
      const shop = await stage.open({ handler: (_, response) => void response.send("as promised") });
      const header = await stage.sign(shop, "/a?item=cheap");
      // What the seller earns by is the dear one; the cheap one is worth nothing to it.
      const got = await stage.got(await shop.ask("/b?item=dear", paid(header)));
      if (got) stage.overcharged(10_000n);
    },
  },
  {
    id: "F2",
    attack: "ten copies of a payment at the same moment: the work is done ten times, and paid once",
    by: "client",
    side: "seller",
    stoppedBy: ["payment_in_flight", "payment_used"],
    async run(stage) {
      const shop = await stage.open({
        async handler(_, response) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          response.send("as promised");
        },
      });
      const header = await stage.sign(shop, "/a");
      const answers = await Promise.all(Array.from({ length: 10 }, () => shop.ask("/a", paid(header))));
      for (const answer of answers) await stage.got(answer);
    },
  },
  {
    id: "F3",
    attack: "six payments out of a purse with money for one",
    by: "client",
    side: "seller",
    stoppedBy: ["payment_unresolved", "payer_suspended"],
    // That a purse is empty shows when the money is taken: the work is done by then, for as many as came at once.
    allowed: 5,
    async run(stage) {
      const shop = await stage.open();
      const poor = await somebody(stage, 1n);
      const headers = [];
      for (let n = 0; n < 6; n++) headers.push(await stage.sign(shop, `/a?n=${n}`, {}, poor));
      const answers = await Promise.all(headers.map((header, n) => shop.ask(`/a?n=${n}`, paid(header))));
      for (const answer of answers) await stage.got(answer);
    },
    harmless: "neither delivers what it is not paid for; the work that is done for nothing is bounded in both",
  },
  {
    id: "F4",
    attack: "the money is moved away between verification and settlement, again and again",
    by: "client",
    side: "seller",
    stoppedBy: ["payer_suspended"],
    // So many failures until the payer is no longer served.
    allowed: 3,
    async run(stage) {
      const thief = await somebody(stage, 0n);
      let n = 0;
      const shop = await stage.open({
        gate: { breaker: { failureThreshold: 3 } },
        async handler(_, response) {
          await drained(stage, thief, n);
          response.send("as promised");
        },
      });
      for (; n < 8; n++) {
        await stage.chain.mint(thief.address, 10_000n);
        const header = await stage.sign(shop, `/a?n=${n}`, {}, thief);
        await stage.got(await shop.ask(`/a?n=${n}`, paid(header)));
        await drained(stage, thief, n);
      }
    },
  },
  {
    id: "F5",
    attack: "a flat price, and a request that is a hundred times the work",
    by: "client",
    side: "seller",
    stoppedBy: ["request_too_large", "priced_by_work"],
    async run(stage) {
      const price = ({ bodyBytes }: { readonly bodyBytes: number }): string =>
        `$${(0.001 * Math.max(1, bodyBytes)).toFixed(3)}`;
      const shop = await stage.open({ routes: { "POST /a": { price, maxRequestBytes: 100 } } });
      const init = { method: "POST", body: "x".repeat(50) };
      const owed = 50_000n;
      const wanted = await amountOf(await shop.ask("/a", init));
      if (wanted < owed) stage.overcharged(owed - wanted);
      else stage.stopped("priced_by_work");
      const huge = await shop.ask("/a", { method: "POST", body: "x".repeat(101) });
      await stage.got(huge);
    },
  },
  {
    id: "I-B",
    attack: "a payment that was seen on the way is presented by somebody else, who gets the goods",
    by: "network",
    side: "seller",
    stoppedBy: ["payment_bound_elsewhere"],
    async run(stage) {
      const { createApiKey, hashApiKey } = stage.shipped.gate;
      const [mine, theirs] = [createApiKey(), createApiKey()];
      const clients = [
        { id: "mine", keyHash: await hashApiKey(mine) },
        { id: "theirs", keyHash: await hashApiKey(theirs) },
      ];
      const shop = await stage.open({ gate: { clients } });
      const by = (key: string): RequestInit => ({ headers: { "x-api-key": key } });
      const header = await stage.sign(shop, "/a", by(mine));
      if (await stage.got(await shop.ask("/a", paid(header, by(theirs))))) stage.overcharged(10_000n);
    },
  },
  {
    id: "III",
    attack: "a cache between client and seller keeps what was paid for, and gives it to everybody",
    by: "network",
    side: "seller",
    stoppedBy: ["private"],
    harmless: "the official middleware adds `private` too, beside what the upstream says",
    async run(stage) {
      const shop = await stage.open({
        handler: (_, response) => void response.set("cache-control", "public, s-maxage=3600").send("as promised"),
      });
      const answer = await shop.ask("/a", paid(await stage.sign(shop, "/a")));
      const kept = answer.headers.get("cache-control") ?? "";
      await stage.got(answer);
      // What a shared cache may do by RFC 9111: it keeps what says `public`, and serves the next one from there.
      if (/public|s-maxage/.test(kept) && !/private|no-store/.test(kept)) {
        await stage.got(new Response("as promised", { status: 200 }));
      } else stage.stopped("private");
    },
  },
  {
    id: "T23",
    attack: "two payments in one request, of which the server reads one and a proxy the other",
    by: "client",
    side: "seller",
    stoppedBy: ["several_payments"],
    harmless: "the official middleware can't read two either",
    async run(stage) {
      const shop = await stage.open();
      const one = await stage.sign(shop, "/a");
      const two = await stage.sign(shop, "/b");
      const headers = new Headers([
        ["PAYMENT-SIGNATURE", one],
        ["PAYMENT-SIGNATURE", two],
      ]);
      await stage.got(await shop.ask("/a", { headers }));
    },
  },
];

/** Moves away what the thief has. */
async function drained(stage: SellingStage, thief: Awaited<ReturnType<typeof somebody>>, n: number): Promise<void> {
  const value = await stage.chain.balanceOf(thief.address);
  if (value === 0n) return;
  const nonce = `0x${(BigInt(n) + (BigInt(Date.now()) << 32n)).toString(16).padStart(64, "0")}` as const;
  const message = {
    from: thief.address,
    to: stage.attacker,
    value,
    validAfter: 0n,
    validBefore: 4_102_444_800n,
    nonce,
  };
  const signature = await thief.signTypedData({
    domain: { name: "USDC", version: "2", chainId: CHAIN_ID, verifyingContract: USDC },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message,
  });
  const written = { ...message, value: String(value), validAfter: "0", validBefore: "4102444800" };
  await take(stage.chain, written, signature);
}
