/** The gate's decision and its books without its HTTP: for a server that verifies and settles by itself. */

import type { Decision } from "../core/types.ts";
import { isObject } from "../x402/wire.ts";
import { admit } from "./admit.ts";
import { captured, owed, unresolved, voided } from "./close.ts";
import { addressOf, payerClient } from "./identity.ts";
import type { Parts } from "./parts.ts";
import { parsePayment } from "./payment.ts";
import type { PaymentRecord } from "./records.ts";
import { type Answer, refusalAnswer } from "./refusal.ts";
import type { Requirements } from "./requirements.ts";

export interface Evaluation {
  /** The payment's id, for `recordSettlement`; only where it is allowed. */
  readonly id?: string;
  readonly allowed: boolean;
  readonly reason: string;
  /** What the ledger said, where it was asked and agreed. */
  readonly decision?: Decision;
  /** What to send to a client that is refused. */
  readonly answer?: Answer;
}

export interface EvaluateRequest {
  /** The payment, decoded. It has to be verified before. */
  readonly payment: object;
  /** What it was verified against. */
  readonly requirements: object;
  /** As the facilitator verified it. */
  readonly payer: string;
  /** The client, if an API key names it; else the payer is. */
  readonly client?: string;
  readonly tier?: string;
  readonly method: string;
  readonly url: string;
  /** SHA-256 of the body, in hex. */
  readonly bodyDigest?: string;
  readonly route?: string;
}

export interface RecordedSettlement {
  /**
   * `failed`: it is certain that nothing moved. `unknown`: nobody can say, such as after a time-out.
   */
  readonly outcome: "captured" | "failed" | "unknown";
  readonly transaction?: string;
  /** Whether the client gets what it paid for. Default true. One that was captured and not delivered is owed back. */
  readonly delivered?: boolean;
  /** The upstream's status. */
  readonly status?: number;
  readonly reason?: string;
}

export interface ByHand {
  /** May this verified payment be taken? Holds its amount, and claims it: nobody else may deliver for it. */
  evaluate(request: EvaluateRequest): Promise<Evaluation>;
  /** What became of it. Gives the record as it is then. */
  recordSettlement(id: string, settlement: RecordedSettlement): Promise<PaymentRecord>;
}

export function byHand(parts: Parts): ByHand {
  return {
    async evaluate({ payment: given, requirements, payer, client, tier, method, url, bodyDigest = "", route }) {
      const payment = isObject(given) ? parsePayment(given) : undefined;
      if (payment === undefined) return { allowed: false, reason: "payment_unreadable" };
      const admitted = await admit(parts, {
        payment,
        entry: requirements as Requirements,
        route: route ?? `${method} ${url.split(/[?#]/)[0]}`,
        method,
        url,
        address: url,
        body: bodyDigest,
        client: client ?? payerClient(payer),
        tier,
        payer: addressOf(payer),
      });
      if (admitted.kind === "refused") {
        const { refusal } = admitted;
        return { allowed: false, reason: refusal.reason, answer: refusalAnswer(refusal, parts.now()) };
      }
      const { record, decision } = admitted;
      return { id: record.id, allowed: true, reason: "allowed", decision };
    },

    async recordSettlement(id, { outcome, transaction, delivered = true, status, reason }) {
      const { value: record } = await parts.records.find(id);
      if (record === undefined) throw new Error(`there is no payment \`${id}\``);
      const upstream = status === undefined ? undefined : { status, ms: Math.max(0, parts.now() - record.at) };
      if (record.state !== "open" && record.state !== "unresolved") {
        // Said twice is said once; said otherwise is an error, and changes nothing.
        const same = (record.state === "captured") === (outcome === "captured");
        if (!same) throw new Error(`the payment \`${id}\` is ${record.state} already`);
        return record;
      }
      if (outcome === "failed") return voided(parts, record, reason ?? "not_settled", upstream);
      if (outcome === "unknown") return unresolved(parts, record, undefined, reason ?? "unknown", upstream);
      const booked = await captured(parts, record, { transaction }, delivered, upstream);
      return delivered ? booked : owed(parts, booked, reason ?? "not_delivered", upstream);
    },
  };
}
