// An MCP client that pays for tools. MCP has no fetch to guard, so the payment goes step by step: authorize, ticket, sign,
// bind, send, settle. Each step is the warden's, and none can be left out.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { openWarden } from "tollwarden";
import { privateKeyToAccount } from "viem/accounts";
import { paidServer } from "./server.ts";

const { AGENT_KEY } = process.env;
const scheme = new ExactEvmScheme(privateKeyToAccount(AGENT_KEY as `0x${string}`));
const warden = await openWarden({ policy: { payment: { max_usd: "0.10" } }, agent: "mcp" });

const [ours, theirs] = InMemoryTransport.createLinkedPair();
await (await paidServer()).connect(theirs);
const client = new Client({ name: "agent", version: "1.0.0" });
await client.connect(ours);

/** The server that is called, as an address: vendors and budgets go by it. Never what the server says of itself. */
const SERVER = "https://weather.mcp.example.com";

async function callTool(name: string): Promise<string> {
  const asked = await client.callTool({ name });
  const offer = asked.structuredContent as { readonly accepts?: readonly object[] } | undefined;
  if (asked.isError !== true || offer?.accepts === undefined) return textOf(asked);

  const decision = await warden.authorize({ url: `${SERVER}/tools/${name}`, method: "POST", offer });
  if (decision.action !== "allow") return `payment denied: ${decision.reason} (${decision.message})`;
  const accepted = offer.accepts[decision.accept ?? 0];

  const ticket = await warden.ticket(decision.id); // from here on only proof frees the money
  if (!ticket.ok) return `payment denied: ${ticket.reason}`;
  const signed = await scheme.createPaymentPayload(2, accepted as never);
  const payment = { ...signed, accepted };
  const bound = await warden.sign(decision.id, payment); // what was signed is what is held, or it is not sent
  if (!bound.ok) return `payment denied: ${bound.reason}`;

  const paid = await client.callTool({ name, _meta: { "x402/payment": payment } }).catch(async (error) => {
    await warden.settle(decision.id, { outcome: "unknown" }); // it may have arrived
    throw error;
  });
  const receipt = paid._meta?.["x402/payment-response"] as { success?: boolean; transaction?: string } | undefined;
  if (receipt?.success === true) {
    const { transaction = "" } = receipt;
    await warden.settle(decision.id, { outcome: "captured", transaction });
  } else {
    await warden.settle(decision.id, { outcome: "unknown" }); // a server's word that it failed is no proof
  }
  return textOf(paid);
}

function textOf(result: Awaited<ReturnType<Client["callTool"]>>): string {
  const content = result.content as readonly { readonly type: string; readonly text?: string }[];
  return content.map(({ text = "" }) => text).join("");
}

for (const name of ["weather", "dataset"]) console.log(name, "·", await callTool(name));
await client.close();
await warden.close();
