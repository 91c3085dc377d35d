/** A task of the harness as a policy, and which of its hosts a URL is of. */

import { loadTools } from "../../core/tools.ts";
import type { PolicyError } from "../../core/types.ts";
import { PolicyInvalid } from "../../errors.ts";
import type { PolicyText } from "../../policy-source.ts";
import type { Task } from "./protocol.ts";

/** Longer than that no signature of a task stays usable, in seconds: a task is over in minutes. */
const LIFETIME = 600;

/**
 * What the task allows: its budget in all and for one payment, its network, its hosts, and each endpoint once. Together
 * with a policy of the user's own the strictest of both holds.
 */
export function policyOf(task: Task, origins: readonly string[], own: PolicyText | undefined): string {
  const limits = {
    payment: { max_usd: task.budgetUsd, networks: [task.network], max_lifetime_seconds: LIFETIME },
    payees: { pin: "deny" },
    budgets: [{ name: "task", limit_usd: task.budgetUsd, window: "lifetime" }],
    // A task asks for a thing once. Whoever asks for money again at the same place wants it twice.
    rates: [{ name: "once", max: 1, window: "30d", per: "endpoint" }],
    origins,
  };
  const wanted = JSON.stringify(limits);
  if (own === undefined) return wanted;
  const base = JSON.parse(own.json) as { readonly origins?: readonly string[] };
  const listed = JSON.stringify({ ...base, origins: [...new Set([...(base.origins ?? []), ...origins])] });
  const { document, errors } = JSON.parse(loadTools().mergePolicies(listed, wanted, own.name, "the task")) as {
    readonly document?: object;
    readonly errors?: readonly PolicyError[];
  };
  if (document === undefined) throw new PolicyInvalid(own.name, errors ?? []);
  return JSON.stringify(document);
}

/** The task's host that a URL is of, by its name in the URL; nothing where it is none of them. */
export function hostOf(url: URL, task: Task): string | undefined {
  const name = task.hostMode === "path" ? inPath(url) : url.hostname;
  return name !== undefined && task.hosts.includes(name.toLowerCase()) ? name.toLowerCase() : undefined;
}

/** In the mode `path` all hosts share one origin: `/_host/<name>/…`, and without it the provider's. */
function inPath({ pathname }: URL): string | undefined {
  // What is escaped could be read otherwise by the server.
  if (pathname.includes("%")) return undefined;
  const found = /^\/_host\/([^/]*)/.exec(pathname);
  return found === null ? "provider.test" : found[1];
}

/** An origin that has to be listed, because it is on this machine; others have to be https with a name anyway. */
export function isLocal({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127(\.\d+){3}$/.test(hostname);
}

/** The first price that a page names: a seller may ask for less than its page says, and never for more. */
export function namedPrice(text: string): string | undefined {
  return /\$\s*(\d{1,9}(?:\.\d{1,18})?)/.exec(text)?.[1];
}
