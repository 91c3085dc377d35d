/** Every scenario, in the order in which the table has them, and the file that each stands in. */

import type { Scenario } from "../scenario.ts";
import { AMOUNTS } from "./amounts.ts";
import { BUDGETS } from "./budgets.ts";
import { FAILURES } from "./failures.ts";
import { LOST } from "./lost.ts";
import { OFFERS } from "./offers.ts";
import { PEOPLE } from "./people.ts";
import { PLUG_INS } from "./plugins.ts";
import { REPEATS } from "./repeats.ts";
import { SALES } from "./sales.ts";
import { SETTLEMENTS } from "./settlements.ts";
import { URLS } from "./urls.ts";

export const FILES: Readonly<Record<string, readonly Scenario[]>> = {
  "offers.ts": OFFERS,
  "amounts.ts": AMOUNTS,
  "urls.ts": URLS,
  "repeats.ts": REPEATS,
  "budgets.ts": BUDGETS,
  "people.ts": PEOPLE,
  "plugins.ts": PLUG_INS,
  "lost.ts": LOST,
  "failures.ts": FAILURES,
  "sales.ts": SALES,
  "settlements.ts": SETTLEMENTS,
};

export const SCENARIOS: readonly Scenario[] = Object.values(FILES).flat();

/** One for each of the published threats: what `npm test` has the time for. */
export const SHORT: readonly Scenario[] = SCENARIOS.filter(({ id }) => /^(T\d+|F\d|I-[AB]|II|III|IV)$/.test(id));

/** Where a scenario stands, from the repository's root. */
export function fileOf(id: string): string {
  const found = Object.entries(FILES).find(([, scenarios]) => scenarios.some((one) => one.id === id));
  return `tests/adversary/scenarios/${found?.[0] ?? "index.ts"}`;
}
