/**
 * A question in words: what an approver needs to see, a line for each thing, for a terminal, a page, or a chat. The core
 * has written out what would not be seen, but in the id, which has to stay what it is: that is done here. What a chat would
 * take for markup is the concern of the message for that chat.
 */

import type { ApprovalCard, ApprovalView } from "../core/types.ts";
import { visible } from "../service/visible.ts";

/** The question, in lines of plain text. */
export function describeApproval(view: ApprovalView): readonly string[] {
  const { payment } = view;
  const approved = view.answers.filter((answer) => answer.approved).map(({ approver }) => approver);
  const refused = view.answers.filter((answer) => !answer.approved).map(({ approver }) => approver);
  const asked = view.approvers?.map(({ name }) => name).join(", ") ?? "anybody but the agent";
  const times = payment.payee_prior_payments;
  const line = (name: string, value: string): string => `${name.padEnd(9)}${value}`;
  return [
    line("payment", visible(view.id)),
    line("amount", amountOf(payment)),
    line("payee", `${payment.payee} on ${payment.network}`),
    line("", times === 0 ? "NEW: never paid before" : `known: paid ${times} ${times === 1 ? "time" : "times"} before`),
    line("origin", payment.origin),
    line("request", `${payment.method} ${payment.url}`),
    line("agent", nameOf(payment.agent) + (payment.client === "" ? "" : `, for ${payment.client}`)),
    ...payment.why.map((why, at) => line(at === 0 ? "why" : "", why)),
    ...payment.flags.map((flag) => line("flag", flag)),
    ...payment.budgets.map((budget) => {
      const unit = budget.unit === "usd" ? "USD" : budget.unit;
      const limit = budget.limit == null ? "" : ` of ${budget.limit}`;
      return line("budget", `${budget.name} (${budget.window}): ${budget.before} → ${budget.after}${limit} ${unit}`);
    }),
    ...(payment.description == null ? [] : [line("seller", `says: "${payment.description}"`)]),
    line(
      "needs",
      `${view.threshold} of ${asked}; approved by ${approved.join(", ") || "nobody"}${refused.length === 0 ? "" : `, refused by ${refused.join(", ")}`}`,
    ),
    line("until", view.expires_at),
    line("state", view.standing),
  ];
}

function nameOf(agent: string): string {
  return agent === "" ? "(no name)" : agent;
}

/** `1.5 USDC (1.5 USD)`. */
export function amountOf({ amount, decimals, symbol, usd, asset }: ApprovalCard): string {
  const token =
    decimals == null ? `${amount} atomic units of ${asset}` : `${decimal(amount, decimals)} ${symbol ?? asset}`;
  return `${token} (${usd == null ? "no price in USD" : `${usd} USD`})`;
}

function decimal(units: string, decimals: number): string {
  const digits = units.padStart(decimals + 1, "0");
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 || fraction === "" ? whole : `${whole}.${fraction}`;
}

/** For Slack's incoming webhooks: plain text in a code block, where nothing is markup, and a button for each link. */
export function slackMessage(view: ApprovalView, links: Readonly<Record<string, string>> = {}): object {
  const text = describeApproval(view)
    .join("\n")
    .replace(/[&<>`]/g, (char) => SLACK[char] ?? char);
  const buttons = Object.entries(links).map(([name, url]) => ({
    type: "button",
    text: { type: "plain_text", text: `Decide as ${name}`.slice(0, 75) },
    url,
  }));
  return {
    text: `A payment needs approval: ${amountOf(view.payment)}`,
    blocks: [
      { type: "section", text: { type: "mrkdwn", text: `\`\`\`${text.slice(0, 2_900)}\`\`\`` } },
      ...(buttons.length === 0 ? [] : [{ type: "actions", elements: buttons.slice(0, 25) }]),
    ],
  };
}

const SLACK: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'" };

/** For a Teams workflow's webhook: an adaptive card. Its text blocks know some markup, so each line is shown as a run of text. */
export function teamsMessage(view: ApprovalView, links: Readonly<Record<string, string>> = {}): object {
  const lines = describeApproval(view).map((text) => ({
    type: "RichTextBlock",
    inlines: [{ type: "TextRun", text, fontType: "Monospace" }],
  }));
  const actions = Object.entries(links).map(([name, url]) => ({
    type: "Action.OpenUrl",
    title: `Decide as ${name}`,
    url,
  }));
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: lines,
    actions,
  };
  return { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content }] };
}
