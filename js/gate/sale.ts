/**
 * A payment on its way through a request: the money is taken when the upstream has delivered (or, where the route says so,
 * before), given up when it has not, and owed back when it was taken for nothing. Each of that once.
 */

import { encodeBase64 } from "../x402/wire.ts";
import { captured, delivered, owed, turnedOut, unresolved, voided } from "./close.ts";
import { type SettleAnswer, type Settled, settle } from "./facilitator.ts";
import { offerAnswer, termsFor, type Wanted } from "./offer.ts";
import type { Parts } from "./parts.ts";
import type { Payment } from "./payment.ts";
import type { PaymentRecord } from "./records.ts";
import { type Answer, REFUND_HEADER, refusalAnswer } from "./refusal.ts";
import type { Requirements } from "./requirements.ts";

/** What becomes of an upstream's answer. */
export type Release =
  /** Send it, with these headers. */
  | { readonly kind: "send"; readonly headers: Readonly<Record<string, string>> }
  /** Throw it away, and send this. */
  | { readonly kind: "answer"; readonly answer: Answer };

/** A request that was let in. */
export interface Sale {
  readonly take: "after" | "stream" | "before" | "free";
  /** The payment's id; nothing for a free call. */
  readonly payment: string | undefined;
  readonly client: string;
  readonly tier: string | undefined;
  readonly payer: string | undefined;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /** Before the handler runs. Only for `before` does this do anything. */
  begin(): Promise<Answer | undefined>;
  /** The upstream has answered: for `after`, with its whole body; for the others, with status and headers. */
  answered(status: number): Promise<Release>;
  /** There is no answer: it threw, it took too long, it was cut off, or the client has gone. */
  failed(error: string): Promise<Readonly<Record<string, string>>>;
  /** The body of an answer that streams broke off. If it was taken for, it is owed; while it is being taken, this waits. */
  broke(error: string): Promise<void>;
}

export const PAYMENT_HEADER = "Tollwarden-Payment";

/** From then on the ledger's hold is kept by a ticket: one that nobody ticketed lapses after a minute. */
const KEEP_AFTER = 45_000;

export interface PaidSale {
  readonly wanted: Wanted;
  readonly payment: Payment;
  readonly entry: Requirements;
  readonly record: PaymentRecord;
  readonly probes: readonly string[];
  readonly circuits: readonly string[];
  readonly client: string;
  /** Lets the next one in. */
  readonly done: () => void;
}

export function paidSale(parts: Parts, sale: PaidSale): Sale {
  const { wanted, payment, entry, client } = sale;
  const { matched } = wanted;
  let record = sale.record;
  let stage: "open" | "taken" | "closed" = record.state === "captured" ? "taken" : "open";
  const since = parts.now();
  const keeping = setTimeout(() => {
    void parts.ledger.move({ type: "ticket", id: record.hold }).catch(parts.onError);
  }, KEEP_AFTER);
  (keeping as { unref?: () => void }).unref?.();

  const upstream = (status?: number, error?: string) => ({
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error: error.slice(0, 200) }),
    ms: Math.max(0, Math.round(parts.now() - since)),
  });

  let ended = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });

  /** Probes that nobody has answered for yet. */
  const probes = new Set(sale.probes);

  async function close(): Promise<void> {
    clearTimeout(keeping);
    if (stage === "closed") return;
    stage = "closed";
    ended();
    sale.done();
    // What was not tried leaves its place to the next one.
    if (probes.size > 0) await parts.circuits.release([...probes]).catch(parts.onError);
  }

  async function tell(key: string, how: "success" | "failure"): Promise<void> {
    probes.delete(key);
    await parts.circuits.tell(key, how).catch(parts.onError);
  }

  /** Tells the breakers how the upstream did. */
  async function learn(how: "success" | "failure"): Promise<void> {
    for (const key of sale.circuits) await tell(key, how);
  }

  /** Takes the money. The answer is what to send if it could not be taken. */
  async function take(sent: boolean, status?: number): Promise<SettleAnswer | Answer> {
    const terms = termsFor(payment, entry, wanted.url);
    const settled = await final(await settle(parts.facilitator, payment.payload, terms, parts.settleTimeoutMs));
    if (settled.kind === "captured") {
      stage = "taken";
      record = await captured(parts, record, moved(settled), sent, status === undefined ? undefined : upstream(status));
      await tell(FACILITATOR, "success");
      await tell(payerCircuit(client), "success");
      await countVolume();
      return settled.answer;
    }
    if (settled.kind === "refused") {
      record = await voided(parts, record, settled.reason, upstream(status));
      await tell(FACILITATOR, "success");
      // One who can't be charged after the work was done has cost it: after some of these, it is not done any more.
      await tell(payerCircuit(client), "failure");
      return offerAnswer(parts, wanted, settled.reason, receiptHeader(payment.version, settled.answer));
    }
    record = await unresolved(parts, record, payment.payload, messageOf(settled.error), upstream(status));
    // One payer whose payments fail must not stop the others: it is the payer's breaker then, and not the facilitator's.
    await tell(FACILITATOR, settled.answered === true ? "success" : "failure");
    if (settled.answered === true) await tell(payerCircuit(client), "failure");
    if (settled.late !== undefined) void settled.late.then(arrivedLate).catch(parts.onError);
    return refusalAnswer(
      {
        kind: "unresolved",
        reason: "payment_unresolved",
        status: 502,
        message: "nobody knows yet whether this payment was taken; send the same one again, and no other",
        payment: record.id,
      },
      parts.now(),
    );
  }

  /** A settlement that may still be undone is none yet. */
  async function final(settled: Settled): Promise<Settled> {
    if (settled.kind !== "captured" || parts.confirm === undefined) return settled;
    try {
      if ((await parts.confirm(settled.answer, record)) === true) return settled;
      return { kind: "unknown", answered: true, error: new Error("the settlement is not confirmed") };
    } catch (error) {
      return { kind: "unknown", error };
    }
  }

  /** An answer that came after the request was over: then it is known, and owed back. */
  async function arrivedLate(settled: Settled): Promise<void> {
    if (settled.kind !== "captured") return;
    const booked = await turnedOut(parts, record, moved(settled));
    if (booked !== undefined) await owed(parts, booked, "settled_too_late");
  }

  async function countVolume(): Promise<void> {
    if (matched.volume === undefined || wanted.identity === undefined) return;
    await parts.volumes.add(matched.name, wanted.identity.id).catch(parts.onError);
  }

  /** It was taken, and there is nothing for it. */
  async function oweBack(reason: string, up: ReturnType<typeof upstream>): Promise<Readonly<Record<string, string>>> {
    record = await owed(parts, record, reason, up);
    const iou = record.refund?.iou;
    return {
      [PAYMENT_HEADER]: "refund-owed",
      ...(iou === undefined ? {} : { [REFUND_HEADER]: encodeBase64(JSON.stringify(iou)) }),
    };
  }

  return {
    take: matched.take ?? "after",
    payment: record.id,
    client,
    tier: wanted.identity?.tier,
    payer: record.payer,
    timeoutMs: matched.timeoutMs ?? 30_000,
    maxResponseBytes: matched.maxResponseBytes ?? 10 * 1024 * 1024,

    async begin() {
      if (matched.take !== "before" || stage !== "open") return undefined;
      const result = await take(false);
      if (!("status" in result)) return undefined;
      await close();
      return result;
    },

    async answered(status) {
      try {
        if (stage === "closed") return { kind: "send", headers: {} };
        await learn(status >= 500 ? "failure" : "success");
        const delivers = status < 400;
        if (!delivers && stage === "taken")
          return { kind: "send", headers: await oweBack(`upstream_${status}`, upstream(status)) };
        if (!delivers) {
          record = await voided(parts, record, `upstream_${status}`, upstream(status));
          return { kind: "send", headers: { [PAYMENT_HEADER]: "not-charged" } };
        }
        if (stage === "open") {
          const result = await take(true, status);
          if ("status" in result) return { kind: "answer", answer: result };
          return { kind: "send", headers: receiptHeader(payment.version, result) };
        }
        record = await delivered(parts, record, upstream(status));
        return { kind: "send", headers: receiptHeader(payment.version, receiptOf(record)) };
      } finally {
        await close();
      }
    },

    async failed(error) {
      // Taken, and then it could not be sent after all.
      if (stage === "closed" && record.state === "captured" && record.refund === undefined) {
        return oweBack(error, upstream(record.upstream?.status, error));
      }
      if (stage === "closed") return {};
      try {
        // A client that goes says nothing of the upstream: or else a few of them would close it to everybody.
        if (error !== "client_gone") await learn("failure");
        if (stage === "taken") return await oweBack(error, upstream(undefined, error));
        record = await voided(parts, record, error, upstream(undefined, error));
        return { [PAYMENT_HEADER]: "not-charged" };
      } finally {
        await close();
      }
    },

    async broke(error) {
      await end;
      if (record.state !== "captured" || record.refund !== undefined) return;
      await learn("failure");
      record = await owed(parts, record, error, upstream(record.upstream?.status, error));
    },
  };
}

export const FACILITATOR = "facilitator";

export function payerCircuit(client: string): string {
  return `payer:${client}`;
}

function moved({ answer }: { readonly answer: SettleAnswer }): { readonly transaction: string } {
  return { transaction: typeof answer.transaction === "string" ? answer.transaction.slice(0, 256) : "" };
}

function receiptOf(record: PaymentRecord): SettleAnswer {
  const { network, transaction = "", payer } = record;
  return { success: true, network, transaction, ...(payer === undefined ? {} : { payer }) };
}

export function receiptHeader(version: 1 | 2, answer: SettleAnswer): Readonly<Record<string, string>> {
  const name = version === 1 ? "X-PAYMENT-RESPONSE" : "PAYMENT-RESPONSE";
  return { [name]: encodeBase64(JSON.stringify(answer)) };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
