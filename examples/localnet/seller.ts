// An honest seller: express with the official x402 middleware, version 2 of the protocol.

import { createServer } from "node:http";
import type { FacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import {
  paymentMiddlewareFromHTTPServer,
  setSettlementOverrides,
  x402HTTPResourceServer,
  x402ResourceServer,
} from "@x402/express";
import express from "express";
import { type Chain, NETWORK } from "./chain.ts";
import { countHits, type Hits } from "./hits.ts";
import { listen } from "./listen.ts";

/** What one route sells. */
export interface SellerRoute {
  /** In dollars of the default asset, such as `$0.01`. For `upto` it is the most that may be charged. */
  readonly price: string;
  /** How the money moves: `exact` over EIP-3009 if left out; the other two need `chain.approvePermit2` first. */
  readonly scheme?: "exact" | "exact-permit2" | "upto";
  /** For `upto`: what is charged in the end, in atomic units, dollars or per cent; the price if left out. */
  readonly charge?: string;
  /** What a paid request gets, as JSON. */
  readonly body: unknown;
  /** The status of a paid request, 200 if left out. From 400 on the official middleware does not settle. */
  readonly status?: number;
  /** How long a signature may stay good, in seconds; 300 if left out, which is the official default. */
  readonly maxTimeoutSeconds?: number;
}

/** By method and path, such as `GET /weather`. */
export type SellerRoutes = Readonly<Record<string, SellerRoute>>;

export interface SellerOptions {
  readonly chain: Chain;
  readonly facilitator: FacilitatorClient;
  /** `DEFAULT_ROUTES` if left out. */
  readonly routes?: SellerRoutes;
  /** Any free port if left out. */
  readonly port?: number;
}

export interface Seller {
  readonly url: string;
  /** What this route has seen so far; zeroes for one that was never asked. */
  hits(route: string): Hits;
  stop(): Promise<void>;
}

/** From a cent to far more than an agent should pay without being asked. */
export const DEFAULT_ROUTES: SellerRoutes = {
  "GET /weather": { price: "$0.01", body: { city: "Lisbon", celsius: 21 } },
  "GET /report": { price: "$0.05", body: { report: "quarterly figures" } },
  "POST /translate": { price: "$0.02", body: { text: "bom dia" } },
  "GET /dataset": { price: "$2.50", body: { rows: [1, 2, 3] } },
  "GET /jackpot": { price: "$900", body: { prize: "nothing" } },
  "GET /metered": { price: "$0.10", scheme: "upto", charge: "$0.03", body: { tokens: 3000 } },
  "GET /permit2": { price: "$0.01", scheme: "exact-permit2", body: { via: "Permit2" } },
  "GET /broken": { price: "$0.01", body: { error: "the upstream is down" }, status: 503 },
};

/** Starts the seller; its money goes to the chain's `seller` account. */
export async function startSeller(options: SellerOptions): Promise<Seller> {
  const routes = options.routes ?? DEFAULT_ROUTES;
  const payTo = options.chain.accounts.seller.address;
  const resources = new x402ResourceServer(options.facilitator)
    .register(NETWORK, new ExactEvmScheme())
    .register(NETWORK, new UptoEvmScheme());
  const payments = new x402HTTPResourceServer(
    resources,
    Object.fromEntries(
      Object.entries(routes).map(([route, { price, scheme, maxTimeoutSeconds }]) => [
        route,
        {
          accepts: {
            scheme: scheme === "upto" ? "upto" : "exact",
            network: NETWORK,
            payTo,
            price,
            ...(scheme === "exact-permit2" ? { extra: { assetTransferMethod: "permit2" } } : {}),
            ...(maxTimeoutSeconds === undefined ? {} : { maxTimeoutSeconds }),
          },
          description: `what ${route} sells`,
          mimeType: "application/json",
        },
      ]),
    ),
  );
  // Done here and not by the middleware, which would end the process if the facilitator did not answer.
  await payments.initialize();

  const hits = countHits();
  const app = express();
  app.use((request, _response, next) => {
    hits.add("asked", `${request.method} ${request.path}`);
    next();
  });
  app.use(paymentMiddlewareFromHTTPServer(payments, undefined, undefined, false));
  app.use((request, response) => {
    const route = `${request.method} ${request.path}`;
    const sold = routes[route];
    if (sold === undefined) {
      response.status(404).json({ error: `nothing is sold at \`${route}\`` });
      return;
    }
    hits.add("served", route);
    if (sold.charge !== undefined) setSettlementOverrides(response, { amount: sold.charge });
    response.status(sold.status ?? 200).json(sold.body);
  });
  const { url, stop } = await listen(createServer(app), options.port ?? 0);
  return { url, hits: hits.read, stop };
}
