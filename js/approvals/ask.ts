/**
 * A payment that needs people: they are told, and the call waits for their answer, if it is to. What they said is not
 * decided here: the ledger is asked again, and judges the payment anew.
 */

import type { PolicySummary } from "../core/ledger.ts";
import type { ApprovalView, Decision } from "../core/types.ts";
import { ApprovalRequired, WardenUnavailable } from "../errors.ts";
import type { Approvals } from "./desk.ts";

/** What an approver, or a machine that stands for one, answers. `approved` is `true` or `false`, and nothing else. */
export interface ApprovalAnswer {
  readonly approver: string;
  readonly approved: boolean;
  readonly note?: string;
  readonly signedAt?: number;
  readonly signature?: string;
}

export interface ApprovalContext {
  /** The desk: answer here at any time, from any process. */
  readonly approvals: Approvals;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/**
 * Tells people of a question. It may give an answer back, or several, or none: then it waits for one that comes another
 * way. Throws if people could not be told.
 */
export type OnApproval = (
  request: ApprovalView,
  context: ApprovalContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that gives nothing back is the usual one
) => void | ApprovalAnswer | readonly ApprovalAnswer[] | Promise<void | ApprovalAnswer | readonly ApprovalAnswer[]>;

export interface AskOptions {
  readonly onApproval?: OnApproval | readonly OnApproval[] | undefined;
  /**
   * How long a guarded fetch waits for people, in milliseconds; then it throws `ApprovalRequired`, and the same call later
   * goes on with the same question. Default: the policy's `approvals.timeout` where there is an `onApproval`, else 0.
   */
  readonly approvalWaitMs?: number | undefined;
}

export interface Asking {
  /** Tells people of a new question and waits for as long as a fetch may. Throws what ends the wait. */
  wait(decision: Decision, signal?: AbortSignal): Promise<void>;
  /** Tells people of a new question, and takes the answers that they give at once. True if there was anybody to tell. */
  tell(decision: Decision): Promise<boolean>;
}

export function asking(
  approvals: Approvals,
  policy: () => PolicySummary,
  { onApproval = [], approvalWaitMs }: AskOptions,
): Asking {
  const callbacks = typeof onApproval === "function" ? [onApproval] : onApproval;

  /** Each is told; that one of them can't be is an error only if nobody else was. */
  async function tellAll(id: string, signal: AbortSignal): Promise<void> {
    const view = await approvals.get(id);
    if (view === undefined) return;
    const told = await Promise.allSettled(
      callbacks.map(async (callback) => {
        const given = await callback(view, { approvals, signal });
        for (const answer of given === undefined ? [] : [given].flat()) await take(view, answer as ApprovalAnswer);
      }),
    );
    const failed = told.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    if (failed.length < told.length || signal.aborted) return;
    const why = failed.map((error) => (error instanceof Error ? error.message : String(error))).join("; ");
    throw new WardenUnavailable("approval_not_sent", `nobody could be asked about payment ${id}: ${why}`, failed[0]);
  }

  /** An answer counts only if it is exactly one. */
  async function take(view: ApprovalView, answer: ApprovalAnswer | null): Promise<void> {
    const { approver, approved, note, signedAt, signature } = answer ?? ({} as Partial<ApprovalAnswer>);
    if (typeof approver !== "string" || typeof approved !== "boolean") {
      throw new TypeError("an answer has to be {approver: text, approved: true or false}");
    }
    const options = {
      digest: view.digest,
      ...(note === undefined ? {} : { note }),
      ...(signedAt === undefined ? {} : { signedAt }),
      ...(signature === undefined ? {} : { signature }),
    };
    const outcome = await approvals[approved ? "approve" : "reject"](view.id, approver, options);
    if (!outcome.ok) throw new Error(`the answer of ${approver} does not count: ${outcome.message ?? outcome.reason}`);
  }

  return {
    async tell({ approval }) {
      if (approval?.new !== true || callbacks.length === 0) return false;
      const stop = new AbortController();
      try {
        await tellAll(approval.id, stop.signal);
      } finally {
        stop.abort();
      }
      return true;
    },

    async wait({ approval }, signal) {
      if (approval === undefined || approval === null) return;
      const stop = new AbortController();
      const told = approval.new === true && callbacks.length > 0 ? tellAll(approval.id, stop.signal) : undefined;
      const timeoutMs = approvalWaitMs ?? (callbacks.length > 0 ? policy().approval_ms : 0);
      try {
        if (!(timeoutMs > 0)) return await told;
        const waiting = approvals.decided(approval.id, {
          timeoutMs,
          signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
        });
        waiting.catch(() => undefined);
        await (told === undefined ? waiting : Promise.race([waiting, told.then(() => waiting)]));
      } finally {
        told?.catch(() => undefined);
        stop.abort();
      }
    },
  };
}

/** The decision of an error that says that people have to approve; nothing for any other. */
export function awaited(error: unknown): Decision | undefined {
  return error instanceof ApprovalRequired && "action" in error.decision ? error.decision : undefined;
}
