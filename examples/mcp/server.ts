// An MCP server whose tool costs money. The offer is a tool result that is an error; the payment comes with the next call,
// in `_meta["x402/payment"]`, and the receipt goes back in `_meta["x402/payment-response"]`.

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { HTTPFacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";

const { FACILITATOR_URL = "http://127.0.0.1:4022", PAY_TO = "" } = process.env;

export async function paidServer(): Promise<McpServer> {
  const payments = new x402ResourceServer(new HTTPFacilitatorClient({ url: FACILITATOR_URL }));
  payments.register("eip155:84532", new ExactEvmScheme());
  await payments.initialize();

  async function paidTool(name: string, price: string, work: () => string, payment: unknown) {
    const wanted = await payments.buildPaymentRequirements({
      scheme: "exact",
      network: "eip155:84532",
      payTo: PAY_TO,
      price,
    });
    const offer = async (error: string) => {
      const required = await payments.createPaymentRequiredResponse(wanted, { url: `mcp://tool/${name}` }, error);
      return {
        isError: true,
        structuredContent: { ...required },
        content: [{ type: "text" as const, text: JSON.stringify(required) }],
      };
    };
    if (payment === undefined) return offer("this tool costs money");
    const matching = payments.findMatchingRequirements(wanted, payment as never);
    if (matching === undefined) return offer("that pays for something else");
    const verified = await payments.verifyPayment(payment as never, matching);
    if (!verified.isValid) return offer(verified.invalidReason ?? "the payment is not valid");
    const text = work();
    const receipt = await payments.settlePayment(payment as never, matching);
    if (!receipt.success) return offer(receipt.errorReason ?? "the payment could not be settled");
    return { content: [{ type: "text" as const, text }], _meta: { "x402/payment-response": receipt } };
  }

  const server = new McpServer({ name: "weather", version: "1.0.0" });
  const paid = (name: string, price: string, work: () => string): void => {
    server.registerTool(name, { description: `costs ${price}` }, ({ _meta }) =>
      paidTool(name, price, work, _meta?.["x402/payment"]),
    );
  };
  paid("weather", "$0.01", () => "21 degrees in Lisbon");
  paid("dataset", "$2.50", () => "all the rows");
  return server;
}
