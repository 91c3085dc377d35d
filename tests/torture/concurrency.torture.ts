/**
 * 8 processes, 2,000 attempts, a third of which can be paid: under a budget, a session's count, a rate. Before that one
 * process alone, for the figures.
 */

import { figureLine, spendTogether } from "./concurrency.ts";
import { SERVERS, skipOf, withPlaces } from "./servers.ts";

for (const server of SERVERS) {
  if (skipOf(server)) continue;
  for (const [processes, each] of [
    [1, 500],
    [8, 250],
  ] as const) {
    const figures = await withPlaces(server, (placeOf) => spendTogether(placeOf, { processes, each }));
    for (const line of figures)
      console.log(`${processes === 1 ? "1 process" : `${processes} processes`}, ${figureLine(server, line)}`);
  }
}
