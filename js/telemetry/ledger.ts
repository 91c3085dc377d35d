/** A ledger whose answers are counted and timed, and whose state is read for whoever collects figures. */

import type { Along, Event, Ledger } from "../core/ledger.ts";
import type { Decision, Outcome, State } from "../core/types.ts";
import { type Attributes, type Backend, type Sample, sample } from "./backend.ts";
import type { Asked, Decisions } from "./decisions.ts";
import type { Beside } from "./telemetry.ts";

export interface LedgerParts {
  readonly backend: Backend;
  readonly decisions: Decisions;
  readonly asked: Asked;
  readonly refreshMs: number;
  readonly seconds: () => number;
}

export function measuredLedger(ledger: Ledger, beside: Beside, parts: LedgerParts): Ledger {
  const { backend, decisions, asked, seconds } = parts;
  const state = remembered(parts.refreshMs, beside.now, () => stateOf(ledger, beside.now()));

  async function read(): Promise<readonly Sample[]> {
    await ended();
    const samples = await state();
    return [...samples, ...ofThisProcess(ledger, beside)];
  }

  /** Questions whose time is over, although nobody asked again. */
  async function ended(): Promise<void> {
    const ids = asked.over(beside.now());
    const views = ids.length === 0 ? [] : await ledger.approvals({ ids }).catch(() => []);
    for (const { id, standing } of views) {
      const outcome = standing === "rejected" ? "denied" : standing === "expired" ? "timeout" : "approved";
      if (standing !== "pending" && asked.end(id)) backend.count("x402_mpa_events_total", { outcome }, 1);
    }
  }

  function decided(name: string, ask: () => Promise<Decision>, event: { readonly id: string }): Promise<Decision> {
    const since = seconds();
    return backend.span(`tollwarden.${name}`, whose(event), async (say) => {
      const decision = await ask();
      backend.observe("tollwarden_decision_seconds", {}, seconds() - since);
      const { action, reason, usd } = decision;
      say({
        "tollwarden.action": action,
        "tollwarden.reason": reason,
        ...(usd == null ? {} : { "tollwarden.usd": usd }),
      });
      return decision;
    });
  }

  async function moved(event: Event & { readonly id: string }, along?: Along<Outcome>): Promise<Outcome> {
    return backend.span(`tollwarden.${event.type}`, whose(event), async (say) => {
      const step = STEPS.has(event.type) ? event.type : "other";
      try {
        const outcome = await ledger.move(event, along);
        const result = outcome.ok ? "ok" : (outcome.reason ?? "refused");
        backend.count("tollwarden_moves_total", { step, result }, 1);
        const { state, ground } = outcome;
        say({ "tollwarden.result": result, ...(state == null ? {} : { "tollwarden.state": state }) });
        if (outcome.ok && state != null && ENDS.has(event.type)) {
          backend.count("tollwarden_settlements_total", { state, ground: ground ?? "none" }, 1);
        }
        if (outcome.breach === true) backend.count("tollwarden_breaches_total", {}, 1);
        if (outcome.ok && event.type === "reject" && asked.end(event.id)) {
          backend.count("x402_mpa_events_total", { outcome: "denied" }, 1);
        }
        return outcome;
      } catch (error) {
        backend.count("tollwarden_moves_total", { step, result: codeOf(error) }, 1);
        throw error;
      }
    });
  }

  const stop = backend.gauges(read);
  return {
    ...ledger,
    get policy() {
      return ledger.policy;
    },
    async authorize(event, along) {
      const decision = await decided("authorize", () => ledger.authorize(event, along), event);
      decisions.decided(decision);
      return decision;
    },
    check: (event) => decided("check", () => ledger.check(event), event),
    move: moved,
    async reload(policy) {
      try {
        await ledger.reload(policy);
        backend.count("tollwarden_policy_reloads_total", { result: "ok" }, 1);
      } catch (error) {
        backend.count("tollwarden_policy_reloads_total", { result: "refused" }, 1);
        throw error;
      }
    },
    async close() {
      stop();
      await ledger.close();
    },
  };
}

const STEPS: ReadonlySet<string> = new Set(
  "ticket message sign settle reconcile resolve refund approve reject".split(" "),
);
/** The steps that say where a hold has come to. */
const ENDS: ReadonlySet<string> = new Set(["settle", "reconcile", "resolve"]);

/** For a trace, which is looked up one by one: no figure has these. */
function whose(event: Readonly<Record<string, unknown>>): Attributes {
  const named: [string, string][] = [];
  for (const name of ["id", "agent", "client", "session"]) {
    const value = event[name];
    if (typeof value === "string") named.push([`tollwarden.${name}`, value]);
  }
  return Object.fromEntries(named);
}

/** The warden's own codes are few. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? code : "error";
}

/** What is in memory, and costs nothing. */
function ofThisProcess({ policy }: Ledger, { breaker, audit }: Beside): readonly Sample[] {
  const circuits = { open: 0, "half-open": 0 };
  for (const [, { kind }] of breaker?.toJSON().keys ?? []) if (kind !== "closed") circuits[kind] += 1;
  const named = { name: policy.name ?? "", version: String(policy.version), hash: policy.hash.slice(0, 16) };
  return [
    sample("tollwarden_policy_info", named, 1),
    ...Object.entries(circuits).map(([state, count]) => sample("tollwarden_breakers", { state }, count)),
    ...(audit === undefined ? [] : [sample("tollwarden_audit_behind", {}, audit.behind)]),
    ...[...(audit?.failures.keys() ?? [])].map((sink) => sample("tollwarden_audit_sink_failing", { sink }, 1)),
  ];
}

/** What is in the store. Nothing but its failure where it fails. */
async function stateOf(ledger: Ledger, now: number): Promise<readonly Sample[]> {
  try {
    const open = await ledger.holds({ which: "open" });
    const budgets = await ledger.budgets({});
    const freezes = await ledger.freezes();
    const pending = await ledger.approvals({ standing: "pending" });
    const agents = freezes.filter(({ agent }) => agent != null);
    return [
      sample("tollwarden_sample_ok", {}, 1),
      ...holdsOf(open, now),
      ...budgetsOf(budgets),
      sample("tollwarden_frozen", { what: "all" }, freezes.length - agents.length),
      sample("tollwarden_frozen", { what: "agents" }, agents.length),
      sample("tollwarden_approvals_pending", {}, pending.length),
    ];
  } catch {
    return [sample("tollwarden_sample_ok", {}, 0)];
  }
}

const OPEN: readonly State[] = ["held", "signing", "signed", "unknown"];

function holdsOf(open: Awaited<ReturnType<Ledger["holds"]>>, now: number): readonly Sample[] {
  const unknown = open.filter(({ state }) => state === "unknown").map(({ at }) => Date.parse(at));
  const oldest = unknown.length === 0 ? 0 : Math.max(0, now - unknown.reduce((a, b) => Math.min(a, b))) / 1_000;
  return [
    ...OPEN.flatMap((state) => {
      const these = open.filter((hold) => hold.state === state);
      const usd = these.reduce((sum, hold) => sum + Number(hold.usd ?? 0), 0);
      return [sample("tollwarden_holds", { state }, these.length), sample("tollwarden_held_usd", { state }, usd)];
    }),
    sample("tollwarden_unknown_oldest_seconds", {}, oldest),
  ];
}

/** One line for each budget: a counter is kept for each vendor, say, and a seller can make as many of those as it likes. */
function budgetsOf(lines: Awaited<ReturnType<Ledger["budgets"]>>): readonly Sample[] {
  const found = new Map<string, { spent: number; held: number; use: number; counters: number; limit?: number }>();
  for (const { name, unit, held, spent, limit } of lines) {
    const key = JSON.stringify([name, unit]);
    const one = found.get(key) ?? { spent: 0, held: 0, use: 0, counters: 0 };
    found.set(key, one);
    one.spent += Number(spent);
    one.held += Number(held);
    one.counters += 1;
    if (limit == null) continue;
    one.limit = Number(limit);
    const used = Number(spent) + Number(held);
    one.use = Math.max(one.use, one.limit > 0 ? used / one.limit : used > 0 ? 1 : 0);
  }
  return [...found].flatMap(([key, { spent, held, use, counters, limit }]) => {
    const [budget, unit] = JSON.parse(key) as [string, string];
    const labels = { budget, unit };
    return [
      sample("tollwarden_budget_spent", labels, spent),
      sample("tollwarden_budget_held", labels, held),
      sample("tollwarden_budget_counters", labels, counters),
      ...(limit === undefined
        ? []
        : [sample("tollwarden_budget_limit", labels, limit), sample("tollwarden_budget_use_ratio", labels, use)]),
    ];
  });
}

/** The last answer, while it is new enough; those who ask at once wait for the same one. */
export function remembered<T>(forMs: number, now: () => number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    const at = now();
    const age = last === undefined ? Number.POSITIVE_INFINITY : at - last.at;
    if (last === undefined || !(age >= 0 && age < forMs)) last = { at, value: read() };
    return last.value;
  };
}
