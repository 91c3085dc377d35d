/**
 * Many who spend one budget at the same time, for runtimes that have no processes: this part runs inside of them, one
 * call for each isolate or tab, and the test that started it adds up.
 */

import { openWarden } from "../../../js/index.ts";
import type { Store } from "../../../js/stores/store.ts";

/** One payment, in atomic units of a dollar coin with six decimals: a cent. */
export const PRICE = 10_000n;

/** What binds; the other two limits are far off. */
export type Limit = "budget" | "session" | "rate";

/** A policy under which exactly `count` payments fit; the budget has `rest` atomic units more, which buy none. */
export function policyFor(limit: Limit, count: number, rest = PRICE - 1n): object {
  const budget = { name: "all", asset: ASSET, window: "lifetime", limit_amount: String(PRICE * BigInt(count) + rest) };
  const policies: Record<Limit, object> = {
    budget: { budgets: [budget] },
    session: { rates: [{ name: "session", max: count, window: "session" }] },
    rate: { rates: [{ name: "rate", max: count, window: "24h" }] },
  };
  return { origins: ["https://seller.example"], payment: { max_usd: "1" }, ...policies[limit] };
}

const USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";
const ASSET = `eip155:8453/${USDC}`;

const offer = {
  x402Version: 2,
  resource: { url: "https://seller.example/report" },
  accepts: [
    {
      scheme: "exact",
      network: "eip155:8453",
      amount: String(PRICE),
      asset: USDC,
      payTo: "0x1111111111111111111111111111111111111111",
      maxTimeoutSeconds: 60,
      extra: { name: "USD Coin", version: "2" },
    },
  ],
};

export interface Spending {
  readonly policy: object;
  readonly attempts: number;
  /** Whose attempts these are: ids must differ between those who spend together. */
  readonly who: string;
  /**
   * The longest wait before a commit, in ms; each is drawn at random. workerd answers a chain of calls within itself before
   * it turns to anybody else, where a network between them would let others in.
   */
  readonly jitterMs?: number;
}

export interface Spent {
  /** The ids of the payments that were allowed; each has its ticket, and most are booked as captured. */
  readonly paid: readonly string[];
  /** Denials, by reason. */
  readonly denied: Readonly<Record<string, number>>;
  /** So often somebody else was faster, and it was decided again. */
  readonly conflicts: number;
}

/** Spends for as long as it lasts; `told` hears of each payment once the ledger has it. */
export async function spend(store: Store, spending: Spending, told: (id: string) => void = () => {}): Promise<Spent> {
  const { policy, attempts, who, jitterMs = 0 } = spending;
  let conflicts = 0;
  const counting: Store = {
    ...store,
    async commit(commit) {
      if (jitterMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * jitterMs));
      const result = await store.commit(commit);
      if (!result.ok) conflicts += 1;
      return result;
    },
  };
  const warden = await openWarden({ policy, store: counting, agent: "one", session: "one" });
  const paid: string[] = [];
  const denied: Record<string, number> = {};
  for (let i = 0; i < attempts; i++) {
    const id = `${who}-${i}`;
    const url = `https://seller.example/report?${id}`;
    // The same id again is the same payment: whoever was too slow too often asks once more.
    const decision = await untilNotTooSlow(
      () => warden.authorize({ id, url, offer }),
      (answer) => answer.reason !== "store_conflict",
    );
    if (decision.action !== "allow") {
      denied[decision.reason] = (denied[decision.reason] ?? 0) + 1;
      continue;
    }
    // From the ticket on, time does not free it: however long the run takes, it stays counted.
    mustBeOk(await untilNotTooSlow(() => warden.ticket(id)), id);
    // Most are booked as spent at once, and some stay open: both count.
    if (i % 100 !== 0) mustBeOk(await untilNotTooSlow(() => warden.settle(id, { outcome: "captured" })), id);
    paid.push(id);
    told(id);
  }
  return { paid, denied, conflicts };
}

function mustBeOk(outcome: { readonly ok: boolean }, id: string): void {
  if (!outcome.ok) throw new Error(`${id}: ${JSON.stringify(outcome)}`);
}

async function untilNotTooSlow<T>(ask: () => Promise<T>, final: (answer: T) => boolean = () => true): Promise<T> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const answer = await ask();
      if (final(answer)) return answer;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "store_conflict") throw error;
    }
  }
  throw new Error("a hundred times in a row, others were faster");
}

/** What the ledger itself says is held and spent, in US dollars. */
export async function counted(store: Store, policy: object) {
  const warden = await openWarden({ policy, store, agent: "one", session: "one" });
  return warden.budgets();
}
