/** What an offer says of the money: how much, in units of what, of which token, and at which price before. */

import { honest, offerV1, offerV2, withheld } from "../../../examples/localnet/traps.ts";
import { GEM } from "../books.ts";
import { offered, served, several, textOf, toSeller, verbatim } from "../make.ts";
import type { Buying } from "../scenario.ts";

export const AMOUNTS: readonly Buying[] = [
  {
    id: "T6",
    attack: "amounts as a number, in a list, with leading zeros",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_amount"],
    async run(stage) {
      for (const amount of [90_000, ["90000"], "0090000"]) await offered({ amount })(stage);
    },
  },
  {
    id: "T6.decimals",
    attack: "a price meant for a token of 18 decimals, in one of 6",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    loose: true,
    run: offered({ amount: "900000000" }),
  },
  {
    id: "T7",
    attack: "another token of the agent's, under the name of USDC",
    by: "seller",
    side: "buyer",
    stoppedBy: ["unknown_asset"],
    loose: true,
    run: offered({ asset: GEM, amount: "500000000" }),
  },
  {
    id: "T8",
    attack: "the dearest entry stands first, where the official client takes it",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    allowed: 10_000n,
    async run(stage) {
      const cheap = toSeller(stage);
      const text = textOf(cheap);
      const { accepts, ...rest } = JSON.parse(text) as { accepts: object[] };
      const offer = { ...rest, accepts: [{ ...accepts[0], amount: "900000" }, ...accepts] };
      const url = stage.sells(verbatim(JSON.stringify(offer)));
      const judged = await stage.warden?.check({ url, offer });
      for (const { reason, rules } of judged?.refused ?? []) stage.stopped(reason, rules);
      await stage.buy(url);
    },
  },
  {
    id: "T12",
    attack: "the price rises by a little each time",
    by: "seller",
    side: "buyer",
    stoppedBy: ["price_drift"],
    policy: () => ({ prices: { max_drift_percent: 10 } }),
    allowed: 31_500n,
    async run(stage) {
      const prices = ["10000", "10500", "11000", "11600", "12200"];
      const url = stage.sells({
        offer: ({ attempt }) => toSeller(stage, { amount: prices[Math.floor((attempt - 1) / 2)] ?? "13000" }),
        paid: () => ({ settle: true, reply: "serve" }),
      });
      for (const _ of prices) await stage.buy(url);
    },
  },
  {
    id: "R2",
    attack: "version 1, with a decoy `amount` beside the field that is signed",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    loose: true,
    async run(stage) {
      await stage.buy(stage.sells(honest(offerV1(stage.chain, { amount: "1", maxAmountRequired: "900000" }))));
    },
    async honest(stage) {
      await served(await stage.pay(stage.sells(honest(offerV1(stage.chain, { payTo: stage.seller })))));
    },
  },
  {
    id: "R3",
    attack: "a chain id with a leading zero: the same chain, and no table knows its tokens",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_network"],
    loose: true,
    run: offered({ network: "eip155:084532", amount: "5000000" }),
  },
  {
    id: "XF-01",
    attack:
      "an amount of NaN, a negative one and a text that is glued on, to upset the sum of a budget (PS-02a, PS-02b, PS-02c)",
    by: "seller",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => ({ budgets: [{ name: "daily", limit_usd: "0.02", window: "24h" }] }),
    allowed: 20_000n,
    async run(stage) {
      for (const amount of ["NaN", "-5000000", "0x10", "1e3", " 1", "１"]) await offered({ amount })(stage);
      await several(stage, 4);
    },
  },
  {
    id: "PS-02f",
    attack: "an amount above what a float can count",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    loose: true,
    async run(stage) {
      await stage.buy(stage.sells(withheld(offerV2(stage.chain, { amount: "9007199254740993" }))));
      for (const { signed } of stage.caught()) stage.exposed(BigInt(signed?.authorization.value ?? 0));
    },
  },
  {
    id: "PS-03a",
    attack: "a price that a checker of version 1 reads as nothing, ten times",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    async run(stage) {
      for (let n = 0; n < 10; n++) await offered({ amount: "900000", maxAmountRequired: "0" })(stage);
    },
  },
  {
    id: "PH-05",
    attack: "version 1 in another token; and the honest cent of version 1 is not read as ten thousand dollars",
    by: "seller",
    side: "buyer",
    stoppedBy: ["unknown_asset"],
    loose: true,
    async run(stage) {
      await stage.buy(stage.sells(honest(offerV1(stage.chain, { asset: GEM, maxAmountRequired: "5000000" }))));
    },
    async honest(stage) {
      await served(await stage.pay(stage.sells(honest(offerV1(stage.chain, { payTo: stage.seller })))));
    },
  },
  {
    id: "PH-06",
    attack: "an amount of `1e-30000000`: priced at nothing, after all memory was used for it",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_amount"],
    harmless: "the official client can't read it, and throws",
    run: offered({ amount: "1e-30000000" }),
  },
  {
    id: "S4-02",
    attack: "a token that calls itself USDC in every field that it has",
    by: "seller",
    side: "buyer",
    stoppedBy: ["unknown_asset"],
    policy: () => ({
      payment: { max_usd: "0.10", assets: ["eip155:84532/0x036CbD53842c5426634e7929541eC2318f3dCF7e"] },
    }),
    loose: true,
    run: offered({ asset: GEM, amount: "10000", extra: { name: "USDC", version: "2", symbol: "USDC", decimals: 6 } }),
  },
  {
    id: "PH-02d",
    attack: "a dear offer that is refused becomes the price that others are compared with",
    by: "seller",
    side: "buyer",
    stoppedBy: ["price_drift"],
    policy: () => ({ prices: { max_drift_percent: 10 } }),
    allowed: 10_000n,
    async run(stage) {
      const prices = ["900000", "10000", "50000"];
      let next = 0;
      const url = stage.sells({
        offer: () => toSeller(stage, { amount: prices[next] ?? "50000" }),
        paid: () => ({ settle: true, reply: "serve" }),
      });
      for (; next < prices.length; next++) await stage.buy(url);
    },
  },
];
