/** What an agent or an approver does on a store, in words that can be handed to another process or isolate. */

import { openWardenWithControl } from "../../js/index.ts";
import type { Store } from "../../js/stores/store.ts";

export type Step =
  /** Asks for payments `first` to `last - 1`. Gives how often each answer came. */
  | { readonly step: "ask"; readonly first: number; readonly last: number }
  /** Waits until the question is decided, and asks for the payment again, `at` which time it has the answer. */
  | { readonly step: "wait"; readonly n: number }
  /** Answers, if this approver has said nothing yet. */
  | { readonly step: "answer"; readonly n: number; readonly approver: string; readonly approved: boolean }
  /** Asks for the payment, and for the one ticket to sign it. */
  | { readonly step: "sign"; readonly n: number }
  | { readonly step: "pending" }
  | { readonly step: "budgets" };

const policyFor = (most: number) => ({
  payment: { max_usd: "10", approve_from_usd: "0.01" },
  budgets: [{ name: "daily", limit_usd: "5", window: "24h" }],
  approvals: {
    approvers: ["alice", "bob"],
    timeout: "1h",
    max_prompts_per_agent: most,
    max_prompts_per_approver: most,
  },
});

const offer = {
  x402Version: 2,
  resource: { url: "https://seller.example/report" },
  accepts: [
    {
      scheme: "exact",
      network: "eip155:8453",
      amount: "10000",
      asset: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
      payTo: "0x1111111111111111111111111111111111111111",
      maxTimeoutSeconds: 60,
      extra: { name: "USD Coin", version: "2" },
    },
  ],
};

/** `most`: so many questions may stand. */
export async function act(store: Store, step: Step, most: number): Promise<unknown> {
  const { warden, control } = await openWardenWithControl({ policy: policyFor(most), store, agent: "bot" });
  const { approvals } = control;
  const ask = (n: number) =>
    warden.authorize({ id: `p${n}`, url: `https://seller.example/report?${n}`, offer: JSON.stringify(offer) });
  switch (step.step) {
    case "ask": {
      const answers: Record<string, number> = {};
      for (let n = step.first; n < step.last; n++) {
        const { action, reason } = await ask(n);
        const word = action === "deny" ? reason : action;
        answers[word] = (answers[word] ?? 0) + 1;
      }
      return answers;
    }
    case "wait":
      await approvals.decided(`p${step.n}`, { timeoutMs: 15_000 });
      return { action: (await ask(step.n)).action, at: Date.now() };
    case "answer":
      return approvals[step.approved ? "approve" : "reject"](`p${step.n}`, step.approver, { once: true });
    case "sign": {
      const { action } = await ask(step.n);
      return { action, ticket: action === "allow" && (await warden.ticket(`p${step.n}`)).ok };
    }
    case "pending":
      return (await approvals.pending()).length;
    case "budgets":
      return warden.budgets();
  }
}
