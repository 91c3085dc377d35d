/**
 * `tollwarden/remote`: a warden whose ledger, and perhaps whose signer, are a decision service's.
 *
 * ```ts
 * const warden = await remoteWarden({ url: "http://127.0.0.1:8403", key: process.env.TOLLWARDEN_KEY });
 * const pay = wrapFetchWithPayment(warden.fetch(fetch), warden.client(client));
 * ```
 */

import type { AskOptions } from "../approvals/ask.ts";
import { loadCore } from "../core/load.ts";
import type { Pay } from "../fetch.ts";
import type { PaymentInfo } from "../paid.ts";
import { mustBeScreened } from "../privacy/open.ts";
import type { PrivacyOptions } from "../privacy/privacy.ts";
import type { Scope } from "../scope.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { type Warden, wardenOn } from "../warden.ts";
import { type ConnectionOptions, connect } from "./connection.ts";
import { type EmergencyOptions, withEmergency } from "./emergency.ts";
import { openRemoteLedger } from "./ledger.ts";

export type { Pay } from "../fetch.ts";
export type { Warden } from "../warden.ts";
export type { ConnectionOptions } from "./connection.ts";
export type { EmergencyOptions } from "./emergency.ts";

export interface RemoteOptions
  extends ConnectionOptions,
    AskOptions,
    PrivacyOptions,
    Pick<Scope, "maxUsd" | "network"> {
  /** `service`: the service signs; then pay with `warden.payingFetch({ pay: warden.pay })`. Default `own`. */
  readonly signer?: "own" | "service";
  /** What becomes of payments while the service does not answer: `closed` denies them. Default `closed`. */
  readonly failMode?: "closed" | "open";
  /** For `failMode: "open"`, which is nothing without it. */
  readonly emergency?: EmergencyOptions;
  /** The longest that a guarded fetch waits for a rate with `then = "delay"`, in milliseconds. Default 10,000. */
  readonly maxDelayMs?: number;
  /** What measures it: see `tollwarden/metrics` and `tollwarden/otel`. */
  readonly telemetry?: Telemetry;
  /** Called after each payment that was sent, with its hold's id. */
  readonly onPayment?: (payment: PaymentInfo) => void;
}

export interface RemoteWarden extends Warden {
  /** For `payingFetch`, where the service signs. */
  readonly pay: Pay;
}

/**
 * The same warden as a local one, on a decision service. Throws where the service can't be reached now, or does not prove
 * itself: it never opens in a weaker way than was asked.
 */
export async function remoteWarden(options: RemoteOptions): Promise<RemoteWarden> {
  const {
    url,
    key,
    timeoutMs,
    fetch: send,
    allowPlainHttp,
    signer = "own",
    failMode = "closed",
    emergency,
    ...rest
  } = options;
  const connection = connect({
    url,
    key,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(send !== undefined && { fetch: send }),
    ...(allowPlainHttp !== undefined && { allowPlainHttp }),
  });
  if ((failMode === "open") !== (emergency !== undefined)) {
    throw new TypeError('`failMode: "open"` and `emergency` belong together: what may be paid unasked has a budget');
  }
  const signs = signer === "service";
  if (signs && failMode === "open")
    throw new TypeError("where the service signs, nothing can be signed while it is away");
  const remote = await openRemoteLedger(connection, signs);
  const { privacy, name } = remote.policy;
  if (privacy !== null) mustBeScreened({ json: `{"privacy":${privacy}}`, name: name ?? "(of the service)" });
  if (emergency !== undefined) await core();
  const open = emergency === undefined ? undefined : await withEmergency(remote, connection, emergency);
  const { agent, session, client } = remote.who;
  const named = Object.fromEntries(
    Object.entries({ agent, session, client }).filter(([, value]) => value !== undefined),
  );
  // What can be presented again is kept in this process's memory alone.
  const store = memoryStore();
  const { warden } = wardenOn(open ?? remote, { ...rest, ...named, store, now: Date.now, log: undefined });
  const pay: Pay = async ({ id }) => {
    const payload = (remote.signed(id)?.payload as { readonly payload?: unknown } | undefined)?.payload;
    if (typeof payload !== "object" || payload === null)
      throw new TypeError('the service has signed nothing: open the warden with `signer: "service"`');
    return payload as Awaited<ReturnType<Pay>>;
  };
  const { close } = warden;
  return Object.assign(warden, {
    pay,
    close: async () => {
      await open?.finished();
      await open?.closeEmergency();
      await close();
    },
  });
}

/** The core judges the emergency budget; nothing else here needs it. */
async function core(): Promise<void> {
  try {
    loadCore();
  } catch {
    await import("../core/inline.ts");
    loadCore();
  }
}
