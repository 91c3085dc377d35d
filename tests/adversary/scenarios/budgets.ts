/** Sums: split payments, races, restarts, refunds, edited policies, clocks. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { honest } from "../../../examples/localnet/traps.ts";
import { approved, offered, served, several, toSeller } from "../make.ts";
import type { Buying, BuyingStage } from "../scenario.ts";

/** A budget of so much a day. */
const daily = (limit_usd: string): object => ({ budgets: [{ name: "daily", limit_usd, window: "24h" }] });

const goods = (stage: BuyingStage, amount = "10000"): string => stage.sells(honest(toSeller(stage, { amount })));

/** So many at the same moment, dealt out to these agents in turn. */
async function atOnce(stage: BuyingStage, agents: readonly (typeof fetch)[], times: number): Promise<void> {
  const urls = Array.from({ length: times }, () => goods(stage));
  await Promise.all(urls.map((url, n) => stage.attempt(async () => agents[n % agents.length]?.(url))));
}

/** The policy of the scenario, for another agent on the same store. */
const policyOf = (stage: BuyingStage, more: object): object => ({
  origins: [stage.hostile.url],
  payment: { max_usd: "0.10" },
  ...more,
});

export const BUDGETS: readonly Buying[] = [
  {
    id: "T10",
    attack: "a purchase is split, so that no part needs a person",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["approval_required"],
    policy: () => ({ budgets: [{ name: "ask", approve_from_usd: "0.03", window: "1h" }] }),
    allowed: 20_000n,
    run: (stage) => several(stage, 6),
  },
  {
    id: "T11",
    attack: "a dozen agents on two wardens with one store pay at the same moment",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => daily("0.03"),
    allowed: 30_000n,
    async run(stage) {
      const choice = { store: stage.shipped.memoryStore(), policy: policyOf(stage, daily("0.03")) };
      await atOnce(stage, [await stage.another(choice), await stage.another(choice)], 12);
    },
  },
  {
    id: "XF-03",
    attack: "one agent pays ten times at the same moment (PS-01a)",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => daily("0.03"),
    allowed: 30_000n,
    run: (stage) => atOnce(stage, [stage.pay], 10),
  },
  {
    id: "XF-02",
    attack: "five questions are asked and approved, each within the budget, all of them beyond it",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => ({ ...daily("0.10"), payment: { max_usd: "0.10", approve_from_usd: "0.05" } }),
    allowed: 80_000n,
    async run(stage) {
      const urls = Array.from({ length: 5 }, () => goods(stage, "80000"));
      for (const url of urls) await stage.buy(url);
      if (!stage.guarded) return;
      await approved(stage);
      for (const url of urls) await stage.buy(url);
    },
  },
  {
    id: "PS-01c",
    attack: "a payment is approved, the policy becomes stricter, and the approval is used",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["payment_too_large", "approval_void"],
    policy: () => ({ payment: { max_usd: "0.10", approve_from_usd: "0.05" } }),
    async run(stage) {
      const url = goods(stage, "80000");
      await stage.buy(url);
      if (!stage.guarded) return;
      await approved(stage);
      await stage.control?.reload({
        origins: [stage.hostile.url],
        payment: { max_usd: "0.06", approve_from_usd: "0.05" },
        budgets: [{ name: "daily", limit_usd: "0.50", window: "24h" }],
      });
      await stage.buy(url);
    },
  },
  {
    id: "XF-07",
    attack: "prices that floats don't add up: the fourth dime of thirty cents (PS-02e)",
    by: "seller",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => daily("0.30"),
    allowed: 300_000n,
    run: (stage) => several(stage, 4, honest(toSeller(stage, { amount: "100000" }))),
    async honest(stage) {
      for (let n = 0; n < 3; n++) await served(await stage.pay(goods(stage, "100000")));
    },
    due: 300_000n,
  },
  {
    id: "XF-06",
    attack: "the process is started anew, and has forgotten what it spent (PH-10e)",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    allowed: 20_000n,
    async run(stage) {
      const folder = mkdtempSync(join(tmpdir(), "tollwarden-adversary-"));
      try {
        for (let start = 0; start < 3; start++) {
          const store = await stage.shipped.sqliteStore(join(folder, "ledger.sqlite"));
          const pay = await stage.another({ store, policy: policyOf(stage, daily("0.02")) });
          for (let n = 0; n < 2; n++) await stage.attempt(() => pay(goods(stage)));
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    id: "XF-06.session",
    attack: "each call says that it is a session of its own",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    allowed: 20_000n,
    async run(stage) {
      const store = stage.shipped.memoryStore();
      const limits = {
        budgets: [
          { name: "run", limit_usd: "0.01", window: "session" },
          { name: "purse", limit_usd: "0.02", window: "lifetime" },
        ],
      };
      for (let n = 0; n < 4; n++) {
        const pay = await stage.another({ store, session: `run-${n}`, policy: policyOf(stage, limits) });
        await stage.attempt(() => pay(goods(stage)));
      }
    },
  },
  {
    id: "PS-05m",
    attack: "the policy is edited, and with it the history is gone",
    by: "operator",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => daily("0.02"),
    allowed: 20_000n,
    async run(stage) {
      await several(stage, 2);
      await stage.control?.reload(policyOf(stage, { ...daily("0.02"), payment: { max_usd: "0.09" } }));
      await several(stage, 2);
    },
  },
  {
    id: "PH-10g",
    attack: "a refund is told twice, and takes another payment's place in the budget",
    by: "seller",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => daily("0.02"),
    allowed: 30_000n,
    async run(stage) {
      const first = await stage.buy(goods(stage));
      await stage.buy(goods(stage));
      const id = first === undefined ? undefined : stage.shipped.paymentOf(first)?.id;
      for (let n = 0; n < 2; n++) if (id !== undefined) await stage.control?.refund(id, 10_000n);
      await several(stage, 3);
    },
  },
  {
    id: "PH-01",
    attack: "attempts that are refused stay in the budget, until honest purchases fail (PH-01a, PH-01b, PH-01d)",
    by: "seller",
    side: "buyer",
    stoppedBy: ["malformed_address"],
    policy: () => daily("0.01"),
    harmless: "a budget that leaks pays nobody; it stops honest purchases, which the control tries",
    run: offered({ payTo: null }),
    async honest(stage) {
      for (const fields of [{ payTo: null }, { amount: "900000" }, { asset: stage.attacker }, { network: "x" }]) {
        await offered(fields)(stage);
      }
      const url = goods(stage);
      await stage.attempt(() => stage.pay(url, { signal: AbortSignal.abort() }));
      await served(await stage.pay(url));
    },
  },
  {
    id: "T16",
    attack: "the clock of the host is set a day ahead, so that the budget of today is empty again",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["clock_jump"],
    allowed: 10_000n,
    async run(stage) {
      let ahead = 0;
      const pay = await stage.another({
        policy: policyOf(stage, daily("0.01")),
        now: () => Date.now() + ahead,
        monotonic: () => performance.now(),
      });
      await stage.attempt(() => pay(goods(stage)));
      ahead = 90_000_000;
      await stage.attempt(() => pay(goods(stage)));
    },
  },
];
