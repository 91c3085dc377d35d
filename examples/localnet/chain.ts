// A private chain that looks like Base Sepolia to the official x402 packages: the same chain id, and a token of our
// own at the address of the official USDC there. Balances really move; nothing leaves this machine.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  custom,
  defineChain,
  type Hex,
  http,
  type JsonRpcAccount,
  type PublicClient,
  parseAbi,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  type Transport,
  type Chain as ViemChain,
  type WalletClient,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { startAnvil } from "./anvil.ts";
import type { Artifact } from "./token/compile.ts";

/** Base Sepolia: as a number, in CAIP-2, and by the name that x402 version 1 used. */
export const CHAIN_ID = 84532;
export const NETWORK = "eip155:84532";
export const NETWORK_V1 = "base-sepolia";

/** The official USDC of Base Sepolia. Here our own token stands there: name `USDC`, version `2`, 6 decimals. */
export const USDC: Address = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";

/** Uniswap's Permit2, which the `upto` scheme and some tokens go through. Here a stand-in of our own. */
export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

/** Which of our contracts stands at which official address. */
const PLACES: Readonly<Record<string, Address>> = {
  Token: USDC,
  Permit2: PERMIT2,
  // The proxies that x402 put in front of Permit2, for its schemes `exact` and `upto`.
  ExactProxy: "0x402085c248EeA27D92E8b30b2C58ed07f9E20001",
  UptoProxy: "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002",
  // Where Multicall3 is on every chain; the official facilitator asks it why a payment would fail.
  Multicall: "0xcA11bde05977b3631167028862bE2a173976CA11",
};

// The first four accounts of the phrase "test test ... junk", known to everybody. Never use them on a real chain.
const KEYS = {
  agent: "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  seller: "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  facilitator: "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
  attacker: "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
} as const satisfies Record<string, Hex>;

export type Role = keyof typeof KEYS;

export interface DevAccount {
  readonly address: Address;
  readonly privateKey: Hex;
  /** The same key as a viem account, which is what the official clients take as a signer. */
  readonly account: PrivateKeyAccount;
}

/** What `transferWithAuthorization` takes, as x402 writes it: numbers as decimal strings. */
export interface Authorization {
  readonly from: Address;
  readonly to: Address;
  readonly value: string;
  readonly validAfter: string;
  readonly validBefore: string;
  readonly nonce: Hex;
}

export type ChainClient = PublicClient<Transport, ViemChain>;
export type NodeWallet = WalletClient<Transport, ViemChain, JsonRpcAccount>;

export interface Chain {
  readonly rpcUrl: string;
  readonly accounts: Readonly<Record<Role, DevAccount>>;
  /** For reading. A receipt is asked for every 10 ms, since a block is mined with each transaction. */
  readonly client: ChainClient;
  /** A wallet whose transactions the node signs. Sends are queued, so that calls at the same time get their own nonces. */
  wallet(role: Role): NodeWallet;
  /** Gives atomic units of the token to an address, out of nothing. */
  mint(to: Address, amount: bigint): Promise<void>;
  /** Atomic units of the token. */
  balanceOf(address: Address): Promise<bigint>;
  /** Whether that EIP-3009 nonce was used or cancelled: the chain's own word on "was this payment taken?". */
  authorizationUsed(from: Address, nonce: Hex): Promise<boolean>;
  /** Submits a signed authorization, paying gas as `role`. The transaction's hash; rejects with the token's reason. */
  submit(role: Role, authorization: Authorization, signature: Hex): Promise<Hex>;
  /** Lets Permit2 move up to this much of an account's token: without it, `upto` and Permit2 payments fail. */
  approvePermit2(role: Role, amount: bigint): Promise<void>;
  /** Moves the chain's clock forward and mines a block. The clocks of this machine stay where they are. */
  advance(seconds: number): Promise<void>;
  /** Ends the node and resolves when it is gone. */
  stop(): Promise<void>;
}

export const TOKEN_ABI = parseAbi([
  "function mint(address to, uint256 value)",
  "function balanceOf(address account) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 value) returns (bool)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
]);

/** Starts a fresh chain (0.3 s) on which only the agent has money: 1000 units of the token. */
export async function startChain(): Promise<Chain> {
  const anvil = await startAnvil(CHAIN_ID);
  try {
    const chain = connect(anvil.rpcUrl, anvil.stop);
    const { contracts } = readArtifact();
    const placed = Object.entries(PLACES).map(async ([name, address]) => {
      const code = contracts[name]?.runtimeCode;
      if (code === undefined) throw new Error(`the artifact lacks \`${name}\`: compile the contracts again`);
      await rpc(chain.client, "anvil_setCode", [address, code]);
    });
    await Promise.all(placed);
    await chain.mint(chain.accounts.agent.address, 1_000_000_000n);
    return chain;
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

function readArtifact(): Artifact {
  return JSON.parse(readFileSync(new URL("token/token.artifact.json", import.meta.url), "utf8")) as Artifact;
}

function connect(rpcUrl: string, stop: () => Promise<void>): Chain {
  const viemChain = defineChain({
    id: CHAIN_ID,
    name: "local Base Sepolia",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  const transport = http(rpcUrl);
  const client: ChainClient = createPublicClient({ chain: viemChain, transport, cacheTime: 0 }).extend((plain) => ({
    waitForTransactionReceipt: ({ hash }: { readonly hash: Hex }) => receiptOf(plain, hash),
  }));
  const accounts: Record<Role, DevAccount> = {
    agent: devAccount(KEYS.agent),
    seller: devAccount(KEYS.seller),
    facilitator: devAccount(KEYS.facilitator),
    attacker: devAccount(KEYS.attacker),
  };

  const queued = custom({ request: queueSends(client) });
  const wallet = (role: Role): NodeWallet =>
    createWalletClient({ account: accounts[role].address, chain: viemChain, transport: queued, cacheTime: 0 });
  const mined = async (hash: Hex): Promise<Hex> => {
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new Error(`transaction \`${hash}\` was reverted`);
    return hash;
  };

  return {
    rpcUrl,
    accounts,
    client,
    wallet,
    stop,
    async mint(to, amount) {
      const call = { address: USDC, abi: TOKEN_ABI, functionName: "mint", args: [to, amount] } as const;
      await mined(await wallet("facilitator").writeContract(call));
    },
    balanceOf(address) {
      return client.readContract({ address: USDC, abi: TOKEN_ABI, functionName: "balanceOf", args: [address] });
    },
    authorizationUsed(from, nonce) {
      return client.readContract({
        address: USDC,
        abi: TOKEN_ABI,
        functionName: "authorizationState",
        args: [from, nonce],
      });
    },
    async submit(role, { from, to, value, validAfter, validBefore, nonce }, signature) {
      const call = {
        address: USDC,
        abi: TOKEN_ABI,
        functionName: "transferWithAuthorization",
        args: [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, signature],
      } as const;
      // The trial run gives the reason; a transaction that was mined and reverted does not tell.
      await client.simulateContract({ ...call, account: accounts[role].address });
      const hash = await wallet(role).writeContract(call);
      return mined(hash);
    },
    async approvePermit2(role, amount) {
      const call = { address: USDC, abi: TOKEN_ABI, functionName: "approve", args: [PERMIT2, amount] } as const;
      await mined(await wallet(role).writeContract(call));
    },
    async advance(seconds) {
      await rpc(client, "evm_increaseTime", [seconds]);
      await rpc(client, "evm_mine", []);
    },
  };
}

/**
 * The receipt of a transaction, within 30 s. viem's own wait asks once for each block; on a busy machine a block is there a
 * moment before its receipts, and here no other follows by itself.
 */
async function receiptOf(client: ChainClient, hash: Hex): Promise<TransactionReceipt> {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      return await client.getTransactionReceipt({ hash });
    } catch (error) {
      if (!(error instanceof TransactionReceiptNotFoundError) || Date.now() > end) throw error;
    }
    await sleep(10);
  }
}

function devAccount(privateKey: Hex): DevAccount {
  const account = privateKeyToAccount(privateKey);
  return { address: account.address, privateKey, account };
}

type Request = (call: { method: string; params?: unknown }) => Promise<unknown>;

/** Lets transactions through one after the other: anvil gives the same nonce to two that arrive together. */
function queueSends(client: ChainClient): Request {
  const request = client.request as Request;
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    if (call.method !== "eth_sendTransaction") return request(call);
    const sent = last.then(() => request(call));
    // A transaction that fails is its sender's trouble, not that of the next in the queue.
    last = sent.catch(() => undefined);
    return sent;
  };
}

/** One of anvil's own methods, which viem's types do not know. */
function rpc(client: ChainClient, method: string, params: readonly unknown[]): Promise<unknown> {
  return (client.request as Request)({ method, params });
}
