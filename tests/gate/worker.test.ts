/** The gate in real workerd, as a middleware of Hono. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { bundle, coreModule } from "../stores/edge/bundle.ts";
import { entryOf, sign, withPayment } from "./support.ts";

test("Workers: delivery before payment, and what is owed is signed", async (t) => {
  const worker = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-01-01",
    modules: [
      { type: "ESModule", path: "worker.js", contents: await bundle("../../gate/edge/worker.ts", "workerd") },
      { type: "CompiledWasm", path: "core.wasm", contents: coreModule() },
    ],
  });
  t.after(() => worker.dispose());
  const base = String(await worker.ready).replace(/\/$/, "");
  const buy = async (path: string): Promise<Response> => {
    const entry = await entryOf(await fetch(base + path));
    return fetch(base + path, withPayment({}, sign(entry)));
  };
  const good = await buy("/good");
  assert.equal(good.status, 200, await good.clone().text());
  assert.deepEqual(await good.json(), { ok: true });
  const bad = await buy("/bad");
  assert.deepEqual([bad.status, bad.headers.get("Tollwarden-Payment")], [500, "not-charged"]);
  const before = await buy("/before");
  assert.deepEqual([before.status, before.headers.get("Tollwarden-Payment")], [500, "refund-owed"]);
  assert.deepEqual(await (await fetch(`${base}/iou`)).json(), { good: true });
  assert.equal(await (await fetch(`${base}/settled`)).text(), "2");
  const [books] = (await (await fetch(`${base}/books`)).json()) as [{ paid: string; delivered: string; owed: string }];
  assert.deepEqual([books.paid, books.delivered, books.owed], ["20000", "10000", "10000"]);
});
