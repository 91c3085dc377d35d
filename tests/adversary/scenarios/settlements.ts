/** What a seller is told of its money: settlements that never were, that are told twice, too late, or for nothing. */

import { NETWORK } from "../../../examples/localnet/chain.ts";
import { take } from "../books.ts";
import type { Selling } from "../scenario.ts";
import { amountOf, honestSale, paid, type SellingStage } from "../selling.ts";

/** A facilitator that says it was settled, and moves nothing. */
function liar(stage: SellingStage) {
  const said = { success: true, transaction: `0x${"0".repeat(64)}`, network: NETWORK } as const;
  return {
    verify: stage.facilitator.verify,
    getSupported: () => stage.facilitator.getSupported(),
    settle: async () => said,
  };
}

/** A facilitator that answers a settlement it has made before with the same success, as one that is idempotent does. */
function forgetful(stage: SellingStage) {
  const settled = new Map<string, object>();
  return {
    verify: async (payment: { readonly payload: { readonly authorization: { readonly from: string } } }) => ({
      isValid: true,
      payer: payment.payload.authorization.from,
    }),
    getSupported: () => stage.facilitator.getSupported(),
    async settle(payment: { readonly payload: unknown }, requirements: never) {
      const key = JSON.stringify(payment.payload);
      const answer = settled.get(key) ?? (await stage.facilitator.settle(payment as never, requirements));
      settled.set(key, answer);
      return answer;
    },
  };
}

export const SETTLEMENTS: readonly Selling[] = [
  {
    id: "PX-01a",
    attack: "a price that is not a whole number of units is stored a unit low, in the client's favour",
    by: "client",
    side: "seller",
    stoppedBy: ["rounded_up"],
    async run(stage) {
      const shop = await stage.open({ routes: { "GET /a": { price: "$0.0100009" } } });
      const wanted = await amountOf(await shop.ask("/a"));
      if (wanted < 10_001n) stage.overcharged(10_001n - wanted);
      else stage.stopped("rounded_up");
    },
  },
  {
    id: "I-A",
    attack: "the goods are granted on a facilitator's word, and the chain has no settlement",
    by: "facilitator",
    side: "seller",
    stoppedBy: ["payment_unresolved"],
    // The work is done before the money is taken; nothing of it is given.
    allowed: 1,
    async run(stage) {
      const shop = await stage.open({
        facilitator: liar(stage) as never,
        gate: {
          confirm: async ({ transaction }) => {
            const found = await stage.chain.client.getTransactionReceipt({ hash: transaction as `0x${string}` });
            return found.status === "success";
          },
        },
      });
      const header = await stage.sign(shop, "/a");
      if (await stage.got(await shop.ask("/a", paid(header)))) stage.overcharged(10_000n);
    },
  },
  {
    id: "II",
    attack: "one payment is presented twenty times, and its facilitator says the same to each (PS-01b, PS-04b)",
    by: "client",
    side: "seller",
    stoppedBy: ["payment_used", "payment_in_flight"],
    async run(stage) {
      const shop = await stage.open({ facilitator: forgetful(stage) as never });
      const header = await stage.sign(shop, "/a");
      for (let n = 0; n < 20; n++) await stage.got(await shop.ask("/a", paid(header)));
    },
  },
  {
    id: "R17",
    attack: "a seller's own check throws: its hook fails open, and the request is served",
    by: "client",
    side: "seller",
    stoppedBy: ["store_unavailable"],
    async run(stage) {
      let broken = false;
      const store = stage.shipped.memoryStore();
      const fails = async (): Promise<never> => {
        throw new Error("the list of customers can't be read");
      };
      const shop = await stage.open({
        stock: (server) => void server.onBeforeVerify(fails),
        gate: {
          store: {
            ...store,
            load: (keys) => (broken ? fails() : store.load(keys)),
            commit: (commit) => (broken ? fails() : store.commit(commit)),
          },
        },
      });
      const header = await stage.sign(shop, "/a");
      broken = true;
      // Nobody may buy whom the seller can't check.
      if (await stage.got(await shop.ask("/a", paid(header)))) stage.overcharged(10_000n);
      broken = false;
    },
  },
  {
    id: "R18",
    attack: "the client is charged, the upstream answers 500, and nobody owes anything",
    by: "seller",
    side: "seller",
    stoppedBy: ["owed"],
    async run(stage) {
      const routes = { "GET /a": { take: "before" } };
      const shop = await stage.open({
        routes,
        handler: (_, response) => void response.status(500).send("broken"),
        stock: (server) => void server.onBeforeVerify(async () => undefined),
      });
      const header = stage.guarded ? await stage.sign(shop, "/a") : await upfront(stage, shop.url);
      const before = await stage.chain.balanceOf(stage.seller);
      await stage.got(await shop.ask("/a", paid(header)));
      if (!stage.guarded) await settledBefore(stage, header);
      const charged = (await stage.chain.balanceOf(stage.seller)) - before;
      const [books] = (await shop.gate?.books()) ?? [];
      const owed = BigInt(books?.owed ?? 0);
      if (charged > owed) stage.overcharged(charged - owed);
      else if (owed > 0n) stage.stopped("owed");
    },
  },
  {
    id: "R19",
    attack: "the facilitator's answer is lost after it took the money: the client pays again, for one answer",
    by: "facilitator",
    side: "seller",
    stoppedBy: ["payment_unresolved", "payment_used"],
    harmless: "neither delivers; what tollwarden adds is a book of what is not resolved",
    async run(stage) {
      const shop = await stage.open({
        facilitator: {
          ...liar(stage),
          async settle(payment: never, requirements: never) {
            await stage.facilitator.settle(payment, requirements);
            throw new Error("socket hang up");
          },
        } as never,
      });
      const header = await stage.sign(shop, "/a");
      for (let n = 0; n < 3; n++) await stage.got(await shop.ask("/a", paid(header)));
    },
    honest: honestSale,
  },
];

const upfront = (stage: SellingStage, url: string): Promise<string> =>
  stage.sign({ url, gate: undefined, ask: (path, init) => fetch(url + path, init) }, "/a");

/** A seller that settles before it asks its upstream, as some do (Proxy402, `paymentFlow: upfront`). */
async function settledBefore(stage: SellingStage, header: string): Promise<void> {
  const { payload } = JSON.parse(Buffer.from(header, "base64").toString());
  await take(stage.chain, payload.authorization, payload.signature);
}
