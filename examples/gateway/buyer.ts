// The agent: the official client behind a warden, once as anybody and once with an API key.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { memoryStore, openWarden, PaymentDenied } from "tollwarden";
import { privateKeyToAccount } from "viem/accounts";

/** Buys what the gateway sells, and says what became of it. */
export async function buy(seller: string, key: string): Promise<void> {
  const account = privateKeyToAccount(process.env.AGENT_KEY as `0x${string}`);
  const policy = { origins: [seller], payment: { max_usd: "0.10" } };
  const warden = await openWarden({ policy, agent: "buyer", store: memoryStore() });
  const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(warden.signer(account))));
  const pay = wrapFetchWithPayment(warden.fetch(fetch), client);

  const ask = async (path: string, headers: Record<string, string> = {}): Promise<void> => {
    const name = `${path}${headers["x-api-key"] === undefined ? "" : " (with a key)"}`;
    try {
      const response = await pay(`${seller}${path}`, { headers });
      const told = response.headers.get("tollwarden-refusal") ?? response.headers.get("tollwarden-payment") ?? "paid";
      console.log(name, response.status, told, response.ok ? await response.text() : "");
    } catch (error) {
      if (!(error instanceof PaymentDenied)) throw error;
      console.log(name, error.message);
    }
  };
  await ask("/weather");
  await ask("/weather", { "x-api-key": key });
  await ask("/trial", { "x-api-key": key });
  await ask("/dataset");
  // It fails twice, and costs nothing; then nobody is asked to pay for it any more.
  for (let i = 0; i < 3; i++) await ask(`/broken?n=${i}`);
  await warden.close();
}
