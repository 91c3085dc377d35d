/** A ledger that is elsewhere: each verb is a request to the decision service. What can't be asked there is refused here. */

import type { Event, Ledger, PolicySummary } from "../core/ledger.ts";
import type { ApprovalView, BudgetLine, Decision, Outcome } from "../core/types.ts";
import { randomHex } from "../digest.ts";
import { WardenUnavailable } from "../errors.ts";
import type { PayAnswer, WhoAmI } from "../service/api.ts";
import { isObject } from "../x402/wire.ts";
import { type Connection, ServiceAway, ServiceRefused } from "./connection.ts";
import { decisionIn, holdIn, listIn, objectIn, outcomeIn, whoIn } from "./shapes.ts";

/** What a request may say beside its id; the rest is the service's to know. */
const SENT = [
  "method",
  "url",
  "offer",
  "offer_text",
  "max_usd",
  "network",
  "idempotency_key",
  "payable",
  "offer_origin",
  "body_digest",
  "resume",
  "countersignatures",
];
/** Payments of which the time of sending, or what the service signed, is remembered. */
const MOST = 10_000;

export interface RemoteLedger extends Ledger {
  readonly who: WhoAmI;
  /** What the service has signed for this payment. */
  signed(id: string): PayAnswer["payment"];
  /** As `authorize`, but a service that is away throws `ServiceAway`. */
  ask(event: Omit<Event, "type"> & { readonly id: string }, holding: boolean): Promise<Decision>;
}

/** Opens it: asks who the key is. Throws `WardenUnavailable` where the service does not say. */
export async function openRemoteLedger(connection: Connection, signs: boolean): Promise<RemoteLedger> {
  let who = whoIn(await connection.get("/v1/whoami"));
  if (!who.scopes.includes("evaluate"))
    throw new WardenUnavailable("bad_key", `this key has ${who.scopes.join(", ")}, and not \`evaluate\`: it can't pay`);
  if (signs && !who.signs) throw new WardenUnavailable("no_signer", "the decision service signs nothing for this key");
  const sentAt = new Map<string, number>();
  const paid = new Map<string, NonNullable<PayAnswer["payment"]>>();
  connection.onPolicy(() => {
    connection.get("/v1/whoami").then(
      (answer) => {
        who = whoIn(answer);
      },
      () => undefined,
    );
  });

  async function ask(event: Omit<Event, "type"> & { readonly id: string }, holding: boolean): Promise<Decision> {
    const { id } = event;
    const other = notThisKeys(event, who);
    if (other !== undefined) return other;
    const facts = isObject(event.facts) ? event.facts : {};
    const members = Object.fromEntries(
      SENT.map((name) => [name, event[name]]).filter(([, value]) => value !== undefined),
    );
    const { circuit_open_until } = facts;
    const body = { id, ...members, ...(circuit_open_until !== undefined && { circuit_open_until }) };
    const resumed = event.resume === true;
    if (!holding || !signs)
      return decisionIn(await connection.post(holding ? "/v1/authorize" : "/v1/check", body), id, resumed);
    const answer = objectIn(await connection.post("/v1/pay", body), "the answer") as unknown as PayAnswer;
    const decision = decisionIn(answer.decision, id, resumed);
    if (decision.action !== "allow") return decision;
    const { payment, refused } = answer;
    if (payment === undefined || !isObject(payment.payload)) {
      const { reason, message } = refused ?? {};
      return {
        id: decision.id,
        action: "deny",
        reason: reason ?? "internal_error",
        message: message ?? "the service signed nothing",
        rules: [],
      };
    }
    outcomeIn(payment.outcome, decision.id);
    remember(paid, decision.id, payment);
    // To those that go on from here, it is held: its ticket and its binding are given out one by one.
    return { ...decision, state: "held" };
  }

  async function decide(event: Omit<Event, "type"> & { readonly id: string }, holding: boolean): Promise<Decision> {
    try {
      return await ask(event, holding);
    } catch (error) {
      return denialFor(event.id, error);
    }
  }

  async function move(event: Event & { readonly id: string }): Promise<Outcome> {
    const { type, id } = event;
    const post = async (step: string, body?: object): Promise<Outcome> =>
      outcomeIn(await connection.post(`/v1/payments/${encodeURIComponent(id)}/${step}`, body), id);
    const here = paid.get(id);
    switch (type) {
      case "ticket":
        return here === undefined ? post("ticket") : { ...here.outcome, state: "signing" };
      case "message":
        return post("message", { signer: event.signer, message: event.message });
      case "sign": {
        if (here === undefined) return post("sign", { payload: event.payload });
        const same = JSON.stringify(event.payload) === JSON.stringify(here.payload);
        return same
          ? here.outcome
          : { id, ok: false, reason: "accepted_mismatch", message: "this is not what the service signed" };
      }
      case "settle": {
        const { outcome, amount, transaction, evidence } = event;
        const since = sentAt.get(id);
        sentAt.delete(id);
        paid.delete(id);
        const members = {
          outcome,
          amount,
          transaction,
          evidence,
          seller_ms: since === undefined ? undefined : Math.max(performance.now() - since, 0),
        };
        return post("settle", Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)));
      }
      default:
        throw notHere(type);
    }
  }

  return {
    get who() {
      return who;
    },
    signed: (id) => paid.get(id),
    ask,
    authorize: (event) => decide(event, true),
    check: (event) => decide(event, false),
    move,
    async command(event) {
      if (event.type !== "freeze") throw notHere(event.type);
      await connection.post("/v1/freeze", { reason: event.reason });
    },
    async approvals({ ids, standing }) {
      const state = standing === undefined ? "" : `standing=${encodeURIComponent(standing)}`;
      const queries = ids?.map((id) => `id=${encodeURIComponent(id)}${state === "" ? "" : `&${state}`}`) ?? [state];
      const found = await Promise.all(
        queries.map((query) => connection.get(`/v1/approvals${query === "" ? "" : `?${query}`}`)),
      );
      return found.flatMap((answer) => listIn<ApprovalView>(answer, "approvals"));
    },
    freezes: async () => {
      throw notHere("freezes");
    },
    // The service says it at `sent`.
    frozen: async () => undefined,
    // Who waits also asks now and then.
    watch: () => () => undefined,
    budgets: async () => listIn<BudgetLine>(await connection.get("/v1/budgets"), "budgets"),
    async holds(which) {
      if (!("id" in which)) throw notHere("holds");
      try {
        return [holdIn(await connection.get(`/v1/payments/${encodeURIComponent(which.id)}`), which.id)];
      } catch (error) {
        if (error instanceof ServiceRefused && error.status === 404) return [];
        throw error;
      }
    },
    acceptClock: () => undefined,
    get policy(): PolicySummary {
      return who.policy;
    },
    async note(what, members = {}) {
      const { id } = members;
      if (what !== "sent" || typeof id !== "string") return;
      if (!paid.has(id)) await connection.post(`/v1/payments/${encodeURIComponent(id)}/sent`);
      remember(sentAt, id, performance.now());
    },
    reload: async () => {
      throw notHere("reload");
    },
    drawId: () => randomHex(16),
    finished: async () => undefined,
    close: async () => undefined,
  };
}

/** No answer, or none that counts, as the denial that it is. */
export function denialFor(id: string, error: unknown): Decision {
  const message = error instanceof Error ? error.message : String(error);
  return {
    id,
    action: "deny",
    reason: error instanceof WardenUnavailable ? "store_unavailable" : "internal_error",
    message,
    rules: [],
  };
}

/** A scope that names somebody else than the key does. Sessions are the key's alone, so that none begins anew by a word. */
function notThisKeys(
  event: Omit<Event, "type"> & { readonly id: string },
  { agent, client }: WhoAmI,
): Decision | undefined {
  const denial = (reason: "agent_not_allowed" | "client_not_allowed", what: string, named: unknown): Decision => {
    const message = `the key speaks for ${what}, and not for \`${String(named)}\`: the decision service knows people by their keys`;
    return { id: event.id, action: "deny", reason, message, rules: [] };
  };
  if (event.agent !== undefined && event.agent !== agent)
    return denial("agent_not_allowed", `the agent \`${agent ?? ""}\``, event.agent);
  if (event.client !== undefined && event.client !== client) {
    return denial("client_not_allowed", client === undefined ? "no client" : `the client \`${client}\``, event.client);
  }
  return undefined;
}

function notHere(what: string): WardenUnavailable {
  return new WardenUnavailable(
    "not_here",
    `\`${what}\` is the operator's: it is done at the decision service, with a key of theirs`,
  );
}

function remember<T>(map: Map<string, T>, id: string, value: T): void {
  const [oldest] = map.keys();
  if (map.size >= MOST && oldest !== undefined) map.delete(oldest);
  map.set(id, value);
}

export { ServiceAway };
