// The agent: the official client behind a warden.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { openWarden, PaymentDenied } from "tollwarden";
import { privateKeyToAccount } from "viem/accounts";

/** Buys what the seller has, as far as the policy lets it. */
export async function buy(seller: string): Promise<void> {
  const account = privateKeyToAccount(process.env.AGENT_KEY as `0x${string}`);
  const policy = { origins: [seller], payment: { max_usd: "0.10" } };
  const warden = await openWarden({ policy, agent: "buyer" });
  const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(warden.signer(account))));
  const pay = wrapFetchWithPayment(warden.fetch(fetch), client);
  for (const path of ["/weather", "/dataset"]) {
    try {
      const response = await pay(`${seller}${path}`);
      console.log(path, response.status, await response.text());
    } catch (error) {
      if (!(error instanceof PaymentDenied)) throw error;
      console.log(path, error.message);
    }
  }
  await warden.close();
}
