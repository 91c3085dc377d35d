/** What moved, by the chain's own books, and what stopped the rest. */

import type { Address, Hex } from "viem";
import { type Authorization, type Chain, TOKEN_ABI, USDC } from "../../examples/localnet/chain.ts";

/** Another token that the agent holds, at an address of its own: of worth to somebody, and not USDC. */
export const GEM: Address = "0x00000000000000000000000000000000000c0dE1";

const TOKENS = [USDC, GEM] as const;

/** What an account has of every token, in atomic units. */
export async function wealthOf(chain: Chain, account: Address): Promise<bigint> {
  const read = (address: Address): Promise<bigint> =>
    chain.client.readContract({ address, abi: TOKEN_ABI, functionName: "balanceOf", args: [account] });
  const all = await Promise.all(TOKENS.map(read));
  return all.reduce((sum, one) => sum + one, 0n);
}

/** Puts the other token there, and gives the agent a thousand of it. */
export async function placeGem(chain: Chain): Promise<void> {
  const { client } = chain;
  const code = await client.getCode({ address: USDC });
  const send = client.request as (call: { method: string; params: readonly unknown[] }) => Promise<unknown>;
  await send({ method: "anvil_setCode", params: [GEM, code] });
  const wallet = chain.wallet("facilitator");
  const args = [chain.accounts.agent.address, 1_000_000_000n] as const;
  const hash = await wallet.writeContract({ address: GEM, abi: TOKEN_ABI, functionName: "mint", args });
  await client.waitForTransactionReceipt({ hash });
}

/** Takes what a signature is good for, of whichever token it is; whether there was something to take. */
export async function take(chain: Chain, authorization: Authorization, signature: Hex): Promise<boolean> {
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  const args = [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, signature] as const;
  for (const address of TOKENS) {
    const call = { address, abi: TOKEN_ABI, functionName: "transferWithAuthorization", args } as const;
    const good = await chain.client.simulateContract({ ...call, account: chain.accounts.attacker.address }).then(
      () => true,
      () => false,
    );
    if (!good) continue;
    const hash = await chain.wallet("attacker").writeContract(call);
    await chain.client.waitForTransactionReceipt({ hash });
    return true;
  }
  return false;
}

/** Why something did not happen. */
export interface Stop {
  /** A reason code of tollwarden, a header of a gate, or the name of an error. */
  readonly code: string;
  readonly rules: readonly string[];
  readonly message: string;
}

/** What an error says of itself; those of tollwarden have a code, wherever they were wrapped on the way. */
export function stopOf(error: unknown): Stop {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code, decision } = at as { readonly code?: unknown; readonly decision?: { readonly rules?: unknown } };
    if (typeof code !== "string" || /^[A-Z_]+$/.test(code)) continue;
    const rules = Array.isArray(decision?.rules) ? decision.rules.map(String) : [];
    return { code, rules, message: at.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  // What a plug-in is shown is frozen: its own assignment fails, with an error of the language.
  if (/read only|not extensible/.test(message)) return { code: "frozen_terms", rules: [], message };
  return { code: error instanceof Error ? error.name : "Error", rules: [], message };
}
