/** A call that costs nothing. One that fails does not count. */

import type { Identity } from "./identity.ts";
import type { Parts } from "./parts.ts";
import type { Route } from "./routes.ts";
import { PAYMENT_HEADER, type Sale } from "./sale.ts";

export function freeSale(parts: Parts, route: Route, identity: Identity, circuits: readonly string[]): Sale {
  const since = parts.now();
  let open = true;

  async function end(how: "success" | "failure" | undefined, counts: boolean): Promise<void> {
    if (!open) return;
    open = false;
    if (how !== undefined) for (const key of circuits) await parts.circuits.tell(key, how).catch(parts.onError);
    if (!counts && route.free !== undefined) {
      await parts.free.giveBack(route.name, identity.id, route.free).catch(parts.onError);
    }
    const at = parts.now();
    parts.happened({ what: "free", at, route: route.name, client: identity.id, tier: identity.tier, ms: at - since });
  }

  return {
    take: "free",
    payment: undefined,
    client: identity.id,
    tier: identity.tier,
    payer: undefined,
    timeoutMs: route.timeoutMs ?? 30_000,
    maxResponseBytes: route.maxResponseBytes ?? 10 * 1024 * 1024,
    begin: async () => undefined,
    async answered(status) {
      await end(status >= 500 ? "failure" : "success", status < 400);
      return { kind: "send", headers: { [PAYMENT_HEADER]: "free" } };
    },
    async failed(error) {
      await end(error === "client_gone" ? undefined : "failure", false);
      return { [PAYMENT_HEADER]: "free" };
    },
    broke: async () => undefined,
  };
}
