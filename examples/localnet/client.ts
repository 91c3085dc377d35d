// An agent's paying `fetch` as the official packages give it, with no warden in front: what the demo and the tests
// compare with.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { type Chain, NETWORK, NETWORK_V1, type Role } from "./chain.ts";

/** The official client with this account's key, for offers of version 1 and 2 on the local chain. */
export function officialClient(chain: Chain, role: Role = "agent"): x402Client {
  const { account } = chain.accounts[role];
  return new x402Client()
    .register(NETWORK, new ExactEvmScheme(account))
    .register(NETWORK, new UptoEvmScheme(account))
    .registerV1(NETWORK_V1, new ExactEvmSchemeV1(account));
}

/**
 * `fetch` that pays what it is asked for. All that holds it back is the official client's own default: one dollar
 * for each payment.
 */
export function unguardedFetch(chain: Chain, role: Role = "agent", inner: typeof fetch = fetch): typeof fetch {
  return wrapFetchWithPayment(inner, officialClient(chain, role)) as typeof fetch;
}
