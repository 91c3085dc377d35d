/**
 * A request at the gate: is it for a route that is sold, who asks, may they, and have they paid? What comes out is an
 * answer, or a sale to carry through. Whatever throws here is a refusal, and nothing was taken.
 */

import { sha256 } from "../digest.ts";
import { admit, boundTo, eventOf, inFlight, standingOf } from "./admit.ts";
import { turnedOut } from "./close.ts";
import { settle, verify } from "./facilitator.ts";
import { addressOf, type Identity, payerClient } from "./identity.ts";
import { entriesFor, entryOf, offerAnswer, termsFor, type Wanted } from "./offer.ts";
import type { Parts } from "./parts.ts";
import { fingerprint, type Payment, paymentId, readPayment } from "./payment.ts";
import type { PaymentRecord } from "./records.ts";
import { type Answer, paymentRefusal, policyRefusal, type Refusal, refusalAnswer, unavailable } from "./refusal.ts";
import type { Requirements } from "./requirements.ts";
import { proven } from "./resolve.ts";
import type { Found, Route } from "./routes.ts";
import { FACILITATOR, paidSale, payerCircuit, type Sale } from "./sale.ts";
import { freeSale } from "./sale-free.ts";

export interface GateRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  readonly headers: Headers;
  /** The body, or `too_long`. Read once. */
  body(most: number): Promise<Uint8Array | "too_long">;
  readonly signal?: AbortSignal | undefined;
  /** Further breakers that this request goes through, such as its upstream's. */
  readonly circuits?: readonly string[];
}

export type Begun =
  /** Not sold here. */
  | { readonly kind: "pass" }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "go"; readonly sale: Sale };

/** The most bytes of a request's body, unless the route says otherwise. */
const MAX_BODY = 1024 * 1024;

/** Servers would not agree which of two routes this is: one could be had at the price of the other. */
const AMBIGUOUS = paymentRefusal(
  400,
  "path_ambiguous",
  "this path can be read as two routes; leave escaped slashes and dot segments out of it",
);

export async function sell(parts: Parts, request: GateRequest): Promise<Begun> {
  const target = originForm(request.path);
  const found = parts.findRoute(request.method, target.split(/[?#]/)[0] ?? "/");
  if (found === undefined) return { kind: "pass" };
  if (found === "ambiguous") return { kind: "answer", answer: refusalAnswer(AMBIGUOUS, parts.now()) };
  const { route } = found;
  let client = "";
  try {
    const result = await begin(parts, request, target, found, (name) => {
      client = name;
    });
    if (!("kind" in result && "reason" in result)) return result as Begun;
    return refused(parts, route, client, result as Refusal);
  } catch (error) {
    parts.onError(error);
    const code = (error as { readonly code?: unknown }).code;
    const reason = typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? code : "internal_error";
    return refused(
      parts,
      route,
      client,
      unavailable(reason, "the seller can't take payments now; nothing was charged"),
    );
  }
}

/** A path as it is without a scheme and a host: a request may name both (RFC 9112, 3.2.2), and routers leave them out. */
function originForm(path: string): string {
  if (path.startsWith("/")) return path;
  const rest = path.replace(/^[a-z][a-z0-9+.-]*:[/\\]{2}[^/\\?#]*/i, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

async function refused(parts: Parts, route: Route, client: string, refusal: Refusal): Promise<Begun> {
  const at = parts.now();
  const { reason } = refusal;
  parts.happened({ what: "refused", at, route: route.name, client, reason });
  const named = refusal.payment === undefined ? {} : { payment: refusal.payment };
  try {
    await parts.record({ what: "refused", at, route: route.name, client, reason, ...named });
  } catch (error) {
    parts.onError(error);
  }
  return { kind: "answer", answer: refusalAnswer(refusal, at) };
}

async function begin(
  parts: Parts,
  request: GateRequest,
  target: string,
  { route, path }: Found,
  known: (client: string) => void,
): Promise<Begun | Refusal> {
  const key = request.headers.get(parts.apiKeyHeader);
  const identity = key === null ? undefined : await parts.findClient(key.replace(/^Bearer /i, ""));
  if (key !== null && identity === undefined) {
    return paymentRefusal(401, "unknown_client", "this API key is nobody's");
  }
  if (identity !== undefined) known(identity.id);

  const most = route.maxRequestBytes ?? MAX_BODY;
  const body = await request.body(most);
  if (body === "too_long") return paymentRefusal(413, "request_too_large", `a body here has at most ${most} bytes`);
  const wanted: Wanted = {
    matched: route,
    route: route.name,
    method: request.method,
    url: `${parts.origin}${target.split("#")[0]}`,
    address: `${parts.origin}${path}${queryOf(target)}`,
    body: body.length === 0 ? "" : await sha256(body),
    bodyBytes: body.length,
    client: identity?.id ?? "",
    identity,
  };
  const circuits = [`route:${route.name}`, ...(request.circuits ?? [])];
  const payment = readPayment(request.headers);
  if (typeof payment === "string") return paymentRefusal(400, payment, "the request's payment can't be read");
  if (payment !== undefined) return paid(parts, request, wanted, payment, circuits, known);
  return unpaid(parts, wanted, circuits);
}

function queryOf(path: string): string {
  const start = path.indexOf("?");
  return start < 0 ? "" : (path.slice(start).split("#")[0] ?? "");
}

/** No payment: a free call, a refusal before anybody signs, or the price. */
async function unpaid(parts: Parts, wanted: Wanted, circuits: readonly string[]): Promise<Begun | Refusal> {
  const { matched, identity } = wanted;
  const closed = await parts.circuits.closedUntil(circuits);
  if (closed !== undefined) return circuitOpen(closed);
  if (identity !== undefined && matched.free !== undefined) {
    if (await parts.free.take(matched.name, identity.id, matched.free)) {
      return { kind: "go", sale: freeSale(parts, matched, identity, circuits) };
    }
  }
  const unpayable = await parts.circuits.closedUntil([FACILITATOR]);
  if (unpayable !== undefined) return circuitOpen(unpayable);
  if (identity !== undefined) {
    const refusal = await checked(parts, wanted, identity);
    if (refusal !== undefined) return refusal;
  }
  return { kind: "answer", answer: await offerAnswer(parts, wanted, "payment_required") };
}

/** A client that is known by its key is told before it pays. One that has to be approved may pay: then people are asked. */
async function checked(parts: Parts, wanted: Wanted, identity: Identity): Promise<Refusal | undefined> {
  const entries = await entriesFor(parts, wanted);
  let last: Refusal | undefined;
  for (const entry of entries) {
    const { method, address, body } = wanted;
    const decision = await parts.ledger.check({
      id: parts.ledger.drawId(),
      ...eventOf({ client: identity.id, method, address, body, entry }),
    });
    if (decision.action !== "deny") return undefined;
    last = policyRefusal(decision);
  }
  return last;
}

async function paid(
  parts: Parts,
  request: GateRequest,
  wanted: Wanted,
  payment: Payment,
  circuits: readonly string[],
  known: (client: string) => void,
): Promise<Begun | Refusal> {
  const id = await paymentId(payment);
  if (parts.inFlight.has(id)) return inFlight(id);
  parts.inFlight.add(id);
  let client: string | undefined;
  let probes: readonly string[] = [];
  let handed = false;
  const done = (): void => {
    parts.inFlight.delete(id);
    if (client === undefined) return;
    const open = (parts.openBy.get(client) ?? 1) - 1;
    if (open > 0) parts.openBy.set(client, open);
    else parts.openBy.delete(client);
  };
  try {
    const before = await stoodBefore(parts, wanted, payment, id);
    if (before !== undefined && !("record" in before)) return before;

    const chosen = await entryOf(parts, wanted, payment);
    if ("fault" in chosen) return await misfit(parts, wanted, chosen.fault);
    const { entry } = chosen;

    const admission = await parts.circuits.admit([...circuits, FACILITATOR]);
    if (admission.retryAt !== undefined) return circuitOpen(admission.retryAt);
    probes = admission.probes;

    if (before !== undefined) {
      const record = await lookedUpAgain(parts, wanted, payment, entry, before.record);
      if ("kind" in record) return record;
      handed = true;
      client = record.client;
      known(client);
      return { kind: "go", sale: paidSale(parts, { wanted, payment, entry, record, probes, circuits, client, done }) };
    }

    const verified = await verify(
      parts.facilitator,
      payment.payload,
      termsFor(payment, entry, wanted.url),
      parts.verifyTimeoutMs,
    );
    if (verified.kind === "failed") {
      // A verification that works says nothing about settling: only a settlement closes the facilitator's breaker.
      await parts.circuits.tell(FACILITATOR, "failure");
      parts.onError(verified.error);
      return unavailable("facilitator_unavailable", "the payment can't be verified now; nothing was charged");
    }
    if (verified.kind === "invalid") {
      return { kind: "answer", answer: await offerAnswer(parts, wanted, verified.reason) };
    }
    const payer = verified.payer === undefined ? payment.from : addressOf(verified.payer);
    if (payer === undefined || (payment.from !== undefined && payer !== payment.from)) {
      return paymentRefusal(400, "payer_unknown", "the payment's payer is not the one that was verified");
    }
    const name = wanted.identity?.id ?? payerClient(payer);
    known(name);
    const refusal = crowded(parts, name);
    if (refusal !== undefined) return refusal;
    client = name;
    parts.openBy.set(name, (parts.openBy.get(name) ?? 0) + 1);
    const trusted = await parts.circuits.admit([payerCircuit(name)]);
    if (trusted.retryAt !== undefined) return suspended(trusted.retryAt);
    probes = [...probes, ...trusted.probes];

    const { route, method, url, address, body, identity } = wanted;
    const admitted = await admit(parts, {
      payment,
      entry,
      route,
      method,
      url,
      address,
      body,
      client: name,
      tier: identity?.tier,
      payer,
      signal: request.signal,
    });
    if (admitted.kind === "refused") return admitted.refusal;
    handed = true;
    const { record } = admitted;
    return { kind: "go", sale: paidSale(parts, { wanted, payment, entry, record, probes, circuits, client, done }) };
  } finally {
    if (!handed) {
      done();
      if (probes.length > 0) await parts.circuits.release(probes).catch(parts.onError);
    }
  }
}

/** A payment that was here before, and can't simply go on. */
async function stoodBefore(
  parts: Parts,
  wanted: Wanted,
  payment: Payment,
  id: string,
): Promise<Refusal | { readonly record: PaymentRecord } | undefined> {
  const { value } = await parts.records.find(id);
  if (value === undefined) return undefined;
  const { method, url, body } = wanted;
  const bound = await boundTo({ method, url, body, client: value.client });
  const print = await fingerprint(payment);
  // Who it was made for has to ask for it again, too.
  const asks = wanted.identity === undefined ? value.client.startsWith("payer:") : wanted.identity.id === value.client;
  if (value.state === "unresolved" && asks && value.bound === bound && value.fingerprint === print) {
    return { record: value };
  }
  return standingOf(value, asks ? bound : "", print);
}

/**
 * The same payment again, while nobody knows what became of it: the chain is asked, where it can be, or else the
 * facilitator once more. If the money has moved, the request is delivered after all, for the one payment.
 */
async function lookedUpAgain(
  parts: Parts,
  wanted: Wanted,
  payment: Payment,
  entry: Requirements,
  record: PaymentRecord,
): Promise<PaymentRecord | Refusal> {
  const moved = (await proven(parts, record)) ?? (await settledAgain(parts, wanted, payment, entry));
  if (moved === undefined) {
    return standingOf(record, record.bound, await fingerprint(payment)) ?? inFlight(record.id);
  }
  return (await turnedOut(parts, record, moved)) ?? inFlight(record.id);
}

async function settledAgain(
  parts: Parts,
  wanted: Wanted,
  payment: Payment,
  entry: Requirements,
): Promise<{ readonly transaction: string } | undefined> {
  const terms = termsFor(payment, entry, wanted.url);
  const settled = await settle(parts.facilitator, payment.payload, terms, parts.settleTimeoutMs);
  return settled.kind === "captured" ? { transaction: settled.answer.transaction } : undefined;
}

/** The payment is for something else, or for a price that is gone. A new price is told. */
async function misfit(parts: Parts, wanted: Wanted, fault: string): Promise<Begun | Refusal> {
  if (fault === "payment_bound_elsewhere") {
    return paymentRefusal(409, fault, "this payment was made for another request, another client or another price");
  }
  return { kind: "answer", answer: await offerAnswer(parts, wanted, fault) };
}

/** A client with too much under way. */
function crowded(parts: Parts, client: string): Refusal | undefined {
  if ((parts.openBy.get(client) ?? 0) < parts.maxOpenPerClient) return undefined;
  return {
    ...paymentRefusal(429, "too_many_open", "this client has too many payments under way; nothing was charged"),
    retryAt: parts.now() + 1_000,
  };
}

/** A client whose payments could not be taken after the work was done. */
function suspended(retryAt: number): Refusal {
  const message = "too many of this client's payments could not be taken; nothing was charged";
  return { ...paymentRefusal(429, "payer_suspended", message), retryAt };
}

function circuitOpen(retryAt: number): Refusal {
  return unavailable(
    "circuit_open",
    "this does not work at the moment; nothing was charged, so do not pay now",
    retryAt,
  );
}
