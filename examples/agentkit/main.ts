// A Coinbase AgentKit agent with an action that buys data. The wallet is AgentKit's own; for payments it is reached through
// the warden alone. A refusal goes back to the model as the action's answer. In place of a model, a list chooses what is
// bought, so that the example runs without a key.

import "./quiet.ts";
import { AgentKit, customActionProvider, ViemWalletProvider } from "@coinbase/agentkit";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { openWarden, PaymentDenied } from "tollwarden";
import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import { z } from "zod";

const { SELLER_URL = "http://127.0.0.1:4021", RPC_URL, AGENT_KEY } = process.env;

const warden = await openWarden({
  policy: { origins: [new URL(SELLER_URL).origin], payment: { max_usd: "0.10" } },
  agent: "agentkit",
});

const account = privateKeyToAccount(AGENT_KEY as `0x${string}`);
const wallet = new ViemWalletProvider(createWalletClient({ account, chain: baseSepolia, transport: http(RPC_URL) }));
const signer = warden.signer({
  address: wallet.getAddress() as `0x${string}`,
  signTypedData: (message: object) => wallet.signTypedData(message),
});
const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(signer)));
const pay = wrapFetchWithPayment(warden.fetch(fetch), client);

const buy = customActionProvider({
  name: "buy_data",
  description: "buys data from the seller, by its path",
  schema: z.object({ path: z.enum(["/weather", "/report", "/dataset"]) }),
  invoke: async ({ path }: { path: string }) => {
    try {
      return await (await pay(new URL(path, SELLER_URL))).text();
    } catch (error) {
      if (!(error instanceof PaymentDenied)) throw error;
      return error.message; // the model reads why, and what would help
    }
  },
});

const agentkit = await AgentKit.from({ walletProvider: wallet, actionProviders: [buy] });
const action = agentkit.getActions().find(({ name }) => name.endsWith("buy_data"));
if (action === undefined) throw new Error("AgentKit has lost the action");
for (const path of ["/weather", "/dataset"]) console.log(path, await action.invoke({ path }));
await warden.close();
