// A decision service in a process of its own. Arguments: memory, an SQLite file or redis://; the port, or 0. Prints one line
// of JSON: {"url","admin"}.

import { openLedgerStore } from "../../js/cli/service-store.ts";
import { memoryStore } from "../../js/index.ts";
import { createService, serve } from "../../js/service/index.ts";

const [place = "memory", port = "0", limit = "5"] = process.argv.slice(2);
const store = place === "memory" ? memoryStore() : (await openLedgerStore(place, undefined)).store;
const policy = {
  payment: { max_usd: "1" },
  budgets: [{ name: "daily", limit_usd: limit, window: "24h", per: "all" }],
};
const service = await createService({ policy, store, rate: { perSecond: 1_000_000, burst: 1_000_000 } });
const serving = await serve(service, { port: Number(port) });
console.log(JSON.stringify({ url: serving.url, admin: await service.keys.first() }));
process.once("SIGTERM", async () => {
  await serving.stop(200);
  await service.close();
  process.exit(0);
});
