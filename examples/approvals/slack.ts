// Slack: an incoming webhook tells a channel, and each approver's button opens a page to decide on.
//
//   SLACK_WEBHOOK_URL=… LINK_SECRET=… APPROVAL_URL=https://approve.example.com/ node examples/approvals/slack.ts

import { approvalLinks, approvalWebhook, slackMessage } from "../../js/approvals/index.ts";
import { openWardenWithControl, type PolicySource, type Store } from "../../js/index.ts";
import { servePage } from "./page.ts";

export interface SlackOptions {
  readonly policy: PolicySource;
  readonly store?: Store;
  /** Of the app, under "Incoming Webhooks". */
  readonly webhookUrl: string;
  /** Where the buttons lead: this server, as the approvers reach it. */
  readonly approvalUrl: string;
  /** At least 16 bytes that the agent doesn't know. */
  readonly linkSecret: string;
  readonly approvers: readonly string[];
  readonly port: number;
}

export async function openWithSlack({ policy, store, port, ...slack }: SlackOptions) {
  const links = approvalLinks({ baseUrl: slack.approvalUrl, secret: slack.linkSecret });
  const { warden, control } = await openWardenWithControl({
    policy,
    agent: "researcher",
    ...(store && { store }),
    onApproval: approvalWebhook({
      url: slack.webhookUrl,
      body: slackMessage,
      links: { of: links, approvers: slack.approvers },
    }),
  });
  // The page behind the buttons. A GET only shows; the form on it decides.
  const server = await servePage(links.handler(control.approvals), slack.approvalUrl, port);
  return { warden, control, server };
}

if (process.argv[1] === import.meta.filename) {
  const { env } = process;
  await openWithSlack({
    policy: "policy.toml",
    webhookUrl: env.SLACK_WEBHOOK_URL ?? "",
    approvalUrl: env.APPROVAL_URL ?? "http://127.0.0.1:8402/",
    linkSecret: env.LINK_SECRET ?? "",
    approvers: ["alice", "bob"],
    port: Number(env.PORT ?? 8402),
  });
}
