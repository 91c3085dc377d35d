/**
 * Proof from an EVM chain of what became of a signed payment: `tollwarden/proofs/evm`, for `control.reconcile({ proof })`.
 * viem is a peer for its types and its encoding; the client is passed in, and is trusted: ask a node of your own, or one
 * that you pay.
 *
 * What proves what, by EIP-3009 (https://eips.ethereum.org/EIPS/eip-3009):
 * - `AuthorizationUsed` with this nonce, and in the same transaction a `Transfer` from payer to payee: spent. The state
 *   alone is no proof: `authorizationState` is also true for one that was cancelled. Nor is the event alone: the amount is
 *   in the transfer.
 * - `AuthorizationCanceled` with this nonce: it can never be used, since a transfer requires that the nonce is unused.
 * - unused in a block at or after the end of its validity: it can never be used, since a transfer requires
 *   `block.timestamp < validBefore`, and time in blocks only goes forward.
 * Permit2 keeps a bitmap of nonces and tells of no use: the block in which the bit was set is looked for, and the transfer
 * in it; for that the node has to know the state of past blocks.
 *
 * All is read as it was `confirmations` blocks ago. What fails, and what fits none of the above, proves nothing.
 */

import { type Address, type Hex, type Log, type PublicClient, parseAbi, parseEventLogs } from "viem";
import type { HoldLine } from "../core/types.ts";
import type { Proof, Prover } from "../reconcile.ts";

/** What is asked of a client. */
export interface EvmProofClient
  extends Pick<PublicClient, "getBlockNumber" | "getChainId" | "getLogs" | "readContract"> {
  // Written out: viem's own types of these two differ from chain to chain.
  getBlock(asked: { blockNumber: bigint }): Promise<{ readonly hash: Hex | null; readonly timestamp: bigint }>;
  getTransactionReceipt(asked: { hash: Hex }): Promise<{ readonly status: string; readonly logs: readonly Log[] }>;
}

export interface EvmProofOptions {
  /** A client for each network, by its CAIP-2 name, such as `eip155:8453`. Payments elsewhere are left alone. */
  readonly clients: Readonly<Record<string, EvmProofClient>>;
  /** How many blocks have to stand on top of the one that is asked. Default 12. */
  readonly confirmations?: number;
  /** Over how many blocks logs are asked for at once: nodes have a limit. Default 2,000. */
  readonly blockRange?: number;
}

/** Uniswap's Permit2, at the same address on every chain. */
const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

const ABI = parseAbi([
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
  "function nonceBitmap(address owner, uint256 word) view returns (uint256)",
  "event UnorderedNonceInvalidation(address indexed owner, uint256 word, uint256 mask)",
]);
const [, USED, CANCELLED, TRANSFER, , INVALIDATED] = ABI;

/** How much earlier than the hold a block may say it is, in milliseconds: a chain's clock may lag. */
const LAG = 120_000;

/** A payment as a chain knows it. */
interface Signed {
  readonly client: EvmProofClient;
  readonly hold: HoldLine;
  readonly asset: Address;
  readonly payer: Address;
  readonly payee: Address;
  readonly nonce: string;
  /** The last block that counts: it has its confirmations. */
  readonly tip: bigint;
  readonly blockRange: bigint;
}

export function evmProof({ clients, confirmations = 12, blockRange = 2_000 }: EvmProofOptions): Prover {
  if (!Number.isSafeInteger(confirmations) || confirmations < 0) {
    throw new TypeError(`\`confirmations\` is a whole number of blocks, not \`${confirmations}\``);
  }
  if (!Number.isSafeInteger(blockRange) || blockRange < 1) {
    throw new TypeError(`\`blockRange\` is a whole number of blocks above 0, not \`${blockRange}\``);
  }
  return async (hold) => {
    const client = Object.hasOwn(clients, hold.network) ? clients[hold.network] : undefined;
    const { payer, nonce } = hold;
    // Without its number, no chain can be asked about it.
    if (client === undefined || payer == null || nonce == null || hold.transfer === "svm_transfer") return undefined;
    const chain = `eip155:${await client.getChainId()}`;
    // Another chain knows of no nonce, and would free everything.
    if (chain !== hold.network) throw new Error(`the client for \`${hold.network}\` is on \`${chain}\``);
    const tip = (await client.getBlockNumber({ cacheTime: 0 })) - BigInt(confirmations);
    if (tip < 0n) return undefined;
    const before = await client.getBlock({ blockNumber: tip });
    const [asset, payee] = [hold.asset as Address, hold.payee as Address];
    const signed = { client, hold, asset, payer: payer as Address, payee, nonce, tip, blockRange: BigInt(blockRange) };

    const used = await isUsed(signed, tip);
    const ended = Number(before.timestamp) * 1_000;
    const proof = used
      ? await (hold.transfer === "eip3009" ? eip3009(signed) : permit2(signed))
      : ended >= Date.parse(hold.until)
        ? ({ authorization: "unused", at: ended } as const)
        : undefined;
    // If that block was replaced meanwhile, the answers are of two chains.
    const after = await client.getBlock({ blockNumber: tip });
    return after.hash === before.hash ? proof : undefined;
  };
}

async function isUsed({ client, hold, asset, payer, nonce }: Signed, blockNumber: bigint): Promise<boolean> {
  if (hold.transfer === "eip3009") {
    const args = [payer, nonce as Hex] as const;
    return client.readContract({ address: asset, abi: ABI, functionName: "authorizationState", args, blockNumber });
  }
  const [word, mask] = placeOf(nonce);
  const args = [payer, word] as const;
  const bits = await client.readContract({
    address: PERMIT2,
    abi: ABI,
    functionName: "nonceBitmap",
    args,
    blockNumber,
  });
  return (bits & mask) !== 0n;
}

/** Where Permit2 keeps a nonce: the word, and the bit in it. */
function placeOf(nonce: string): readonly [word: bigint, mask: bigint] {
  const number = BigInt(nonce);
  return [number >> 8n, 1n << (number & 255n)];
}

async function eip3009(signed: Signed): Promise<Proof | undefined> {
  const { client, asset, payer, tip, blockRange } = signed;
  const args = { authorizer: payer, nonce: signed.nonce as Hex };
  for (let fromBlock = await firstBlock(signed); fromBlock <= tip; fromBlock += blockRange) {
    const last = fromBlock + blockRange - 1n;
    const range = { address: asset, args, fromBlock, toBlock: last < tip ? last : tip, strict: true } as const;
    const [use] = await client.getLogs({ ...range, event: USED });
    if (use !== undefined) return spentBy(signed, use.transactionHash);
    const [cancel] = await client.getLogs({ ...range, event: CANCELLED });
    if (cancel !== undefined) return { authorization: "cancelled", transaction: cancel.transactionHash };
  }
  return undefined;
}

/** What the transaction that used the authorization has moved from payer to payee. */
async function spentBy(signed: Signed, transaction: Hex): Promise<Proof | undefined> {
  const receipt = await signed.client.getTransactionReceipt({ hash: transaction });
  if (receipt.status !== "success") return undefined;
  const amount = amountOf(signed, receipt.logs);
  return amount === undefined ? undefined : { authorization: "used", amount, transaction };
}

/** The amount among these transfers: the one that is held, where it is there; else the largest. */
function amountOf({ asset, payer, payee, hold }: Signed, logs: readonly Log[]): bigint | undefined {
  const own = logs.filter(({ address }) => same(address, asset));
  const transfers = parseEventLogs({ abi: [TRANSFER], logs: own, strict: true }).map(({ args }) => args);
  const values = transfers.filter(({ from, to }) => same(from, payer) && same(to, payee)).map(({ value }) => value);
  if (values.includes(BigInt(hold.amount))) return BigInt(hold.amount);
  return values.toSorted((a, b) => (a < b ? 1 : -1))[0];
}

async function permit2(signed: Signed): Promise<Proof | undefined> {
  const { client, asset, payer, payee, hold, tip } = signed;
  let [unset, set] = [await firstBlock(signed), tip];
  // Used before it was held: whatever that was, it was not this payment.
  if (await isUsed(signed, unset)) return undefined;
  while (set - unset > 1n) {
    const middle = (unset + set) / 2n;
    if (await isUsed(signed, middle)) set = middle;
    else unset = middle;
  }
  const range = { fromBlock: set, toBlock: set, strict: true } as const;
  const moved = await client.getLogs({ ...range, address: asset, event: TRANSFER, args: { from: payer, to: payee } });
  const most = BigInt(hold.signed ?? hold.amount);
  const fitting = moved.filter(({ args }) => args.value <= most);
  const [word, mask] = placeOf(signed.nonce);
  const invalidated = await client.getLogs({ ...range, address: PERMIT2, event: INVALIDATED, args: { owner: payer } });
  const cancel = invalidated.find(({ args }) => args.word === word && (args.mask & mask) !== 0n);
  const [first] = fitting;
  if (first === undefined) {
    return cancel === undefined ? undefined : { authorization: "cancelled", transaction: cancel.transactionHash };
  }
  // Two payments in one block of which nobody can say which is which; or one that was cancelled beside another.
  if (cancel !== undefined || fitting.some(({ args }) => args.value !== first.args.value)) return undefined;
  const named = fitting.length === 1 ? { transaction: first.transactionHash } : {};
  return { authorization: "used", amount: first.args.value, ...named };
}

/** A block before the hold was taken, found backwards from the last one. */
async function firstBlock({ client, hold, tip }: Signed): Promise<bigint> {
  const since = Date.parse(hold.at) - LAG;
  for (let back = 256n; back < tip; back *= 4n) {
    const { timestamp } = await client.getBlock({ blockNumber: tip - back });
    if (Number(timestamp) * 1_000 <= since) return tip - back;
  }
  return 0n;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
