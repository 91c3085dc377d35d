/** Parts that fail, or are set up wrongly: the store, what is asked about a payee, the audit log, the policy itself. */

import { honest, offerV2 } from "../../../examples/localnet/traps.ts";
import { toSeller } from "../make.ts";
import type { Buying, BuyingStage, WardenChoice } from "../scenario.ts";

const goods = (stage: BuyingStage): string => stage.sells(honest(offerV2(stage.chain)));

/** Tries to buy from the attacker with an agent that is set up so; where it doesn't open, nothing is bought. */
const withAgent =
  (choice: (stage: BuyingStage) => WardenChoice, times = 1) =>
  async (stage: BuyingStage): Promise<void> => {
    const pay = await stage.attempt(() => stage.another(choice(stage)));
    for (let n = 0; n < times && pay !== undefined; n++) await stage.attempt(() => pay(goods(stage)));
  };

const local = (stage: BuyingStage, more: object = {}): object => ({
  origins: [stage.hostile.url],
  payment: { max_usd: "0.10" },
  ...more,
});

/** Policies of which each says something that can't be meant, or nothing. */
const BROKEN: readonly object[] = [
  {},
  { payment: {} },
  { payment: { max_usd: Number.NaN } },
  { payment: { max_usd: Number.POSITIVE_INFINITY } },
  { payment: { max_usd: "-1" } },
  { payment: { max_usd: "1e9" } },
  { payment: { max_usd: undefined } },
  { payment: { max_uds: "1" } },
  { payment: { max_usd: "1" }, on_budget_exceed: "blok" },
  { payment: { max_usd: "1" }, budgets: [{ name: "b", limit_usd: "1", window: "0s" }] },
  { payment: { max_usd: "1" }, budgets: [{ name: "b", limit_usd: "1", window: "NaN" }] },
  { payment: { max_usd: "1" }, budgets: [{ name: "b", limit_usd: "1" }] },
  { payment: { max_usd: "1" }, rules: [{ name: "r", when: { min_usd: "1" }, then: "block" }] },
  { payment: { max_usd: "1" }, rules: [{ name: "r", then: "deny", when: { recipient: ["x"] } }] },
  { payment: { max_usd: "1" }, approvals: { threshold: 0 } },
  { payment: { max_usd: "1" }, vendors: { allow: ["regex:(("] } },
];

export const FAILURES: readonly Buying[] = [
  {
    id: "T22",
    attack: "the store is down: what can't be counted is paid all the same",
    by: "network",
    side: "buyer",
    stoppedBy: ["store_unavailable"],
    run: withAgent(({ shipped }) => {
      const store = shipped.memoryStore();
      let opened = false;
      const fails = async (): Promise<never> => {
        throw new Error("disk on fire");
      };
      return {
        store: {
          ...store,
          load: (keys) => (opened ? fails() : store.load(keys)),
          commit(commit) {
            if (opened) return fails();
            opened = true;
            return store.commit(commit);
          },
        },
      };
    }, 2),
  },
  {
    id: "S4-01",
    attack: "who knows about payees answers 429, 500, a page, or half of an answer: taken for a yes",
    by: "network",
    side: "buyer",
    stoppedBy: ["fact_missing"],
    async run(stage) {
      const policy = local(stage, { counterparty: { max_risk: "low" } });
      const answers: readonly (() => unknown)[] = [
        () => Promise.reject(new Error("429")),
        () => "<html>500</html>",
        () => ({ decision: "deny" }),
        () => ({ payee_risk: "LOW" }),
        () => null,
      ];
      for (const facts of answers) await withAgent(() => ({ policy, facts }))(stage);
    },
    async honest(stage) {
      const policy = local(stage, { counterparty: { max_risk: "low" } });
      const pay = await stage.another({ policy, facts: () => ({ payee_risk: "low" }) });
      const answer = await pay(stage.sells(honest(toSeller(stage))));
      if (answer.status !== 200) throw new Error(String(answer.status));
    },
  },
  {
    id: "PH-07h",
    attack: "nothing can be written down any more, and payments go on",
    by: "operator",
    side: "buyer",
    stoppedBy: ["audit_unavailable"],
    policy: () => ({ budgets: [{ name: "daily", limit_usd: "0.50", window: "24h" }] }),
    // What was decided before the log was behind is recorded in the store.
    allowed: 20_000n,
    run: withAgent((stage) => {
      const sink = { name: "broken", write: () => Promise.reject(new Error("no space left")) };
      return { policy: local(stage), audit: { sinks: [sink], maxBacklog: 6 } };
    }, 6),
  },
  {
    id: "T25",
    attack:
      "policies that say nothing, or nonsense: NaN, unknown words, windows of zero (XF-10e, PH-10a, PS-05a, PS-05d)",
    by: "operator",
    side: "buyer",
    stoppedBy: ["policy_invalid"],
    async run(stage) {
      for (const policy of BROKEN)
        await withAgent(() => ({ policy: { origins: [stage.hostile.url], ...policy } }))(stage);
    },
  },
  {
    id: "T20",
    attack: "the agent changes the policy that it was opened with, and asks its handle for another (PS-07a)",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["payment_too_large"],
    async run(stage) {
      const policy = { origins: [stage.hostile.url], payment: { max_usd: "0.02" } };
      const pay = await stage.another({ policy });
      policy.payment.max_usd = "1000";
      const handle = (stage.warden ?? {}) as Record<string, unknown>;
      for (const name of ["reload", "approve", "unfreeze", "resolve", "refund", "control"]) {
        const loosen = handle[name];
        if (typeof loosen === "function") await stage.attempt(async () => loosen.call(handle, policy));
      }
      await stage.attempt(() => pay(stage.sells(honest(offerV2(stage.chain, { amount: "500000" })))));
    },
  },
  {
    id: "T17",
    attack: "an offer writes lines of its own into the log, with colours and a forged record",
    by: "seller",
    side: "buyer",
    stoppedBy: ["log_is_whole"],
    harmless: "no money moves by it; a plain log shows what never happened",
    allowed: 10_000n,
    async run(stage) {
      const says = 'x"}\n{"type":"refund","id":"1","amount":"900"}\r\n\u001b[2J\u2028\u202Epaid';
      const store = stage.shipped.memoryStore();
      const pay = await stage.another({ policy: local(stage), store, audit: {} });
      const { kind, ...offer } = toSeller(stage, { extra: { name: "USDC", version: "2", note: says } }) as {
        readonly kind: "v2";
        readonly required: { readonly resource: object };
      };
      const required = { ...offer.required, error: says, resource: { url: says, description: says } };
      await stage.attempt(() => pay(stage.sells(honest({ kind, required }))));
      if (!stage.guarded) return;
      const lines: string[] = [];
      for await (const line of stage.shipped.audit.storedLog(store)) lines.push(line);
      const text = lines.map((line) => `${line}\n`).join("");
      const verdict = await stage.shipped.auditRead.verifyLog([new TextEncoder().encode(text)]);
      const clean = lines.every((line) =>
        [...line].every((letter) => letter >= " " && !/[\u2028\u2029\u202E]/.test(letter)),
      );
      if (verdict.good && verdict.records === lines.length && clean) stage.stopped("log_is_whole");
    },
  },
  {
    id: "PH-07a",
    attack:
      "the tail of the log is cut off, its last record is edited, and it is emptied (PH-07b, PH-07c, XF-08, PS-04f)",
    by: "operator",
    side: "buyer",
    stoppedBy: ["log_is_not_whole"],
    harmless: "no money moves by it; a log without a chain can't tell",
    allowed: 20_000n,
    async run(stage) {
      const store = stage.shipped.memoryStore();
      const { audit, auditRead } = stage.shipped;
      const { skey, vkey } = await audit.generateCheckpointKey("adversary");
      const notes: string[] = [];
      const to = (note: string): void => void notes.push(note);
      const checkpoint = { signer: await audit.checkpointSigner(skey), to, everyRecords: 1 };
      const pay = await stage.another({ policy: local(stage), store, audit: { keep: true, checkpoint } });
      for (let n = 0; n < 2; n++) await stage.attempt(() => pay(stage.sells(honest(toSeller(stage)))));
      if (!stage.guarded) return;
      const lines: string[] = [];
      for await (const line of audit.storedLog(store)) lines.push(line);
      const verdictOn = (log: readonly string[]) =>
        auditRead.verifyLog([new TextEncoder().encode(log.map((line) => `${line}\n`).join(""))], {
          checkpoints: notes.slice(-1).map((note) => ({ note, name: "kept" })),
          vkey,
        });
      const edited = [
        ...lines.slice(0, -1),
        (lines.at(-1) ?? "").replace(/"amount":"\d+"/, '"amount":"1"').replace("captured", "voided"),
      ];
      const verdicts = await Promise.all([lines.slice(0, -2), edited, []].map(verdictOn));
      if ((await verdictOn(lines)).whole && verdicts.every(({ whole }) => !whole)) stage.stopped("log_is_not_whole");
    },
  },
];
