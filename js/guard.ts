/** One function, or one run of an agent, as one session: `guard(options, fn)`, with `getWarden()` inside it. */

import { loadCore } from "./core/load.ts";
import type { Scope } from "./scope.ts";
import { openWarden, type Warden, type WardenOptions } from "./warden.ts";

/** A warden that is open already, or what to open one with; and whose payments these are. */
export type GuardOptions = WardenOptions | (Scope & { readonly warden: Warden });

/**
 * Wraps a function: each call is a session of its own, so that `window = "session"` budgets begin anew, unless the
 * options name a session. The warden is opened by the first call and shared by all.
 */
export function guard<A extends readonly unknown[], R>(
  options: GuardOptions,
  fn: (...args: A) => R | Promise<R>,
): (...args: A) => Promise<R> {
  let opened: Promise<Warden> | undefined;

  function open(): Promise<Warden> {
    if ("warden" in options) return Promise.resolve(options.warden);
    opened ??= openWarden(options).catch((error: unknown) => {
      // The next call tries again; this one fails, and nothing is paid.
      opened = undefined;
      throw error;
    });
    return opened;
  }

  return async (...args) => {
    const warden = await open();
    const { agent, client, maxUsd, network, metadata } = options;
    const named = Object.entries({ agent, client, maxUsd, network, metadata }).filter(
      ([, value]) => value !== undefined,
    );
    const scope: Scope = { ...Object.fromEntries(named), session: options.session ?? loadCore().drawId() };
    return warden.run(scope, async () => fn(...args));
  };
}
