/**
 * Whose payment it is: agent, session, client, and the limits of the call. A scope travels with the asynchronous call
 * chain where the runtime can do that (`AsyncLocalStorage`). Names are those that stand nearest to the payment; of limits,
 * each holds, so that no inner call can lift an outer one's.
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

/** One scope within another. A member that is `undefined` names nothing. */
export function within(outer: Scope, inner: Scope | undefined): Scope {
  const named: Scope = Object.fromEntries(Object.entries(inner ?? {}).filter(([, value]) => value !== undefined));
  const both: Scope = { ...outer, ...named };
  const maxUsd =
    outer.maxUsd !== undefined && named.maxUsd !== undefined ? lower(outer.maxUsd, named.maxUsd) : undefined;
  const network =
    outer.network !== undefined && named.network !== undefined ? shared(outer.network, named.network) : undefined;
  return { ...both, ...(maxUsd === undefined ? {} : { maxUsd }), ...(network === undefined ? {} : { network }) };
}

/** Which of two limits the core is told of. One that is no plain decimal goes to the core, which refuses it. */
function lower(a: string, b: string): string {
  const strange = [a, b].find((text) => !/^\d{1,30}(\.\d{1,18})?$/.test(String(text)));
  if (strange !== undefined) return strange;
  const scaled = (text: string): bigint => {
    const [whole = "0", part = ""] = String(text).split(".");
    return BigInt(whole + part.padEnd(18, "0"));
  };
  return scaled(a) <= scaled(b) ? a : b;
}

/** The networks that both name in the same words. An empty list lets none through. */
function shared(a: string | readonly string[], b: string | readonly string[]): readonly string[] {
  const first = [a].flat();
  return [b].flat().filter((name) => first.includes(name));
}

/** The members of an event that a scope gives. */
export function scopeMembers(scope: Scope): Record<string, unknown> {
  const { agent, session, client, maxUsd, network, idempotencyKey } = scope;
  const members = { agent, session, client, max_usd: maxUsd, network, idempotency_key: idempotencyKey };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
