// A small agent on Node: the official x402 client behind a warden. It starts the local net that it pays on by itself.
//
//   node examples/agent/main.ts
//
// The ledger stays in the file `tollwarden.sqlite` of the folder that it is run in. Run it again within ten minutes:
// the budget remembers.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { openWarden, PaymentDenied } from "../../js/index.ts";
import { NETWORK, startChain } from "../localnet/chain.ts";
import { createFacilitator } from "../localnet/facilitator.ts";
import { startSeller } from "../localnet/seller.ts";

const chain = await startChain();
// The port that policy.toml lists.
const seller = await startSeller({ chain, facilitator: createFacilitator(chain), port: 4021 });
const { account } = chain.accounts.agent;

// The three lines: open a warden, guard the client and its signer, guard the fetch.
const warden = await openWarden({ policy: new URL("policy.toml", import.meta.url), agent: "example" });
const client = warden.client(new x402Client().register(NETWORK, new ExactEvmScheme(warden.signer(account))));
const pay = wrapFetchWithPayment(warden.fetch(fetch), client);

try {
  for (const path of ["/weather", "/report", "/dataset", "/jackpot"]) {
    try {
      const response = await pay(`${seller.url}${path}`);
      console.log(path, response.status, await response.text());
    } catch (error) {
      // A denial is an answer, not a crash: it says which rule it was, and what would help.
      if (!(error instanceof PaymentDenied)) throw error;
      console.log(path, error.message);
    }
  }
  for (const { name, limit, spent, available } of await warden.budgets()) {
    console.log(`budget ${name}: ${spent} of ${limit} USD spent, ${available} left`);
  }
} finally {
  await warden.close();
  await seller.stop();
  await chain.stop();
}
