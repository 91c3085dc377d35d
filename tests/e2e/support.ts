/** The local chain with sellers on it, and a guarded agent of the official packages. */

import { x402Client } from "@x402/core/client";
import { ExactEvmScheme, registerExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import type { Chain } from "../../examples/localnet/chain.ts";
import { memoryStore, openWarden, type Warden, type WardenOptions } from "../../js/index.ts";

/** A policy that lets the local sellers in and bounds what is paid. */
export function policyFor(origins: readonly string[], more: object = {}): object {
  return {
    origins,
    payment: { max_usd: "10" },
    budgets: [{ name: "daily", limit_usd: "20", window: "24h" }],
    ...more,
  };
}

export async function warden(options: Partial<WardenOptions> & { readonly policy: object }): Promise<Warden> {
  return openWarden({ store: memoryStore(), agent: "tester", ...options });
}

/** The three lines of the README. `tamper` gets the client after it was guarded. */
export function guardedAgent(
  chain: Chain,
  opened: Warden,
  {
    tamper,
    signer = true,
    inner = fetch,
  }: { tamper?: (client: x402Client) => void; signer?: boolean; inner?: typeof fetch } = {},
): typeof fetch {
  const { account } = chain.accounts.agent;
  const client = new x402Client();
  registerExactEvmScheme(client, { signer: signer ? opened.signer(account) : account });
  const guarded = opened.client(client);
  tamper?.(guarded);
  return wrapFetchWithPayment(opened.fetch(inner), guarded) as typeof fetch;
}

export { ExactEvmScheme };
