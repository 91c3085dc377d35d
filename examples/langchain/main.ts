// A LangGraph agent with a tool that buys data. The tool pays through the warden: what the model asks for is judged, and a
// refusal is an answer that the model can read. The model here is a script, so that the example runs without a key.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { createAgent, FakeToolCallingModel, tool } from "langchain";
import { guard, openWarden, PaymentDenied } from "tollwarden";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";

const { SELLER_URL = "http://127.0.0.1:4021", AGENT_KEY } = process.env;
const account = privateKeyToAccount(AGENT_KEY as `0x${string}`);

const warden = await openWarden({
  policy: {
    origins: [new URL(SELLER_URL).origin],
    payment: { max_usd: "0.10" },
    budgets: [{ name: "run", limit_usd: "0.06", window: "session" }],
  },
});
const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(warden.signer(account))));
const pay = wrapFetchWithPayment(warden.fetch(fetch), client);

const buy = tool(
  async ({ path }: { path: string }) => {
    try {
      return await (await pay(new URL(path, SELLER_URL))).text();
    } catch (error) {
      if (!(error instanceof PaymentDenied)) throw error;
      return error.message; // the model reads why, and what would help
    }
  },
  {
    name: "buy",
    description: "buys data from the seller, by its path",
    schema: z.object({ path: z.enum(["/weather", "/report", "/dataset"]) }),
  },
);

const calls = ["/weather", "/report", "/weather", "/dataset"].map((path, turn) => [
  { name: "buy", args: { path }, id: `call-${turn}` },
]);
const agent = createAgent({ model: new FakeToolCallingModel({ toolCalls: [...calls, []] }), tools: [buy] });

// One run of the agent is one session: its budget begins at zero, and ends with it.
const research = guard({ warden, agent: "langchain" }, (question: string) =>
  agent.invoke({ messages: [{ role: "user", content: question }] }),
);
const { messages } = await research("what is the weather in Lisbon?");
for (const message of messages) if (message.type === "tool") console.log(message.text);
await warden.close();
