// A seller on Express, with the official middleware; and an agent that buys from it through a warden.

import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import express from "express";
import { buy } from "./buyer.ts";

const { FACILITATOR_URL = "http://127.0.0.1:4022", PAY_TO = "" } = process.env;

const payments = new x402ResourceServer(new HTTPFacilitatorClient({ url: FACILITATOR_URL }));
payments.register("eip155:84532", new ExactEvmScheme());

const app = express();
app.use(
  paymentMiddleware(
    {
      "GET /weather": { accepts: { scheme: "exact", network: "eip155:84532", payTo: PAY_TO, price: "$0.01" } },
      "GET /dataset": { accepts: { scheme: "exact", network: "eip155:84532", payTo: PAY_TO, price: "$2.50" } },
    },
    payments,
  ),
);
app.get("/weather", (_request, response) => void response.json({ city: "Lisbon", celsius: 21 }));
app.get("/dataset", (_request, response) => void response.json({ rows: [1, 2, 3] }));

const server = app.listen(0, "127.0.0.1", async () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await buy(`http://127.0.0.1:${address.port}`);
  server.close();
});
