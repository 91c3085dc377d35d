/**
 * A payment that only comes too soon, by a rate with `then = "delay"`, is waited for: the guarded fetch asks again when
 * the policy says that it may. Not longer than it may take, and not longer than the caller wants the answer.
 */

import type { Decision } from "./core/types.ts";

export interface Patience {
  /** The longest that one request waits in all, in milliseconds. Default 10,000; 0 never waits. */
  readonly maxDelayMs?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Waits so many milliseconds; ends early, with an error, when the signal is aborted. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

const MAX_DELAY = 10_000;

/** Asks, and where the decision is to wait, waits and asks again, as a new payment. Gives the last decision. */
export async function patiently(
  ask: () => Promise<Decision>,
  { maxDelayMs = MAX_DELAY, now, sleep = pause }: Patience,
  signal?: AbortSignal,
): Promise<Decision> {
  // By the waits themselves, and not by the clock: one that is set back must not make a request wait for ever.
  let left = maxDelayMs;
  while (true) {
    const decision = await ask();
    const at = decision.delay === true ? Date.parse(decision.fix?.retry_at ?? "") : Number.NaN;
    // At least a millisecond: a clock that stands still must not make this a busy loop.
    const wait = Math.max(at - now(), 1);
    // Written so that a time that is not a number ends it.
    if (!(wait <= left)) return decision;
    left -= wait;
    await sleep(wait, signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
