/** 8 processes on one ledger, in short; `npm run torture` has the long form. */

import { test } from "node:test";
import { figureLine, spendTogether } from "../torture/concurrency.ts";
import { SERVERS, skipOf, withPlaces } from "../torture/servers.ts";

for (const server of SERVERS) {
  test(`${server}: 8 processes spend what one could have`, { skip: skipOf(server) }, async (t) => {
    const figures = await withPlaces(server, (placeOf) => spendTogether(placeOf, { processes: 8, each: 15 }));
    for (const line of figures) t.diagnostic(figureLine(server, line));
  });
}
