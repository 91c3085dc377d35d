/**
 * Waiting for answers, in a way that scales: however many calls wait, one cell is watched and one timer polls, and both
 * are gone when nobody waits any more.
 */

import type { Ledger } from "../core/ledger.ts";

export interface WaitOptions {
  /** Milliseconds; then it ends undecided. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How often it is looked even if the store has told of no change, in milliseconds: a question also ends by time alone.
 * Machines answer at once, people take longer: so it is often at first, and seldom later.
 */
const POLL_SOON = 100;
const POLL_LATER = 1_000;
const SOON = 10_000;

export function waitingRoom(ledger: Ledger): { decided(id: string, options: WaitOptions): Promise<void> } {
  const waiting = new Map<string, Set<() => void>>();
  let close: (() => void) | undefined;
  let looking = false;
  let again = false;
  /** When the latest call began to wait. */
  let latest = 0;

  /** Lets go whoever waits for a question that is pending no longer, or not there. */
  async function look(): Promise<void> {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      do {
        again = false;
        const ids = [...waiting.keys()];
        if (ids.length === 0) return;
        const views = await ledger.approvals({ ids });
        const pending = new Set(views.filter(({ standing }) => standing === "pending").map(({ id }) => id));
        for (const id of ids) if (!pending.has(id)) for (const go of [...(waiting.get(id) ?? [])]) go();
      } while (again);
    } catch {
      // The store does not answer. It is asked again soon; whoever waits for too long stops by the clock, and asks the ledger.
    } finally {
      looking = false;
    }
  }

  function open(): void {
    if (close !== undefined) return;
    const stop = ledger.watch("prompts", () => void look());
    const poll = (): void => {
      void look();
      timer = setTimeout(poll, performance.now() - latest < SOON ? POLL_SOON : POLL_LATER);
    };
    let timer = setTimeout(poll, POLL_SOON);
    close = () => {
      clearTimeout(timer);
      stop();
      close = undefined;
    };
  }

  return {
    decided(id, { timeoutMs, signal }) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        latest = performance.now();
        open();
        const those = waiting.get(id) ?? new Set();
        const leave = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", abort);
          those.delete(go);
          if (those.size === 0) waiting.delete(id);
          if (waiting.size === 0) close?.();
        };
        const go = (): void => {
          leave();
          resolve();
        };
        const abort = (): void => {
          leave();
          reject(signal?.reason);
        };
        // A timer of more than 2^31 ms would fire at once.
        const timer = setTimeout(go, Math.min(Math.max(timeoutMs, 0), 2 ** 31 - 1));
        signal?.addEventListener("abort", abort, { once: true });
        waiting.set(id, those.add(go));
        // What was answered before anybody watched is seen now.
        void look();
      });
    },
  };
}
