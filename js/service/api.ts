/**
 * The decision service's interface: every path, what is sent to it, and what it answers. JSON both ways, names written
 * `like_this`, amounts and US dollars as decimal texts, times in ISO 8601.
 *
 * Who pays (agent, session, client) is not in here: it is what the service's own records say of the key that was used.
 * What a caller may say beside the request itself can only tighten: `max_usd`, `network`, `payable`, `circuit_open_until`.
 */

import type { AuditFilter } from "../audit/query.ts";
import type { PolicySummary } from "../core/ledger.ts";
import type {
  ApprovalView,
  BudgetLine,
  Decision,
  Description,
  FreezeLine,
  HoldLine,
  Outcome,
  Trace,
} from "../core/types.ts";

/**
 * What a key may do.
 *
 * - `evaluate`: ask, ticket, bind; see its own payments, budgets and questions; freeze its own agent.
 * - `settle`: say what became of its own payments.
 * - `approve`: answer questions, in the name that the key has.
 * - `read`: see everything; change nothing.
 * - `admin`: keys, freezing and unfreezing, closing holds by hand. It has `read` in it.
 *
 * A key with `evaluate` or `settle` has neither `approve` nor `read` nor `admin`: an agent holds it.
 */
export type KeyScope = "evaluate" | "settle" | "approve" | "read" | "admin";

/** What each error looks like. `fix` says what to do about it. */
export interface ErrorAnswer {
  readonly error: {
    /** A stable code, such as `unauthorized`, `forbidden`, `bad_request`, `not_found`, `too_many_requests`, `unavailable`. */
    readonly code: string;
    readonly message: string;
    /** The member or the part of the request that is wrong, such as `body.offer` or `query.limit`. */
    readonly where?: string;
    readonly fix?: string;
  };
}

// --- paying ---------------------------------------------------------------------------------------------------------

export interface Countersigned {
  /** Milliseconds since the epoch. */
  readonly signed_at: number;
  /** Lower-case hex. */
  readonly signature: string;
}

export interface AuthorizeBody {
  /** An id of the caller's own, of 1 to 128 letters, digits and `_.:-`. The same id with the same content is the same payment. */
  readonly id?: string;
  /** Default `GET`. */
  readonly method?: string;
  readonly url: string;
  /** The offer, decoded; or its text, which also shows a key that stands there twice. One of the two. */
  readonly offer?: object;
  readonly offer_text?: string;
  readonly max_usd?: string | readonly string[];
  readonly network?: string | readonly string[] | readonly (readonly string[])[];
  readonly idempotency_key?: string;
  /** The places in `accepts` that the caller's wallets can pay. */
  readonly payable?: readonly number[];
  /** Where the offer came from, if that is not the requested origin. */
  readonly offer_origin?: string;
  /** SHA-256 of the request's body, in hex. */
  readonly body_digest?: string;
  /** Goes on with the question to people that stands for the same request. */
  readonly resume?: boolean;
  /** The caller's own circuit breaker is open until then, in milliseconds since the epoch: the payment is denied. */
  readonly circuit_open_until?: number;
  readonly countersignatures?: Readonly<Record<string, Countersigned>>;
}

export interface PayAnswer {
  readonly decision: Decision;
  /** There if it was allowed, signed and bound. It is as good as money until `valid_before`. */
  readonly payment?: {
    /** The header to send the request with again: its name, and its value. */
    readonly header: readonly [name: string, value: string];
    /** The same, decoded. */
    readonly payload: object;
    readonly outcome: Outcome;
  };
  /** Why not, where the decision was to allow it: the step that failed. Nothing may be sent then. */
  readonly refused?: Outcome;
}

export interface SettleBody {
  readonly outcome: "captured" | "failed" | "unknown";
  /**
   * In atomic units. A smaller one than is held would give money back to the budgets on an agent's word: then the whole is
   * booked, until the chain or a person says otherwise.
   */
  readonly amount?: string;
  readonly transaction?: string;
  readonly evidence?: "receipt" | "delivery";
  /** How long the seller took to answer, in milliseconds: for the dashboard alone. */
  readonly seller_ms?: number;
}

/** A payment that was made on the emergency budget while the service did not answer. */
export interface EmergencyPayment {
  readonly id: string;
  readonly at: string;
  readonly url: string;
  readonly amount?: string;
  readonly asset?: string;
  readonly usd?: string;
  readonly payee?: string;
  readonly state?: string;
}

export interface WhoAmI {
  readonly key: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly agent?: string;
  readonly session?: string;
  readonly client?: string;
  /** The name that its answers to questions are given in. */
  readonly approver?: string;
  readonly expires_at?: string;
  /** True for a browser that has logged in. */
  readonly cookie: boolean;
  /** Whether the service signs for this key: then `POST /v1/pay` works. */
  readonly signs: boolean;
  readonly policy: PolicySummary;
  readonly service: { readonly version: string; readonly time: string };
}

// --- people ---------------------------------------------------------------------------------------------------------

export interface AnswerBody {
  /** The digest of what was shown: the answer is good for nothing else. */
  readonly digest: string;
  readonly note?: string;
  readonly signed_at?: number;
  readonly signature?: string;
}

export interface FreezeBody {
  readonly reason: string;
  /** Only this agent. A key with `evaluate` freezes its own agent, whatever stands here. */
  readonly agent?: string;
  /** Out of service, rather than paused. */
  readonly disable?: boolean;
}

export interface UnfreezeBody {
  readonly agent?: string;
  /** Where the policy names keys: the approver is the key's, and this is their signature over the freeze's digest. */
  readonly signed_at?: number;
  readonly signature?: string;
}

export type ResolveBody =
  | { readonly spent: string; readonly reason: string }
  | { readonly free: true; readonly reason: string };

// --- what happened --------------------------------------------------------------------------------------------------

/**
 * One thing that happened: a decision, or a step of a payment. The service keeps them in the ledger's store, for
 * `history.keepDays` (30) and at most `history.mostRows` (20,000); the audit log, where there is one, has them for good.
 */
export interface FeedRow {
  /** Its place: rows sort by it as texts, the newest last. */
  readonly seq: string;
  readonly at: string;
  /** `decision`: what was answered to a question; the others are steps of a payment, and what people did. */
  readonly kind:
    | "decision"
    | "ticket"
    | "sign"
    | "settle"
    | "approve"
    | "reject"
    | "freeze"
    | "unfreeze"
    | "hand"
    | "emergency";
  /** The payment, as the ledger knows it: `agent~id`. */
  readonly id: string;
  readonly agent: string;
  readonly session: string;
  readonly client: string;
  readonly method?: string;
  /** Without query and fragment. */
  readonly url?: string;
  readonly origin?: string;
  /** Of a decision. */
  readonly action?: Decision["action"];
  readonly reason?: string;
  readonly rules?: readonly string[];
  readonly flags?: readonly string[];
  readonly message?: string;
  readonly field?: string;
  readonly fix?: Decision["fix"];
  readonly amount?: string;
  readonly asset?: string;
  readonly network?: string;
  readonly symbol?: string;
  readonly decimals?: number;
  readonly usd?: string;
  readonly payee?: string;
  /** Where the payment stood after it. */
  readonly state?: string;
  /** Of a step: whether it was done. */
  readonly ok?: boolean;
  readonly transaction?: string;
  /** Who did it, of what people did: the approver, or the key's name. */
  readonly by?: string;
  /** How long the service took, in milliseconds. */
  readonly ms?: number;
  /** How long the seller took, of a settlement. */
  readonly seller_ms?: number;
}

/** The filters of `/v1/decisions`, as its query has them. Texts are compared without regard to case. */
export interface FeedQuery {
  /** Default `decision`; `all` for every kind. */
  readonly kind?: FeedRow["kind"] | "all";
  readonly id?: string;
  readonly agent?: string;
  readonly client?: string;
  readonly session?: string;
  readonly origin?: string;
  readonly payee?: string;
  readonly action?: Decision["action"];
  readonly reason?: string;
  /** Anywhere in id, URL, agent, client, payee, reason, rules, message. */
  readonly q?: string;
  /** From this time on, ISO 8601. */
  readonly since?: string;
  /** Before this time. */
  readonly until?: string;
  /** Rows older than this `seq`: the `next` of the page before. */
  readonly before?: string;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
  /** Default `json`; `csv` is an attachment. */
  readonly format?: "json" | "csv";
}

export interface FeedPage {
  /** The newest first. */
  readonly rows: readonly FeedRow[];
  /** For `before`; absent on the last page. */
  readonly next?: string;
  /** How far back the history reaches. */
  readonly oldest?: string;
}

/**
 * `GET /v1/events` (server-sent events). `id:` is the row's `seq`; a browser that comes back sends it as
 * `Last-Event-ID` and misses nothing that is still remembered.
 *
 * - `event: row`, data `FeedRow`
 * - `event: changed`, data `{"what": "approvals" | "freezes" | "keys" | "alerts" | "policy"}`: load that again
 * - a comment line every 15 s
 */
export type ServiceEvents = { readonly row: FeedRow; readonly changed: { readonly what: ChangedWhat } };
export type ChangedWhat = "approvals" | "freezes" | "keys" | "alerts" | "policy";

// --- figures --------------------------------------------------------------------------------------------------------

export type Status = "active" | "paused" | "disabled";

export interface Counts {
  readonly allowed: number;
  readonly denied: number;
  readonly approval: number;
  readonly captured: number;
  readonly unknown: number;
  /** Captured, in US dollars. */
  readonly spent_usd: string;
}

export interface Overview {
  readonly at: string;
  readonly since: string;
  readonly version: string;
  readonly store: string;
  /** Of the last 24 hours. */
  readonly day: Counts;
  /** Allowed, of all that was decided, in the last 24 hours; absent where nothing was. */
  readonly approval_rate?: number;
  readonly open_holds: number;
  readonly held_usd: string;
  readonly unknown: number;
  /** Since when the oldest payment is unknown. */
  readonly oldest_unknown?: string;
  readonly pending_approvals: number;
  readonly freezes: readonly FreezeLine[];
  readonly alerts: number;
  readonly audit: AuditStatus;
  readonly policy: { readonly name: string | null; readonly version: number; readonly hash: string };
  /** A decision's time within the service, of the last 24 hours, in milliseconds. */
  readonly latency_ms?: { readonly p50: number; readonly p99: number };
}

export interface PartyRow extends Counts {
  /** The agent's or the client's name; empty for payments without one. */
  readonly name: string;
  readonly status: Status;
  /** Why it is frozen, and since when. */
  readonly freeze?: FreezeLine;
  readonly last_seen?: string;
  /** Allowed, of all that was decided in the time asked for. */
  readonly approval_rate?: number;
  /** The keys that speak for it. */
  readonly keys: number;
}

export interface PartyPage {
  readonly party: PartyRow;
  readonly budgets: readonly BudgetLine[];
  readonly series: readonly SeriesPoint[];
  /** Why it was denied, the most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  readonly origins: readonly { readonly origin: string; readonly count: number; readonly spent_usd: string }[];
  readonly keys: readonly KeyRow[];
  readonly recent: readonly FeedRow[];
}

export interface SeriesPoint extends Counts {
  /** When the step begins. */
  readonly at: string;
  /** What it is of: with `by`. */
  readonly of?: string;
}

export interface SeriesQuery {
  readonly agent?: string;
  readonly client?: string;
  readonly origin?: string;
  /** A line for each; default one for all. */
  readonly by?: "agent" | "client" | "origin";
  /** Default `hour`. */
  readonly step?: "hour" | "day";
  /** Default 24 hours ago (with `day`, 30 days ago). At most 30 days. */
  readonly since?: string;
  readonly until?: string;
  readonly format?: "json" | "csv";
}

/** A budget's counter over time: sampled by the service once a minute where it changed, kept for 30 days. */
export interface BudgetSeries {
  readonly name: string;
  readonly key: string;
  readonly unit: string;
  readonly window: string;
  readonly limit?: string;
  readonly points: readonly {
    readonly at: string;
    readonly spent: string;
    readonly held: string;
    readonly limit?: string;
  }[];
}

/** A seller or a facilitator, as seen from here: by what agents' settlements said. */
export interface SellerRow {
  readonly kind: "seller" | "facilitator";
  /** An origin, or a facilitator's address. */
  readonly name: string;
  readonly payments: number;
  readonly failures: number;
  /** Settlements that were captured, of all; absent where there was none. */
  readonly uptime?: number;
  readonly latency_ms?: { readonly p50: number; readonly p95: number };
  readonly spent_usd: string;
  readonly last_failure?: string;
  readonly last_success?: string;
  /** The strictest state of any agent's breaker for it. */
  readonly breaker: "closed" | "open" | "half-open";
}

export interface BreakerRow {
  readonly agent: string;
  readonly name: string;
  readonly state: "closed" | "open" | "half-open";
  /** In a row, while it is closed. */
  readonly failures: number;
  readonly opened_at?: string;
  readonly retry_at?: string;
}

export interface Alert {
  /** Stays the same for as long as the cause does. */
  readonly id: string;
  readonly kind:
    | "budget"
    | "spike"
    | "new_payee"
    | "unknown"
    | "breaker"
    | "frozen"
    | "audit"
    | "denials"
    | "emergency"
    | "approvals";
  readonly level: "info" | "warning" | "critical";
  readonly since: string;
  /** One sentence. It can hold what others wrote: show it as text. */
  readonly message: string;
  readonly agent?: string;
  readonly budget?: string;
  readonly payment?: string;
  readonly origin?: string;
}

// --- keys, policy, audit --------------------------------------------------------------------------------------------

/** What a key says of whoever has it. */
export interface KeyWords {
  /** For people. */
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Of 1 to 64 letters, digits and `_.-`. Needed for `evaluate` and `settle`. */
  readonly agent?: string;
  readonly session?: string;
  readonly client?: string;
  /** Needed for `approve`. */
  readonly approver?: string;
  /** Tightens each of its payments. */
  readonly max_usd?: string;
}

export interface KeyRow extends KeyWords {
  readonly id: string;
  readonly created_at: string;
  readonly expires_at?: string;
  readonly rotated_at?: string;
  /** The secret before the last rotation works until then. */
  readonly old_until?: string;
  readonly last_used_at?: string;
}

export interface NewKey extends KeyWords {
  /** From then on it is worth nothing (ISO 8601). */
  readonly expires_at?: string;
}

/** The only time that a key itself is told. */
export interface KeyMade {
  readonly key: string;
  readonly row: KeyRow;
}

export interface PolicyAnswer {
  readonly summary: PolicySummary;
  /** The document, as JSON has it. */
  readonly document: object;
  /** What it means, and what is odd about it; absent where this runtime can't say. */
  readonly description?: Description;
}

export interface ExplainBody extends AuthorizeBody {
  readonly agent?: string;
  readonly session?: string;
  readonly client?: string;
}

export interface AuditStatus {
  readonly on: boolean;
  /** Records so far. */
  readonly records?: number;
  /** How many records the slowest sink is behind. */
  readonly behind?: number;
  /** What the sinks said last, by name. */
  readonly failures?: Readonly<Record<string, string>>;
  readonly verified?: {
    readonly at: string;
    readonly good: boolean;
    /** Good, and a checkpoint shows that nothing was cut off before it. */
    readonly whole: boolean;
    readonly records: number;
    readonly root: string;
    readonly fault?: { readonly code: string; readonly record: number; readonly message: string };
    readonly remarks: readonly string[];
  };
  /** Whether `POST /v1/audit/verify` can read the log from here. */
  readonly verifiable: boolean;
  readonly verifying: boolean;
}

export interface AuditQuery extends AuditFilter {
  /** 1 to 1,000; default 100: the newest of those that are wanted. */
  readonly limit?: number;
}

export interface AnswerOf<Response, Request = undefined, Query = undefined> {
  readonly response: Response;
  readonly request: Request;
  readonly query: Query;
}

type Get<Response, Query = undefined> = AnswerOf<Response, undefined, Query>;
type Post<Response, Request> = AnswerOf<Response, Request>;
type Period = { readonly since?: string; readonly until?: string };

/**
 * Every endpoint. A `{name}` in a path is one part of it, percent-encoded. Errors are `ErrorAnswer`. Without a key or a
 * cookie: 401; a key that may not: 403; a cookie without its own `Origin` where something is changed: 403.
 */
export interface Api {
  // Without a key.
  "GET /healthz": Get<{ readonly ok: true }>;
  /** 503 where the store does not answer. */
  "GET /readyz": Get<{ readonly ok: boolean }>;
  "GET /openapi.json": Get<object>;
  /** 204 with the cookie. The key has `read`, `approve` or `admin`. */
  "POST /login": Post<undefined, { readonly key: string }>;
  "POST /logout": Post<undefined, undefined>;

  // Any key.
  "GET /v1/whoami": Get<WhoAmI>;

  // `evaluate`; of its own agent alone.
  "POST /v1/authorize": Post<Decision, AuthorizeBody>;
  "POST /v1/check": Post<Decision, AuthorizeBody>;
  /** Authorizes, signs with the service's own signer, binds, and gives the header. */
  "POST /v1/pay": Post<PayAnswer, AuthorizeBody>;
  "POST /v1/payments/{id}/ticket": Post<Outcome, undefined>;
  "POST /v1/payments/{id}/message": Post<Outcome, { readonly signer: string; readonly message: unknown }>;
  "POST /v1/payments/{id}/sign": Post<Outcome, { readonly payload: object }>;
  /** It is about to be sent: into the audit log. */
  "POST /v1/payments/{id}/sent": Post<{ readonly ok: true }, undefined>;
  /** `settle`. */
  "POST /v1/payments/{id}/settle": Post<Outcome, SettleBody>;
  /** Also with `read`. */
  "GET /v1/payments/{id}": Get<HoldLine>;
  "POST /v1/emergency": Post<{ readonly ok: true }, { readonly payments: readonly EmergencyPayment[] }>;

  // `evaluate` (its own) or `read` (all).
  "GET /v1/budgets": Get<
    { readonly budgets: readonly BudgetLine[] },
    { readonly agent?: string; readonly session?: string; readonly client?: string; readonly format?: "json" | "csv" }
  >;
  "GET /v1/approvals": Get<
    { readonly approvals: readonly ApprovalView[] },
    { readonly standing?: ApprovalView["standing"]; readonly agent?: string; readonly id?: string }
  >;
  "GET /v1/approvals/{id}": Get<ApprovalView>;

  // `approve`.
  "POST /v1/approvals/{id}/approve": Post<Outcome, AnswerBody>;
  "POST /v1/approvals/{id}/reject": Post<Outcome, AnswerBody>;

  // `read`.
  "GET /v1/overview": Get<Overview>;
  "GET /v1/decisions": Get<FeedPage, FeedQuery>;
  /** Server-sent events: `ServiceEvents`. */
  "GET /v1/events": Get<ServiceEvents>;
  "GET /v1/agents": Get<{ readonly agents: readonly PartyRow[] }, Period>;
  "GET /v1/agents/{name}": Get<PartyPage, Period>;
  "GET /v1/clients": Get<{ readonly clients: readonly PartyRow[] }, Period>;
  "GET /v1/clients/{name}": Get<PartyPage, Period>;
  "GET /v1/sellers": Get<{ readonly sellers: readonly SellerRow[] }, Period>;
  "GET /v1/breakers": Get<{ readonly breakers: readonly BreakerRow[] }>;
  "GET /v1/series": Get<{ readonly points: readonly SeriesPoint[] }, SeriesQuery>;
  "GET /v1/budgets/series": Get<
    { readonly series: readonly BudgetSeries[] },
    Period & { readonly name?: string; readonly key?: string }
  >;
  "GET /v1/alerts": Get<{ readonly alerts: readonly Alert[] }>;
  "GET /v1/holds": Get<
    { readonly holds: readonly HoldLine[] },
    { readonly which?: "open" | "unresolved" | "all"; readonly agent?: string; readonly format?: "json" | "csv" }
  >;
  "GET /v1/freezes": Get<{ readonly freezes: readonly FreezeLine[] }>;
  "GET /v1/policy": Get<PolicyAnswer>;
  /** What each rule says to a payment, with what is spent now. Holds nothing. */
  "POST /v1/explain": Post<Trace, ExplainBody>;
  "GET /v1/audit": Get<AuditStatus>;
  "GET /v1/audit/records": Get<{ readonly records: readonly object[] }, AuditQuery>;
  /** Begins; ask `GET /v1/audit` for the verdict. */
  "POST /v1/audit/verify": Post<AuditStatus, undefined>;

  // `admin` (freezing: `evaluate` too, its own agent).
  "POST /v1/freeze": Post<{ readonly freezes: readonly FreezeLine[] }, FreezeBody>;
  "POST /v1/unfreeze": Post<{ readonly freezes: readonly FreezeLine[] }, UnfreezeBody>;
  "POST /v1/holds/{id}/resolve": Post<Outcome, ResolveBody>;
  "POST /v1/holds/{id}/refund": Post<Outcome, { readonly amount: string; readonly refund?: string }>;
  "GET /v1/keys": Get<{ readonly keys: readonly KeyRow[] }>;
  "POST /v1/keys": Post<KeyMade, NewKey>;
  /** The old secret works for so long still: default 24 hours, 0 for at once. */
  "POST /v1/keys/{id}/rotate": Post<KeyMade, { readonly overlap_seconds?: number }>;
  "DELETE /v1/keys/{id}": AnswerOf<{ readonly ok: true }, undefined>;
  "POST /v1/alerts/{id}/dismiss": Post<{ readonly ok: true }, undefined>;
  /** Where metrics are mounted. `read`. */
  "GET /metrics": Get<string>;
}

/** A file of the dashboard, by its path, such as `/` or `/app.js`. */
export interface Asset {
  /** The content type. */
  readonly type: string;
  readonly body: string | Uint8Array;
}

export type Assets = Readonly<Record<string, Asset>>;
