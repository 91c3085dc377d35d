/** The decision service in a Cloudflare Worker: a Durable Object for each ledger, and nothing else to run. */

import { durableObjectStore, type LedgerNamespace, LedgerObject } from "tollwarden/durable-objects";
import { createService, serviceMemory } from "tollwarden/service";

export { LedgerObject };

interface Env {
  readonly LEDGER: LedgerNamespace;
  /** The policy's text. */
  readonly POLICY: string;
  /** The ledger's name. One for each group of agents that share budgets. */
  readonly SCOPE: string;
  /** Where the service is reached: its own name in `Host`, and in its cookies. */
  readonly URL: string;
  /** Set by hand for the first start, and taken away afterwards: whoever has it is shown the operator's key, once. */
  readonly SETUP?: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

const memory = serviceMemory();

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const store = await durableObjectStore(env.LEDGER, { scope: env.SCOPE });
    const waitUntil = (work: Promise<unknown>): void => context.waitUntil(work);
    const service = await createService({ policy: env.POLICY, store, url: env.URL, memory, waitUntil });
    const { pathname } = new URL(request.url);
    if (pathname === "/setup" && request.method === "POST") return setup(request, env, service.keys.first);
    return service.fetch(request);
  },
};

async function setup(request: Request, { SETUP }: Env, first: () => Promise<string | undefined>): Promise<Response> {
  const given = request.headers.get("authorization") ?? "";
  if (SETUP === undefined || SETUP.length < 32 || !(await same(given, `Bearer ${SETUP}`))) {
    return new Response("not found\n", { status: 404 });
  }
  const key = await first();
  return new Response(key === undefined ? "there is an operator's key already\n" : `${key}\n`, {
    status: key === undefined ? 409 : 200,
    headers: { "cache-control": "no-store" },
  });
}

/** Takes the same time wherever they differ. */
async function same(a: string, b: string): Promise<boolean> {
  const digest = async (text: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const [one, other] = [await digest(a), await digest(b)];
  return one.reduce((different, byte, place) => different | (byte ^ (other[place] ?? 0)), 0) === 0;
}
