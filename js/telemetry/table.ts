/**
 * Everything that is measured. Names and labels that begin with `x402_` are those that presidio-hardened-x402 made known,
 * so that dashboards made for it go on working.
 *
 * Every label has few values: words of the core, or names that the operator wrote (budgets, routes, sinks). Nothing that a
 * seller or a client can invent is ever one.
 */

export type Kind = "counter" | "histogram" | "gauge";
/** How the figures of several ledgers in one process become one. */
export type Merge = "sum" | "max" | "min";

export interface Metric {
  readonly kind: Kind;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
  readonly merge?: Merge;
  /** Series that are there, as 0, from the start: the first of what they count is then an increase, too. */
  readonly initial?: readonly Readonly<Record<string, string>>[];
}

/** Seconds: of something that takes a fraction of a millisecond in memory, and 15 s at most in a store. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
const DOLLARS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50];

type Words<L extends readonly string[]> = { readonly [P in L[number]]: readonly string[] };

/** `initial`: the words of each label; every combination is there from the start. */
const counter = <const L extends readonly string[]>(help: string, labels: L, initial?: Words<L>) =>
  ({ kind: "counter", help, labels, initial: combinations(labels, initial) }) as const;
const histogram = <const L extends readonly string[]>(help: string, labels: L, buckets: readonly number[]) =>
  ({ kind: "histogram", help, labels, buckets }) as const;
const gauge = <const L extends readonly string[]>(help: string, labels: L, merge: Merge = "sum") =>
  ({ kind: "gauge", help, labels, merge }) as const;

function combinations(labels: readonly string[], words: object | undefined): readonly Record<string, string>[] {
  if (labels.length === 0) return [{}];
  if (words === undefined) return [];
  const known = words as Readonly<Record<string, readonly string[]>>;
  return labels.reduce<readonly Record<string, string>[]>(
    (made, label) => made.flatMap((one) => (known[label] ?? []).map((word) => ({ ...one, [label]: word }))),
    [{}],
  );
}

const BROKEN = "store_unavailable store_conflict audit_unavailable clock_jump clock_skew internal_error".split(" ");
/** What a signature can be instead of what was held. */
const NOT_BOUND = "version scheme network asset payee amount lifetime spender payer accepted"
  .split(" ")
  .map((what) => `${what}_mismatch`);

export const METRICS = {
  x402_payments_total: counter("Payments asked for, by what was decided", ["outcome", "reason"]),
  x402_payment_amount_usd: histogram("Amounts of payments asked for, in US dollars", [], DOLLARS),
  x402_pii_detections_total: counter("Personal data found on its way out", ["entity_type", "action"]),
  x402_policy_violations_total: counter("Payments that the policy denied", ["violation_type"]),
  x402_replay_detections_total: counter("Payments denied because they were made before", []),
  x402_mpa_events_total: counter("Questions to people that have ended", ["outcome"], {
    outcome: ["approved", "denied", "timeout"],
  }),

  tollwarden_decisions_total: counter("Decisions, by their stable reason code", ["action", "reason"], {
    action: ["deny"],
    reason: [...BROKEN, "budget_exceeded", "payee_changed", "personal_data", "personal_data_bound"],
  }),
  tollwarden_decision_seconds: histogram("Time to a decision, with its waiting in line and its store", [], SECONDS),
  tollwarden_moves_total: counter("Steps of payments, and what became of them", ["step", "result"], {
    step: ["message", "sign"],
    result: ["ok", ...NOT_BOUND, "malformed_payload", "unticketed_signature", "ticket_used"],
  }),
  tollwarden_settlements_total: counter("Where holds ended, and on what ground", ["state", "ground"]),
  tollwarden_breaches_total: counter("Payments for which more was captured than was held", []),
  tollwarden_policy_reloads_total: counter("Policies that took over, or were refused", ["result"], {
    result: ["ok", "refused"],
  }),

  tollwarden_holds: gauge("Open holds", ["state"]),
  tollwarden_held_usd: gauge("Held in open holds, in US dollars", ["state"]),
  tollwarden_unknown_oldest_seconds: gauge("Age of the oldest payment that nobody knows the outcome of", [], "max"),
  tollwarden_budget_limit: gauge("The limit of a budget, in its unit", ["budget", "unit"], "max"),
  tollwarden_budget_spent: gauge("Spent within the window, over all counters of a budget", ["budget", "unit"]),
  tollwarden_budget_held: gauge("Held, over all counters of a budget", ["budget", "unit"]),
  tollwarden_budget_counters: gauge("Counters that a budget has", ["budget", "unit"]),
  tollwarden_budget_use_ratio: gauge("Spent and held, of the limit; of the fullest counter", ["budget", "unit"], "max"),
  tollwarden_frozen: gauge("Freezes in force", ["what"]),
  tollwarden_approvals_pending: gauge("Questions that wait for people", []),
  tollwarden_breakers: gauge("The buyer's circuit breakers that are not closed", ["state"]),
  tollwarden_audit_behind: gauge("Audit records that the slowest sink has not taken", [], "max"),
  tollwarden_audit_sink_failing: gauge("1 for a sink of the audit log whose last try failed", ["sink"], "max"),
  tollwarden_policy_info: gauge("1 for the policy in force", ["name", "version", "hash"], "max"),
  tollwarden_sample_ok: gauge("0 while the ledger's figures can't be read from the store", [], "min"),

  tollwarden_store_seconds: histogram("Time that the store takes", ["operation"], SECONDS),
  tollwarden_store_conflicts_total: counter("Commits that another writer was faster than; they are decided again", []),
  tollwarden_store_errors_total: counter("Calls that the store failed", ["operation"], {
    operation: ["load", "commit", "scan"],
  }),

  tollwarden_gate_requests_total: counter("Requests at the gate, by what became of them", ["route", "outcome"]),
  tollwarden_gate_refusals_total: counter("Requests that the gate refused", ["reason"], {
    reason: [...BROKEN, "facilitator_unavailable"],
  }),
  tollwarden_gate_upstream_seconds: histogram("Time that what is sold takes", ["route"], SECONDS),
  tollwarden_gate_revenue_usd_total: counter("Captured, in US dollars; what has no price is left out", ["route"]),
  tollwarden_gate_anomalies_total: counter("What was out of the ordinary", ["kind"], {
    kind: ["payment_unusual", "spend_spike", "new_payer", "failure_spike"],
  }),
  tollwarden_gate_refunds_owed: gauge("Payments that are owed back", []),
  tollwarden_gate_unresolved: gauge("Payments that nobody knows the outcome of", []),
  tollwarden_gate_unresolved_oldest_seconds: gauge("Age of the oldest of them", [], "max"),
  tollwarden_gate_disputes_open: gauge("Disputes that nobody has ended", []),
  tollwarden_gate_breakers: gauge("The seller's circuit breakers that are not closed", ["what", "state"]),

  tollwarden_service_requests_total: counter("Requests to the decision service", ["route", "method", "status"]),
  tollwarden_service_request_seconds: histogram("Time that the decision service takes", ["route"], SECONDS),
} as const satisfies Readonly<Record<string, Metric>>;

export type Name = keyof typeof METRICS;
export type NameOf<K extends Kind> = { [N in Name]: (typeof METRICS)[N]["kind"] extends K ? N : never }[Name];
export type LabelsOf<N extends Name> = Readonly<Record<(typeof METRICS)[N]["labels"][number], string>>;
