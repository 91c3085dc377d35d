/**
 * One payment's way through the warden, whoever drives it: offered and held, ticketed, signed and bound, sent, settled.
 * The guarded fetch, client, signer and `payingFetch` all go through these steps, so none can leave one out.
 */

import { type Asking, awaited } from "./approvals/ask.ts";
import type { Breaker } from "./breaker.ts";
import type { Event, Ledger } from "./core/ledger.ts";
import type { Decision, Outcome } from "./core/types.ts";
import { type Patience, patiently } from "./delay.ts";
import { type Delivery, deliver } from "./deliver.ts";
import { hexOf } from "./encoding.ts";
import { denied, refusal, WardenUnavailable } from "./errors.ts";
import type { PaymentInfo } from "./paid.ts";
import { carrier, type Scope, scopeMembers } from "./scope.ts";
import type { Kept, Vault } from "./vault.ts";
import { base64OfBytes, type HeldOffer, heldOffer, type JsonObject, paymentHeaderOf } from "./x402/wire.ts";

/** A payment that nobody takes further is forgotten here after this long, in milliseconds; the ledger has its hold. */
const FORGOTTEN_AFTER = 120_000;

/** The ledger counts a signature as usable for this much longer, in milliseconds: a chain's clock may lag. */
const CHAIN_LAG = 30_000;

/** A payment that was allowed. */
export interface Payment {
  readonly id: string;
  readonly decision: Decision;
  readonly held: HeldOffer;
  readonly method: string;
  readonly url: string;
  readonly bodyDigest: string | undefined;
  /** What the circuit breaker knows the seller and the facilitator by. */
  readonly circuits: readonly string[];
  /** Those of them for which this payment is the breaker's probe. */
  readonly probes: readonly string[];
  /** Aborted when the caller wants the answer no more. */
  readonly signal: AbortSignal | undefined;
  /** From this time on, in milliseconds, it is no longer remembered here; nothing can be signed or sent for it then. */
  keptUntil: number;
  stage: "held" | "ticketed" | "signed" | "sent" | "closed";
  /** From then on the signature can't be used, in milliseconds; 0 before there is one. */
  usableUntil: number;
  /** The signer was asked for this payment; a ticket is good for one message. */
  shown: boolean;
  /** The number of the authorization that a guarded wallet has signed for it. */
  nonce: string | undefined;
  /** The payment that was bound, as text: by it the guarded fetch knows it again. */
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
  /** Aborted when the caller wants the answer no more: it ends a wait, and nothing is signed from then on. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the guarded clients pay it: then entries that none of them can pay are not chosen. */
  readonly byClient: boolean;
}

/** Whether a client can pay an entry of an offer of this version. */
export type CanPay = (version: unknown, entry: unknown) => boolean;

export interface Payments {
  /** Judges an offer and holds the money. Throws `PaymentDenied`. */
  hold(asked: Asked, scope: Scope): Promise<Payment>;
  /** Commits that the signer may be reached. Once. Throws `PaymentDenied`. */
  ticket(payment: Payment): Promise<void>;
  /** Runs what signs for this payment: what a guarded wallet is asked in there is judged by this ticket alone. */
  signing<R>(payment: Payment, work: () => Promise<R>): Promise<R>;
  /** What a wallet is about to sign, against the ticket it is for. Throws `PaymentDenied`. */
  message(signer: string, message: unknown): Promise<void>;
  /** What was signed, as JSON has it, must be what was held. Throws `PaymentDenied`; then it must not be sent. */
  bind(payment: Payment, signed: JsonObject): Promise<void>;
  /** Sends a bound payment and books what became of it. Throws `PaymentUnresolved`. */
  send(payment: Payment, request: Request, through: typeof fetch): Promise<Response>;
  /** Sends a payment once more whose outcome is unknown. Throws `PaymentDenied` where there is none, or all is frozen. */
  present(id: string, init: RequestInit, through: typeof fetch, agent?: string): Promise<Response>;
  /** Nothing will be sent. Lets the money go, unless the ticket is out: then something may have been signed. */
  abandon(payment: Payment): Promise<void>;
  /** A guarded client, by what it can pay. */
  addClient(canPay: CanPay): void;
  byId(id: string): Payment | undefined;
  bySignature(signature: string): Payment | undefined;
  /** Payments held for this request that nothing was signed for yet. */
  heldFor(method: string, url: string): readonly Payment[];
}

export interface PaymentsOptions {
  readonly patience?: Patience;
  /** Where signed payments are kept for as long as they may be presented again. */
  readonly vault?: Vault;
  readonly onPayment?: (payment: PaymentInfo) => void;
  /** Who is told, and waited for, where people have to approve. */
  readonly people?: Asking;
}

export function trackPayments(
  ledger: Ledger,
  breaker: Breaker,
  now: () => number,
  { patience = { now }, vault, onPayment, people }: PaymentsOptions = {},
): Payments {
  const open = new Map<string, Payment>();
  const clients: CanPay[] = [];
  const signingFor = carrier<Payment>();
  const delivery: Delivery = { breaker, vault, onPayment };

  /** Returns the time. */
  function forgetOld(): number {
    const at = readClock(now);
    for (const payment of open.values()) if (payment.keptUntil <= at) close(payment);
    return at;
  }

  function close(payment: Payment): void {
    if (payment.stage === "closed") return;
    // Not sent: the call that would have told the breaker whether the seller works again was not made.
    if (payment.stage !== "sent") for (const circuit of payment.probes) breaker.release(circuit);
    payment.stage = "closed";
    open.delete(payment.id);
  }

  /** Moves the hold on; where that is refused, or can't be done, the payment goes no further. */
  async function advance(payment: Payment, event: Event): Promise<void> {
    try {
      const outcome = await ledger.move({ ...event, id: payment.id });
      if (!outcome.ok) throw denied(outcome);
      remember(payment, outcome);
    } catch (error) {
      close(payment);
      throw error;
    }
  }

  /** As long as a signature can be used, so long its payment is known here. */
  function remember(payment: Payment, outcome: Outcome): void {
    const end = outcome.valid_before == null ? Number.NaN : Date.parse(outcome.valid_before);
    if (end > payment.keptUntil) payment.keptUntil = end;
    if (outcome.state === "signed" && Number.isFinite(end)) payment.usableUntil = end - CHAIN_LAG;
  }

  async function settle(payment: Payment, members: Record<string, unknown>): Promise<Outcome> {
    try {
      return await ledger.move({ type: "settle", id: payment.id, ...members });
    } finally {
      close(payment);
    }
  }

  /** Issues the ticket. Twice is refused before the first `await`. */
  async function ticket(payment: Payment): Promise<void> {
    if (payment.stage !== "held") throw refusal(payment.id, "ticket_used", "this payment was signed before");
    if (payment.signal?.aborted === true) {
      await letGo(payment);
      throw payment.signal.reason;
    }
    payment.stage = "ticketed";
    await advance(payment, { type: "ticket" });
  }

  /** Nothing was signed. Should the store fail here, the hold lapses by itself. */
  async function letGo(payment: Payment): Promise<void> {
    await settle(payment, { outcome: "failed" }).catch(() => undefined);
  }

  /** One ticket, one message. A message that is refused leaves the ticket as it was. */
  async function show(payment: Payment, signer: string, message: unknown): Promise<Outcome> {
    const outcome = await ledger.move({ type: "message", id: payment.id, signer, message });
    if (outcome.ok) {
      payment.shown = true;
      payment.stage = "ticketed";
      remember(payment, outcome);
      payment.nonce = outcome.nonce ?? undefined;
    }
    return outcome;
  }

  async function judgeMessage(known: Payment | undefined, signer: string, message: unknown): Promise<void> {
    if (known?.shown === true) throw refusal(known.id, "ticket_used", "this ticket has signed its one message");
    const waiting = known === undefined ? [...open.values()].filter((payment) => !payment.shown) : [known];
    let refused: Outcome | undefined;
    // One that has no ticket yet gets it with its message: a client that is not guarded, such as `x402-fetch`, takes none.
    for (const payment of waiting.filter(({ stage }) => stage === "ticketed" || stage === "held")) {
      if (payment.stage === "held" && payment.signal?.aborted === true) continue;
      const outcome = await show(payment, signer, message);
      if (outcome.ok) return;
      refused ??= outcome;
    }
    if (refused !== undefined) throw denied(refused);
    throw refusal("", "unticketed_signature", "the wallet was asked to sign, and no payment was authorized");
  }

  /** Holds, or throws; `known` is the id under which people were asked. */
  async function attempt(asked: Asked, scope: Scope, known?: string): Promise<Payment> {
    let heldAt = forgetOld();
    const offer = safeParse(asked.offerText);
    const named = entriesOf(offer);
    const { probes, closedUntil } = admit(breaker, circuitsOf(asked.url, named));
    const payable = asked.byClient ? payableBy(clients, offer, named) : undefined;
    const authorize = (): Promise<Decision> => {
      heldAt = forgetOld();
      return ledger.authorize({
        // A question that stands for the same request is gone on with, whoever asked it.
        id: known ?? ledger.drawId(),
        resume: true,
        ...scopeMembers(scope),
        method: asked.method,
        url: asked.url,
        offer_text: asked.offerText,
        ...(payable === undefined ? {} : { payable }),
        ...(asked.offerOrigin === undefined ? {} : { offer_origin: asked.offerOrigin }),
        ...(asked.bodyDigest === undefined ? {} : { body_digest: asked.bodyDigest }),
        ...(closedUntil === undefined ? {} : { facts: { circuit_open_until: Math.ceil(closedUntil) } }),
      });
    };
    const decision = await patiently(authorize, patience, asked.signal).catch((error: unknown) => {
      for (const probe of probes) breaker.release(probe);
      throw error;
    });
    const { id } = decision;
    const held = decision.accept == null ? undefined : heldOffer(asked.offerText, decision.accept);
    // Several calls may wait for one answer; it is good for one of them.
    const taken = decision.action === "allow" && (open.has(id) || decision.state !== "held");
    const allowed = decision.action === "allow" && held !== undefined && !taken;
    // Only those that this payment goes through learn from how it ends.
    const circuits = allowed ? circuitsOf(asked.url, [held.accept]) : [];
    for (const probe of probes) if (!circuits.includes(probe)) breaker.release(probe);
    if (decision.action !== "allow") throw denied(decision);
    if (taken) return attempt(asked, scope);
    if (held === undefined) throw refusal(id, "internal_error", "the offer that was held can't be found again");
    const payment: Payment = {
      id,
      decision,
      held,
      method: asked.method,
      url: asked.url,
      bodyDigest: asked.bodyDigest,
      circuits,
      probes: probes.filter((probe) => circuits.includes(probe)),
      signal: asked.signal,
      keptUntil: heldAt + FORGOTTEN_AFTER,
      stage: "held",
      usableUntil: 0,
      shown: false,
      nonce: undefined,
      signature: undefined,
    };
    open.set(id, payment);
    return payment;
  }

  return {
    async hold(asked, scope) {
      for (let known: string | undefined; ; ) {
        // Who wants no answer asks nobody, and holds nothing.
        asked.signal?.throwIfAborted();
        try {
          return await attempt(asked, scope, known);
        } catch (error) {
          const waits = awaited(error);
          // Asked again under the id that was waited for, and still undecided: the wait is over.
          if (waits === undefined || people === undefined || waits.id === known) throw error;
          await people.wait(waits, asked.signal);
          known = waits.id;
        }
      }
    },

    ticket,

    signing: (payment, work) => (signingFor === undefined ? work() : signingFor.run(payment, work)),

    message: (signer, message) => judgeMessage(signingFor?.getStore(), signer, plain(message)),

    async bind(payment, signed) {
      // Before the first `await`: no other payment that comes along is taken for this one's.
      payment.signature = signatureOf(signed);
      await advance(payment, { type: "sign", payload: signed });
      payment.stage = "signed";
    },

    async send(payment, request, through) {
      if (payment.stage !== "signed") throw refusal(payment.id, "ticket_used", "this payment was sent before");
      payment.stage = "sent";
      // Before anything leaves: what can't be recorded is not sent.
      await ledger.note("sent", { id: payment.id }).catch((error: unknown) => {
        payment.stage = "signed";
        close(payment);
        throw error;
      });
      const header = paymentHeaderOf(request.headers);
      if (header !== undefined) {
        const { id, method, url, bodyDigest, usableUntil: until, decision } = payment;
        const { amount, asset, payee } = decision;
        const words = { amount: amount ?? "", asset: asset ?? "", payee: payee ?? "" };
        await vault?.keep({ id, method, url, bodyDigest, header, until, ...words });
      }
      return deliver(delivery, payment, request, through, (members) => settle(payment, members));
    },

    async present(id, init, through, agent) {
      const kept = await vault?.find(id);
      const [hold] = await ledger.holds({ id });
      if (kept === undefined || hold === undefined) {
        throw refusal(
          id,
          "unknown_id",
          "no signed payment is kept for it; it has run out, or was sent by another process",
        );
      }
      if (hold.state !== "signed" && hold.state !== "unknown") {
        await vault?.drop(id);
        throw refusal(id, "wrong_state", `the hold is ${hold.state}`);
      }
      const { method, url, header, bodyDigest } = kept;
      const request = new Request(url, { ...init, method });
      request.headers.set(...header);
      const body = request.body === null ? undefined : await digestOf(await request.clone().arrayBuffer());
      if (body !== bodyDigest) throw refusal(id, "conflict", "the body is not that of the request that was paid for");
      const stopped = await ledger.frozen(id, agent);
      if (stopped !== undefined) throw denied(stopped);
      const circuits = [originOf(url) ?? url];
      const decision: Decision = { id, action: "allow", reason: "allowed", rules: [], ...wordsOf(kept) };
      // As the first time: what can't be recorded is not sent.
      await ledger.note("sent", { id });
      return deliver(delivery, { id, method, url, circuits, decision }, request, through, (members) =>
        ledger.move({ type: "settle", id, ...members }),
      );
    },

    async abandon(payment) {
      if (payment.stage === "held") await letGo(payment);
      else if (payment.stage === "ticketed") close(payment);
    },

    addClient: (canPay) => void clients.push(canPay),
    byId: (id) => open.get(id),
    bySignature: (signature) => [...open.values()].find((payment) => payment.signature === signature),
    heldFor: (method, url) =>
      [...open.values()].filter(
        (payment) => payment.method === method && payment.url === url && payment.signature === undefined,
      ),
  };
}

/** A payment as text, of one as JSON has it; the official client writes the same text into its header. */
export function signatureOf(payment: JsonObject): string {
  return JSON.stringify(payment);
}

/** Without a time, nothing is held: no hold would ever end. */
function readClock(now: () => number): number {
  try {
    const at = now();
    if (Number.isFinite(at)) return at;
    throw new RangeError(`the clock gave \`${at}\``);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WardenUnavailable("no_clock", `the time can't be told: ${message}`, cause);
  }
}

/** A value as JSON has it: bigints and bytes as text, nothing else that JSON can't say. */
export function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "bigint") return member.toString();
    if (member instanceof Uint8Array) return base64OfBytes(member);
    return member;
  });
  return text === undefined ? null : JSON.parse(text);
}

/** The places of the entries that one of the clients can pay; nothing where no client said what it can. */
function payableBy(clients: readonly CanPay[], offer: unknown, entries: readonly unknown[]): number[] | undefined {
  if (clients.length === 0) return undefined;
  const version = isRecord(offer) ? offer.x402Version : undefined;
  return entries.flatMap((entry, place) => (clients.some((canPay) => canPay(version, entry)) ? [place] : []));
}

/** The entries of an offer, as far as it is one. */
export const offeredBy = (offerText: string): readonly unknown[] => entriesOf(safeParse(offerText));

function entriesOf(offer: unknown): readonly unknown[] {
  return isRecord(offer) && Array.isArray(offer.accepts) ? offer.accepts.slice(0, 32) : [];
}

/** The seller by the requested origin, and the facilitators where the entries name one. */
export function circuitsOf(url: string, accepts: readonly unknown[]): readonly string[] {
  const circuits = [originOf(url) ?? url];
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

function wordsOf({ amount, asset, payee }: Kept): Pick<Decision, "amount" | "asset" | "payee"> {
  return { amount, asset, payee };
}

/** SHA-256, in hex. */
export async function digestOf(bytes: ArrayBuffer): Promise<string> {
  return hexOf(await crypto.subtle.digest("SHA-256", bytes));
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
