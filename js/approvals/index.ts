/** `tollwarden/approvals`: asking people and machines, and taking their answers. */

export type { ApprovalCard, ApprovalView } from "../core/types.ts";
export type { ApprovalAnswer, ApprovalContext, OnApproval } from "./ask.ts";
export type { AnswerOptions, Approvals } from "./desk.ts";
export { type ApprovalLinks, approvalLinks, type LinkOptions } from "./links.ts";
export { askApprovers, type MachineApprover, type MachineOptions } from "./machines.ts";
export { amountOf, describeApproval, slackMessage, teamsMessage } from "./message.ts";
export { type DeskOptions, type OpenDesk, openApprovals } from "./open.ts";
export { UnsafeUrl } from "./outbound.ts";
export { type ApproverKey, type Countersignature, countersign, readApproverKey, type Statement } from "./sign.ts";
export { createWebhookSecret, isSignedWebhook, signWebhook, webhookKey } from "./standard-webhooks.ts";
export type { WaitOptions } from "./waiting.ts";
export { approvalWebhook, type WebhookOptions } from "./webhook.ts";
