/** Payments of one price under one limit: the budget, the session's count, or the rate. */

import type { Outcome } from "../../js/core/types.ts";
import { openWarden, type Warden, WardenUnavailable } from "../../js/index.ts";
import type { Store } from "../../js/stores/store.ts";

export const LIMITS = ["budget", "session", "rate"] as const;
export type Limit = (typeof LIMITS)[number];

/** Atomic units of one payment: no round figure, so that a rounding would show. */
export const PRICE = 10_007n;

export const ASSET = "eip155:84532/0x036CbD53842c5426634e7929541eC2318f3dCF7e";

/** An offer of so many atomic units. */
export function offerOf(amount: bigint): object {
  const [network, asset] = ASSET.split("/");
  const payTo = "0x1111111111111111111111111111111111111111";
  const extra = { name: "USDC", version: "2" };
  return {
    x402Version: 2,
    resource: { url: "https://api.example.com/report", description: "", mimeType: "application/json" },
    accepts: [{ scheme: "exact", network, amount: String(amount), asset, payTo, maxTimeoutSeconds: 60, extra }],
  };
}

/** A URL of its own for each payment: the same one twice would be the same intent. */
export const urlOf = (id: string): string => `https://api.example.com/report?n=${encodeURIComponent(id)}`;

/** A policy that affords so many payments, and one atomic unit less than another one. */
export function policyFor(limit: Limit, affordable: number): object {
  const most = BigInt(affordable) * PRICE + PRICE - 1n;
  const watched = { name: "spent", limit_amount: String(1n << 60n), asset: ASSET, window: "24h" };
  if (limit === "budget") {
    return { payment: { max_usd: "1" }, budgets: [{ ...watched, limit_amount: String(most) }] };
  }
  const rate = limit === "session" ? { window: "session", per: "session" } : { window: "24h" };
  return { payment: { max_usd: "1" }, budgets: [watched], rates: [{ name: "count", max: affordable, ...rate }] };
}

/** `now`: a clock that the store goes by too. One that stands still is 30 s off the store's own within a slow run. */
export function openSpender(own: Store, limit: Limit, affordable: number, now = Date.now): Promise<Warden> {
  const store = now === Date.now ? own : { ...own, now: async () => now() };
  return openWarden({ policy: policyFor(limit, affordable), store, agent: "tester", session: "one", now });
}

/** What came of payments. */
export interface Tally {
  paid: number;
  /** Refused by the limit. */
  refused: number;
  /** Answers `store_conflict`: so often others were faster until the ledger gave up. */
  conflicts: number;
  /** Commits for which another was faster. */
  lost: number;
}

/** Tries one payment until it is decided, and takes it to its end. A conflict is a denial, and is tried again. */
export async function spendOnce(warden: Warden, id: string, tally: Tally): Promise<void> {
  for (;;) {
    const { action, reason, message } = await warden.authorize({ id, url: urlOf(id), offer: offerOf(PRICE) });
    if (reason === "store_conflict") {
      tally.conflicts++;
      continue;
    }
    if (reason === "budget_exceeded" || reason === "rate_exceeded") {
      tally.refused++;
      return;
    }
    if (action !== "allow") throw new Error(`denied: ${reason} ${message ?? ""}`);
    break;
  }
  await moved(() => warden.ticket(id), tally);
  const settled = await moved(() => warden.settle(id, { outcome: "captured" }), tally);
  if (settled.state !== "captured") throw new Error(`settled as ${settled.state}`);
  tally.paid++;
}

async function moved(move: () => Promise<Outcome>, tally: Tally): Promise<Outcome> {
  for (;;) {
    try {
      const outcome = await move();
      if (!outcome.ok) throw new Error(`refused: ${outcome.reason} ${outcome.message ?? ""}`);
      return outcome;
    } catch (error) {
      if (!(error instanceof WardenUnavailable) || error.code !== "store_conflict") throw error;
      tally.conflicts++;
    }
  }
}

/** What the books say was spent and is held, in atomic units. */
export async function booked(warden: Warden): Promise<{ readonly spent: bigint; readonly held: bigint }> {
  const line = (await warden.budgets()).find(({ name }) => name === "spent");
  return { spent: BigInt(line?.spent ?? "0"), held: BigInt(line?.held ?? "0") };
}
