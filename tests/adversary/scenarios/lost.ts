/** An agent whose process is lost: code in it has whatever is there. With the decision service, that is no wallet's key. */

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { honest, offerV2 } from "../../../examples/localnet/traps.ts";
import { served, toSeller, transferBy } from "../make.ts";
import type { Buying, BuyingStage } from "../scenario.ts";

/** A decision service that holds the wallet's key, and what the agent has of it: an address and a key that asks. */
async function withService(
  stage: BuyingStage,
  work: (found: { readonly url: string; readonly key: string; readonly pay: typeof fetch }) => Promise<void>,
): Promise<void> {
  const { createService, serve } = stage.shipped.service;
  const scheme = new ExactEvmScheme(stage.chain.accounts.agent.account);
  const service = await createService({
    policy: { origins: [stage.hostile.url], payment: { max_usd: "0.10" }, payees: { allow: [stage.seller] } },
    store: stage.shipped.memoryStore(),
    signer: {
      pay: async ({ x402Version, accept }) =>
        (await scheme.createPaymentPayload(x402Version, accept as never)).payload as Record<string, unknown>,
    },
  });
  const serving = await serve(service);
  try {
    const { key } = await service.keys.add({ name: "agent", agent: "researcher", scopes: ["evaluate", "settle"] });
    const warden = await stage.shipped.remote.remoteWarden({ url: serving.url, key, signer: "service" });
    await work({ url: serving.url, key, pay: warden.payingFetch({ pay: warden.pay }) });
    await warden.close();
  } finally {
    await service.close();
    await serving.stop(50);
  }
}

export const LOST: readonly Buying[] = [
  {
    id: "T21.lost",
    attack: "the agent's process is lost: code in it takes every key that it finds there, and uses it",
    by: "plug-in",
    side: "buyer",
    stoppedBy: ["payee_not_allowed"],
    async run(stage) {
      if (!stage.guarded) return transferBy(stage, 500_000n);
      await withService(stage, async ({ url, key, pay }) => {
        await stage.attempt(() => pay(stage.sells(honest(offerV2(stage.chain)))));
        const authorization = `Bearer ${key}`;
        const keys = { name: "mine", scopes: ["admin"] };
        const wanted = { method: "POST", body: JSON.stringify(keys) };
        const asked = await fetch(`${url}/v1/keys`, {
          ...wanted,
          headers: { authorization, "content-type": "application/json" },
        });
        if (asked.ok) stage.exposed(1_000_000_000n);
        else stage.stopped(((await asked.json()) as { readonly error: { readonly code: string } }).error.code);
      });
    },
    honest: (stage) => withService(stage, async ({ pay }) => served(await pay(stage.sells(honest(toSeller(stage)))))),
  },
];
