// A seller in a Cloudflare Worker: Hono, with the official middleware.

import { HTTPFacilitatorClient, x402HTTPResourceServer, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddlewareFromHTTPServer } from "@x402/hono";
import { Hono } from "hono";

interface Env {
  readonly FACILITATOR_URL: string;
  readonly PAY_TO: string;
}

async function openShop({ FACILITATOR_URL, PAY_TO }: Env): Promise<Hono> {
  const resources = new x402ResourceServer(new HTTPFacilitatorClient({ url: FACILITATOR_URL }));
  resources.register("eip155:84532", new ExactEvmScheme());
  const payments = new x402HTTPResourceServer(resources, {
    "GET /weather": { accepts: { scheme: "exact", network: "eip155:84532", payTo: PAY_TO, price: "$0.01" } },
    "GET /dataset": { accepts: { scheme: "exact", network: "eip155:84532", payTo: PAY_TO, price: "$2.50" } },
  });
  await payments.initialize();

  const app = new Hono();
  app.use(paymentMiddlewareFromHTTPServer(payments, undefined, undefined, false));
  app.get("/weather", (context) => context.json({ city: "Lisbon", celsius: 21 }));
  app.get("/dataset", (context) => context.json({ rows: [1, 2, 3] }));
  return app;
}

let shop: Hono | undefined;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    // Asks the facilitator once in each isolate. Two first requests at the same time each do it for themselves: in a Worker
    // no request may wait for what another one has begun.
    shop ??= await openShop(env);
    return shop.fetch(request);
  },
};
