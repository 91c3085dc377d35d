/** The Worker of `worker.test.ts`: the decision service, opened in each request, with a Durable Object for each host. */

import { createService, serviceMemory } from "../../../js/service/workerd.ts";
import { durableObjectStore, type LedgerNamespace, LedgerObject } from "../../../js/stores/durable.ts";

export { LedgerObject };

const memory = serviceMemory();

interface Env {
  readonly LEDGER: LedgerNamespace;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

const policy = { payment: { max_usd: "1" }, budgets: [{ name: "daily", limit_usd: "0.20", window: "24h" }] };

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const url = new URL(request.url);
    const store = await durableObjectStore(env.LEDGER, { scope: url.hostname });
    const waitUntil = (work: Promise<unknown>): void => context.waitUntil(work);
    const service = await createService({ policy, store, url: url.origin, memory, waitUntil });
    if (url.pathname === "/test-keys") {
      const admin = await service.keys.first();
      const agent = await service.keys.add({ name: "a", scopes: ["evaluate", "settle"], agent: "a" });
      return Response.json({ admin, agent: agent.key });
    }
    return service.fetch(request);
  },
};
