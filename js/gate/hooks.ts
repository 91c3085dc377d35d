/**
 * The gate before the official `x402ResourceServer`, whose own middlewares then go on as they are. Its hooks fail open: one
 * that throws is logged, and the request is served and settled. So each of these catches everything, and says no.
 */

import { admit } from "./admit.ts";
import { captured, unresolved, voided } from "./close.ts";
import { saysNothingMoved } from "./facilitator.ts";
import { addressOf, payerClient } from "./identity.ts";
import type { Parts } from "./parts.ts";
import { parsePayment, paymentId } from "./payment.ts";
import type { PaymentRecord } from "./records.ts";
import type { Requirements } from "./requirements.ts";
import { plainPath } from "./routes.ts";
import { payerCircuit } from "./sale.ts";

interface Adapter {
  getHeader(name: string): string | undefined;
  getMethod(): string;
  getUrl(): string;
}

interface Context {
  readonly paymentPayload: Record<string, unknown>;
  readonly requirements: Requirements;
  readonly transportContext?: { readonly request?: { readonly adapter?: Adapter; readonly routePattern?: string } };
}

interface Abort {
  readonly abort: true;
  readonly reason: string;
  readonly message?: string;
}

/** The hooks of the official server that are used. */
export interface ResourceServer {
  onBeforeVerify(hook: (context: Context) => Promise<undefined | Abort>): unknown;
  onAfterVerify(
    hook: (
      context: Context & { readonly result: { readonly isValid: boolean; readonly payer?: string } },
    ) => Promise<undefined | Abort>,
  ): unknown;
  onBeforeSettle(hook: (context: Context) => Promise<undefined | Abort>): unknown;
  onAfterSettle(
    hook: (
      context: Context & { readonly result: { readonly success: boolean; readonly transaction?: string } },
    ) => Promise<void>,
  ): unknown;
  onSettleFailure(hook: (context: Context & { readonly error: unknown }) => Promise<undefined>): unknown;
  onVerifiedPaymentCanceled(
    hook: (context: Context & { readonly reason: string; readonly responseStatus?: number }) => Promise<void>,
  ): unknown;
}

const guardedServers = new WeakSet<object>();

export function guardServer(parts: Parts, server: ResourceServer): void {
  if (guardedServers.has(server)) throw new TypeError("this server is guarded already");
  guardedServers.add(server);
  /** Payments that this process has let in, by the payload that the server hands round. */
  const open = new WeakMap<object, PaymentRecord>();
  /** Ids that this process works on: the same payment in another payload meets them. */
  const ids = new WeakMap<object, string>();

  const leave = (payload: object): void => {
    const id = ids.get(payload);
    if (id !== undefined) parts.inFlight.delete(id);
    ids.delete(payload);
  };

  /** Whatever goes wrong is a refusal. */
  const closed =
    <C extends Context>(work: (context: C) => Promise<undefined | Abort>) =>
    async (context: C): Promise<undefined | Abort> => {
      try {
        const answer = await work(context);
        if (answer !== undefined) leave(context.paymentPayload);
        return answer;
      } catch (error) {
        parts.onError(error);
        leave(context.paymentPayload);
        return { abort: true, reason: "gate_unavailable", message: "the seller can't take payments now" };
      }
    };

  server.onBeforeVerify(
    closed(async ({ paymentPayload }) => {
      const payment = parsePayment(paymentPayload);
      if (payment === undefined) return { abort: true, reason: "payment_unreadable" };
      const id = await paymentId(payment);
      if (parts.inFlight.has(id)) return { abort: true, reason: "payment_in_flight" };
      parts.inFlight.add(id);
      ids.set(paymentPayload, id);
      return undefined;
    }),
  );

  server.onAfterVerify(
    // It runs for payments that are invalid, too.
    closed(async ({ paymentPayload, requirements, transportContext, result }) => {
      if (result?.isValid !== true) {
        leave(paymentPayload);
        return undefined;
      }
      const payment = parsePayment(paymentPayload);
      const adapter = transportContext?.request?.adapter;
      if (payment === undefined || adapter === undefined) return { abort: true, reason: "payment_unreadable" };
      const payer = result.payer === undefined ? payment.from : addressOf(result.payer);
      if (payer === undefined || (payment.from !== undefined && payer !== payment.from)) {
        return { abort: true, reason: "payer_unknown" };
      }
      const url = `${parts.origin}${pathOf(adapter.getUrl())}`;
      // What version 2 says it was signed for has to be what is asked for.
      if (payment.resource !== undefined && pathOf(payment.resource) !== pathOf(adapter.getUrl())) {
        return { abort: true, reason: "payment_bound_elsewhere" };
      }
      const key = adapter.getHeader(parts.apiKeyHeader);
      const identity = key === undefined ? undefined : await parts.findClient(key.replace(/^Bearer /i, ""));
      if (key !== undefined && identity === undefined) return { abort: true, reason: "unknown_client" };
      const client = identity?.id ?? payerClient(payer);
      if ((await parts.circuits.closedUntil([payerCircuit(client)])) !== undefined) {
        return { abort: true, reason: "payer_suspended" };
      }
      const admitted = await admit(parts, {
        payment,
        entry: requirements,
        route: transportContext?.request?.routePattern ?? pathOf(url),
        method: adapter.getMethod(),
        url,
        address: `${parts.origin}${plainPath(new URL(url).pathname)}${new URL(url).search}`,
        body: "",
        client,
        tier: identity?.tier,
        payer,
      });
      if (admitted.kind === "refused") {
        const { reason, message } = admitted.refusal;
        parts.happened({ what: "refused", at: parts.now(), route: url, client, reason });
        return { abort: true, reason, message };
      }
      open.set(paymentPayload, admitted.record);
      return undefined;
    }),
  );

  // A payment that was never let in is not settled, whatever another hook has skipped.
  server.onBeforeSettle(
    closed(async ({ paymentPayload }) =>
      open.has(paymentPayload) ? undefined : { abort: true, reason: "payment_not_admitted" },
    ),
  );

  /** What became of it; once. */
  async function end(payload: object, work: (record: PaymentRecord) => Promise<unknown>): Promise<void> {
    const record = open.get(payload);
    open.delete(payload);
    leave(payload);
    if (record === undefined) return;
    await work(record).catch(parts.onError);
  }

  server.onAfterSettle(async ({ paymentPayload, result }) => {
    const { transaction } = result;
    await end(paymentPayload, (record) => captured(parts, record, { transaction }, true));
  });

  server.onSettleFailure(async ({ paymentPayload, error }) => {
    const reason = (error as { readonly errorReason?: unknown } | null)?.errorReason;
    await end(paymentPayload, async (record) => {
      if (typeof reason === "string" && saysNothingMoved(reason)) {
        await voided(parts, record, reason);
        await parts.circuits.tell(payerCircuit(record.client), "failure");
      } else {
        await unresolved(
          parts,
          record,
          paymentPayload,
          error instanceof Error ? error.message.slice(0, 200) : "unknown",
        );
      }
    });
    return undefined;
  });

  server.onVerifiedPaymentCanceled(async ({ paymentPayload, reason, responseStatus }) => {
    const why = responseStatus === undefined ? reason : `upstream_${responseStatus}`;
    await end(paymentPayload, (record) => voided(parts, record, why));
  });
}

function pathOf(url: string): string {
  const found = URL.canParse(url) ? new URL(url) : undefined;
  return found === undefined ? url : `${found.pathname}${found.search}`;
}
