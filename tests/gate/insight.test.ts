/** Figures, anomalies, the desk: what whoever answers for the money sees. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { anomalies } from "../../js/gate/anomaly.ts";
import { type Anomaly, openGateDesk, verifyIou } from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";
import { ALICE, BOB, books, listed, openGate, pay } from "./support.ts";

const HOUR = 3_600_000;

function course(options: { readonly minimum?: number } = {}) {
  const watch = anomalies(options);
  let at = 1_700_000_000_000;
  return {
    pay(usd: number, client = "c", step = 1_000): readonly Anomaly[] {
      at += step;
      return watch.note({ client, route: "r", at, usd, failed: false });
    },
    fail: (client = "c") => watch.note({ client, route: "r", at, usd: undefined, failed: true }),
  };
}

test("ten times as much is told, also of a client that always pays the same; twice as much is not", () => {
  const { pay } = course();
  for (let i = 0; i < 30; i++) assert.deepEqual(pay(0.01), []);
  assert.deepEqual(pay(0.02), [], "no variance is no reason");
  assert.deepEqual(pay(0.09), []);
  const [told] = pay(0.5);
  assert.equal(told?.kind, "payment_unusual");
  assert.ok((told?.usual ?? 0) < 0.02, String(told?.usual));
  assert.equal(pay(0.5)[0]?.kind, "payment_unusual", "a spike does not make itself usual");
});

test("the first figures of a client only teach, and a client that varies widely is let vary", () => {
  const { pay } = course();
  assert.deepEqual(pay(0.01), []);
  for (let i = 0; i < 6; i++) assert.deepEqual(pay(50), []);
  const wide = course();
  let told = 0;
  for (let i = 0; i < 400; i++) told += wide.pay(10 ** ((i * 7) % 5) / 1_000).length;
  assert.equal(told, 0);
});

test("an hour in which a client spends ten times its usual is told once; so are new payers and rows of failures", () => {
  const { pay, fail } = course();
  const kinds: string[] = [];
  for (let hour = 0; hour < 12; hour++) {
    for (let i = 0; i < 5; i++) pay(0.01, "c", HOUR / 5);
  }
  for (let i = 0; i < 200; i++) for (const { kind } of pay(0.01, "c", 1)) kinds.push(kind);
  assert.deepEqual(kinds, ["spend_spike"]);
  assert.deepEqual(
    pay(0.01, "stranger").map(({ kind }) => kind),
    ["new_payer"],
  );
  const failures = Array.from({ length: 30 }, () => fail()).flat();
  assert.deepEqual(
    failures.map(({ kind }) => kind),
    ["failure_spike"],
  );
});

test("an event costs the same after many as at first, and memory is bounded", () => {
  const watch = anomalies({ clients: 100 });
  const round = (from: number): number => {
    const since = performance.now();
    for (let i = 0; i < 20_000; i++) {
      watch.note({ client: `c${(from + i) % 5_000}`, route: "r", at: i, usd: 0.01, failed: false });
    }
    return performance.now() - since;
  };
  const times = [round(0), round(1), round(2), round(3), round(4)];
  assert.ok((times.at(-1) ?? 0) < 5 * Math.min(...times), times.join(" "));
});

test("figures by route, client and hour; what was counted here and what another process has counted", async () => {
  const store = memoryStore();
  const at = Date.parse("2026-01-05T10:30:00Z");
  const options = {
    store,
    now: () => at,
    routes: { "GET /a": { pay, price: "$0.01" }, "GET /b": { pay, price: "$1" } },
  };
  const found: Anomaly[] = [];
  const one = await openGate({ ...options, onAnomaly: (anomaly) => found.push(anomaly) });
  for (let i = 0; i < 3; i++) await one.buy("/a");
  await one.buy("/b", { from: BOB });
  await one.buy("/a", { handler: () => new Response("no", { status: 500 }) });
  const two = await openGate({ ...options, store });
  await two.buy("/a", { from: BOB });
  const routes = await one.gate.analytics({ by: ["route"] });
  const a = routes.find(({ route }) => route === "GET /a");
  assert.deepEqual([a?.captured, a?.void], [3, 1], "what the other has in memory is not seen yet");
  // The other one's are in the store when it has written them.
  const desk = openGateDesk({ store: { ...store, close: async () => undefined }, now: () => at });
  await two.gate.close().catch(() => undefined);
  const closing = await openGate({ ...options, store: memoryStore({ now: () => at }) });
  await closing.buy("/a");
  const lines = await closing.gate.analytics({ by: ["client"], from: at - HOUR, to: at + HOUR });
  assert.deepEqual(
    lines.map(({ client, captured, revenue }) => [client, captured, Object.values(revenue)]),
    [[`payer:${ALICE}`, 1, ["10000"]]],
  );
  assert.deepEqual(await closing.gate.analytics({ from: at + HOUR }), []);
  await desk.close();
});

test("a dispute ends in a refund that is owed, with the record as its evidence", async () => {
  const { gate, buy } = await openGate();
  await buy("/weather");
  const [record] = await listed(gate.payments());
  const id = record?.id ?? "";
  await gate.dispute(id, "alice", "it was last year's weather");
  await assert.rejects(gate.dispute(id, "alice", "again"), /disputed already/);
  await assert.rejects(gate.refunded(id, "x"), /nothing is owed/);
  const ended = await gate.resolveDispute(id, "refund", "she is right");
  assert.equal(ended.dispute?.outcome, "refund");
  const iou = ended.refund?.iou ?? assert.fail("nothing is owed");
  assert.ok(await verifyIou(iou, iou.key));
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "0", owed: "10000", unresolved: "0" });
  assert.equal((await listed(gate.payments({ disputed: true }))).length, 1);
  await gate.refunded(id, "0xback");
  await gate.refunded(id, "0xback twice");
  const [line] = await gate.books();
  assert.equal(line?.refunded, "10000");
});

test("after a crash what was under way is unresolved, and what was taken without a delivery is owed", async () => {
  let at = 1_700_000_000_000;
  const store = memoryStore({ now: () => at });
  const routes = {
    "GET /after": { pay, price: "$0.01", timeoutMs: 3_600_000 },
    "GET /before": { pay, price: "$0.01", take: "before", timeoutMs: 3_600_000 },
  } as const;
  const dead = await openGate({ store, routes, now: () => at });
  const stop = new AbortController();
  const never = (): Promise<Response> =>
    new Promise((resolve) => stop.signal.addEventListener("abort", () => resolve(new Response("late"))));
  const begun = ["/after", "/before"].map((path) => dead.buy(path, { handler: never }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const alive = await openGate({ store, routes, now: () => at });
  assert.deepEqual(await alive.gate.recover(), [], "somebody may still be at it");
  at += 11 * 60_000;
  assert.equal((await alive.gate.recover()).length, 2);
  assert.deepEqual(await books(alive.gate), { paid: "20000", delivered: "0", owed: "10000", unresolved: "10000" });
  stop.abort();
  await Promise.all(begun);
});
