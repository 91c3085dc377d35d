/**
 * tollwarden: a spending firewall for x402 payments.
 *
 * ```ts
 * const warden = await openWarden({ policy: "policy.toml", agent: "researcher" });
 * const pay = wrapFetchWithPayment(warden.fetch(fetch), warden.client(client));
 * ```
 */

import "./core/inline.ts";
import "./stores/default.ts";

export * from "./api.ts";
