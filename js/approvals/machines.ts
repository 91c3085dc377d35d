/**
 * Approvers that are machines, each behind a webhook of its own: all are asked at once, and each answers in the response,
 * signed, within 30 s. Beside this, people may answer at the desk for as long as the question stands.
 */

import type { ApprovalView } from "../core/types.ts";
import type { ApprovalAnswer, OnApproval } from "./ask.ts";
import { checkUrl, type OutboundOptions, post } from "./outbound.ts";
import { isSignedWebhook, signWebhook, webhookKey } from "./standard-webhooks.ts";

export interface MachineApprover {
  /** The name under `approvals.approvers`. */
  readonly name: string;
  readonly url: string;
  /** `whsec_…`: the question is signed with it, and so has to be the answer. One for each approver. */
  readonly secret: string;
}

export interface MachineOptions extends Pick<OutboundOptions, "allowHosts" | "resolve"> {
  readonly approvers: readonly MachineApprover[];
  /** How long each may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

/** For `onApproval`. Who does not answer, or not exactly as asked, has not approved. Throws only if nobody could be asked. */
export function askApprovers({
  approvers,
  timeoutMs = 30_000,
  now = Date.now,
  ...outbound
}: MachineOptions): OnApproval {
  for (const { url } of approvers) checkUrl(url, outbound.allowHosts);
  const secrets = approvers.map(({ secret }) => secret.replace(/^whsec_/, ""));
  if (new Set(secrets).size < secrets.length)
    throw new Error("two approvers have the same secret: it would be one voice");
  const keys = new Map(approvers.map(({ name, secret }) => [name, webhookKey(secret)]));
  for (const key of keys.values()) key.catch(() => undefined);

  async function ask({ name, url }: MachineApprover, view: ApprovalView, signal: AbortSignal): Promise<ApprovalAnswer> {
    const key = await (keys.get(name) ?? Promise.reject(new Error(`no key for ${name}`)));
    const body = JSON.stringify({ type: "approval.requested", data: { approver: name, approval: view } });
    const id = `mpa_${encodeURIComponent(view.id)}_${view.digest.slice(0, 16)}_${encodeURIComponent(name)}`;
    const answer = await post(url, body, await signWebhook(key, id, body, now()), { ...outbound, timeoutMs, signal });
    if (answer.status !== 200) throw new Error(`${name} answered ${answer.status}`);
    if (!(await isSignedWebhook(key, (header) => answer.headers[header], answer.body, now()))) {
      throw new Error(`the answer of ${name} is not signed with its key`);
    }
    return readAnswer(answer.body, name, view);
  }

  return async (view, { approvals, signal }) => {
    const asked = view.approvers?.map(({ name }) => name);
    const wanted = approvers.filter(({ name }) => asked?.includes(name) ?? true);
    let heard = 0;
    const failures: string[] = [];
    // Each answer counts when it comes: two of three do not wait for the third.
    await Promise.all(
      wanted.map(async (approver) => {
        try {
          const answer = await ask(approver, view, signal);
          const { signedAt, signature, note } = answer;
          const given = { digest: view.digest, ...(note !== undefined && { note }) };
          const proof = signedAt === undefined || signature === undefined ? {} : { signedAt, signature };
          const outcome = await approvals[answer.approved ? "approve" : "reject"](view.id, approver.name, {
            ...given,
            ...proof,
          });
          if (!outcome.ok)
            throw new Error(`the answer of ${approver.name} does not count: ${outcome.message ?? outcome.reason}`);
          heard += 1;
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }),
    );
    if (heard === 0 && !signal.aborted) throw new Error(failures.join("; ") || "none of these approvers is asked");
  };
}

/**
 * The answer, if it is exactly one: a JSON object with the digest that was asked about, this approver's name, and
 * `approved` as `true` or `false`. `"false"` is not false, and 1 is not true.
 */
function readAnswer(text: string, name: string, view: ApprovalView): ApprovalAnswer {
  const wrong = (what: string): never => {
    throw new Error(`the answer of ${name} is not well-formed: ${what}`);
  };
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return wrong("not JSON");
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) return wrong("not an object");
  const members = read as Readonly<Record<string, unknown>>;
  const known = ["approved", "digest", "approver", "note", "signed_at", "signature"];
  const stranger = Object.keys(members).find((key) => !known.includes(key));
  if (stranger !== undefined) return wrong(`\`${stranger}\` is not known`);
  // Keys are read from the text as well: `JSON.parse` would let the last of two win.
  for (const key of known) if (text.split(`"${key}"`).length > 2) return wrong(`\`${key}\` stands there twice`);
  const { approved, digest, approver, note, signed_at: signedAt, signature } = members;
  if (typeof approved !== "boolean") return wrong("`approved` is neither true nor false");
  if (digest !== view.digest) return wrong("`digest` is of another question");
  if (approver !== name) return wrong("`approver` is somebody else");
  if (note !== undefined && typeof note !== "string") return wrong("`note` is not a text");
  if (signedAt !== undefined && !Number.isSafeInteger(signedAt)) return wrong("`signed_at` is not in milliseconds");
  if (signature !== undefined && typeof signature !== "string") return wrong("`signature` is not a text");
  return {
    approver: name,
    approved,
    ...(note === undefined ? {} : { note }),
    ...(signedAt === undefined ? {} : { signedAt: signedAt as number }),
    ...(signature === undefined ? {} : { signature }),
  };
}
