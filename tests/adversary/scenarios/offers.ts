/** What an offer says of who is paid, for how long, and in which form. The seller lies in the offer itself. */

import type { Offer } from "../../../examples/localnet/hostile.ts";
import { honest, offerV1, offerV2, withheld } from "../../../examples/localnet/traps.ts";
import { again, offered, served, textOf, toSeller, verbatim } from "../make.ts";
import type { Buying, BuyingStage, World } from "../scenario.ts";

const knownPayee = ({ seller }: World): object => ({ payees: { allow: [seller] } });
const pinned = (): object => ({ payees: { pin: "deny" } });

const bodyOf = (offer: Offer): { readonly accepts: readonly object[] } => {
  if (offer.kind !== "v1") throw new Error("an offer of version 1 was meant");
  return offer.body as { readonly accepts: readonly object[] };
};

export const OFFERS: readonly Buying[] = [
  {
    id: "T1",
    attack: "an injected offer asks for the money at the attacker's address",
    by: "network",
    side: "buyer",
    stoppedBy: ["payee_not_allowed"],
    policy: knownPayee,
    run: offered({}),
  },
  {
    id: "T1.pin",
    attack: "a seller that was paid before asks for its money elsewhere: its name leads to somebody else",
    by: "network",
    side: "buyer",
    stoppedBy: ["payee_changed"],
    policy: pinned,
    allowed: 10_000n,
    async run(stage) {
      await stage.buy(stage.sells(honest(toSeller(stage))));
      await stage.buy(stage.sells(honest(offerV2(stage.chain))));
    },
  },
  {
    id: "T3",
    attack: "the signature is good for ten years, and is used after a month",
    by: "seller",
    side: "buyer",
    stoppedBy: ["lifetime_too_long"],
    alone: true,
    async run(stage) {
      await stage.buy(stage.sells(withheld(offerV2(stage.chain, { maxTimeoutSeconds: 315_360_000 }))));
      await stage.chain.advance(2_592_000);
    },
  },
  {
    id: "R1",
    attack: "the lifetime is a text: the official client adds it as one, and signs for five thousand years",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_lifetime"],
    alone: true,
    async run(stage) {
      await stage.buy(stage.sells(withheld(offerV2(stage.chain, { maxTimeoutSeconds: "60" }))));
      await stage.chain.advance(2_592_000);
    },
  },
  {
    id: "T18",
    attack: "a key stands there twice: who checks reads the first payee, who signs reads the last",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_offer"],
    async run(stage) {
      const text = textOf(toSeller(stage)).replace(
        /"payTo":"[^"]*"/,
        (first) => `${first},"payTo":"${stage.attacker}"`,
      );
      await stage.buy(stage.sells(verbatim(text)));
    },
  },
  {
    id: "T18.size",
    attack: "two thousand entries; a hole of brackets, five hundred deep",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_offer"],
    async run(stage) {
      const { accepts, ...rest } = bodyOf(offerV1(stage.chain));
      const many = Array.from({ length: 2_000 }, () => accepts[0]);
      await stage.buy(stage.sells(honest({ kind: "v1", body: { ...rest, accepts: many } })));
      const deep = `${"[".repeat(500)}${"]".repeat(500)}`;
      const text = textOf(offerV2(stage.chain));
      await stage.buy(stage.sells(verbatim(text.replace('"extra":{', `"extra":{"x":${deep},`))));
    },
  },
  {
    id: "R4",
    attack: "the offer names the zero address: the money would be burnt",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_address"],
    async run(stage) {
      await stage.buy(stage.sells(withheld(offerV2(stage.chain, { payTo: `0x${"0".repeat(40)}` }))));
      for (const { signed } of stage.caught()) stage.exposed(BigInt(signed?.authorization.value ?? 0));
    },
  },
  {
    id: "R5",
    attack: "an extension has more signed than the payment: gas is sponsored by an allowance of everything",
    by: "seller",
    side: "buyer",
    stoppedBy: ["unsupported_extension"],
    async run(stage) {
      const { accepts, ...rest } = JSON.parse(textOf(offerV2(stage.chain))) as { accepts: object[] };
      const extensions = {
        erc20ApprovalGasSponsoring: { info: { description: "free gas", version: "1" }, schema: {} },
      };
      await stage.buy(stage.sells(verbatim(JSON.stringify({ ...rest, accepts, extensions }))));
    },
  },
  {
    id: "PH-02b",
    attack:
      "the offer says that it is the trusted seller's, and names the attacker's address (trusted wallets by `resource`)",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payee_not_allowed"],
    policy: knownPayee,
    async run(stage) {
      await stage.buy(stage.sells(honest(offerV2(stage.chain, {}, "https://trusted.example.com/goods"))));
    },
  },
  {
    id: "PH-02c",
    attack: "an offer that is refused names an address, so that the honest seller's is no longer the first",
    by: "network",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    policy: pinned,
    run: offered({ amount: "900000" }),
    async honest(stage) {
      await offered({ amount: "900000" })(stage);
      await served(await stage.pay(stage.sells(honest(toSeller(stage)))));
    },
  },
  {
    id: "PS-05b",
    attack: "a list of the only recipients is given, and somebody else is paid",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payee_not_allowed"],
    async run(stage) {
      const { allowOnlyPayees, blockAbove, policy } = stage.shipped;
      const origins = [stage.hostile.url];
      const choice = { policy: { ...policy(allowOnlyPayees(stage.seller), blockAbove("0.10")), origins } };
      const pay = await stage.another(choice);
      await stage.attempt(() => pay(stage.sells(honest(offerV2(stage.chain)))));
    },
  },
  {
    id: "PS-05c",
    attack: "a blocked address in other capitals",
    by: "seller",
    side: "buyer",
    stoppedBy: ["payee_blocked"],
    policy: ({ attacker }) => ({ payees: { block: [attacker.toLowerCase()] } }),
    async run(stage) {
      await offered({ payTo: stage.attacker })(stage);
      await offered({ payTo: stage.attacker.toLowerCase() })(stage);
    },
  },
  {
    id: "PS-04a",
    attack: "everything is denied but what a rule allows, and money is asked for all the same",
    by: "seller",
    side: "buyer",
    stoppedBy: ["not_allowed_by_rule"],
    policy: ({ seller }) => ({
      unmatched: "deny",
      rules: [{ name: "known", when: { payees: [seller] }, then: "allow" }],
    }),
    run: (stage: BuyingStage) => again(stage, stage.sells(honest(offerV2(stage.chain))), 2),
  },
];
