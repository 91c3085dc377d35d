// A Vercel AI SDK tool that buys data. What the model asks for is judged before the wallet is reached; a refusal goes back
// to the model as the tool's answer. The model here is a script, so that the example runs without a key.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { generateText, stepCountIs, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { openWarden, PaymentDenied } from "tollwarden";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";

const { SELLER_URL = "http://127.0.0.1:4021", AGENT_KEY } = process.env;
const account = privateKeyToAccount(AGENT_KEY as `0x${string}`);

const warden = await openWarden({
  policy: { origins: [new URL(SELLER_URL).origin], payment: { max_usd: "0.10" } },
  agent: "ai-sdk",
});
const client = warden.client(new x402Client().register("eip155:*", new ExactEvmScheme(warden.signer(account))));
const pay = wrapFetchWithPayment(warden.fetch(fetch), client);

const buy = tool({
  description: "buys data from the seller, by its path",
  inputSchema: z.object({ path: z.enum(["/weather", "/report", "/dataset"]) }),
  execute: async ({ path }) => {
    try {
      return await (await pay(new URL(path, SELLER_URL))).text();
    } catch (error) {
      if (!(error instanceof PaymentDenied)) throw error;
      return error.message; // the model reads why, and what would help
    }
  },
});

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } } as never;
const wants = ["/weather", "/dataset"].map((path, step) => ({
  content: [{ type: "tool-call", toolCallId: `call-${step}`, toolName: "buy", input: JSON.stringify({ path }) }],
  finishReason: { unified: "tool-calls", raw: undefined },
  usage,
  warnings: [],
}));
const done = {
  content: [{ type: "text", text: "done" }],
  finishReason: { unified: "stop", raw: undefined },
  usage,
  warnings: [],
};

const { steps } = await generateText({
  model: new MockLanguageModelV4({ doGenerate: [...wants, done] as never }),
  tools: { buy },
  prompt: "what is the weather in Lisbon?",
  stopWhen: stepCountIs(5),
});
for (const { toolResults } of steps) for (const { output } of toolResults) console.log(output);
await warden.close();
