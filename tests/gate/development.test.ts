/** The facilitator inside of the process, on a chain of one's own. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { NETWORK, startChain } from "../../examples/localnet/chain.ts";
import { unguardedFetch } from "../../examples/localnet/client.ts";
import { type Listening, listen } from "../../examples/localnet/listen.ts";
import { developmentFacilitator, serveGateway } from "../../js/gate/gateway/index.ts";
import { createGate } from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";

/** A node behind which each receipt is there only after it was asked for some times: so a busy one behaves. */
async function lateNode(rpcUrl: string): Promise<Listening> {
  const asked = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const call = JSON.parse(body) as { readonly id: number; readonly method: string; readonly params?: string[] };
    const times = asked.get(call.params?.[0] ?? "") ?? 0;
    const early = call.method === "eth_getTransactionReceipt" && times < 8;
    if (early) asked.set(call.params?.[0] ?? "", times + 1);
    const answer = early
      ? JSON.stringify({ jsonrpc: "2.0", id: call.id, result: null })
      : await (await fetch(rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body })).text();
    response.setHeader("content-type", "application/json").end(answer);
  });
  return listen(server, 0);
}

test("development: a payment settles on one's own chain, with no facilitator beside", {
  timeout: 30_000,
}, async (t) => {
  const chain = await startChain();
  t.after(() => chain.stop());
  const node = await lateNode(chain.rpcUrl);
  t.after(() => node.stop());
  const { privateKey } = chain.accounts.facilitator;
  const gate = await createGate({
    policy: { payment: { max_usd: "1" } },
    store: memoryStore(),
    url: "https://api.example.com",
    routes: { "GET /weather": { pay: { network: NETWORK, payTo: chain.accounts.seller.address }, price: "$0.01" } },
    facilitator: await developmentFacilitator({ rpcUrl: node.url, key: privateKey, network: NETWORK }),
    schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
  });
  const serving = await serveGateway(gate.wrap(() => new Response("sunny")));
  t.after(() => serving.stop(0));
  const pay = unguardedFetch(chain);
  const texts = await Promise.all([1, 2].map(async (n) => (await pay(`${serving.url}/weather?n=${n}`)).text()));
  assert.deepEqual(texts, ["sunny", "sunny"]);
  assert.equal(await chain.balanceOf(chain.accounts.seller.address), 20_000n);
});
