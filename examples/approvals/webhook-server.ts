// A plain webhook server: it takes the question, checks who sent it, and answers by its own rule, in the same response and
// signed. It runs where the agent does not, and the agent's side asks it with `askApprovers`.
//
//   WEBHOOK_SECRET=whsec_… node examples/approvals/webhook-server.ts

import { createServer, type Server } from "node:http";
import type { ApprovalView } from "../../js/approvals/index.ts";
import { isSignedWebhook, signWebhook, webhookKey } from "../../js/approvals/index.ts";

/** Starts an approver that says yes to what `rule` says yes to. */
export async function startApprover(
  name: string,
  secret: string,
  rule: (question: ApprovalView) => boolean,
  port: number,
): Promise<Server> {
  const key = await webhookKey(secret);
  const server = createServer(async (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    for await (const part of request) body += part;
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    if (!(await isSignedWebhook(key, header, body, Date.now()))) {
      response.writeHead(401).end();
      return;
    }
    const { data } = JSON.parse(body) as { readonly data: { readonly approval: ApprovalView } };
    const { digest } = data.approval;
    const answer = JSON.stringify({ approver: name, approved: rule(data.approval), digest });
    const signed = await signWebhook(key, `answer_${digest}`, answer, Date.now());
    response.writeHead(200, { "content-type": "application/json", ...signed }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

if (process.argv[1] === import.meta.filename) {
  // To payees that were paid before, and to no new one.
  const known = ({ payment }: ApprovalView): boolean => payment.payee_prior_payments > 0;
  await startApprover("machine", process.env.WEBHOOK_SECRET ?? "", known, Number(process.env.PORT ?? 8403));
}
