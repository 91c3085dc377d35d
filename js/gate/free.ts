/** Calls for nothing: so many a day or a month for a client with an API key. Counted in the store, before the call. */

import type { Cells } from "./cells.ts";
import type { FreeTier } from "./routes.ts";

export interface FreeCalls {
  /** Takes one of the client's free calls. False where none is left. */
  take(route: string, client: string, tier: FreeTier): Promise<boolean>;
  /** The call failed: it was none. */
  giveBack(route: string, client: string, tier: FreeTier): Promise<void>;
}

/** Cells stay for two periods. */
const KEPT: Readonly<Record<FreeTier["per"], number>> = { day: 2 * 86_400_000, month: 62 * 86_400_000 };

export function freeCalls(cells: Cells, now: () => number): FreeCalls {
  const cell = (route: string, client: string, per: FreeTier["per"]): string => {
    const period = new Date(now()).toISOString().slice(0, per === "day" ? 10 : 7);
    return `gate/free/${encodeURIComponent(route)}/${encodeURIComponent(client)}/${period}`;
  };
  return {
    async take(route, client, { calls, per }) {
      let taken = false;
      await cells.change<number>(cell(route, client, per), (used = 0) => {
        taken = used < calls;
        return taken ? { value: used + 1, expires: Math.ceil(now()) + KEPT[per] } : undefined;
      });
      return taken;
    },
    async giveBack(route, client, { per }) {
      await cells.change<number>(cell(route, client, per), (used = 0) =>
        used > 0 ? { value: used - 1, expires: Math.ceil(now()) + KEPT[per] } : undefined,
      );
    },
  };
}
