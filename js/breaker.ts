/**
 * The buyer's circuit breaker: after so many failures in a row, stop paying an origin (or a facilitator) for a while,
 * then let one call through to see.
 *
 * No dependency. A library such as cockatiel wants to own the call: it runs it, times it, throws. Here the verdict is a
 * *fact* for the core, which takes it into its decision and its record, so it has to be a value; and cockatiel 4 needs
 * Node 22. What is left to write is three states and their transitions, and those are pure.
 *
 * A breaker saves money and time; it is no limit. A key that the table forgot starts closed, and budgets hold regardless.
 * What is a failure is the caller's to say. It has to be said for every call that was admitted, and from the outcome
 * itself: a settlement that reports `success: false`, or a paid call answered with a 500, is a failure though nothing
 * was thrown.
 *
 * Times are milliseconds and come in as arguments. A clock that is set back delays a probe by one recovery time at most.
 */

/** `failures` in a row so far. */
export type BreakerState =
  | { readonly kind: "closed"; readonly failures: number }
  /** `trips`: how often it has opened since it was last closed. */
  | { readonly kind: "open"; readonly openedAt: number; readonly trips: number }
  /** One call is on its way to see whether it works again. */
  | { readonly kind: "half-open"; readonly probeSince: number; readonly openedAt: number; readonly trips: number };

export type Outcome = "success" | "failure";

/**
 * `probe`: this call alone decides whether the breaker closes. It has to be answered with `success`, `failure` or, where
 * it was not made after all, `release`.
 */
export type Admission =
  | { readonly admitted: true; readonly probe: boolean }
  /** `retryAt`: the earliest time at which it is worth asking again. */
  | { readonly admitted: false; readonly retryAt: number };

export interface BreakerConfig {
  /** Failures in a row that open it. 5 unless given. */
  readonly failureThreshold: number;
  /** How long it stays open before a probe. 30,000 ms unless given. */
  readonly recoveryTimeoutMs: number;
  /** After this long without an answer, a probe counts as lost and the next call is one. 30,000 ms unless given. */
  readonly probeTimeoutMs: number;
}

export const CLOSED: BreakerState = { kind: "closed", failures: 0 };

/** May a call go out now? Gives the state to go on with, too: a probe that is admitted takes the one place. */
export function admit(
  state: BreakerState,
  now: number,
  config: BreakerConfig,
): { readonly state: BreakerState; readonly admission: Admission } {
  if (state.kind === "closed") return { state, admission: { admitted: true, probe: false } };

  // A stamp from the future means that the clock was set back: count from now, or it would stay open for all that time.
  const openedAt = Math.min(state.openedAt, now);
  const since = state.kind === "open" ? openedAt : Math.min(state.probeSince, now);
  const retryAt = since + (state.kind === "open" ? config.recoveryTimeoutMs : config.probeTimeoutMs);
  // Written so that a time that is not a number admits nothing.
  if (!(now >= retryAt)) {
    const waiting: BreakerState =
      state.kind === "open" ? { ...state, openedAt } : { ...state, openedAt, probeSince: since };
    return { state: waiting, admission: { admitted: false, retryAt } };
  }
  return {
    state: { kind: "half-open", probeSince: now, openedAt, trips: state.trips },
    admission: { admitted: true, probe: true },
  };
}

/** The state after a call came back. */
export function record(state: BreakerState, outcome: Outcome, now: number, config: BreakerConfig): BreakerState {
  if (outcome !== "success" && outcome !== "failure") {
    throw new TypeError(`an outcome is \`success\` or \`failure\`, not \`${String(outcome)}\``);
  }
  switch (state.kind) {
    case "closed": {
      if (outcome === "success") return CLOSED;
      const failures = state.failures + 1;
      return failures < config.failureThreshold
        ? { kind: "closed", failures }
        : { kind: "open", openedAt: now, trips: 1 };
    }
    case "open":
      // A call that set out before it opened. It neither closes it, nor opens it once more, nor prolongs it.
      return state;
    case "half-open":
      return outcome === "success" ? CLOSED : { kind: "open", openedAt: now, trips: state.trips + 1 };
  }
}

/** The state after a probe that was admitted and then not made: open as before, and due for another one at once. */
export function release(state: BreakerState): BreakerState {
  return state.kind === "half-open" ? { kind: "open", openedAt: state.openedAt, trips: state.trips } : state;
}

/** Keys in a table. Beyond it, the key that was not used for the longest time is forgotten. */
export const MAX_KEYS = 1_000;

export interface BreakerSnapshot {
  readonly version: 1;
  /** The key used last comes last. */
  readonly keys: readonly (readonly [key: string, state: BreakerState])[];
}

export interface BreakerOptions extends Partial<BreakerConfig> {
  /** Milliseconds since the epoch. `Date.now` unless given. */
  readonly now?: () => number;
  /** What another breaker's `toJSON` gave. A probe that it was waiting for is waited for here too, up to its time-out. */
  readonly from?: BreakerSnapshot;
}

export interface Breaker {
  /** May a call to this key go out now? */
  admit(key: string): Admission;
  success(key: string): void;
  failure(key: string): void;
  /** For an admission with `probe: true` whose call was not made: denied further on, or given up. */
  release(key: string): void;
  /** As a fact for a decision. Looking at it changes nothing. */
  state(key: string): BreakerState;
  toJSON(): BreakerSnapshot;
}

/** Breakers for many keys, each an origin such as `https://api.example.com` or a facilitator's address. */
export function createBreaker(options: BreakerOptions = {}): Breaker {
  const config: BreakerConfig = {
    failureThreshold: positive("failureThreshold", options.failureThreshold ?? 5),
    recoveryTimeoutMs: positive("recoveryTimeoutMs", options.recoveryTimeoutMs ?? 30_000),
    probeTimeoutMs: positive("probeTimeoutMs", options.probeTimeoutMs ?? 30_000),
  };
  const clock = options.now ?? Date.now;
  // In order of use, as a Map keeps its insertions in order. Keys without a failure are not in it at all.
  const states = new Map<string, BreakerState>();

  function now(): number {
    const at = clock();
    if (!Number.isFinite(at)) throw new RangeError(`the breaker's clock gave \`${at}\``);
    return at;
  }

  function put(key: string, state: BreakerState): void {
    states.delete(key);
    if (state.kind === "closed" && state.failures === 0) return;
    states.set(key, state);
    if (states.size <= MAX_KEYS) return;
    const [oldest] = states.keys();
    if (oldest !== undefined) states.delete(oldest);
  }

  const stateOf = (key: string) => states.get(key) ?? CLOSED;

  for (const [key, state] of options.from === undefined ? [] : checkSnapshot(options.from).keys) put(key, state);

  return {
    admit(key) {
      const { state, admission } = admit(stateOf(key), now(), config);
      put(key, state);
      return admission;
    },
    success: (key) => put(key, record(stateOf(key), "success", now(), config)),
    failure: (key) => put(key, record(stateOf(key), "failure", now(), config)),
    release: (key) => put(key, release(stateOf(key))),
    state: stateOf,
    toJSON: () => ({ version: 1, keys: [...states] }),
  };
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`\`${name}\` must be a whole number above 0, not \`${value}\``);
}

/** A snapshot has been outside of the process: what is wrong in it is an error, and never a breaker that reads as closed. */
function checkSnapshot(snapshot: BreakerSnapshot): BreakerSnapshot {
  if (snapshot?.version !== 1 || !Array.isArray(snapshot.keys)) {
    throw new TypeError("this is no snapshot of a breaker that this release can read");
  }
  return { version: 1, keys: snapshot.keys.map(([key, state]) => [key, checkState(key, state)] as const) };
}

function checkState(key: unknown, state: BreakerState): BreakerState {
  const wrong = () => new TypeError(`a breaker's snapshot has no valid state for \`${String(key)}\``);
  const count = (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0) throw wrong();
    return value;
  };
  const time = (value: number) => {
    if (!Number.isFinite(value)) throw wrong();
    return value;
  };
  if (typeof key !== "string") throw wrong();
  switch (state?.kind) {
    case "closed":
      return { kind: "closed", failures: count(state.failures) };
    case "open":
      return { kind: "open", openedAt: time(state.openedAt), trips: count(state.trips) };
    case "half-open":
      return {
        kind: "half-open",
        probeSince: time(state.probeSince),
        openedAt: time(state.openedAt),
        trips: count(state.trips),
      };
    default:
      throw wrong();
  }
}
