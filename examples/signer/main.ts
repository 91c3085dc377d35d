// An agent with a signer of its own, and no x402 package: the warden reads the offer, decides and holds the money, and
// only then asks for a signature over the terms that are held. What comes back is compared with them, field by field.

import { openWarden, PaymentDenied } from "tollwarden";
import { toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const { SELLER_URL = "http://127.0.0.1:4021", AGENT_KEY } = process.env;
const account = privateKeyToAccount(AGENT_KEY as `0x${string}`);

const warden = await openWarden({
  policy: { origins: [new URL(SELLER_URL).origin], payment: { max_usd: "0.10" } },
  agent: "example-signer",
});

/** What is held, as an offer has it: https://github.com/x402-foundation/x402, scheme `exact` on EVM. */
interface Terms {
  readonly network: string;
  readonly amount: string;
  readonly asset: `0x${string}`;
  readonly payTo: `0x${string}`;
  readonly maxTimeoutSeconds: number;
  readonly extra: { readonly name: string; readonly version: string };
}

const pay = warden.payingFetch({
  async pay({ accept }) {
    const { network, amount, asset, payTo, maxTimeoutSeconds, extra } = accept as unknown as Terms;
    const now = Math.floor(Date.now() / 1000);
    const authorization = {
      from: account.address,
      to: payTo,
      value: amount,
      validAfter: String(now - 60),
      validBefore: String(now + maxTimeoutSeconds),
      nonce: toHex(crypto.getRandomValues(new Uint8Array(32))),
    };
    const signature = await account.signTypedData({
      domain: { ...extra, chainId: Number(network.split(":")[1]), verifyingContract: asset },
      types: {
        TransferWithAuthorization: [
          { name: "from", type: "address" },
          { name: "to", type: "address" },
          { name: "value", type: "uint256" },
          { name: "validAfter", type: "uint256" },
          { name: "validBefore", type: "uint256" },
          { name: "nonce", type: "bytes32" },
        ],
      },
      primaryType: "TransferWithAuthorization",
      message: {
        ...authorization,
        value: BigInt(authorization.value),
        validAfter: BigInt(authorization.validAfter),
        validBefore: BigInt(authorization.validBefore),
      },
    });
    return { signature, authorization };
  },
});

for (const path of ["/weather", "/report", "/dataset"]) {
  try {
    const response = await pay(`${SELLER_URL}${path}`);
    console.log(path, response.status, await response.text());
  } catch (error) {
    if (!(error instanceof PaymentDenied)) throw error;
    console.log(path, error.message);
  }
}
await warden.close();
