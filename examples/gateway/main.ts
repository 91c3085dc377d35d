// A gateway in front of an API that knows nothing of payments; and an agent that buys from it through a warden.

import { ExactEvmScheme } from "@x402/evm/exact/server";
import { memoryStore } from "tollwarden";
import { createApiKey, createGateway, hashApiKey, httpFacilitator, serveGateway } from "tollwarden/gateway";
import { buy } from "./buyer.ts";
import { startApi } from "./upstream.ts";

const { FACILITATOR_URL = "http://127.0.0.1:4022", PAY_TO = "" } = process.env;

const api = await startApi();
const key = createApiKey();

const gateway = await createGateway({
  url: "https://api.example.com",
  policy: {
    payment: { max_usd: "5" },
    budgets: [{ name: "each-client-a-day", limit_usd: "0.05", window: "day", per: "client" }],
  },
  pay: { network: "eip155:84532", payTo: PAY_TO },
  routes: [
    { path: "/weather", upstream: `${api.url}/weather`, price: "$0.02", tiers: { gold: "$0.01" } },
    { path: "/trial", upstream: `${api.url}/weather`, price: "$0.02", free: { calls: 1, per: "day" } },
    { path: "/dataset", upstream: `${api.url}/dataset`, price: "$2.50" },
    { path: "/broken", upstream: `${api.url}/broken`, price: "$0.01" },
  ],
  clients: [{ id: "acme", keyHash: await hashApiKey(key), tier: "gold" }],
  breaker: { failureThreshold: 2 },
  store: memoryStore(),
  facilitator: httpFacilitator({ url: FACILITATOR_URL }),
  schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
});
const serving = await serveGateway(gateway.fetch);

await buy(serving.url, key);

for (const { paid, delivered, owed, unresolved } of await gateway.gate.books()) {
  console.log(`books: paid ${paid} = delivered ${delivered} + owed ${owed} + unresolved ${unresolved}`);
}
await serving.stop();
await gateway.close();
await api.stop();
