/**
 * The clock that budgets go by. A clock that is set forward would empty every rolling window, so it is checked before
 * anything is paid:
 *
 * - against the store's clock, where it has one: more than 30 s off is `clock_skew`;
 * - against the time that has passed in this process, by a clock that nobody sets: a host's clock that went further is
 *   `clock_jump`. An idle night is none, since both went through it.
 *
 * A machine that was suspended looks like a jump where the steady clock stood still meanwhile. Node is asked for the
 * machine's uptime then, which counts it; a store with a clock is asked too. Where neither can tell, nothing is paid until
 * the control accepts the time, or the process starts anew. A clock that is set back needs no check: the ledger's time is
 * the latest it has seen.
 *
 * What can't be seen: a clock that was wrong when the process began, with a store that has none.
 */

import { builtin } from "./builtin.ts";
import { WardenUnavailable } from "./errors.ts";

/** How far clocks may differ, in milliseconds. */
export const MAX_SKEW = 30_000;
/** How far they may drift apart on top of it: a thousandth, twice what time daemons correct at most. */
const DRIFT = 1 / 1_000;
/** The store's clock is asked at most so often while it agrees, in milliseconds. */
const ASKED_EVERY = 60_000;

export interface ClockOptions {
  /** The host's clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /**
   * A clock that nobody sets, in milliseconds from anywhere. Default `performance.now`; but none beside a `now` of your
   * own, which is believed.
   */
  readonly monotonic?: (() => number) | undefined;
  /** The store's clock, where it has one. */
  readonly storeNow?: (() => Promise<number>) | undefined;
}

export type Reading =
  | { readonly ok: true; readonly at: number }
  | { readonly ok: false; readonly reason: "clock_jump" | "clock_skew"; readonly message: string };

export interface Clock {
  /** The time, or why it can't be believed. Throws `WardenUnavailable` where there is none. */
  read(): Promise<Reading>;
  /** From now on the host's clock, as it stands, is the right one. It has still to agree with the store's. */
  accept(): void;
}

export function createClock(options: ClockOptions = {}): Clock {
  const now = options.now ?? Date.now;
  const own = options.now !== undefined;
  const monotonic = options.monotonic ?? (own ? undefined : () => performance.now());
  const uptime = own || options.monotonic !== undefined ? undefined : machineUptime();
  const { storeNow } = options;

  /** Both clocks at one moment. It stays: one that followed the host's clock could be led away by small steps. */
  let anchor = mark();
  /** When the store's clock agreed last, by the steadiest clock there is. */
  let agreed: number | undefined;

  function mark(): { readonly wall: number; readonly steady: number; readonly up: number } {
    return { wall: told(now, "clock"), steady: steadyNow(), up: uptime?.() ?? 0 };
  }

  function steadyNow(): number {
    return monotonic === undefined ? told(now, "clock") : told(monotonic, "monotonic clock");
  }

  /** How much further the host's clock went than time did, in milliseconds; 0 where it may have. */
  function jump(wall: number): number {
    if (monotonic === undefined) return 0;
    const beyond = (passed: number) => wall - anchor.wall - passed - MAX_SKEW - Math.max(passed, 0) * DRIFT;
    if (beyond(steadyNow() - anchor.steady) <= 0) return 0;
    const passed = Math.max(steadyNow() - anchor.steady, uptime === undefined ? 0 : uptime() - anchor.up);
    return beyond(passed) <= 0 ? 0 : wall - anchor.wall - passed;
  }

  /** How far the host's clock is off the store's, in milliseconds, whenever within the question it was read. */
  async function skew(): Promise<number> {
    if (storeNow === undefined) return 0;
    const before = told(now, "clock");
    const theirs = await storeNow();
    const after = told(now, "clock");
    if (!Number.isFinite(theirs))
      throw new WardenUnavailable("store_unavailable", `the store's clock gave \`${theirs}\``);
    if (theirs < before) return before - theirs;
    return theirs > after ? theirs - after : 0;
  }

  return {
    async read() {
      const jumped = jump(told(now, "clock"));
      if (storeNow !== undefined && (jumped > 0 || agreed === undefined || steadyNow() - agreed >= ASKED_EVERY)) {
        agreed = undefined;
        const off = await skew();
        if (off > MAX_SKEW) {
          const message = `the host's clock is ${seconds(off)} off the store's; 30 s are the most`;
          return { ok: false, reason: "clock_skew", message };
        }
        agreed = steadyNow();
        // Two clocks that don't know of each other say the same: it was the steady one that stood still.
        if (jumped > 0) anchor = mark();
      } else if (jumped > 0) {
        const message = `the host's clock went ${seconds(jumped)} further than time did, since this process looked first`;
        return { ok: false, reason: "clock_jump", message };
      }
      return { ok: true, at: Math.floor(told(now, "clock")) };
    },
    accept() {
      anchor = mark();
      agreed = undefined;
    },
  };
}

/** Without a time, nothing is held: no hold would ever end. */
function told(clock: () => number, what: string): number {
  try {
    const at = clock();
    if (Number.isFinite(at)) return at;
    throw new RangeError(`the ${what} gave \`${at}\``);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WardenUnavailable("no_clock", `the time can't be told: ${message}`, cause);
  }
}

/** How long the machine has been up, with the time that it was suspended, where the runtime can say. */
function machineUptime(): (() => number) | undefined {
  const os = builtin("node:os") as { uptime?: () => number } | undefined;
  const uptime = os?.uptime;
  if (uptime === undefined) return undefined;
  try {
    uptime();
  } catch {
    return undefined; // Deno gives it by permission alone.
  }
  return () => {
    const up = uptime() * 1_000;
    return Number.isFinite(up) ? up : 0;
  };
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1_000)} s`;
}
