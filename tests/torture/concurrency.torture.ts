/** 8 processes, 2,000 attempts, a third of which can be paid: under a budget, a session's count, a rate. */

import { figureLine, spendTogether } from "./concurrency.ts";
import { SERVERS, skipOf, withPlaces } from "./servers.ts";

for (const server of SERVERS) {
  if (skipOf(server)) continue;
  const figures = await withPlaces(server, (placeOf) => spendTogether(placeOf, { processes: 8, each: 250 }));
  for (const line of figures) console.log(figureLine(server, line));
}
