/** A signer that the service holds: a key of an EVM account, through the official scheme. */

import type { Pay } from "../fetch.ts";
import { isObject } from "../x402/wire.ts";

/** For `signer` of `createService`. `key`: 64 digits of hex. Needs `viem` and `@x402/evm`. */
export async function evmSigner(key: string): Promise<{ readonly pay: Pay; readonly address: string }> {
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(key)) throw new TypeError("the signer's key is not 64 digits of hex");
  const { privateKeyToAccount } = await import("viem/accounts").catch(missing("viem"));
  const { ExactEvmScheme } = await import("@x402/evm/exact/client").catch(missing("@x402/evm"));
  const account = privateKeyToAccount(`0x${key.replace(/^0x/, "")}`);
  const scheme = new ExactEvmScheme(account);
  const pay: Pay = async ({ x402Version, accept }) => {
    const made = await scheme.createPaymentPayload(
      x402Version,
      accept as unknown as Parameters<typeof scheme.createPaymentPayload>[1],
    );
    const { payload } = made;
    if (!isObject(payload)) throw new TypeError("the scheme signed nothing");
    return payload;
  };
  return { pay, address: account.address };
}

function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(
      `\`${name}\` can't be loaded: ${cause instanceof Error ? cause.message : String(cause)}; install it beside tollwarden`,
      { cause },
    );
  };
}
