/**
 * Whose payment it is: agent, session, client, and the limits of the call. A scope travels with the asynchronous call
 * chain where the runtime can do that (`AsyncLocalStorage`). Names are those that stand nearest to the payment; of limits,
 * each holds, so that no inner call can lift an outer one's.
 */

import { builtin } from "./builtin.ts";

export interface Scope {
  /** The agent's name; budgets `per = "agent"` count by it. */
  readonly agent?: string;
  /** The session's name; budgets with `window = "session"` count by it. */
  readonly session?: string;
  /** The client on whose behalf the agent acts. */
  readonly client?: string;
  /** The most that one call may cost, in US dollars as a decimal text; of several the strictest holds. */
  readonly maxUsd?: string | readonly string[];
  /** The networks that the call may use: one, or a list of which any will do; of several such lists all hold. */
  readonly network?: string | readonly string[] | readonly (readonly string[])[];
  /** Calls with the same key are the same intent: while one has an unknown outcome, no other is signed. */
  readonly idempotencyKey?: string;
  /** What was known of the caller: wallet, framework, and whatever else helps people. It decides nothing. */
  readonly metadata?: Readonly<Record<string, string>>;
}

interface Carrier<T> {
  getStore(): T | undefined;
  run<R>(value: T, work: () => R): R;
}

/** Found, not imported: a runtime without it still loads this module. */
export function carrier<T>(): Carrier<T> | undefined {
  const hooks = builtin("node:async_hooks") as { AsyncLocalStorage: new () => Carrier<T> } | undefined;
  return hooks === undefined ? undefined : new hooks.AsyncLocalStorage();
}

/**
 * One scope within another: what the inner one names wins, but a limit never lifts another. The limits of both go to
 * the core, which holds the payment to all of them. A member that is `undefined` names nothing.
 */
export function within(outer: Scope, inner: Scope | undefined): Scope {
  const named: Scope = Object.fromEntries(Object.entries(inner ?? {}).filter(([, value]) => value !== undefined));
  const maxUsd = [outer.maxUsd ?? [], named.maxUsd ?? []].flat();
  const network = [...networkLists(outer.network), ...networkLists(named.network)];
  return {
    ...outer,
    ...named,
    ...(maxUsd.length === 0 ? {} : { maxUsd }),
    ...(network.length === 0 ? {} : { network }),
  };
}

/** Networks as lists of which any will do, all of which hold. */
function networkLists(network: Scope["network"]): readonly (readonly string[])[] {
  if (network === undefined) return [];
  if (typeof network === "string") return [[network]];
  const nested = network.every((entry) => typeof entry !== "string");
  return nested && network.length > 0 ? (network as readonly (readonly string[])[]) : [network as readonly string[]];
}

/** The members of an event that a scope gives. */
export function scopeMembers(scope: Scope): Record<string, unknown> {
  const { agent, session, client, maxUsd, network, idempotencyKey } = scope;
  const members = { agent, session, client, max_usd: maxUsd, network, idempotency_key: idempotencyKey };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
