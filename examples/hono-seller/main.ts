// A seller on Hono, with the official middleware; and an agent that buys from it through a warden.

import { serve } from "@hono/node-server";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/hono";
import { Hono } from "hono";
import { buy } from "./buyer.ts";

const { FACILITATOR_URL = "http://127.0.0.1:4022", PAY_TO = "" } = process.env;

const payments = new x402ResourceServer(new HTTPFacilitatorClient({ url: FACILITATOR_URL }));
payments.register("eip155:84532", new ExactEvmScheme());

const app = new Hono();
app.use(
  paymentMiddleware(
    {
      "GET /weather": { accepts: { scheme: "exact", network: "eip155:84532", payTo: PAY_TO, price: "$0.01" } },
      "GET /dataset": { accepts: { scheme: "exact", network: "eip155:84532", payTo: PAY_TO, price: "$2.50" } },
    },
    payments,
  ),
);
app.get("/weather", (context) => context.json({ city: "Lisbon", celsius: 21 }));
app.get("/dataset", (context) => context.json({ rows: [1, 2, 3] }));

const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, async ({ port }) => {
  await buy(`http://127.0.0.1:${port}`);
  server.close();
});
