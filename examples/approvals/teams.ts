// Teams: a workflow's webhook puts a card into a channel, and each approver's button opens a page to decide on. The workflow
// is the one that Teams calls "Post to a channel when a webhook request is received"; its URL is a secret.
//
//   TEAMS_WEBHOOK_URL=… LINK_SECRET=… APPROVAL_URL=https://approve.example.com/ node examples/approvals/teams.ts

import { approvalLinks, approvalWebhook, teamsMessage } from "../../js/approvals/index.ts";
import { openWardenWithControl, type PolicySource, type Store } from "../../js/index.ts";
import { servePage } from "./page.ts";

export interface TeamsOptions {
  readonly policy: PolicySource;
  readonly store?: Store;
  readonly webhookUrl: string;
  /** Where the buttons lead: this server, as the approvers reach it. */
  readonly approvalUrl: string;
  /** At least 16 bytes that the agent doesn't know. */
  readonly linkSecret: string;
  readonly approvers: readonly string[];
  readonly port: number;
}

export async function openWithTeams({ policy, store, port, ...teams }: TeamsOptions) {
  const links = approvalLinks({ baseUrl: teams.approvalUrl, secret: teams.linkSecret });
  const { warden, control } = await openWardenWithControl({
    policy,
    agent: "researcher",
    ...(store && { store }),
    onApproval: approvalWebhook({
      url: teams.webhookUrl,
      body: teamsMessage,
      links: { of: links, approvers: teams.approvers },
    }),
  });
  const server = await servePage(links.handler(control.approvals), teams.approvalUrl, port);
  return { warden, control, server };
}

if (process.argv[1] === import.meta.filename) {
  const { env } = process;
  await openWithTeams({
    policy: "policy.toml",
    webhookUrl: env.TEAMS_WEBHOOK_URL ?? "",
    approvalUrl: env.APPROVAL_URL ?? "http://127.0.0.1:8402/",
    linkSecret: env.LINK_SECRET ?? "",
    approvers: ["alice", "bob"],
    port: Number(env.PORT ?? 8402),
  });
}
