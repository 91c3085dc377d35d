// The official facilitator, run inside this process against the local chain: `exact` in versions 1 and 2 (over
// EIP-3009 or Permit2), and `upto`.

import { createServer, type IncomingMessage } from "node:http";
import { x402Facilitator } from "@x402/core/facilitator";
import type { FacilitatorClient } from "@x402/core/server";
import type { Network, PaymentPayload, PaymentRequirements, SupportedResponse } from "@x402/core/types";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/facilitator";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/facilitator";
import { UptoEvmScheme } from "@x402/evm/upto/facilitator";
import { verifyTypedData } from "viem";
import { type Chain, NETWORK, NETWORK_V1 } from "./chain.ts";
import { type Listening, listen } from "./listen.ts";

/** Made for `new x402ResourceServer(facilitator)`. It pays gas from the chain's `facilitator` account. */
export function createFacilitator(chain: Chain): FacilitatorClient {
  const wallet = chain.wallet("facilitator");
  const { client } = chain;
  const { address } = chain.accounts.facilitator;
  const signer = toFacilitatorEvmSigner({
    address,
    getCode: (args) => client.getCode(args),
    // A trial run has to come from the facilitator's own account: the `upto` proxy refuses anybody else.
    readContract: (args) => client.readContract({ ...args, args: args.args ?? [], account: address }),
    verifyTypedData,
    writeContract: (args) => wallet.writeContract(args),
    sendTransaction: (args) => wallet.sendTransaction(args),
    waitForTransactionReceipt: (args) => client.waitForTransactionReceipt(args),
  });
  const facilitator = new x402Facilitator()
    .register(NETWORK, new ExactEvmScheme(signer))
    .register(NETWORK, new UptoEvmScheme(signer))
    // The official type asks for CAIP-2 here too, which version 1 did not use.
    .registerV1(NETWORK_V1 as string as Network, new ExactEvmSchemeV1(signer));
  return {
    verify: (payload, requirements) => facilitator.verify(payload, requirements),
    settle: (payload, requirements) => facilitator.settle(payload, requirements),
    getSupported: async () => facilitator.getSupported() as SupportedResponse,
  };
}

/** What POST /verify and POST /settle take. */
interface FacilitatorRequest {
  readonly paymentPayload: PaymentPayload;
  readonly paymentRequirements: PaymentRequirements;
}

/**
 * The same facilitator over HTTP, for stacks that can only be given a URL: POST /verify, POST /settle and
 * GET /supported, as the public ones answer. A call that throws is answered with 500 and `{ error }`.
 */
export function serveFacilitator(facilitator: FacilitatorClient, port = 0): Promise<Listening> {
  const server = createServer(async (request, response) => {
    const call = `${request.method} ${request.url?.split("?")[0]}`;
    const [status, body] = await answer(facilitator, call, request).catch((error: unknown): Answer => {
      return [500, { error: error instanceof Error ? error.message : String(error) }];
    });
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  return listen(server, port);
}

/** Status and JSON body. */
type Answer = readonly [number, unknown];

async function answer(facilitator: FacilitatorClient, call: string, request: IncomingMessage): Promise<Answer> {
  switch (call) {
    case "GET /supported":
      return [200, await facilitator.getSupported()];
    case "POST /verify": {
      const { paymentPayload, paymentRequirements } = await readRequest(request);
      return [200, await facilitator.verify(paymentPayload, paymentRequirements)];
    }
    case "POST /settle": {
      const { paymentPayload, paymentRequirements } = await readRequest(request);
      return [200, await facilitator.settle(paymentPayload, paymentRequirements)];
    }
    default:
      return [404, { error: `no such call: \`${call}\`` }];
  }
}

async function readRequest(request: IncomingMessage): Promise<FacilitatorRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as FacilitatorRequest;
}
