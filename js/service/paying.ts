/** What agents ask: may this be paid, and what became of it. Whose payment it is, is said by the key alone. */

import type { Decision, Outcome } from "../core/types.ts";
import { circuitsOf, offeredBy, originOf, plain } from "../payments.ts";
import { buildPayment, decodeBase64, heldOffer, isObject, type JsonObject, paymentHeader } from "../x402/wire.ts";
import type { AuthorizeBody, FeedRow, PayAnswer } from "./api.ts";
import { Refused } from "./exchange.ts";
import { type Caller, iso, mayDo } from "./keys.ts";
import type { Handlers, Parts } from "./parts.ts";

/** Between the agent's name and its own id; names have none in them. */
const BETWEEN = "~";
/** Payments whose breakers are remembered until they are settled. */
const MOST_REMEMBERED = 10_000;

/** A payment as the ledger knows it: no agent can name another's. */
export function wholeId(caller: Caller, id: string): string {
  return `${caller.key.agent ?? ""}${BETWEEN}${id}`;
}

/** As the agent knows it. */
export function ownId(caller: Caller, id: string): string | undefined {
  const start = wholeId(caller, "");
  return id.startsWith(start) ? id.slice(start.length) : undefined;
}

/** What a settlement is told by, without asking the ledger. */
interface Remembered {
  readonly circuits: readonly string[];
  readonly probes: readonly string[];
  readonly endpoint: string;
  readonly amount: string;
  readonly payee: string;
  readonly usd: string | undefined;
}

export function paying(parts: Parts): Handlers {
  const { ledger, history, figures, now } = parts;
  const remembered = new Map<string, Remembered>();

  /** The event of a request. Facts are the service's own; what the caller says of its own breaker can only deny. */
  function eventOf(caller: Caller, body: AuthorizeBody, openUntil: number | undefined) {
    const { agent, session, client, max_usd: keyMost } = caller.key;
    const { id, method, url, offer, offer_text, max_usd, network, idempotency_key, payable, offer_origin, ...more } =
      body;
    const { body_digest, resume, circuit_open_until, countersignatures } = more;
    const most = [keyMost ?? [], max_usd ?? []].flat();
    const until = Math.max(openUntil ?? 0, circuit_open_until ?? 0);
    const members = {
      agent,
      session,
      client,
      offer,
      offer_text,
      network,
      idempotency_key,
      payable,
      offer_origin,
      body_digest,
      resume,
      countersignatures,
      max_usd: most.length === 0 ? undefined : most,
      facts: until > 0 ? { circuit_open_until: Math.ceil(until) } : undefined,
    };
    const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
    return { ...given, id: wholeId(caller, id ?? ledger.drawId()), method: method ?? "GET", url };
  }

  /** The circuits of an offer's entries, or of one of them. */
  function circuitsIn(body: AuthorizeBody): (accept?: number | null) => readonly string[] {
    const given: unknown = body.offer;
    const entries =
      body.offer_text !== undefined
        ? offeredBy(body.offer_text)
        : isObject(given) && Array.isArray(given.accepts)
          ? given.accepts.slice(0, 32)
          : [];
    return (accept) => circuitsOf(body.url, accept == null ? entries : entries.slice(accept, accept + 1));
  }

  /** Until when the agent's breaker for any of these is open; the probes that were admitted. */
  function admitted(agent: string, names: readonly string[]) {
    const breaker = parts.breaker(agent);
    const probes: string[] = [];
    for (const name of names) {
      const admission = breaker.admit(name);
      if (!admission.admitted) {
        for (const probe of probes) breaker.release(probe);
        return { until: admission.retryAt, probes: [] };
      }
      if (admission.probe) probes.push(name);
    }
    return { until: undefined, probes };
  }

  async function authorize(caller: Caller, body: AuthorizeBody): Promise<Decision> {
    const since = performance.now();
    const agent = caller.key.agent ?? "";
    const breaker = parts.breaker(agent);
    const circuits = circuitsIn(body);
    const { until, probes } = admitted(agent, circuits());
    let decision: Decision;
    try {
      decision = await ledger.authorize(eventOf(caller, body, until));
    } catch (error) {
      for (const probe of probes) breaker.release(probe);
      throw error;
    }
    const through = decision.action === "allow" ? circuits(decision.accept) : [];
    const kept = probes.filter((probe) => through.includes(probe));
    for (const probe of probes) if (!kept.includes(probe)) breaker.release(probe);
    if (decision.action === "allow" && decision.state === "held") {
      if (remembered.size >= MOST_REMEMBERED) forget(remembered.keys().next().value ?? "");
      const { amount, payee, usd } = decision;
      const words = { endpoint: bare(body.url), amount: amount ?? "0", payee: payee ?? "", usd: usd ?? undefined };
      remembered.set(decision.id, { circuits: through, probes: kept, ...words });
    }
    if (decision.approval?.new === true) parts.later(parts.people.tell(decision));
    tellDecision(caller, body, decision, performance.now() - since);
    return decision;
  }

  /** One that was never settled: what it was to find out stays open. */
  function forget(id: string): void {
    const known = remembered.get(id);
    remembered.delete(id);
    const breaker = parts.breaker(id.split(BETWEEN)[0] ?? "");
    for (const probe of known?.probes ?? []) breaker.release(probe);
  }

  function tellDecision(caller: Caller, body: AuthorizeBody, decision: Decision, ms: number): void {
    const { agent = "", session = "", client = "" } = caller.key;
    const origin = originOf(body.url);
    const { action, reason, rules, flags, message, field, fix, amount, asset, symbol, decimals, usd, payee, state } =
      decision;
    const [network] = asset?.split("/") ?? [];
    const known = {
      url: bare(body.url),
      origin,
      flags,
      message,
      field,
      fix,
      amount,
      asset,
      network,
      symbol,
      decimals,
      usd,
      payee,
      state,
    };
    const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value != null));
    const row = {
      kind: "decision",
      id: decision.id,
      agent,
      session,
      client,
      method: body.method ?? "GET",
      action,
      reason,
      rules,
      ...given,
      ms: rounded(ms),
    } as const;
    history.add(row as Omit<FeedRow, "seq" | "at">);
    const what = ({ allow: "allowed", deny: "denied", require_approval: "approval" } as const)[action];
    figures.note({ agent, client, origin: origin ?? "", what, ms, reason });
    if (decision.approval?.new === true) parts.tell({ type: "changed", what: "approvals" });
  }

  function tellStep(
    kind: "ticket" | "sign" | "settle",
    caller: Caller,
    outcome: Outcome,
    more: Partial<FeedRow> = {},
  ): void {
    const { agent = "", session = "", client = "" } = caller.key;
    const { id, ok, reason, message, field, state, captured } = outcome;
    const known = { reason, message, field, state, amount: captured, ...more };
    const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value != null));
    history.add({ kind, id, agent, session, client, ok, ...given });
  }

  /** A decision as the agent may see it: under its own ids, and with nobody else's. */
  function shown(caller: Caller, decision: Decision): Decision {
    const { hold, approval, ...rest } = decision;
    const earlier = hold == null ? undefined : ownId(caller, hold);
    return {
      ...rest,
      id: ownId(caller, decision.id) ?? decision.id,
      ...(earlier !== undefined && { hold: earlier }),
      ...(approval != null && { approval: { ...approval, id: ownId(caller, approval.id) ?? approval.id } }),
    };
  }

  function own(caller: Caller, outcome: Outcome): Outcome {
    return { ...outcome, id: ownId(caller, outcome.id) ?? outcome.id };
  }

  async function step(
    kind: "ticket" | "sign",
    caller: Caller,
    event: { readonly type: string; readonly id: string } & Record<string, unknown>,
  ) {
    const outcome = await ledger.move(event);
    tellStep(kind, caller, outcome);
    return own(caller, outcome);
  }

  return {
    "POST /v1/authorize": async ({ caller, body }) => shown(caller, await authorize(caller, body)),

    "POST /v1/check": async ({ caller, body }) => {
      const agent = caller.key.agent ?? "";
      const breaker = parts.breaker(agent);
      const open = circuitsIn(body)()
        .map((name) => breaker.state(name))
        .find(({ kind }) => kind !== "closed");
      const until =
        open === undefined || open.kind === "closed" ? undefined : open.openedAt + ledger.policy.breaker_recovery_ms;
      return shown(
        caller,
        await ledger.check(eventOf(caller, body, until !== undefined && until > now() ? until : undefined)),
      );
    },

    "POST /v1/pay": async ({ caller, body }) => pay(caller, body),

    "POST /v1/payments/{id}/ticket": ({ caller, path }) =>
      step("ticket", caller, { type: "ticket", id: wholeId(caller, path.id ?? "") }),
    "POST /v1/payments/{id}/message": async ({ caller, path, body }) =>
      own(
        caller,
        await ledger.move({
          type: "message",
          id: wholeId(caller, path.id ?? ""),
          signer: body.signer,
          message: body.message,
        }),
      ),
    "POST /v1/payments/{id}/sign": ({ caller, path, body }) =>
      step("sign", caller, { type: "sign", id: wholeId(caller, path.id ?? ""), payload: body.payload }),
    "POST /v1/payments/{id}/sent": async ({ caller, path }) => {
      const id = wholeId(caller, path.id ?? "");
      // Not remembered: it was settled as unknown before, so that it is sent once more; or the service began anew.
      const stopped = remembered.has(id) ? undefined : await ledger.frozen(id, caller.key.agent);
      if (stopped !== undefined) throw new Refused(409, stopped.reason ?? "frozen", stopped.message ?? "");
      await ledger.note("sent", { id });
      return { ok: true };
    },

    "POST /v1/payments/{id}/settle": async ({ caller, path, body }) => {
      const id = wholeId(caller, path.id ?? "");
      const { outcome: how, amount, transaction, evidence, seller_ms: sellerMs } = body;
      const known = remembered.get(id) ?? (await asHeld(id));
      const less = amount !== undefined && known !== undefined && BigInt(amount) < BigInt(known.amount);
      const members = { amount: less ? undefined : amount, transaction, evidence };
      const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
      const outcome = await ledger.move({ type: "settle", id, outcome: how, ...given });
      if (outcome.ok) {
        remembered.delete(id);
        const breaker = parts.breaker(caller.key.agent ?? "");
        // What was never ticketed is let go, and says nothing of the seller.
        const sent = outcome.state !== "voided";
        if (sent) for (const name of known?.circuits ?? []) breaker[how === "captured" ? "success" : "failure"](name);
        else for (const probe of known?.probes ?? []) breaker.release(probe);
        if (outcome.state === "captured" || outcome.state === "voided")
          await parts.vault.drop(id).catch(() => undefined);
        if (sent && known !== undefined) noteSettled(caller, outcome, known, sellerMs);
      }
      tellStep("settle", caller, outcome, {
        ...(known !== undefined && {
          url: known.endpoint,
          origin: originOf(known.endpoint) ?? "",
          amount: outcome.captured ?? known.amount,
          payee: known.payee,
        }),
        ...(known?.usd !== undefined && { usd: known.usd }),
        ...(transaction !== undefined && { transaction }),
        ...(sellerMs !== undefined && { seller_ms: sellerMs }),
      });
      return own(caller, outcome);
    },

    "GET /v1/payments/{id}": async ({ caller, path }) => {
      const all = mayDo(caller, "read");
      const id = all ? (path.id ?? "") : wholeId(caller, path.id ?? "");
      const [hold] = await ledger.holds({ id });
      if (hold === undefined)
        throw new Refused(404, "not_found", `there is no payment \`${path.id}\``, { where: "path.id" });
      return all ? hold : { ...hold, id: path.id ?? "" };
    },

    "POST /v1/emergency": async ({ caller, body }) => {
      const { agent = "", session = "", client = "" } = caller.key;
      for (const { id, at, url, ...known } of body.payments) {
        history.add({
          kind: "emergency",
          id: wholeId(caller, id),
          agent,
          session,
          client,
          url: bare(url),
          origin: originOf(url) ?? "",
          ...known,
          at: Math.min(Date.parse(at), now()),
          message: `paid on the emergency budget, reported ${iso(now())}`,
        });
      }
      parts.tell({ type: "changed", what: "alerts" });
      return { ok: true };
    },
  };

  /** Of a payment that another process authorized, or this one before a restart. */
  async function asHeld(id: string): Promise<Remembered | undefined> {
    const [hold] = await ledger.holds({ id });
    if (hold === undefined) return undefined;
    const { endpoint, amount, payee, usd } = hold;
    const origin = originOf(endpoint);
    return {
      endpoint,
      amount,
      payee,
      usd: usd ?? undefined,
      circuits: origin === undefined ? [] : [origin],
      probes: [],
    };
  }

  function noteSettled(caller: Caller, outcome: Outcome, known: Remembered, sellerMs: number | undefined): void {
    const { agent = "", client = "" } = caller.key;
    const what = outcome.state === "captured" ? "captured" : "unknown";
    const { usd } = known;
    figures.note({ agent, client, origin: originOf(known.endpoint) ?? "", what, usd, sellerMs });
    for (const name of known.circuits.filter((one) => one.startsWith("facilitator:"))) {
      figures.note({ agent, client, origin: name, what });
    }
  }

  /**
   * All of it here: the agent has no key that could be talked out of it. Asked again under the same id, it gives the same
   * header again, for as long as it is kept.
   */
  async function pay(caller: Caller, body: AuthorizeBody): Promise<PayAnswer> {
    const signer = parts.signer(caller.key.agent ?? "");
    if (signer === undefined) {
      throw new Refused(409, "no_signer", "the service signs nothing for this key", {
        fix: "use /v1/authorize, and a signer of your own",
      });
    }
    const decision = await authorize(caller, body);
    const answer: PayAnswer = { decision: shown(caller, decision) };
    if (decision.action !== "allow") return answer;
    const { id } = decision;
    const kept = decision.state === "signed" ? await parts.vault.find(id) : undefined;
    if (kept !== undefined) {
      const [, value] = kept.header;
      const payload = JSON.parse(decodeBase64(value) ?? "") as object;
      return {
        ...answer,
        payment: { header: kept.header, payload, outcome: { id: answer.decision.id, ok: true, state: "signed" } },
      };
    }
    const offered = body.offer_text ?? JSON.stringify(body.offer ?? null);
    const held = decision.accept == null ? undefined : heldOffer(offered, decision.accept);
    const ticket = await ledger.move({ type: "ticket", id });
    tellStep("ticket", caller, ticket);
    if (!ticket.ok || held === undefined) return { ...answer, refused: own(caller, ticket) };
    let payment: JsonObject;
    try {
      const { offer, accept, version } = held;
      const shownToSigner = structuredClone({ accept, resource: offer.resource, extensions: offer.extensions });
      const payload = await signer({ id, x402Version: version, ...shownToSigner });
      payment = plain(buildPayment(held, payload)) as JsonObject;
    } catch (error) {
      parts.onError(error);
      const refused: Outcome = {
        id: answer.decision.id,
        ok: false,
        reason: "internal_error",
        message: "the service's signer failed",
        state: "signing",
      };
      return { ...answer, refused };
    }
    const outcome = await ledger.move({ type: "sign", id, payload: payment });
    tellStep("sign", caller, outcome);
    if (!outcome.ok) return { ...answer, refused: own(caller, outcome) };
    const header = paymentHeader(payment);
    const until = Date.parse(outcome.valid_before ?? "") - 30_000;
    const words = { amount: decision.amount ?? "", asset: decision.asset ?? "", payee: decision.payee ?? "" };
    await parts.vault.keep({
      id,
      method: body.method ?? "GET",
      url: body.url,
      bodyDigest: body.body_digest,
      header,
      until,
      ...words,
    });
    await ledger.note("sent", { id });
    return { ...answer, payment: { header, payload: payment, outcome: own(caller, outcome) } };
  }
}

/** Without query and fragment: they hold what others should not read. */
function bare(url: string): string {
  const end = url.search(/[?#]/);
  return (end < 0 ? url : url.slice(0, end)).slice(0, 2_048);
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
