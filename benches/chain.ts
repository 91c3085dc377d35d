/**
 * A paid request end to end, as an agent has it: the official client signs, the official seller verifies and settles on a
 * chain. What a warden adds is the difference.
 */

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { NETWORK, startChain } from "../examples/localnet/chain.ts";
import { unguardedFetch } from "../examples/localnet/client.ts";
import { createFacilitator } from "../examples/localnet/facilitator.ts";
import { startSeller } from "../examples/localnet/seller.ts";
import { memoryStore, openWarden } from "../js/index.ts";
import { type Effort, measure } from "./measure.ts";
import { PLAIN, policyOf } from "./payment.ts";
import { type Result, result } from "./run.ts";

export async function endToEnd(effort: Effort): Promise<Result> {
  const chain = await startChain();
  const seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
  const origin = new URL(seller.url).origin;
  const warden = await openWarden({
    policy: { ...policyOf({ ...PLAIN, budgets: 4 }), vendors: { allow: [origin] }, origins: [origin] },
    store: memoryStore(),
    agent: "agent-1",
  });
  const { account } = chain.accounts.agent;
  const client = warden.client(new x402Client().register(NETWORK, new ExactEvmScheme(warden.signer(account))));
  const guarded = wrapFetchWithPayment(warden.fetch(fetch), client) as typeof fetch;
  const bare = unguardedFetch(chain);
  const buy = (pay: typeof fetch) => async (): Promise<void> => {
    const response = await pay(`${seller.url}/weather`);
    if (!response.ok) throw new Error(`the seller answered ${response.status}`);
    await response.arrayBuffer();
  };
  try {
    const figures = await measure(
      [
        { name: "guarded", run: buy(guarded) },
        { name: "bare", run: buy(bare) },
      ],
      effort,
    );
    const title = "a paid request end to end: the official client and seller, settled on a local chain";
    return result({ name: "chain", title }, figures);
  } finally {
    await warden.close();
    await seller.stop();
    await chain.stop();
  }
}
