// A small agent on Deno: the official x402 client behind a warden. The budget is in an SQLite file of the working folder, by
// Deno's own `node:sqlite`, and is still there at the next run.

import process from "node:process";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { openWarden, PaymentDenied } from "tollwarden";
import { privateKeyToAccount } from "viem/accounts";

const { SELLER_URL = "http://127.0.0.1:4021", AGENT_KEY } = process.env;
const account = privateKeyToAccount(AGENT_KEY as `0x${string}`);

const warden = await openWarden({
  policy: {
    origins: [new URL(SELLER_URL).origin],
    payment: { max_usd: "0.10" },
    budgets: [{ name: "minute", limit_usd: "1", window: "1m" }],
  },
  agent: "deno",
});
const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(warden.signer(account))));
const pay = wrapFetchWithPayment(warden.fetch(fetch), client);

for (const path of ["/weather", "/report", "/dataset"]) {
  try {
    const response = await pay(`${SELLER_URL}${path}`);
    console.log(path, response.status, await response.text());
  } catch (error) {
    if (!(error instanceof PaymentDenied)) throw error;
    console.log(path, error.message);
  }
}
for (const { name, spent, limit } of await warden.budgets())
  console.log(`budget ${name}: ${spent} of ${limit} USD spent`);
await warden.close();
