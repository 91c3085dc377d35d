/**
 * Every endpoint: who may use it, what is sent to it, what it answers. The service checks requests by this, and publishes
 * it as OpenAPI: it can't promise what it does not do.
 */

import type { Api, KeyScope } from "./api.ts";
import type { Schema } from "./check.ts";

export type Endpoint = keyof Api;

export interface Spec {
  readonly summary: string;
  /** Any of these will do. None: without a key. */
  readonly scopes: readonly KeyScope[] | "any" | "open";
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** A body may be left out. */
  readonly optionalBody?: boolean;
  /** What stands in the path. */
  readonly path?: Readonly<Record<string, Schema>>;
  /** The answer with status 200, or 204 where it is `undefined`. */
  readonly answers: object | undefined;
  /** Of the answer, where it is not JSON. */
  readonly type?: string;
  /** Further ways in which it can end. */
  readonly errors?: readonly number[];
}

const text = (maxLength: number, more: Schema = {}): Schema => ({ type: "string", maxLength, ...more });
const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const list = (name: string, of: object): object => ({
  type: "object",
  properties: { [name]: { type: "array", items: of } },
  required: [name],
});

const NAME = text(64, { minLength: 1, pattern: "^[A-Za-z0-9_.-]+$" });
const WORD = text(256);
const ID = text(128, { minLength: 1, pattern: "^[A-Za-z0-9_.:-]+$" });
/** As the ledger knows a payment: `agent~id`. */
const WHOLE_ID = text(256, { minLength: 1 });
const TIME = text(40, { format: "date-time" });
const USD = text(64, { pattern: "^(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?$" });
const AMOUNT = text(39, { pattern: "^(0|[1-9][0-9]{0,38})$" });
const HEX = text(1_024, { pattern: "^([0-9a-f]{2})+$" });
const MILLISECONDS: Schema = { type: "integer", minimum: 0, maximum: 253_402_300_799_000 };
const FORMAT: Schema = { type: "string", enum: ["json", "csv"] };
const PERIOD = { since: TIME, until: TIME };

const NETWORK_WORD = text(64, { minLength: 1 });
const NETWORKS: Schema = { type: "array", items: NETWORK_WORD, minItems: 1, maxItems: 16 };

const AUTHORIZE = {
  id: ID,
  method: text(16, { minLength: 1, pattern: "^[A-Za-z]+$" }),
  url: text(8_192, { minLength: 1 }),
  offer: { type: "object", description: "The offer, decoded; or `offer_text`." },
  offer_text: text(262_144),
  max_usd: { anyOf: [USD, { type: "array", items: USD, minItems: 1, maxItems: 16 }] },
  network: { anyOf: [NETWORK_WORD, NETWORKS, { type: "array", items: NETWORKS, minItems: 1, maxItems: 16 }] },
  idempotency_key: text(256, { minLength: 1 }),
  payable: { type: "array", items: { type: "integer", minimum: 0, maximum: 63 }, maxItems: 64 },
  offer_origin: text(2_048),
  body_digest: text(64, { pattern: "^[0-9a-f]{64}$" }),
  resume: { type: "boolean" },
  circuit_open_until: MILLISECONDS,
  countersignatures: {
    type: "object",
    maxProperties: 16,
    additionalProperties: object({ signed_at: MILLISECONDS, signature: HEX }, ["signed_at", "signature"]),
  },
} as const satisfies Readonly<Record<string, Schema>>;

const COUNTS = {
  allowed: { type: "integer" },
  denied: { type: "integer" },
  approval: { type: "integer" },
  captured: { type: "integer" },
  unknown: { type: "integer" },
  spent_usd: { type: "string" },
};
const COUNTED = Object.keys(COUNTS);

/** What the service itself answers with, beside the core's own. */
export const serviceSchemas: Readonly<Record<string, object>> = {
  Error: {
    type: "object",
    properties: {
      error: {
        type: "object",
        properties: {
          code: { type: "string" },
          message: { type: "string" },
          where: { type: "string" },
          fix: { type: "string" },
        },
        required: ["code", "message"],
      },
    },
    required: ["error"],
  },
  Done: { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] },
  PayAnswer: {
    type: "object",
    properties: {
      decision: ref("Decision"),
      payment: {
        type: "object",
        properties: {
          header: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 2 },
          payload: { type: "object" },
          outcome: ref("Outcome"),
        },
        required: ["header", "payload", "outcome"],
      },
      refused: ref("Outcome"),
    },
    required: ["decision"],
  },
  WhoAmI: {
    type: "object",
    properties: {
      key: { type: "string" },
      name: { type: "string" },
      scopes: { type: "array", items: { type: "string" } },
      agent: { type: "string" },
      cookie: { type: "boolean" },
      signs: { type: "boolean" },
      policy: { type: "object" },
      service: { type: "object" },
    },
    required: ["key", "name", "scopes", "cookie", "signs", "policy", "service"],
  },
  FeedRow: {
    type: "object",
    properties: {
      seq: { type: "string" },
      at: { type: "string" },
      kind: { type: "string" },
      id: { type: "string" },
      agent: { type: "string" },
    },
    required: ["seq", "at", "kind", "id", "agent", "session", "client"],
  },
  FeedPage: {
    type: "object",
    properties: {
      rows: { type: "array", items: ref("FeedRow") },
      next: { type: "string" },
      oldest: { type: "string" },
    },
    required: ["rows"],
  },
  Party: {
    type: "object",
    properties: { name: { type: "string" }, status: { enum: ["active", "paused", "disabled"] }, ...COUNTS },
    required: ["name", "status", "keys", ...COUNTED],
  },
  PartyPage: {
    type: "object",
    properties: {
      party: ref("Party"),
      budgets: { type: "array", items: ref("BudgetLine") },
      series: { type: "array", items: ref("SeriesPoint") },
      recent: { type: "array", items: ref("FeedRow") },
    },
    required: ["party", "budgets", "series", "reasons", "origins", "keys", "recent"],
  },
  SeriesPoint: {
    type: "object",
    properties: { at: { type: "string" }, of: { type: "string" }, ...COUNTS },
    required: ["at", ...COUNTED],
  },
  Seller: { type: "object", required: ["kind", "name", "payments", "failures", "spent_usd", "breaker"] },
  Breaker: { type: "object", required: ["agent", "name", "state", "failures"] },
  Alert: {
    type: "object",
    properties: { id: { type: "string" }, kind: { type: "string" }, level: { enum: ["info", "warning", "critical"] } },
    required: ["id", "kind", "level", "since", "message"],
  },
  Overview: {
    type: "object",
    required: [
      "at",
      "since",
      "version",
      "store",
      "day",
      "open_holds",
      "held_usd",
      "unknown",
      "pending_approvals",
      "freezes",
      "alerts",
      "audit",
      "policy",
    ],
  },
  Audit: { type: "object", properties: { on: { type: "boolean" } }, required: ["on", "verifiable", "verifying"] },
  Key: {
    type: "object",
    properties: {
      id: { type: "string" },
      name: { type: "string" },
      scopes: { type: "array", items: { type: "string" } },
    },
    required: ["id", "name", "scopes", "created_at"],
  },
  KeyMade: { type: "object", properties: { key: { type: "string" }, row: ref("Key") }, required: ["key", "row"] },
};

const PAYMENT = { path: { id: ID } };
const WHOLE = { path: { id: WHOLE_ID } };
const freezes = list("freezes", ref("FreezeLine"));

const ANSWER = object(
  { digest: text(64, { pattern: "^[0-9a-f]{64}$" }), note: text(1_024), signed_at: MILLISECONDS, signature: HEX },
  ["digest"],
);

export const SPEC: Readonly<Record<Endpoint, Spec>> = {
  "GET /healthz": { summary: "The process answers", scopes: "open", answers: ref("Done") },
  "GET /readyz": { summary: "The store answers", scopes: "open", answers: ref("Done"), errors: [503] },
  "GET /openapi.json": { summary: "This document", scopes: "open", answers: { type: "object" } },
  "POST /login": {
    summary: "A cookie for a browser",
    scopes: "open",
    body: object({ key: text(256) }, ["key"]),
    answers: undefined,
    errors: [401, 403],
  },
  "POST /logout": {
    summary: "Ends a browser's session",
    scopes: "open",
    optionalBody: true,
    answers: undefined,
    errors: [403],
  },
  "GET /v1/whoami": { summary: "What this key may do, and the policy in force", scopes: "any", answers: ref("WhoAmI") },

  "POST /v1/authorize": {
    summary: "May this be paid? Holds the money",
    scopes: ["evaluate"],
    body: object(AUTHORIZE, ["url"]),
    answers: ref("Decision"),
  },
  "POST /v1/check": {
    summary: "May this be paid? Holds nothing",
    scopes: ["evaluate"],
    body: object(AUTHORIZE, ["url"]),
    answers: ref("Decision"),
  },
  "POST /v1/pay": {
    summary: "Authorizes, signs with the service's signer, binds, and gives the header",
    scopes: ["evaluate"],
    body: object(AUTHORIZE, ["url"]),
    answers: ref("PayAnswer"),
    errors: [409],
  },
  "POST /v1/payments/{id}/ticket": {
    ...PAYMENT,
    summary: "Issues the one ticket of a hold: from then on only proof frees the money",
    scopes: ["evaluate"],
    optionalBody: true,
    answers: ref("Outcome"),
  },
  "POST /v1/payments/{id}/message": {
    ...PAYMENT,
    summary: "What a wallet is about to sign",
    scopes: ["evaluate"],
    body: object({ signer: WORD, message: {} }, ["signer", "message"]),
    answers: ref("Outcome"),
  },
  "POST /v1/payments/{id}/sign": {
    ...PAYMENT,
    summary: "Binds what was signed to what is held",
    scopes: ["evaluate"],
    body: object({ payload: { type: "object" } }, ["payload"]),
    answers: ref("Outcome"),
  },
  "POST /v1/payments/{id}/sent": {
    ...PAYMENT,
    summary: "It is about to be sent",
    scopes: ["evaluate"],
    optionalBody: true,
    answers: ref("Done"),
  },
  "POST /v1/payments/{id}/settle": {
    ...PAYMENT,
    summary: "What became of it",
    scopes: ["settle"],
    body: object(
      {
        outcome: { type: "string", enum: ["captured", "failed", "unknown"] },
        amount: AMOUNT,
        transaction: text(256),
        evidence: { type: "string", enum: ["receipt", "delivery"] },
        seller_ms: { type: "number", minimum: 0, maximum: 86_400_000 },
      },
      ["outcome"],
    ),
    answers: ref("Outcome"),
  },
  "GET /v1/payments/{id}": {
    ...WHOLE,
    summary: "Where a payment stands",
    scopes: ["evaluate", "settle", "read"],
    answers: ref("HoldLine"),
    errors: [404],
  },
  "POST /v1/emergency": {
    summary: "What was paid on an emergency budget while the service did not answer",
    scopes: ["evaluate"],
    body: object(
      {
        payments: {
          type: "array",
          maxItems: 100,
          items: object(
            {
              id: text(256, { minLength: 1 }),
              at: TIME,
              url: text(8_192),
              amount: AMOUNT,
              asset: WORD,
              usd: USD,
              payee: WORD,
              state: text(16),
            },
            ["id", "at", "url"],
          ),
        },
      },
      ["payments"],
    ),
    answers: ref("Done"),
  },

  "GET /v1/budgets": {
    summary: "What is left of each budget",
    scopes: ["evaluate", "settle", "read"],
    query: { agent: WORD, session: WORD, client: WORD, format: FORMAT },
    answers: list("budgets", ref("BudgetLine")),
  },
  "GET /v1/approvals": {
    summary: "The questions to people",
    scopes: ["evaluate", "approve", "read"],
    query: {
      standing: { type: "string", enum: ["pending", "approved", "rejected", "expired", "used"] },
      agent: WORD,
      id: WHOLE_ID,
    },
    answers: list("approvals", ref("ApprovalView")),
  },
  "GET /v1/approvals/{id}": {
    ...WHOLE,
    summary: "One question",
    scopes: ["evaluate", "approve", "read"],
    answers: ref("ApprovalView"),
    errors: [404],
  },
  "POST /v1/approvals/{id}/approve": {
    ...WHOLE,
    summary: "Approves, in the name that the key has",
    scopes: ["approve"],
    body: ANSWER,
    answers: ref("Outcome"),
  },
  "POST /v1/approvals/{id}/reject": {
    ...WHOLE,
    summary: "Refuses, in the name that the key has",
    scopes: ["approve"],
    body: ANSWER,
    answers: ref("Outcome"),
  },

  "GET /v1/overview": { summary: "Everything at a glance", scopes: ["read"], answers: ref("Overview") },
  "GET /v1/decisions": {
    summary: "What was decided and done, the newest first",
    scopes: ["read"],
    query: {
      kind: {
        type: "string",
        enum: [
          "decision",
          "ticket",
          "sign",
          "settle",
          "approve",
          "reject",
          "freeze",
          "unfreeze",
          "hand",
          "emergency",
          "all",
        ],
      },
      id: WHOLE_ID,
      agent: WORD,
      client: WORD,
      session: WORD,
      origin: text(2_048),
      payee: WORD,
      action: { type: "string", enum: ["allow", "require_approval", "deny"] },
      reason: WORD,
      q: WORD,
      ...PERIOD,
      before: text(64, { pattern: "^[0-9]{13}-[0-9a-f]{6}-[0-9]{6}$" }),
      limit: { type: "integer", minimum: 1, maximum: 1_000 },
      format: FORMAT,
    },
    answers: ref("FeedPage"),
  },
  "GET /v1/events": {
    summary: "The same as it happens (server-sent events)",
    scopes: ["read"],
    answers: { type: "string" },
    type: "text/event-stream",
  },
  "GET /v1/agents": { summary: "The agents", scopes: ["read"], query: PERIOD, answers: list("agents", ref("Party")) },
  "GET /v1/agents/{name}": {
    path: { name: WORD },
    summary: "One agent",
    scopes: ["read"],
    query: PERIOD,
    answers: ref("PartyPage"),
    errors: [404],
  },
  "GET /v1/clients": {
    summary: "The clients",
    scopes: ["read"],
    query: PERIOD,
    answers: list("clients", ref("Party")),
  },
  "GET /v1/clients/{name}": {
    path: { name: WORD },
    summary: "One client",
    scopes: ["read"],
    query: PERIOD,
    answers: ref("PartyPage"),
    errors: [404],
  },
  "GET /v1/sellers": {
    summary: "Sellers and facilitators, as seen from here",
    scopes: ["read"],
    query: PERIOD,
    answers: list("sellers", ref("Seller")),
  },
  "GET /v1/breakers": { summary: "The circuit breakers", scopes: ["read"], answers: list("breakers", ref("Breaker")) },
  "GET /v1/series": {
    summary: "Figures over time",
    scopes: ["read"],
    query: {
      agent: WORD,
      client: WORD,
      origin: text(2_048),
      by: { type: "string", enum: ["agent", "client", "origin"] },
      step: { type: "string", enum: ["hour", "day"] },
      ...PERIOD,
      format: FORMAT,
    },
    answers: list("points", ref("SeriesPoint")),
  },
  "GET /v1/budgets/series": {
    summary: "The budgets over time",
    scopes: ["read"],
    query: { ...PERIOD, name: WORD, key: text(1_024) },
    answers: list("series", { type: "object" }),
  },
  "GET /v1/alerts": { summary: "What wants attention", scopes: ["read"], answers: list("alerts", ref("Alert")) },
  "GET /v1/holds": {
    summary: "The holds",
    scopes: ["read"],
    query: { which: { type: "string", enum: ["open", "unresolved", "all"] }, agent: WORD, format: FORMAT },
    answers: list("holds", ref("HoldLine")),
  },
  "GET /v1/freezes": { summary: "What is frozen", scopes: ["read"], answers: freezes },
  "GET /v1/policy": {
    summary: "The policy in force, and what it means",
    scopes: ["read"],
    answers: { type: "object", required: ["summary", "document"] },
  },
  "POST /v1/explain": {
    summary: "What each rule says to a payment, as things stand",
    scopes: ["read"],
    body: object({ ...AUTHORIZE, agent: WORD, session: WORD, client: WORD }, ["url"]),
    answers: ref("Trace"),
    errors: [409],
  },
  "GET /v1/audit": { summary: "The state of the audit log", scopes: ["read"], answers: ref("Audit") },
  "GET /v1/audit/records": {
    summary: "Records of the audit log",
    scopes: ["read"],
    query: {
      agent: WORD,
      client: WORD,
      session: WORD,
      vendor: WORD,
      payee: WORD,
      id: WHOLE_ID,
      kind: text(32),
      ...PERIOD,
      limit: { type: "integer", minimum: 1, maximum: 1_000 },
    },
    answers: list("records", { type: "object" }),
    errors: [409],
  },
  "POST /v1/audit/verify": {
    summary: "Begins to verify the audit log",
    scopes: ["read"],
    optionalBody: true,
    answers: ref("Audit"),
    errors: [409],
  },

  "POST /v1/freeze": {
    summary: "Denies everything, or everything of one agent",
    scopes: ["evaluate", "admin"],
    body: object({ reason: text(1_024, { minLength: 1 }), agent: WORD, disable: { type: "boolean" } }, ["reason"]),
    answers: freezes,
  },
  "POST /v1/unfreeze": {
    summary: "Lifts a freeze",
    scopes: ["admin"],
    body: object({ agent: WORD, signed_at: MILLISECONDS, signature: HEX }),
    answers: freezes,
  },
  "POST /v1/holds/{id}/resolve": {
    ...WHOLE,
    summary: "Closes a payment by a person's word",
    scopes: ["admin"],
    body: {
      anyOf: [
        object({ spent: AMOUNT, reason: text(1_024, { minLength: 1 }) }, ["spent", "reason"]),
        object({ free: { type: "boolean", enum: [true] }, reason: text(1_024, { minLength: 1 }) }, ["free", "reason"]),
      ],
    },
    answers: ref("Outcome"),
  },
  "POST /v1/holds/{id}/refund": {
    ...WHOLE,
    summary: "Money that came back",
    scopes: ["admin"],
    body: object({ amount: AMOUNT, refund: ID }, ["amount"]),
    answers: ref("Outcome"),
  },
  "GET /v1/keys": { summary: "The keys, without their secrets", scopes: ["admin"], answers: list("keys", ref("Key")) },
  "POST /v1/keys": {
    summary: "Makes a key; the only time that it is told",
    scopes: ["admin"],
    body: object(
      {
        name: text(128, { minLength: 1 }),
        scopes: {
          type: "array",
          minItems: 1,
          maxItems: 5,
          items: { type: "string", enum: ["evaluate", "settle", "approve", "read", "admin"] },
        },
        agent: NAME,
        session: WORD,
        client: WORD,
        approver: text(256, { minLength: 1 }),
        max_usd: USD,
        expires_at: TIME,
      },
      ["name", "scopes"],
    ),
    answers: ref("KeyMade"),
  },
  "POST /v1/keys/{id}/rotate": {
    path: { id: text(12, { pattern: "^[0-9a-f]{12}$" }) },
    summary: "A new secret; the old one works for a while",
    scopes: ["admin"],
    body: object({ overlap_seconds: { type: "integer", minimum: 0, maximum: 2_592_000 } }),
    optionalBody: true,
    answers: ref("KeyMade"),
    errors: [404],
  },
  "DELETE /v1/keys/{id}": {
    path: { id: text(12, { pattern: "^[0-9a-f]{12}$" }) },
    summary: "Revokes a key",
    scopes: ["admin"],
    answers: ref("Done"),
    errors: [404],
  },
  "POST /v1/alerts/{id}/dismiss": {
    path: { id: text(512) },
    summary: "Hides an alert for as long as its cause is the same",
    scopes: ["admin", "approve"],
    optionalBody: true,
    answers: ref("Done"),
  },
  "GET /metrics": {
    summary: "Prometheus metrics, where they are mounted",
    scopes: ["read"],
    answers: { type: "string" },
    type: "text/plain",
    errors: [404],
  },
};
