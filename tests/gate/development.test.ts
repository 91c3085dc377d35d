/** The facilitator inside of the process, on a chain of one's own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { NETWORK, startChain } from "../../examples/localnet/chain.ts";
import { unguardedFetch } from "../../examples/localnet/client.ts";
import { developmentFacilitator, serveGateway } from "../../js/gate/gateway/index.ts";
import { createGate } from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";

test("development: a payment settles on one's own chain, with no facilitator beside", async (t) => {
  const chain = await startChain();
  t.after(() => chain.stop());
  const { privateKey } = chain.accounts.facilitator;
  const gate = await createGate({
    policy: { payment: { max_usd: "1" } },
    store: memoryStore(),
    url: "https://api.example.com",
    routes: { "GET /weather": { pay: { network: NETWORK, payTo: chain.accounts.seller.address }, price: "$0.01" } },
    facilitator: await developmentFacilitator({ rpcUrl: chain.rpcUrl, key: privateKey, network: NETWORK }),
    schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
  });
  const serving = await serveGateway(gate.wrap(() => new Response("sunny")));
  t.after(() => serving.stop(0));
  const pay = unguardedFetch(chain);
  const texts = await Promise.all([1, 2].map(async (n) => (await pay(`${serving.url}/weather?n=${n}`)).text()));
  assert.deepEqual(texts, ["sunny", "sunny"]);
  assert.equal(await chain.balanceOf(chain.accounts.seller.address), 20_000n);
});
