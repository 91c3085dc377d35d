// E-mail: whatever sends your mail gets the question as text, with a link for each approver. A mail server that follows
// the links decides nothing: a link shows, and the form on its page decides.

import { type ApprovalLinks, amountOf, describeApproval, type OnApproval } from "../../js/approvals/index.ts";

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** For `onApproval`. `addresses`: the approvers' names, and where their mail goes. */
export function tellByMail(
  send: (mail: Mail) => Promise<void>,
  links: ApprovalLinks,
  addresses: Readonly<Record<string, string>>,
): OnApproval {
  return async (question) => {
    const asked = question.approvers?.map(({ name }) => name);
    for (const [name, to] of Object.entries(addresses)) {
      if (asked !== undefined && !asked.includes(name)) continue;
      const text = [...describeApproval(question), "", `Decide: ${await links.link(question, name)}`].join("\n");
      await send({ to, subject: `May this be paid? ${amountOf(question.payment)}`, text });
    }
  };
}
