/** The local chain with sellers on it, and a guarded agent of the official packages. */

import assert from "node:assert/strict";
import { x402Client } from "@x402/core/client";
import { registerExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import type { PrivateKeyAccount } from "viem/accounts";
import type { Chain, Role } from "../../examples/localnet/chain.ts";
import type { Hostile } from "../../examples/localnet/hostile.ts";
import {
  type BudgetLine,
  type Control,
  memoryStore,
  openWardenWithControl,
  PaymentDenied,
  type Warden,
  type WardenOptions,
} from "../../js/index.ts";

/** A policy that lets the local sellers in and bounds what is paid. */
export function policyFor(origins: readonly string[], more: object = {}): object {
  return {
    origins,
    payment: { max_usd: "10" },
    budgets: [{ name: "daily", limit_usd: "20", window: "24h" }],
    ...more,
  };
}

export async function warden(options: Partial<WardenOptions> & { readonly policy: object }): Promise<Warden> {
  const opened = await openWardenWithControl({ store: memoryStore(), agent: "tester", ...options });
  controls.set(opened.warden, opened.control);
  return opened.warden;
}

const controls = new WeakMap<Warden, Control>();

/** The control of a warden that was opened here. */
export function controlOf(opened: Warden): Control {
  return controls.get(opened) ?? assert.fail("this warden was opened elsewhere");
}

export interface AgentOptions {
  /** Gets the client after it was guarded. */
  readonly tamper?: (client: x402Client) => void;
  /** `false`: the account signs by itself, and only the client is guarded. */
  readonly signer?: boolean;
  readonly inner?: typeof fetch;
  readonly account?: PrivateKeyAccount;
  readonly client?: x402Client;
}

/** The three lines of the README. */
export function guardedAgent(chain: Chain, opened: Warden, options: AgentOptions = {}): typeof fetch {
  const account = options.account ?? chain.accounts.agent.account;
  const signer = options.signer === false ? account : opened.signer(account);
  const client = options.client ?? new x402Client();
  registerExactEvmScheme(client, { signer });
  client.register("eip155:*", new UptoEvmScheme(signer));
  const guarded = opened.client(client);
  options.tamper?.(guarded);
  return wrapFetchWithPayment(opened.fetch(options.inner ?? fetch), guarded) as typeof fetch;
}

export interface Spy {
  readonly account: PrivateKeyAccount;
  /** What the key has signed, in order: the primary type of typed data, or the method's name. */
  readonly signed: string[];
}

/** An account that notes each signature that its key makes. */
export function spyOn(account: PrivateKeyAccount): Spy {
  const signed: string[] = [];
  const { sign, signMessage, signTransaction, signAuthorization, signTypedData } = account;
  /** The same method, noted by a name that may depend on its first argument. */
  const noted = <F>(method: F, name: (first: unknown) => string): F =>
    ((first: unknown, ...rest: readonly unknown[]) => {
      signed.push(name(first));
      return (method as (...args: readonly unknown[]) => unknown)(first, ...rest);
    }) as F;
  const watched = {
    ...account,
    sign: noted(sign, () => "sign"),
    signMessage: noted(signMessage, () => "signMessage"),
    signTransaction: noted(signTransaction, () => "signTransaction"),
    signAuthorization: noted(signAuthorization, () => "signAuthorization"),
    signTypedData: noted(signTypedData, (typed) => (typed as { readonly primaryType: string }).primaryType),
  };
  return { account: watched, signed };
}

/** The denial that a promise ends in, which must be one of ours and have this code. */
export async function deniedWith(code: string, promise: Promise<unknown>): Promise<PaymentDenied> {
  const error = await promise.then(
    (value) => assert.fail(`it went through, and should be denied with ${code}: ${String(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PaymentDenied, `not a PaymentDenied: ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

/** By how much each balance changes while `action` runs, in atomic units; only those that change. */
export async function moved(chain: Chain, action: () => Promise<unknown>): Promise<Partial<Record<Role, bigint>>> {
  const read = async () => {
    const roles = Object.keys(chain.accounts) as Role[];
    return Promise.all(roles.map(async (role) => [role, await chain.balanceOf(chain.accounts[role].address)] as const));
  };
  const before = new Map(await read());
  await action();
  const changes = (await read()).map(([role, after]) => [role, after - (before.get(role) ?? 0n)] as const);
  return Object.fromEntries(changes.filter(([, change]) => change !== 0n));
}

/** The one budget of `policyFor`. */
export async function daily(opened: Warden): Promise<Pick<BudgetLine, "held" | "spent">> {
  const line = (await opened.budgets()).find(({ name }) => name === "daily");
  return { held: line?.held ?? "0", spent: line?.spent ?? "0" };
}

/** How many payments have reached this path of the hostile seller, on either origin. */
export function arrived(hostile: Hostile, path: string): number {
  return hostile.requests.filter((request) => request.path === path && request.payment !== undefined).length;
}
