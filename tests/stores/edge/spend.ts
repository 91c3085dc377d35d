/**
 * Many who spend one budget at the same time, for runtimes that have no processes: this part runs inside of them, one
 * call for each isolate or tab, and the test that started it adds up.
 */

import { openWarden } from "../../../js/warden.ts";
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
    session: { budgets: [{ ...budget, name: "session", window: "session" }] },
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
}

export interface Spent {
  /** The ids of the payments that were allowed, each ticketed and booked as captured. */
  readonly paid: readonly string[];
  /** Denials, by reason. */
  readonly denied: Readonly<Record<string, number>>;
}

/** Spends for as long as it lasts; `told` hears of each payment once the ledger has it. */
export async function spend(store: Store, spending: Spending, told: (id: string) => void = () => {}): Promise<Spent> {
  const { policy, attempts, who } = spending;
  const warden = await openWarden({ policy, store, agent: "one", session: "one" });
  const paid: string[] = [];
  const denied: Record<string, number> = {};
  for (let i = 0; i < attempts; i++) {
    const id = `${who}-${i}`;
    const url = `https://seller.example/report?${id}`;
    const decision = await warden.authorize({ id, url, offer });
    if (decision.action !== "allow") {
      denied[decision.reason] = (denied[decision.reason] ?? 0) + 1;
      continue;
    }
    // From the ticket on, time does not free it: however long the run takes, it stays counted.
    const ticket = await warden.ticket(id);
    if (!ticket.ok) throw new Error(`no ticket for ${id}: ${JSON.stringify(ticket)}`);
    paid.push(id);
    told(id);
  }
  return { paid, denied };
}

/** What the ledger itself says is held and spent, in US dollars. */
export async function counted(store: Store, policy: object) {
  const warden = await openWarden({ policy, store, agent: "one", session: "one" });
  return warden.budgets();
}
