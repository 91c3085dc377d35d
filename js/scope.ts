/**
 * Whose payment it is: agent, session, client, and the limits of the call. A scope travels with the asynchronous call
 * chain where the runtime can do that (`AsyncLocalStorage`); what stands nearer to the payment wins.
 */

export interface Scope {
  /** The agent's name; budgets `per = "agent"` count by it. */
  readonly agent?: string;
  /** The session's name; budgets with `window = "session"` count by it. */
  readonly session?: string;
  /** The client on whose behalf the agent acts. */
  readonly client?: string;
  /** The most that one call may cost, in US dollars as a decimal text. */
  readonly maxUsd?: string;
  /** The networks that the call may use. */
  readonly network?: string | readonly string[];
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
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const hooks = host.process?.getBuiltinModule?.("node:async_hooks") as
    | { AsyncLocalStorage: new () => Carrier<T> }
    | undefined;
  return hooks === undefined ? undefined : new hooks.AsyncLocalStorage();
}

/** The members of an event that a scope gives. */
export function scopeMembers(scope: Scope): Record<string, unknown> {
  const { agent, session, client, maxUsd, network, idempotencyKey } = scope;
  const members = { agent, session, client, max_usd: maxUsd, network, idempotency_key: idempotencyKey };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
