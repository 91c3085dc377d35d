/**
 * The seller's circuit breakers, shared through the store: one per route, per upstream and per facilitator, and one per
 * payer whose settlements fail. The states and their transitions are those of `js/breaker.ts`; this adds the sharing, and
 * a threshold by share.
 *
 * A closed breaker is read from the store once in a while, and written only when something failed: so it costs a healthy
 * route next to nothing, and another process learns of an open one within `refreshMs`. The share of failures is counted
 * by each process for itself; what it leads to, an open breaker, is shared.
 */

import { admit, type BreakerConfig, type BreakerState, CLOSED, type Outcome, record, release } from "../breaker.ts";
import type { Cells } from "./cells.ts";

export interface CircuitOptions extends Partial<BreakerConfig> {
  /** Opens, too, when this share of the calls of `rateWindowMs` failed. Left out: only failures in a row count. */
  readonly failureRate?: number;
  /** Default 60,000. */
  readonly rateWindowMs?: number;
  /** So many calls at least before a share says anything. Default 20. */
  readonly rateMinimum?: number;
  /** How old a healthy state may be. Default 500. */
  readonly refreshMs?: number;
}

export interface Circuits {
  /** Until when it is open; nothing where a call may go out. Takes no probe's place. */
  closedUntil(keys: readonly string[]): Promise<number | undefined>;
  /** Asks for all of them. What was admitted has to be told how it went, or released. */
  admit(keys: readonly string[]): Promise<{ readonly probes: readonly string[]; readonly retryAt?: number }>;
  tell(key: string, outcome: Outcome): Promise<void>;
  release(keys: readonly string[]): Promise<void>;
  /** Those that are not closed. */
  states(): Promise<readonly (readonly [key: string, state: BreakerState])[]>;
}

interface Known {
  state: BreakerState;
  readAt: number;
  calls: number;
  failures: number;
  since: number;
}

/** Breakers that this process has in mind. */
const MOST = 10_000;
/** A state is forgotten after this long without news, in milliseconds. */
const KEPT = 24 * 3_600_000;
const PREFIX = "gate/circuit/";

export function circuits(cells: Cells, now: () => number, options: CircuitOptions = {}): Circuits {
  const config: BreakerConfig = {
    failureThreshold: options.failureThreshold ?? 5,
    recoveryTimeoutMs: options.recoveryTimeoutMs ?? 30_000,
    probeTimeoutMs: options.probeTimeoutMs ?? 30_000,
  };
  const { failureRate, rateWindowMs = 60_000, rateMinimum = 20, refreshMs = 500 } = options;
  const known = new Map<string, Known>();
  const cell = (key: string): string => `${PREFIX}${encodeURIComponent(key)}`;
  const healthy = (state: BreakerState): boolean => state.kind === "closed" && state.failures === 0;

  function remember(key: string, state: BreakerState): Known {
    const one = known.get(key) ?? { state, readAt: 0, calls: 0, failures: 0, since: now() };
    one.state = state;
    one.readAt = now();
    known.set(key, one);
    const [oldest] = known.keys();
    if (known.size > MOST && oldest !== undefined) known.delete(oldest);
    return one;
  }

  async function look(key: string): Promise<Known> {
    const one = known.get(key);
    const age = one === undefined ? Number.POSITIVE_INFINITY : now() - one.readAt;
    if (one !== undefined && age >= 0 && age < refreshMs && healthy(one.state)) return one;
    const { value } = await cells.read<BreakerState>(cell(key));
    return remember(key, value ?? CLOSED);
  }

  async function move(key: string, change: (state: BreakerState) => BreakerState): Promise<void> {
    const written = await cells.change<BreakerState>(cell(key), (value) => {
      const state = value ?? CLOSED;
      const next = change(state);
      return same(state, next) ? undefined : { value: next, expires: Math.ceil(now()) + KEPT };
    });
    remember(key, written ?? CLOSED);
  }

  /** The share of failures that this process has seen; a window ends by beginning anew. */
  function rateTrips(one: Known, outcome: Outcome): boolean {
    if (now() - one.since > rateWindowMs) [one.calls, one.failures, one.since] = [0, 0, now()];
    one.calls += 1;
    if (outcome === "failure") one.failures += 1;
    if (failureRate === undefined || one.calls < rateMinimum) return false;
    return one.failures / one.calls >= failureRate;
  }

  return {
    async closedUntil(keys) {
      for (const key of keys) {
        const { state } = await look(key);
        const { admission } = admit(state, now(), config);
        if (!admission.admitted) return admission.retryAt;
      }
      return undefined;
    },

    async admit(keys) {
      const probes: string[] = [];
      for (const key of keys) {
        const { state } = await look(key);
        if (healthy(state)) continue;
        let admission = admit(state, now(), config).admission;
        if (admission.admitted && admission.probe) {
          // The one place of a probe is taken in the store: of two processes one gets it.
          await move(key, (current) => {
            const answer = admit(current, now(), config);
            admission = answer.admission;
            return answer.state;
          });
        }
        if (!admission.admitted) {
          await this.release(probes);
          return { probes: [], retryAt: admission.retryAt };
        }
        if (admission.probe) probes.push(key);
      }
      return { probes };
    },

    async tell(key, outcome) {
      const one = await look(key);
      const trips = rateTrips(one, outcome);
      if (trips) [one.calls, one.failures] = [0, 0];
      if (outcome === "success" && healthy(one.state) && !trips) return;
      await move(key, (state) => {
        const next = record(state, outcome, now(), config);
        return trips && next.kind === "closed" ? { kind: "open", openedAt: now(), trips: 1 } : next;
      });
    },

    async release(keys) {
      for (const key of keys) await move(key, release);
    },

    async states() {
      const found: [string, BreakerState][] = [];
      for await (const [key, state] of cells.all<BreakerState>(PREFIX)) {
        if (!healthy(state)) found.push([decodeURIComponent(key.slice(PREFIX.length)), state]);
      }
      return found;
    },
  };
}

function same(a: BreakerState, b: BreakerState): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
