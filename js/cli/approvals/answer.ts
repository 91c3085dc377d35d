/** Approving and refusing from a terminal. */

import { describeApproval } from "../../approvals/message.ts";
import type { OpenDesk } from "../../approvals/open.ts";
import type { ApprovalView, Outcome } from "../../core/types.ts";
import { type HeldKey, openDesk, type Place, signed } from "./store.ts";

export interface Voice {
  readonly name: string;
  readonly held?: HeldKey | undefined;
  readonly note?: string | undefined;
}

/**
 * Answers a question as it was shown: should it be another one by now, the answer does not count. What loosens takes a
 * key: whoever can start this program could say a name.
 */
export async function answer(
  desk: OpenDesk,
  place: Place,
  view: ApprovalView,
  verb: "approve" | "reject",
  voice: Voice,
): Promise<Outcome> {
  const line = view.approvers?.find(({ name }) => name === voice.name);
  const refused = (reason: NonNullable<Outcome["reason"]>, message: string): Outcome => ({
    id: view.id,
    ok: false,
    reason,
    message,
  });
  if (view.approvers != null && line === undefined) {
    return refused("not_an_approver", `\`${voice.name}\` is not asked about this payment`);
  }
  if (verb === "approve" && line?.key == null) {
    const todo = "make one with `tollwarden approvals key`, and put it under `approvals.keys`";
    return refused("bad_countersignature", `\`${voice.name}\` has no key in the policy; ${todo}`);
  }
  if (line?.key != null && voice.held === undefined) {
    return refused("bad_countersignature", `\`${voice.name}\` has a key in the policy; name its file with --key`);
  }
  const proof = await signed(voice.held, { verb, digest: view.digest, approver: voice.name });
  const options = { digest: view.digest, ...(voice.note !== undefined && { note: voice.note }), ...proof };
  const secret = voice.held?.secret;
  if (secret === undefined || line?.key == null) return desk[verb](view.id, voice.name, options);
  // An HMAC is checked with the secret itself, under the name that the policy has for it.
  const keyed = await openDesk(place, { [line.key]: secret });
  try {
    return await keyed[verb](view.id, voice.name, options);
  } finally {
    await keyed.close();
  }
}

/** The lines of a question. */
export function shown(view: ApprovalView): string {
  return describeApproval(view).join("\n");
}
