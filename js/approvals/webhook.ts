/** A webhook that tells people: signed, retried, and sent to nowhere but the host that the operator named. */

import type { ApprovalView } from "../core/types.ts";
import type { OnApproval } from "./ask.ts";
import type { ApprovalLinks } from "./links.ts";
import { checkUrl, type OutboundOptions, post, UnsafeUrl } from "./outbound.ts";
import { signWebhook, webhookKey } from "./standard-webhooks.ts";

export interface WebhookOptions extends Pick<OutboundOptions, "allowHosts" | "timeoutMs" | "resolve"> {
  readonly url: string;
  /** `whsec_…`, of Standard Webhooks. Leave it out only where the receiver knows us by the URL, as Slack does. */
  readonly secret?: string;
  /** Who gets a link each, to approve and to refuse. */
  readonly links?: { readonly of: ApprovalLinks; readonly approvers: readonly string[] };
  /** The message's body. Default: `{type: "approval.requested", timestamp, data: {approval, links}}`. */
  readonly body?: (request: ApprovalView, links: Readonly<Record<string, string>>) => unknown;
  /** Waits between tries, in milliseconds. Default 1 s, 5 s, 30 s, 2 min: five tries in all. */
  readonly retryMs?: readonly number[];
  readonly now?: () => number;
}

const RETRY = [1_000, 5_000, 30_000, 120_000];

/** For `onApproval`. Throws at once where the URL must not be called. */
export function approvalWebhook(options: WebhookOptions): OnApproval {
  checkUrl(options.url, options.allowHosts);
  const key = options.secret === undefined ? undefined : webhookKey(options.secret);
  const { now = Date.now, retryMs = RETRY } = options;
  return async (request, { signal }) => {
    const links = await linksFor(request, options.links);
    const data = { approval: request, links };
    const made = options.body?.(request, links);
    const body = JSON.stringify(made ?? { type: "approval.requested", timestamp: new Date(now()).toISOString(), data });
    // The same id at each try, so that a receiver can tell a retry from a new message. A header takes few of the signs that
    // a payment's id may have.
    const id = `appr_${encodeURIComponent(request.id)}_${request.digest.slice(0, 16)}`;
    await retried(retryMs, signal, async () => {
      const headers = key === undefined ? {} : await signWebhook(await key, id, body, now());
      const { status } = await post(options.url, body, headers, { ...options, signal });
      if (status < 200 || status >= 300) throw new Error(`the webhook answered ${status}`);
    });
  };
}

async function linksFor(
  request: ApprovalView,
  wanted: WebhookOptions["links"],
): Promise<Readonly<Record<string, string>>> {
  if (wanted === undefined) return {};
  const asked = request.approvers?.map(({ name }) => name);
  const approvers = wanted.approvers.filter((name) => asked?.includes(name) ?? true);
  return Object.fromEntries(
    await Promise.all(approvers.map(async (name) => [name, await wanted.of.link(request, name)] as const)),
  );
}

/** Tries, and after each wait tries again; a place that must not be called is not tried twice. */
export async function retried<T>(waits: readonly number[], signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const wait = waits[tries];
      if (wait === undefined || error instanceof UnsafeUrl || signal.aborted) throw error;
      // Up to a fifth more, so that many messages do not come back together.
      await pause(wait * (1 + Math.random() / 5), signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
