// An honest seller of the protocol's first version: the legacy `x402-express` middleware, which speaks of its offer
// in the body of the 402 and takes the payment in `X-PAYMENT`. It can only reach a facilitator by URL, so ours is
// served over HTTP beside it.

import { createServer } from "node:http";
import type { FacilitatorClient } from "@x402/core/server";
import express from "express";
import { paymentMiddleware } from "x402-express";
import { type Chain, NETWORK_V1 } from "./chain.ts";
import { serveFacilitator } from "./facilitator.ts";
import { countHits, type Hits } from "./hits.ts";
import { listen } from "./listen.ts";

export interface SellerV1 {
  readonly url: string;
  /** What this route has seen so far; zeroes for one that was never asked. */
  hits(route: string): Hits;
  /** Closes the seller and its facilitator's port. */
  stop(): Promise<void>;
}

/** By method and path: the price in dollars, and the JSON that a paid request gets. */
export type SellerV1Routes = Readonly<Record<string, { readonly price: string; readonly body: unknown }>>;

export const DEFAULT_V1_ROUTES: SellerV1Routes = {
  "GET /weather": { price: "$0.01", body: { city: "Porto", celsius: 19 } },
  "GET /dataset": { price: "$2.50", body: { rows: [4, 5, 6] } },
};

/** Starts the legacy seller; its money goes to the chain's `seller` account too. */
export async function startSellerV1(options: {
  readonly chain: Chain;
  readonly facilitator: FacilitatorClient;
  readonly routes?: SellerV1Routes;
  readonly port?: number;
}): Promise<SellerV1> {
  const routes = options.routes ?? DEFAULT_V1_ROUTES;
  const facilitator = await serveFacilitator(options.facilitator);
  const prices = Object.fromEntries(
    Object.entries(routes).map(([route, { price }]) => [route, { price, network: NETWORK_V1 } as const]),
  );
  // The legacy types want a literal `http://` or `https://` in front.
  const url = facilitator.url as `http://${string}`;

  const hits = countHits();
  const app = express();
  app.use((request, _response, next) => {
    hits.add("asked", `${request.method} ${request.path}`);
    next();
  });
  app.use(paymentMiddleware(options.chain.accounts.seller.address, prices, { url }));
  app.use((request, response) => {
    const route = `${request.method} ${request.path}`;
    const sold = routes[route];
    if (sold === undefined) {
      response.status(404).json({ error: `nothing is sold at \`${route}\`` });
      return;
    }
    hits.add("served", route);
    response.json(sold.body);
  });
  const seller = await listen(createServer(app), options.port ?? 0);
  return {
    url: seller.url,
    hits: hits.read,
    async stop() {
      await seller.stop();
      await facilitator.stop();
    },
  };
}
