/**
 * The gate on Express beside the official middleware on Express, in one run: paid requests over loopback, with a
 * facilitator that answers at once. Batches of the two alternate, so that a busy machine is as busy for both.
 */

import { Agent, createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddlewareFromHTTPServer, x402HTTPResourceServer, x402ResourceServer } from "@x402/express";
import express from "express";
import { createGate, type Requirements } from "../../js/gate/index.ts";
import type { Store } from "../../js/stores/store.ts";
import { ALICE, freshNonce, NETWORK, pay, sign } from "./support.ts";

export interface LoadFigures {
  readonly requests: number;
  /** Medians of a request, in microseconds. */
  readonly official: number;
  readonly gate: number;
  /** Paid requests per second, of the gate, with so many at once. */
  readonly perSecond: number;
  readonly officialPerSecond: number;
  /** Of the heap after collection, in MB: a quarter of the way in, and at the end. */
  readonly heap: readonly [early: number, late: number];
}

/** A facilitator that says yes, and keeps nothing. */
const yes = {
  verify: async (payment: { payload: { authorization: { from: string } } }) => ({
    isValid: true,
    payer: payment.payload.authorization.from,
  }),
  settle: async () => ({ success: true, transaction: "0x01", network: NETWORK, payer: ALICE }),
  getSupported: async () => ({
    kinds: [{ x402Version: 2, scheme: "exact", network: NETWORK }],
    extensions: [],
    signers: {},
  }),
};

export async function load(options: {
  readonly store: Store;
  readonly seconds: number;
  readonly atOnce?: number;
}): Promise<LoadFigures> {
  const { store, seconds, atOnce = 8 } = options;
  const gate = await createGate({
    policy: { payment: { max_usd: "1" } },
    store,
    url: "https://api.example.com",
    routes: { "GET /weather": { pay, price: "$0.01" } },
    facilitator: yes as never,
    schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
    maxOpenPerClient: 1_000,
  });
  const accepts = { scheme: "exact", network: NETWORK, payTo: pay.payTo, price: "$0.01" } as const;
  const resources = new x402ResourceServer(yes as never).register(NETWORK, new ExactEvmScheme());
  const payments = new x402HTTPResourceServer(resources, { "GET /weather": { accepts } });
  await payments.initialize();
  const ours = await serve(gate.express());
  const theirs = await serve(paymentMiddlewareFromHTTPServer(payments, undefined, undefined, false));
  const times: { official: number[]; gate: number[] } = { official: [], gate: [] };
  const rates: { official: number[]; gate: number[] } = { official: [], gate: [] };
  const heaps: number[] = [];
  let requests = 0;
  try {
    const until = performance.now() + seconds * 1000;
    const pairs = [
      ["official", theirs, await entryAt(theirs)],
      ["gate", ours, await entryAt(ours)],
    ] as const;
    let round = 0;
    while (performance.now() < until || round < 3) {
      round += 1;
      // A quote is good for five minutes; the load may take longer.
      const [first, second] = round % 2 === 0 ? pairs : [pairs[1], pairs[0]];
      for (const [name, server] of [first, second]) {
        const entry = await entryAt(server);
        // One at a time: what a request takes. Then several: how many there are in a second.
        for (let i = 0; i < 100; i++) {
          const since = performance.now();
          await buy(server, entry);
          if (round > 1) times[name].push((performance.now() - since) * 1000);
        }
        const since = performance.now();
        await Promise.all(
          Array.from({ length: atOnce }, async () => {
            for (let i = 0; i < 20; i++) await buy(server, entry);
          }),
        );
        if (round > 1) rates[name].push((atOnce * 20 * 1000) / (performance.now() - since));
        requests += 100 + atOnce * 20;
      }
      globalThis.gc?.();
      heaps.push(process.memoryUsage().heapUsed / 2 ** 20);
    }
  } finally {
    ours.stop();
    theirs.stop();
    await gate.close();
  }
  const early = heaps[Math.floor(heaps.length / 4)] ?? 0;
  return {
    requests,
    official: median(times.official),
    gate: median(times.gate),
    perSecond: median(rates.gate),
    officialPerSecond: median(rates.official),
    heap: [early, heaps.at(-1) ?? 0],
  };
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

interface Served {
  readonly port: number;
  readonly agent: Agent;
  stop(): void;
}

async function serve(middleware: ReturnType<typeof paymentMiddlewareFromHTTPServer> | unknown): Promise<Served> {
  const app = express();
  app.use(middleware as express.RequestHandler);
  app.get("/weather", (_request, response) => void response.json({ city: "Lisbon", celsius: 21 }));
  const server = createServer(app);
  // The one waits while the other is asked.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const agent = new Agent({ keepAlive: true });
  return {
    port: (server.address() as AddressInfo).port,
    agent,
    stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function entryAt(server: Served): Promise<Requirements> {
  const { headers } = await get(server, {});
  const text = Buffer.from(String(headers["payment-required"]), "base64").toString();
  return (JSON.parse(text) as { accepts: [Requirements] }).accepts[0];
}

async function buy(server: Served, entry: Requirements): Promise<void> {
  const payment = sign(entry, ALICE, freshNonce());
  const header = Buffer.from(JSON.stringify(payment)).toString("base64");
  const { status, text } = await get(server, { "payment-signature": header });
  if (status !== 200) throw new Error(`${status}: ${text}`);
}

function get(
  { port, agent }: Served,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path: "/weather", headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end();
  });
}
