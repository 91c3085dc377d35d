// An agent in a Cloudflare Worker. Its budget is kept in a Durable Object: all requests and all Workers that name the same
// scope share it, and it outlives a restart and a deployment.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { openWarden, PaymentDenied } from "tollwarden";
import { durableObjectStore, type LedgerNamespace, LedgerObject } from "tollwarden/durable-objects";
import { privateKeyToAccount } from "viem/accounts";

export { LedgerObject };

interface Env {
  readonly LEDGER: LedgerNamespace;
  readonly SELLER_URL: string;
  readonly AGENT_KEY: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const account = privateKeyToAccount(env.AGENT_KEY as `0x${string}`);
    // In a Worker, what waits belongs to the request that began it. So each request opens the ledger and the warden.
    const warden = await openWarden({
      policy: {
        origins: [new URL(env.SELLER_URL).origin],
        payment: { max_usd: "0.10" },
        budgets: [{ name: "daily", limit_usd: "0.06", window: "24h" }],
      },
      store: await durableObjectStore(env.LEDGER, { scope: "team" }),
      agent: "worker",
    });
    const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(warden.signer(account))));
    const pay = wrapFetchWithPayment(warden.fetch(fetch), client);
    try {
      const bought = await pay(new URL(new URL(request.url).pathname, env.SELLER_URL));
      const [daily] = await warden.budgets();
      return Response.json({ bought: await bought.text(), spent: daily?.spent });
    } catch (error) {
      if (!(error instanceof PaymentDenied)) throw error;
      return Response.json({ denied: error.message }, { status: 402 });
    } finally {
      await warden.close();
    }
  },
};
