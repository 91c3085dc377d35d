/**
 * The official facilitator inside of this process, for development: it settles on a chain of your own, and pays the gas by
 * a key of your own. It needs `@x402/core`, `@x402/evm` and `viem`.
 */

import type { Facilitator } from "../facilitator.ts";

export interface DevelopmentOptions {
  readonly rpcUrl: string;
  /** A private key that pays for gas. Never one that has more than that. */
  readonly key: string;
  /** A CAIP-2 name. */
  readonly network: string;
}

/** So long a transaction may take, and so often its receipt is asked for, in milliseconds. */
const RECEIPT_TIMEOUT = 180_000;
const RECEIPT_INTERVAL = 200;

export async function developmentFacilitator({ rpcUrl, key, network }: DevelopmentOptions): Promise<Facilitator> {
  const [{ x402Facilitator }, { toFacilitatorEvmSigner }, { ExactEvmScheme }, viem, { privateKeyToAccount }] =
    await Promise.all([
      import("@x402/core/facilitator"),
      import("@x402/evm"),
      import("@x402/evm/exact/facilitator"),
      import("viem"),
      import("viem/accounts"),
    ]);
  const account = privateKeyToAccount(key as `0x${string}`);
  const chain = viem.defineChain({
    id: Number(network.split(":")[1]),
    name: network,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  const reader = viem.createPublicClient({ chain, transport: viem.http(rpcUrl) });
  const wallet = viem.createWalletClient({ account, chain, transport: viem.http(rpcUrl) });
  // One transaction after the other: two at once would take the same number.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
  /** viem's own wait asks once for each block: on a chain that mines only when it is sent something, that may be too early. */
  const receipt = async (hash: `0x${string}`) => {
    for (const end = Date.now() + RECEIPT_TIMEOUT; ; ) {
      try {
        return await reader.getTransactionReceipt({ hash });
      } catch (error) {
        if (!(error instanceof viem.TransactionReceiptNotFoundError) || Date.now() > end) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RECEIPT_INTERVAL));
    }
  };
  const signer = toFacilitatorEvmSigner({
    address: account.address,
    getCode: (args) => reader.getCode(args),
    readContract: (args) => reader.readContract({ ...args, args: args.args ?? [], account: account.address }),
    verifyTypedData: (args) => viem.verifyTypedData(args as Parameters<typeof viem.verifyTypedData>[0]),
    writeContract: (args) => inTurn(() => wallet.writeContract(args as Parameters<typeof wallet.writeContract>[0])),
    sendTransaction: (args) =>
      inTurn(() => wallet.sendTransaction(args as Parameters<typeof wallet.sendTransaction>[0])),
    waitForTransactionReceipt: ({ hash }) => receipt(hash),
  });
  const facilitator = new x402Facilitator().register(network as `${string}:${string}`, new ExactEvmScheme(signer));
  return {
    verify: (payment, requirements) => facilitator.verify(payment, requirements) as never,
    settle: (payment, requirements) => facilitator.settle(payment, requirements) as never,
    getSupported: async () => facilitator.getSupported() as never,
  };
}
