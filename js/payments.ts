/**
 * One payment's way through the warden, whoever drives it: offered and held, ticketed, signed and bound, sent, settled.
 * The guarded fetch, client, signer and `payingFetch` all go through these steps, so none can leave one out.
 */

import type { Breaker } from "./breaker.ts";
import type { Ledger } from "./core/ledger.ts";
import type { Decision, Outcome } from "./core/types.ts";
import { denied, PaymentUnresolved, refusal } from "./errors.ts";
import { type Scope, scopeMembers } from "./scope.ts";
import { base64OfBytes, type HeldOffer, heldOffer, type JsonObject, readReceipt } from "./x402/wire.ts";

/** A hold that was never signed is forgotten here after this long, in milliseconds; the ledger lets it go by itself. */
const FORGOTTEN_AFTER = 120_000;

/** A payment that was allowed. */
export interface Payment {
  readonly id: string;
  readonly decision: Decision;
  readonly held: HeldOffer;
  readonly method: string;
  readonly url: string;
  /** What the circuit breaker knows the seller and the facilitator by. */
  readonly circuits: readonly string[];
  /** Those of them for which this payment is the breaker's probe. */
  readonly probes: readonly string[];
  readonly heldAt: number;
  stage: "held" | "ticketed" | "signed" | "sent" | "closed";
  /** The signer was asked for this payment; a ticket is good for one message. */
  shown: boolean;
  /** What was signed, as text: by it the guarded fetch knows the payment again. */
  signature: string | undefined;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  /** The origin that the offer came from, where that is not the requested one. */
  readonly offerOrigin?: string | undefined;
  /** The offer's own text. */
  readonly offerText: string;
  readonly bodyDigest?: string | undefined;
}

export interface Payments {
  /** Judges an offer and holds the money. Throws `PaymentDenied`. */
  hold(asked: Asked, scope: Scope): Promise<Payment>;
  /** Commits that the signer may be reached. Once. Throws `PaymentDenied`. */
  ticket(payment: Payment): Promise<void>;
  /** What a wallet is about to sign, against the open tickets. Throws `PaymentDenied`. */
  message(signer: string, message: unknown): Promise<void>;
  /** What was signed must be what was held. Throws `PaymentDenied`; then it must not be sent. */
  bind(payment: Payment, signed: JsonObject): Promise<void>;
  /** Sends a bound payment and books what became of it. Throws `PaymentUnresolved`. */
  send(payment: Payment, request: Request, through: typeof fetch): Promise<Response>;
  /** Nothing was signed, and nothing will be: lets the money go. */
  abandon(payment: Payment): Promise<void>;
  byId(id: string): Payment | undefined;
  bySignature(signature: string): Payment | undefined;
  /** Payments held for this request that nothing was signed for yet. */
  heldFor(method: string, url: string): readonly Payment[];
}

export function trackPayments(ledger: Ledger, breaker: Breaker, now: () => number): Payments {
  const open = new Map<string, Payment>();

  function forgetOld(): void {
    for (const payment of open.values()) {
      if (now() - payment.heldAt < FORGOTTEN_AFTER) return;
      if (payment.stage === "held" || payment.stage === "closed") open.delete(payment.id);
    }
  }

  function close(payment: Payment): void {
    payment.stage = "closed";
    open.delete(payment.id);
  }

  async function settle(payment: Payment, members: Record<string, unknown>): Promise<Outcome> {
    const outcome = await ledger.move({ type: "settle", id: payment.id, ...members });
    close(payment);
    return outcome;
  }

  return {
    async hold(asked, scope) {
      forgetOld();
      const circuits = circuitsOf(asked);
      const { probes, closedUntil } = admit(breaker, circuits);
      const release = (): void => probes.forEach((circuit) => void breaker.release(circuit));
      const id = ledger.drawId();
      const decision = await ledger.authorize({
        id,
        ...scopeMembers(scope),
        method: asked.method,
        url: asked.url,
        offer_text: asked.offerText,
        ...(asked.offerOrigin === undefined ? {} : { offer_origin: asked.offerOrigin }),
        ...(asked.bodyDigest === undefined ? {} : { body_digest: asked.bodyDigest }),
        ...(closedUntil === undefined ? {} : { facts: { circuit_open_until: Math.ceil(closedUntil) } }),
      });
      const held = decision.accept == null ? undefined : heldOffer(asked.offerText, decision.accept);
      if (decision.action !== "allow" || held === undefined) {
        release();
        if (decision.action !== "allow") throw denied(decision);
        throw refusal(id, "internal_error", "the offer that was held can't be found again");
      }
      const payment: Payment = {
        id,
        decision,
        held,
        method: asked.method,
        url: asked.url,
        circuits,
        probes,
        heldAt: now(),
        stage: "held",
        shown: false,
        signature: undefined,
      };
      open.set(id, payment);
      return payment;
    },

    async ticket(payment) {
      if (payment.stage !== "held") throw refusal(payment.id, "ticket_used", "this payment was signed before");
      payment.stage = "ticketed";
      const outcome = await ledger.move({ type: "ticket", id: payment.id });
      if (!outcome.ok) {
        close(payment);
        throw denied(outcome);
      }
    },

    async message(signer, message) {
      const tickets = [...open.values()].filter((payment) => payment.stage === "ticketed" && !payment.shown);
      let refused: Outcome | undefined;
      for (const payment of tickets) {
        if (payment.shown) continue;
        // Taken before the first await: two signatures at once can't share a ticket.
        payment.shown = true;
        const outcome = await ledger.move({ type: "message", id: payment.id, signer, message: plain(message) });
        if (outcome.ok) return;
        payment.shown = false;
        refused ??= outcome;
      }
      if (refused !== undefined) throw denied(refused);
      throw refusal("", "unticketed_signature", "the wallet was asked to sign, and no payment was authorized");
    },

    async bind(payment, signed) {
      const outcome = await ledger.move({ type: "sign", id: payment.id, payload: plain(signed) });
      if (!outcome.ok) {
        close(payment);
        throw denied(outcome);
      }
      payment.stage = "signed";
      payment.signature = signatureOf(signed);
    },

    async send(payment, request, through) {
      if (payment.stage !== "signed") throw refusal(payment.id, "ticket_used", "this payment was sent before");
      payment.stage = "sent";
      const [origin] = payment.circuits;
      const failed = (): void => payment.circuits.forEach((circuit) => void breaker.failure(circuit));
      let response: Response;
      try {
        // A redirect would carry the payment to whoever the seller names: 307 keeps the headers.
        response = await through(new Request(request, { redirect: "manual" }));
      } catch (cause) {
        failed();
        await settle(payment, { outcome: "unknown" });
        throw new PaymentUnresolved(payment.id, `${origin ?? payment.url} did not answer`, cause);
      }
      if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
        failed();
        await settle(payment, { outcome: "unknown" });
        throw new PaymentUnresolved(payment.id, "the seller answered with a redirect, which was not followed");
      }
      const receipt = readReceipt(response.headers);
      const delivered = response.status >= 200 && response.status < 300;
      if (delivered && receipt?.success !== false) payment.circuits.forEach((circuit) => void breaker.success(circuit));
      else failed();
      if (receipt?.success === true) {
        await settle(payment, {
          outcome: "captured",
          evidence: "receipt",
          ...(receipt.amount === undefined ? {} : { amount: receipt.amount }),
          ...(receipt.transaction === undefined ? {} : { transaction: receipt.transaction }),
        });
      } else if (delivered && receipt === undefined) {
        await settle(payment, { outcome: "captured", evidence: "delivery" });
      } else {
        // A refusal after the payment is no proof: the signature can still be used until it runs out.
        await settle(payment, { outcome: "unknown" });
      }
      return response;
    },

    async abandon(payment) {
      if (payment.stage !== "held") return;
      for (const circuit of payment.probes) breaker.release(circuit);
      await settle(payment, { outcome: "failed" });
    },

    byId: (id) => open.get(id),
    bySignature: (signature) => [...open.values()].find((payment) => payment.signature === signature),
    heldFor: (method, url) =>
      [...open.values()].filter(
        (payment) => payment.method === method && payment.url === url && payment.signature === undefined,
      ),
  };
}

/** What was signed, as text; the official client writes the same text into its header. */
export function signatureOf(payment: JsonObject): string {
  return JSON.stringify(plain(payment.payload));
}

/** A value as JSON has it: bigints and bytes as text, nothing else that JSON can't say. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "bigint") return member.toString();
    if (member instanceof Uint8Array) return base64OfBytes(member);
    return member;
  });
  return text === undefined ? null : JSON.parse(text);
}

/** The seller by the requested origin, and the facilitator where the offer names one. */
function circuitsOf(asked: Asked): readonly string[] {
  const circuits = [originOf(asked.url) ?? asked.url];
  const offer: unknown = safeParse(asked.offerText);
  const accepts = isRecord(offer) && Array.isArray(offer.accepts) ? offer.accepts.slice(0, 32) : [];
  for (const entry of accepts) {
    const extra = isRecord(entry) ? entry.extra : undefined;
    const named = isRecord(extra) ? (extra.facilitatorAddress ?? extra.feePayer) : undefined;
    if (typeof named === "string" && named.length <= 128) circuits.push(`facilitator:${named.toLowerCase()}`);
  }
  return [...new Set(circuits)];
}

export function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}

/** Asks the breaker of each circuit; if one is open, what was admitted before it is given back. */
function admit(
  breaker: Breaker,
  circuits: readonly string[],
): { readonly probes: string[]; readonly closedUntil?: number | undefined } {
  const probes: string[] = [];
  for (const circuit of circuits) {
    const admission = breaker.admit(circuit);
    if (!admission.admitted) {
      for (const probe of probes) breaker.release(probe);
      return { probes: [], closedUntil: admission.retryAt };
    }
    if (admission.probe) probes.push(circuit);
  }
  return { probes };
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
