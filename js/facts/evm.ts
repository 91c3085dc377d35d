/**
 * Facts from an EVM chain, through a viem client that is passed in: `tollwarden/facts/evm`. viem is a peer for its type
 * alone; any object with these two methods will do.
 *
 * What a node can say exactly is whether there is code at an address, now. It is no more than that:
 * - No code is no proof of a wallet: a contract can be put there later, and a wallet can be a contract.
 * - A wallet that delegates to code (EIP-7702) has code, and is told as a contract.
 * - Whether a contract is verified, how old a wallet is and how risky it is no node knows. Say so from a source of your
 *   own, such as an explorer's index; without it the policy has no answer, and denies.
 *
 * How often an address was paid is in the ledger already. The node is trusted: ask one of your own, or one that you pay.
 */

import type { PublicClient } from "viem";
import type { Facts } from "../core/ledger.ts";
import type { FactProvider, FactQuestion } from "../facts.ts";

/** What is asked of a client. */
export type EvmClient = Pick<PublicClient, "getCode" | "getChainId">;

export interface EvmFacts {
  /** A client for each network, by its CAIP-2 name, such as `eip155:8453`. */
  readonly clients: Readonly<Record<string, EvmClient>>;
  /** Whether the contract at this address is verified; `undefined` where that is not known. */
  readonly isVerified?: (question: FactQuestion) => Promise<boolean | undefined>;
  /** How old the wallet is, in whole days, by a source of your own; `undefined` where that is not known. */
  readonly walletAgeDays?: (question: FactQuestion) => Promise<number | undefined>;
  /** How risky the address is held to be; `undefined` where that is not known. */
  readonly risk?: (question: FactQuestion) => Promise<Facts["payee_risk"] | undefined>;
}

/** A provider for `openWarden({ facts })`. */
export function evmFacts({ clients, isVerified, walletAgeDays, risk }: EvmFacts): FactProvider {
  for (const network of Object.keys(clients)) {
    if (!/^eip155:[1-9][0-9]*$/.test(network)) {
      throw new TypeError(`\`${network}\` is not the CAIP-2 name of an EVM chain, such as \`eip155:8453\``);
    }
  }
  /** Networks whose client has said once that it is on that chain. */
  const right = new Set<string>();

  async function isContract({ network, payee }: FactQuestion): Promise<boolean | undefined> {
    const client = Object.hasOwn(clients, network) ? clients[network] : undefined;
    if (client === undefined || !/^0x[0-9a-fA-F]{40}$/.test(payee)) return undefined;
    if (!right.has(network)) {
      if (`eip155:${await client.getChainId()}` !== network) return undefined;
      right.add(network);
    }
    const code = await client.getCode({ address: payee.toLowerCase() as `0x${string}` });
    return code !== undefined && code !== "0x";
  }

  return async (question) => {
    const wants = (fact: keyof Facts): boolean => question.wanted.includes(fact);
    /** One that fails is not known; the others are. */
    const of = async <T>(fact: keyof Facts, look: ((question: FactQuestion) => Promise<T | undefined>) | undefined) => {
      try {
        return wants(fact) ? await look?.(question) : undefined;
      } catch {
        return undefined;
      }
    };
    const [contract, verified, age, level] = await Promise.all([
      of("payee_is_contract", isContract),
      of("payee_contract_verified", isVerified),
      of("payee_wallet_age_days", walletAgeDays),
      of("payee_risk", risk),
    ]);
    return {
      ...(contract === undefined ? {} : { payee_is_contract: contract }),
      ...(verified === undefined ? {} : { payee_contract_verified: verified }),
      ...(age === undefined ? {} : { payee_wallet_age_days: age }),
      ...(level === undefined ? {} : { payee_risk: level }),
    };
  };
}
