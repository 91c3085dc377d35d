/** People who approve, and those who would like to be taken for them. */

import { generateKeyPairSync } from "node:crypto";
import { honest } from "../../../examples/localnet/traps.ts";
import { approved, question, served, toSeller } from "../make.ts";
import type { Buying, BuyingStage } from "../scenario.ts";

/** From half a cent on Alice decides; or two of three. */
const asked =
  (more: object = {}) =>
  (): object => ({
    payment: { max_usd: "0.10", approve_from_usd: "0.005" },
    approvals: { approvers: ["alice"], ...more },
  });

const goods = (stage: BuyingStage): string => stage.sells(honest(toSeller(stage)));

/** Asked for, approved, and paid. */
async function approvedPurchase(stage: BuyingStage): Promise<void> {
  const url = goods(stage);
  await stage.buy(url);
  await approved(stage);
  await served(await stage.pay(url));
}

/** What waits, answered by somebody; what is said to them stops it. */
async function answeredBy(stage: BuyingStage, ...approvers: readonly string[]): Promise<void> {
  for (const { id } of (await stage.control?.approvals.pending()) ?? []) {
    for (const approver of approvers) {
      const outcome = await stage.control?.approve(id, approver);
      if (outcome?.ok === false && outcome.reason != null) stage.stopped(outcome.reason);
    }
  }
}

/** Alice's key: the policy knows its public half. */
const ALICE = ((): { readonly publicKey: string; readonly pem: string } => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return { publicKey: raw.toString("hex"), pem: String(privateKey.export({ format: "pem", type: "pkcs8" })) };
})();

/** Alice's own signature under the first question that waits. */
async function signedByAlice(stage: BuyingStage): Promise<object> {
  const [first] = (await stage.control?.approvals.pending()) ?? [];
  if (first === undefined) return {};
  const { countersign, readApproverKey } = stage.shipped.approvals;
  const statement = { verb: "approve", digest: first.digest, approver: "alice" } as const;
  return countersign(await readApproverKey(ALICE.pem), statement);
}

export const PEOPLE: readonly Buying[] = [
  {
    id: "T15",
    attack: "the agent approves its own payment",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["not_an_approver"],
    policy: asked(),
    async run(stage) {
      const url = goods(stage);
      await stage.buy(url);
      if (!stage.guarded) return;
      await answeredBy(stage, "researcher", "mallory");
      await stage.buy(url);
    },
    honest: approvedPurchase,
  },
  {
    id: "T15.later",
    attack: "approved at a cent, and nine times as dear when it is paid",
    by: "seller",
    side: "buyer",
    stoppedBy: ["approval_required"],
    policy: asked(),
    async run(stage) {
      const url = stage.sells({
        offer: ({ attempt }) => toSeller(stage, { amount: attempt === 1 ? "10000" : "90000" }),
        paid: () => ({ settle: true, reply: "serve" }),
      });
      await stage.buy(url);
      await approved(stage);
      await stage.buy(url);
    },
    allowed: 0n,
    honest: approvedPurchase,
  },
  {
    id: "PH-08g",
    attack: "an approval is used again, for the same thing",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["approval_required"],
    policy: asked(),
    allowed: 10_000n,
    async run(stage) {
      const url = goods(stage);
      await stage.buy(url);
      await approved(stage);
      for (let n = 0; n < 3; n++) await stage.buy(url);
    },
    honest: approvedPurchase,
  },
  {
    id: "PH-08f",
    attack: "two have to approve, and one does so twice",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["approval_required"],
    policy: asked({ approvers: ["alice", "bob"], threshold: 2 }),
    async run(stage) {
      const url = goods(stage);
      await stage.buy(url);
      if (!stage.guarded) return;
      await answeredBy(stage, "alice", "alice", "Alice");
      await stage.buy(url);
    },
    async honest(stage) {
      const url = goods(stage);
      await stage.buy(url);
      await answeredBy(stage, "alice", "bob");
      await served(await stage.pay(url));
    },
  },
  {
    id: "PH-08b",
    attack: "a signature for a small payment is shown for a large one, and for another approver (PH-08c)",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["bad_countersignature"],
    policy: () => ({ ...asked({ keys: [{ approver: "alice", ed25519: ALICE.publicKey }] })() }),
    allowed: 10_000n,
    async run(stage) {
      const small = goods(stage);
      await stage.buy(small);
      const asking = await question(stage);
      const signature = await signedByAlice(stage);
      const large = stage.sells(honest(toSeller(stage, { amount: "90000" })));
      await stage.buy(large);
      for (const { id } of (await stage.control?.approvals.pending()) ?? []) {
        const outcome = await stage.control?.approve(id, "alice", signature);
        // It is good for what it was made for.
        if (outcome?.ok !== (id === asking)) stage.exposed(90_000n);
        if (outcome?.ok === false && outcome.reason != null) stage.stopped(outcome.reason);
      }
      if (!stage.guarded) return;
      await stage.buy(large);
      await stage.buy(small);
    },
    async honest(stage) {
      const url = goods(stage);
      await stage.buy(url);
      const signature = await signedByAlice(stage);
      for (const { id } of (await stage.control?.approvals.pending()) ?? []) {
        await stage.control?.approve(id, "alice", signature);
      }
      await served(await stage.pay(url));
    },
  },
  {
    id: "PH-08a",
    attack: 'an approver\'s answer is the text "false", or an error page, or nothing (S4-01)',
    by: "network",
    side: "buyer",
    stoppedBy: ["approval_not_sent"],
    policy: asked(),
    async run(stage) {
      const policy = { origins: [stage.hostile.url], ...asked()() };
      const answers: readonly unknown[] = [
        { approved: "false" },
        { approved: 1 },
        "approved",
        {},
        null,
        "<html>500</html>",
      ];
      for (const answer of answers) {
        const pay = await stage.another({ policy, onApproval: async () => answer });
        await stage.attempt(() => pay(goods(stage)));
      }
    },
    honest: approvedPurchase,
  },
  {
    id: "T15.tired",
    attack: "so many questions that somebody says yes to be rid of them",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["too_many_prompts"],
    policy: asked({ max_prompts_per_agent: 3 }),
    async run(stage) {
      for (let n = 0; n < 8; n++) await stage.buy(goods(stage));
      // Whoever is tired approves the last one.
      const waiting = (await stage.control?.approvals.pending()) ?? [];
      if (waiting.length > 3) stage.exposed(10_000n);
    },
    honest: approvedPurchase,
  },
];
