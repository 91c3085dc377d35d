/** Agents that spend through services that are killed meanwhile, and what they may have been told. */

import { type RemoteWarden, remoteWarden } from "../../js/remote/index.ts";
import { offer } from "../cli/support.ts";
import { WEATHER } from "./support.ts";

export interface Spending {
  /** Payments for which a ticket was given: each may have been signed. */
  readonly ticketed: Set<string>;
  /** Of those, the ones that the service said it has booked. */
  readonly captured: Set<string>;
  allowed: number;
  /** Denied since the service did not answer, and for other reasons. */
  away: number;
  denied: number;
  /** Whether the budget is used up. */
  full: boolean;
  /** When the last payment was allowed, by `performance.now()`. */
  lastAllowed: number;
}

export function spending(): Spending {
  return { ticketed: new Set(), captured: new Set(), allowed: 0, away: 0, denied: 0, full: false, lastAllowed: 0 };
}

/** One agent, until the budget is used up or it is told to stop. */
export async function spend(
  url: string,
  key: string,
  name: string,
  seen: Spending,
  stop: () => boolean,
): Promise<void> {
  let warden: RemoteWarden | undefined;
  for (let n = 0; !stop() && !seen.full; n++) {
    try {
      warden ??= await remoteWarden({ url, key, timeoutMs: 4_000 });
      const decision = await warden.authorize({ url: `${WEATHER}/${name}/${n}`, offer: offer() });
      if (decision.action !== "allow") {
        if (decision.reason === "store_unavailable") seen.away += 1;
        else seen.denied += 1;
        // Held money comes back where nobody tickets it; what is left of the budget then is not waited for.
        if (decision.reason === "budget_exceeded") seen.full = true;
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      seen.allowed += 1;
      seen.lastAllowed = performance.now();
      if (!(await warden.ticket(decision.id)).ok) continue;
      seen.ticketed.add(decision.id);
      if ((await warden.settle(decision.id, { outcome: "captured" })).ok) seen.captured.add(decision.id);
    } catch {
      // No answer to a ticket or a settlement: the payment goes no further.
      seen.away += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
