// Machine to machine: a service of your own signs what it lets pass, with a key that the agent's process doesn't hold, and
// the agent sends the signature along with its request. The core checks it in the step that holds the money.

import { type ApproverKey, countersign } from "../../js/approvals/index.ts";
import type { AuthorizeRequest, Decision, Warden } from "../../js/index.ts";

/** The service: it sees the digest and whatever else it asks for, and signs or does not. */
export type Countersigner = (digest: string) => Promise<{ readonly signedAt: number; readonly signature: string }>;

export function localCountersigner(key: ApproverKey, approver: string): Countersigner {
  return (digest) => countersign(key, { verb: "approve", digest, approver });
}

/** Asks; where an approval is wanted, has it signed, and asks again under the same id. */
export async function authorizeSigned(
  warden: Warden,
  request: AuthorizeRequest & { readonly id: string },
  approver: string,
  sign: Countersigner,
): Promise<Decision> {
  const decision = await warden.authorize(request);
  if (decision.approval == null) return decision;
  const countersignatures = { [approver]: await sign(decision.approval.digest) };
  return warden.authorize({ ...request, countersignatures });
}
