/** The stage for attacks on a seller: an Express server with the official middleware, or with tollwarden's gate before it. */

import { createServer } from "node:http";
import type { FacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { ExactEvmScheme as ServerScheme } from "@x402/evm/exact/server";
import { paymentMiddlewareFromHTTPServer, x402HTTPResourceServer, x402ResourceServer } from "@x402/express";
import { x402Client } from "@x402/fetch";
import express, { type Response as Answering, type Request as Asked } from "express";
import type { PrivateKeyAccount } from "viem/accounts";
import { NETWORK } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { listen } from "../../examples/localnet/listen.ts";
import type { GateOptions } from "../../js/gate/index.ts";
import { type Stop, wealthOf } from "./books.ts";
import type { Selling, World } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";

export const PRICE = 10_000n;

/** What came of one run. */
export interface Sold {
  /** How many a client got. */
  readonly goods: number;
  /** How often the seller's own work was done. */
  readonly work: number;
  /** What the seller has got, by the chain. */
  readonly received: bigint;
  /** What clients paid beyond what they got, in atomic units. */
  readonly overcharged: bigint;
  readonly stops: readonly Stop[];
}

export interface ShopOptions {
  /** In place of `/a` and `/b` at a cent each. */
  readonly routes?: Readonly<Record<string, object>>;
  readonly facilitator?: FacilitatorClient;
  /** The seller's own work; the goods if left out. */
  readonly handler?: (request: Asked, response: Answering) => void | Promise<void>;
  /** More for the gate, where there is one. */
  readonly gate?: Partial<GateOptions>;
  /** In the place of the gate, where there is none: what such a seller would write with the official package. */
  readonly stock?: (server: x402ResourceServer) => void;
}

export interface Shop {
  readonly url: string;
  readonly gate: Awaited<ReturnType<Shipped["gate"]["createGate"]>> | undefined;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export interface SellingStage extends World {
  readonly guarded: boolean;
  readonly shipped: Shipped;
  readonly facilitator: FacilitatorClient;
  /** Opens the shop: with a gate, or without. */
  open(options?: ShopOptions): Promise<Shop>;
  /** The header of a payment that the official client has signed for what this path asks. */
  sign(shop: Shop, path: string, init?: RequestInit, account?: PrivateKeyAccount): Promise<string>;
  /** Counts an answer that a client got: the goods, or what stopped it. */
  got(response: Response): Promise<boolean>;
  /** Money that a client paid, and got nothing for. */
  overcharged(amount: bigint): void;
  stopped(code: string): void;
}

export async function selling(run: {
  readonly world: World;
  readonly shipped: Shipped;
  readonly scenario: Selling;
  readonly guarded: boolean;
  readonly honestly?: boolean;
}): Promise<Sold> {
  const { world, shipped, scenario, guarded, honestly = false } = run;
  const { chain } = world;
  const real = createFacilitator(chain);
  const stops: Stop[] = [];
  const opened: { stop(): Promise<unknown> }[] = [];
  let [goods, work, overcharged] = [0, 0, 0n];
  const before = await wealthOf(chain, world.seller);

  const stage: SellingStage = {
    ...world,
    guarded,
    shipped,
    facilitator: real,
    async open({ routes, facilitator = real, handler, gate: more, stock } = {}) {
      const way = { network: NETWORK, payTo: world.seller } as const;
      const app = express();
      app.set("env", "test");
      const server = await listen(createServer(app), 0);
      opened.push(server);
      const sold = routes ?? { "GET /a": {}, "GET /b": {}, "POST /a": {} };
      let gate: Shop["gate"];
      if (guarded) {
        gate = await shipped.gate.createGate({
          policy: { payment: { max_usd: "1" } },
          store: shipped.memoryStore(),
          url: server.url,
          routes: Object.fromEntries(
            Object.entries(sold).map(([route, own]) => [route, { pay: way, price: "$0.01", ...own }]),
          ) as GateOptions["routes"],
          facilitator: facilitator as never,
          schemes: [{ network: "eip155:*", server: new ServerScheme() }],
          ...more,
        });
        const closing = gate;
        opened.push({ stop: () => closing.close() });
        app.use(gate.express());
      } else {
        const resources = new x402ResourceServer(facilitator).register(NETWORK, new ServerScheme());
        stock?.(resources);
        const priced = (own: object): string => ("price" in own && typeof own.price === "string" ? own.price : "$0.01");
        const payments = new x402HTTPResourceServer(
          resources,
          Object.fromEntries(
            Object.entries(sold).map(([route, own]) => [
              route,
              { accepts: { scheme: "exact", price: priced(own), ...way }, description: "goods" },
            ]),
          ),
        );
        await payments.initialize();
        app.use(paymentMiddlewareFromHTTPServer(payments, undefined, undefined, false));
      }
      app.use(async (request, response) => {
        work += 1;
        await (handler ?? ((_, answer) => void answer.send("as promised")))(request, response);
      });
      return { url: server.url, gate, ask: (path, init) => fetch(server.url + path, init) };
    },
    async sign(shop, path, init = {}, account = chain.accounts.agent.account) {
      const offer = await shop.ask(path, init);
      await offer.body?.cancel();
      const header = offer.headers.get("PAYMENT-REQUIRED");
      if (header === null) throw new Error(`${path} asks for no payment: ${offer.status}`);
      const client = new x402Client().register(NETWORK, new ExactEvmScheme(account));
      const payment = await client.createPaymentPayload(JSON.parse(Buffer.from(header, "base64").toString()));
      return Buffer.from(JSON.stringify(payment)).toString("base64");
    },
    async got(response) {
      const text = await response.text();
      const good = response.status === 200 && text === "as promised";
      if (good) goods += 1;
      const code = response.headers.get("tollwarden-refusal");
      if (code !== null) stops.push({ code, rules: [], message: "" });
      return good;
    },
    overcharged(amount) {
      overcharged += amount;
    },
    stopped: (code) => void stops.push({ code, rules: [], message: "" }),
  };
  try {
    await (honestly ? (scenario.honest ?? honestSale) : scenario.run)(stage);
    return { goods, work, received: (await wealthOf(chain, world.seller)) - before, overcharged, stops };
  } finally {
    for (const open of opened.reverse()) await open.stop();
  }
}

/** One is sold, paid for, and delivered. */
export async function honestSale(stage: SellingStage): Promise<void> {
  const shop = await stage.open();
  const header = await stage.sign(shop, "/a");
  if (!(await stage.got(await shop.ask("/a", paid(header))))) throw new Error("the honest sale was not delivered");
}

/** What an offer asks for. */
export async function amountOf(offer: Response): Promise<bigint> {
  await offer.body?.cancel();
  const header = offer.headers.get("PAYMENT-REQUIRED") ?? "";
  const { accepts } = JSON.parse(Buffer.from(header, "base64").toString()) as {
    readonly accepts: { readonly amount: string }[];
  };
  return BigInt(accepts[0]?.amount ?? 0);
}

export const paid = (header: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { ...(init.headers as Record<string, string>), "PAYMENT-SIGNATURE": header },
});
