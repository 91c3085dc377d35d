/**
 * The guarded signer: a wallet that signs payments for which there is a ticket, and nothing else. It has only the
 * members that paying needs; `signTransaction`, `signMessage`, `signAuthorization` and the like throw.
 */

import { refusal } from "../errors.ts";
import type { Payments } from "../payments.ts";
import { base64OfBytes } from "./wire.ts";

/** What a typed message is, whoever signs it (EIP-712). */
export interface TypedMessage {
  readonly domain: object;
  readonly types: object;
  readonly primaryType: string;
  readonly message: object;
}

interface EvmSigner {
  readonly address: string;
  signTypedData(message: TypedMessage): Promise<string>;
}

/** A Solana signer as `@solana/kit` has it. */
interface SolanaSigner {
  readonly address: string;
  signTransactions(transactions: readonly SolanaTransaction[], ...rest: readonly unknown[]): Promise<unknown>;
}

interface SolanaTransaction {
  readonly messageBytes: Uint8Array;
}

/** What a viem account says of itself. `x402-fetch` takes only an account that has them. */
const FACTS = ["type", "source", "publicKey"] as const;
/** Reads of the chain sign nothing, and the official schemes use them. */
const READS = ["readContract", "getTransactionCount", "estimateFeesPerGas"] as const;
const REFUSED = [
  "sign",
  "signMessage",
  "signMessages",
  "signTransaction",
  "signAuthorization",
  "sendTransaction",
] as const;

/** Guards a viem account, a wallet client with an `address`, or a Solana signer of `@solana/kit`. */
export function guardSigner<S extends object>(signer: S, payments: Payments): S {
  if (isEvm(signer)) return assemble(signer, { signTypedData: evmSigning(signer, payments) });
  if (isSolana(signer)) return assemble(signer, { signTransactions: solanaSigning(signer, payments) });
  throw new TypeError(
    "this is no signer that can be guarded: expected `address` with `signTypedData`, or with `signTransactions`",
  );
}

function evmSigning(signer: EvmSigner, payments: Payments) {
  return async (typed: TypedMessage): Promise<string> => {
    // Judged and signed is one copy: nobody can change it in between.
    const message = structuredClone({
      domain: typed.domain,
      types: typed.types,
      primaryType: typed.primaryType,
      message: typed.message,
    });
    await payments.message(signer.address, message);
    return signer.signTypedData(message);
  };
}

function solanaSigning(signer: SolanaSigner, payments: Payments) {
  return async (transactions: readonly SolanaTransaction[], ...rest: readonly unknown[]): Promise<unknown> => {
    const copies = transactions.map((transaction) => ({
      ...transaction,
      messageBytes: transaction.messageBytes.slice(),
    }));
    for (const copy of copies) await payments.message(signer.address, base64OfBytes(copy.messageBytes));
    return signer.signTransactions(copies, ...rest);
  };
}

function assemble<S extends { readonly address: string }>(signer: S, signing: object): S {
  const guarded: Record<string, unknown> = { address: signer.address, ...signing };
  const members = signer as unknown as Record<string, unknown>;
  for (const name of FACTS) {
    const fact = members[name];
    if (typeof fact === "string") guarded[name] = fact;
  }
  for (const name of READS) {
    const member = members[name];
    if (typeof member === "function") guarded[name] = member.bind(signer);
  }
  for (const name of REFUSED) {
    if (typeof members[name] !== "function") continue;
    guarded[name] = () => Promise.reject(refusal("", "unticketed_signature", `a guarded wallet does not ${name}`));
  }
  return Object.freeze(guarded) as unknown as S;
}

function isEvm(signer: object): signer is EvmSigner {
  const candidate = signer as Partial<EvmSigner>;
  return typeof candidate.address === "string" && typeof candidate.signTypedData === "function";
}

function isSolana(signer: object): signer is SolanaSigner {
  const candidate = signer as Partial<SolanaSigner>;
  return typeof candidate.address === "string" && typeof candidate.signTransactions === "function";
}
