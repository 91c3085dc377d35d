// Runs the local net in the foreground: chain, facilitator and an honest seller, until Ctrl-C.

import { parseArgs } from "node:util";
import { CHAIN_ID, NETWORK, startChain, USDC } from "./chain.ts";
import { createFacilitator, serveFacilitator } from "./facilitator.ts";
import { DEFAULT_ROUTES, startSeller } from "./seller.ts";

const HELP = `usage: node examples/localnet/main.ts [--port <n>] [--facilitator-port <n>]

Starts a private chain that looks like Base Sepolia, an x402 facilitator and a seller, all on 127.0.0.1, and
prints what a client needs to pay. Ctrl-C ends it. The keys are known to everybody: never use them elsewhere.

  --port <n>              the seller's port (any free one if left out)
  --facilitator-port <n>  the facilitator's port (any free one if left out)
  --help                  this text`;

/** The options, or the reason why they are none. */
function readOptions(): { port: number; facilitatorPort: number; help: boolean } | string {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "0" },
        "facilitator-port": { type: "string", default: "0" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const ports = [values.port, values["facilitator-port"]];
    const wrong = ports.find((port) => !/^\d{1,5}$/.test(port) || Number(port) > 65_535);
    if (wrong !== undefined) return `not a port: \`${wrong}\``;
    return { port: Number(values.port), facilitatorPort: Number(values["facilitator-port"]), help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run(port: number, facilitatorPort: number): Promise<void> {
  // What is open, to be closed in the opposite order, also if a later step fails.
  const open: { stop(): Promise<void> }[] = [];
  const opened = <T extends { stop(): Promise<void> }>(thing: T): T => {
    open.push(thing);
    return thing;
  };
  try {
    const chain = opened(await startChain());
    const facilitator = createFacilitator(chain);
    const served = opened(await serveFacilitator(facilitator, facilitatorPort));
    const seller = opened(await startSeller({ chain, facilitator, port }));
    const { agent, seller: payee } = chain.accounts;
    const prices = Object.entries(DEFAULT_ROUTES).map(([route, { price }]) => `  ${route.padEnd(18)}${price}`);
    console.log(`chain        ${chain.rpcUrl}  (chain id ${CHAIN_ID}, ${NETWORK})
token        ${USDC}  (USDC, 6 decimals)
facilitator  ${served.url}
seller       ${seller.url}  pays to ${payee.address}
agent        ${agent.address}  has ${(await chain.balanceOf(agent.address)) / 1_000_000n} USDC
agent's key  ${agent.privateKey}

${prices.join("\n")}

the offer, without paying:
  curl -si ${seller.url}/weather | sed -n 's/^payment-required: //Ip' | tr -d '\\r' | base64 -d

Ctrl-C to stop`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
  } finally {
    for (const thing of open.reverse()) await thing.stop();
  }
}

const options = readOptions();
if (typeof options === "string") {
  console.error(`${options}\n\n${HELP}`);
  process.exitCode = 2;
} else if (options.help) {
  console.log(HELP);
} else {
  await run(options.port, options.facilitatorPort).catch((error) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
