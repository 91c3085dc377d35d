/** The decision service in real workerd, with a Durable Object for each ledger. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { remoteWarden } from "../../js/remote/index.ts";
import { offer } from "../cli/support.ts";
import { bundle, coreModule } from "../stores/edge/bundle.ts";
import { WEATHER } from "./support.ts";

test("a Worker with a Durable Object for each ledger: exactly what fits is paid, and no ledger knows of another", async (t) => {
  const worker = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-01-01",
    durableObjects: { LEDGER: { className: "LedgerObject", useSQLite: true } },
    modules: [
      { type: "ESModule", path: "worker.js", contents: await bundle("../../service/edge/worker.ts", "workerd") },
      { type: "CompiledWasm", path: "core.wasm", contents: coreModule() },
    ],
  });
  t.after(() => worker.dispose());
  await worker.ready;
  // By the platform's own way in: what a host is, is for it to say.
  const through = (async (input: string, init?: RequestInit) =>
    worker.dispatchFetch(input, init as never)) as unknown as typeof fetch;

  async function ledger(host: string) {
    const { admin, agent } = (await (await through(`https://${host}/test-keys`)).json()) as {
      admin: string;
      agent: string;
    };
    const open = () => remoteWarden({ url: `https://${host}`, key: agent, fetch: through, timeoutMs: 30_000 });
    const get = async (path: string) => {
      const response = await through(`https://${host}${path}`, { headers: { authorization: `Bearer ${admin}` } });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    return { open, get, agent };
  }

  const one = await ledger("team-a.example");
  const wardens = await Promise.all([one.open(), one.open()]);
  let paid = 0;
  await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      for (let i = 0; i < 4; i++) {
        const warden = wardens[n % 2];
        const decision = await warden?.authorize({ url: `${WEATHER}/${n}/${i}`, offer: offer() });
        if (decision?.action !== "allow") continue;
        const ticket = await warden?.ticket(decision.id);
        if (ticket?.ok !== true) continue;
        paid += 1;
        await warden?.settle(decision.id, { outcome: "captured" });
      }
    }),
  );
  assert.equal(paid, 20, "20 cents, a cent each");
  const { body } = await one.get("/v1/budgets");
  assert.deepEqual(
    JSON.parse(JSON.stringify(body.budgets)).map(({ spent, held }: Record<string, string>) => [spent, held]),
    [["0.2", "0"]],
  );

  const two = await ledger("team-b.example");
  const other = await two.open();
  assert.equal(
    (await other.authorize({ url: WEATHER, offer: offer() })).action,
    "allow",
    "another ledger, another budget",
  );
  await assert.rejects(
    remoteWarden({ url: "https://team-b.example", key: one.agent, fetch: through }),
    /401/,
    "and other keys",
  );
  assert.ok(((await one.get("/v1/decisions")).body.rows as unknown[]).length > 0);
  assert.equal((await one.get("/v1/overview")).status, 200);
});
