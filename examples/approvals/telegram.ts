// A bot in the style of Telegram's: a message with two buttons goes out, and what is pressed comes back as a callback with
// the person's id, which the service has checked. Slack's and Discord's interactions have the same shape.

import { describeApproval, type OnApproval } from "../../js/approvals/index.ts";
import type { Approvals } from "../../js/index.ts";

/** What the bot can do; `sendMessage` and `getUpdates` of Telegram's Bot API, in short. */
export interface Bot {
  send(text: string, buttons: readonly { readonly label: string; readonly data: string }[]): Promise<void>;
}

/** What a press of a button brings. */
export interface Press {
  /** The person, by the service's own number: names can be chosen. */
  readonly userId: number;
  readonly data: string;
}

/** For `onApproval`: sends the question. A button's data is short (64 bytes at Telegram), and says which question it is of. */
export function tellBot(bot: Bot): OnApproval {
  return async (question) => {
    const data = (verb: string): string => `${verb} ${question.digest.slice(0, 32)}`;
    await bot.send(describeApproval(question).join("\n"), [
      { label: "Approve", data: data("approve") },
      { label: "Refuse", data: data("reject") },
    ]);
  };
}

/** Takes a press as an answer: by a person who is an approver, to a question that still waits. Gives what to say to them. */
export async function takePress(
  press: Press,
  approvers: ReadonlyMap<number, string>,
  approvals: Approvals,
): Promise<string> {
  const name = approvers.get(press.userId);
  if (name === undefined) return "You are not an approver.";
  const [, verb, digest] = /^(approve|reject) ([0-9a-f]{32})$/.exec(press.data) ?? [];
  const question = (await approvals.pending()).find((view) => digest !== undefined && view.digest.startsWith(digest));
  if (question === undefined || (verb !== "approve" && verb !== "reject")) return "That question is over.";
  const outcome = await approvals[verb](question.id, name, { digest: question.digest, once: true });
  if (!outcome.ok) return `That does not count: ${outcome.message ?? outcome.reason}`;
  return verb === "approve" ? "Approved." : "Refused.";
}
