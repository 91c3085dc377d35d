/**
 * `failMode: "open"`: while the decision service does not answer, payments go on within a small budget that is kept here.
 * Each one is told loudly, written down, and reported to the service when it is back. An answer that is not proven, a key
 * that is refused and a rate that is exceeded open nothing: only silence does, and an answer that says that the service
 * itself is broken.
 */

import { type Audit, type AuditOptions, openAudit } from "../audit/audit.ts";
import { type Ledger, openLedger } from "../core/ledger.ts";
import type { Decision } from "../core/types.ts";
import { readPolicy } from "../policy-source.ts";
import type { EmergencyPayment } from "../service/api.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import { type Connection, ServiceAway } from "./connection.ts";
import { denialFor, type RemoteLedger } from "./ledger.ts";

export interface EmergencyOptions {
  /** The most that may be paid while the service is away, in US dollars, in each `window`. */
  readonly budgetUsd: string;
  /** The most for one payment. Default: a tenth of the budget is not assumed: it is the budget. */
  readonly maxUsd?: string;
  /** Default `24h`. It goes on when the service comes back and goes away again. */
  readonly window?: string;
  /** The origins that may be paid meanwhile, as in a policy's `vendors`. Default: all. */
  readonly vendors?: readonly string[];
  /** Where that budget is kept. Default: in memory, so that a restart begins it anew. */
  readonly store?: Store;
  /** Where each of these payments is recorded. */
  readonly audit: AuditOptions;
  /** Told of each. Default: standard error. */
  readonly onEmergency?: (message: string, decision: Decision) => void;
}

export interface EmergencyLedger extends Ledger {
  closeEmergency(): Promise<void>;
}

/** So many are remembered to be reported. */
const MOST = 1_000;
const AT_ONCE = 100;

export async function withEmergency(
  remote: RemoteLedger,
  connection: Connection,
  options: EmergencyOptions,
): Promise<EmergencyLedger> {
  const {
    budgetUsd,
    maxUsd = budgetUsd,
    window = "24h",
    vendors,
    store = memoryStore(),
    onEmergency = shout,
  } = options;
  const policy = readPolicy({
    name: "emergency",
    payment: { max_usd: maxUsd },
    budgets: [{ name: "emergency", limit_usd: budgetUsd, window }],
    ...(vendors === undefined ? {} : { vendors: { allow: vendors } }),
  });
  const log: Audit = openAudit(store, options.audit, Date.now);
  const local = openLedger({ policy: policy.json, store, audit: log.auditing });
  await local.note("opened");
  /** Payments that are kept here, and those of them that the service has not been told of. */
  const here = new Set<string>();
  let unreported: EmergencyPayment[] = [];
  let reporting = false;

  async function allowed(event: Parameters<Ledger["authorize"]>[0], away: ServiceAway): Promise<Decision> {
    // Its hold is this process's own: a question to people can't be asked from here, nor gone on with.
    const { resume: _, countersignatures: __, ...rest } = event;
    const decision = await local.authorize(rest);
    if (decision.action !== "allow") {
      const message = `${away.message}; and the emergency budget says ${decision.reason}${decision.message == null ? "" : `: ${decision.message}`}`;
      return { ...decision, action: "deny", message };
    }
    here.add(decision.id);
    const { id, amount, asset, usd, payee, state } = decision;
    const known = Object.fromEntries(
      Object.entries({ amount, asset, usd, payee, state }).filter(([, value]) => value != null),
    );
    unreported = [...unreported, { id, at: new Date().toISOString(), url: String(event.url), ...known }].slice(-MOST);
    onEmergency(
      `the decision service is away (${away.message}); payment ${id} of ${usd ?? amount} USD to ${payee} goes on, on the emergency budget`,
      decision,
    );
    return { ...decision, flags: [...(decision.flags ?? []), "emergency"] };
  }

  /** What was paid meanwhile, to the service. */
  async function report(): Promise<void> {
    if (reporting || unreported.length === 0) return;
    reporting = true;
    try {
      while (unreported.length > 0) {
        const these = unreported.slice(0, AT_ONCE);
        await connection.post("/v1/emergency", { payments: these });
        unreported = unreported.slice(these.length);
      }
    } catch {
      // It is told the next time that it answers.
    } finally {
      reporting = false;
    }
  }

  async function decide(event: Parameters<Ledger["authorize"]>[0], holding: boolean): Promise<Decision> {
    if (here.has(event.id)) return holding ? local.authorize(event) : local.check(event);
    try {
      const decision = await remote.ask(event, holding);
      void report();
      return decision;
    } catch (error) {
      if (!(error instanceof ServiceAway)) return denialFor(event.id, error);
      return holding ? allowed(event, error) : local.check(event);
    }
  }

  return {
    ...remote,
    get policy() {
      return remote.policy;
    },
    authorize: (event) => decide(event, true),
    check: (event) => decide(event, false),
    move: (event) => (here.has(event.id) ? local.move(event) : remote.move(event)),
    holds: (which) => ("id" in which && here.has(which.id) ? local.holds(which) : remote.holds(which)),
    async note(what, members = {}) {
      if (typeof members.id === "string" && here.has(members.id)) return local.note(what, members);
      return remote.note(what, members);
    },
    finished: () => local.finished(),
    async closeEmergency() {
      await report();
      await log.close();
    },
    close: () => local.close(),
  };
}

function shout(message: string): void {
  console.error(`tollwarden EMERGENCY: ${message}`);
}
