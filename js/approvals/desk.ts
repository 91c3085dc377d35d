/**
 * The approvals desk: the questions that stand, the answers to them, and waiting for those. All state is in the store, so
 * that a desk in another process, or on another machine, is the same desk.
 */

import type { Ledger } from "../core/ledger.ts";
import type { ApprovalView, Outcome } from "../core/types.ts";
import { type WaitOptions, waitingRoom } from "./waiting.ts";

export interface AnswerOptions {
  /** The digest of what the approver was shown: the answer is then good for nothing else. */
  readonly digest?: string | undefined;
  /** Only if this approver has said nothing yet: for a link that is good for one answer. */
  readonly once?: boolean | undefined;
  /** The approver's own words. */
  readonly note?: string | undefined;
  /** The countersignature, for an approver with a key: when it was made, in milliseconds since the epoch, … */
  readonly signedAt?: number | undefined;
  /** … and the signature, in lower-case hex. */
  readonly signature?: string | undefined;
}

export interface Approvals {
  /** The questions that wait for an answer, the oldest first. */
  pending(): Promise<readonly ApprovalView[]>;
  /** All questions that are remembered: for a day after their time. */
  list(filter?: {
    readonly agent?: string;
    readonly standing?: ApprovalView["standing"];
  }): Promise<readonly ApprovalView[]>;
  get(id: string): Promise<ApprovalView | undefined>;
  /** Approves, as this approver. The same answer twice is one. An answer that does not count is `ok: false`, with why. */
  approve(id: string, approver: string, options?: AnswerOptions): Promise<Outcome>;
  /** Refuses, as this approver. Whoever has approved may still refuse, until the payment is made. */
  reject(id: string, approver: string, options?: AnswerOptions): Promise<Outcome>;
  /** For tests: approves whatever waits, in the name of as many approvers as it takes. Gives how many questions it was. */
  approveAll(): Promise<number>;
  /** Waits until a question is decided, or its time is over, or the wait's is. Throws what the signal was aborted with. */
  decided(id: string, options: WaitOptions): Promise<void>;
  /** Calls `changed` some time after a question was asked or answered, by anyone. Returns what stops it. */
  watch(changed: () => void): () => void;
}

export function approvalsDesk(ledger: Ledger): Approvals {
  const { decided } = waitingRoom(ledger);

  function answer(type: "approve" | "reject", id: string, approver: string, options: AnswerOptions): Promise<Outcome> {
    const { digest, once, note, signedAt, signature } = options;
    const members = { digest, once, note, signed_at: signedAt, signature };
    const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
    return ledger.move({ ...given, type, id, approver });
  }

  const desk: Approvals = {
    pending: () => ledger.approvals({ standing: "pending" }),
    list: (filter = {}) => ledger.approvals(filter),
    get: async (id) => (await ledger.approvals({ ids: [id] }))[0],
    approve: (id, approver, options = {}) => answer("approve", id, approver, options),
    reject: (id, approver, options = {}) => answer("reject", id, approver, options),
    async approveAll() {
      const waiting = await desk.pending();
      for (const { id, digest, threshold, approvers } of waiting) {
        const names =
          approvers?.map(({ name }) => name) ?? Array.from({ length: threshold }, (_, n) => `tester-${n + 1}`);
        for (const name of names.slice(0, threshold)) {
          const outcome = await desk.approve(id, name, { digest });
          if (!outcome.ok) throw new Error(`${id} can't be approved as ${name}: ${outcome.message ?? outcome.reason}`);
        }
      }
      return waiting.length;
    },
    decided,
    watch: (changed) => ledger.watch("prompts", changed),
  };
  return desk;
}
