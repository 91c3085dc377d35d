/** The Worker of `worker.test.ts`: Hono behind the gate inside workerd, with a facilitator that says yes. */

import { Hono } from "hono";
import { createGate, type Gate, verifyIou } from "../../../js/gate/workerd.ts";
import { memoryStore } from "../../../js/stores/memory.ts";

const NETWORK = "eip155:84532";
const pay = { network: NETWORK, payTo: "0x1111111111111111111111111111111111111111" };

/** As much of a scheme as the gate asks for; the official one brings viem along. */
const scheme = {
  scheme: "exact",
  parsePrice: async () => ({
    amount: "1000000",
    asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    extra: { name: "USDC", version: "2" },
  }),
  enhancePaymentRequirements: async (requirements: object) => requirements,
};

let settled = 0;
const facilitator = {
  verify: async (payment: { payload: { authorization: { from: string } } }) => ({
    isValid: true,
    payer: payment.payload.authorization.from,
  }),
  settle: async () => {
    settled += 1;
    return { success: true, transaction: `0x${settled}`, network: NETWORK };
  },
  getSupported: async () => ({ kinds: [{ x402Version: 2, scheme: "exact", network: NETWORK }] }),
};

let app: Promise<{ readonly app: Hono; readonly gate: Gate }> | undefined;

async function open(): Promise<{ readonly app: Hono; readonly gate: Gate }> {
  const gate = await createGate({
    policy: { payment: { max_usd: "1" } },
    store: memoryStore(),
    url: "https://api.example.com",
    routes: {
      "GET /good": { pay, price: "$0.01" },
      "GET /bad": { pay, price: "$0.01" },
      "GET /before": { pay, price: "$0.01", take: "before" },
    },
    facilitator: facilitator as never,
    schemes: [{ network: "eip155:*", server: scheme as never }],
  });
  const hono = new Hono();
  hono.use(gate.hono());
  hono.get("/good", (context) => context.json({ ok: true }));
  hono.get("/bad", (context) => context.text("no", 500));
  hono.get("/before", (context) => context.text("no", 500));
  hono.get("/settled", (context) => context.text(String(settled)));
  hono.get("/books", async (context) => context.json(await gate.books()));
  hono.get("/iou", async (context) => {
    for await (const { refund } of gate.payments({ owed: true })) {
      return context.json({ good: refund !== undefined && (await verifyIou(refund.iou, refund.iou.key)) });
    }
    return context.json({ good: false });
  });
  return { app: hono, gate };
}

export default {
  async fetch(request: Request): Promise<Response> {
    // Opened in a request: Workers have no randomness outside of one.
    app ??= open();
    return (await app).app.fetch(request);
  },
};
