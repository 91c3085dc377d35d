/** A gate's audit log: the decision, what was delivered, and what is owed, in one chain that verifies. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { storedLog } from "../../js/audit/audit.ts";
import { verifyLog } from "../../js/audit/read.ts";
import { loadTools } from "../../js/core/tools.ts";
import { openGateDesk } from "../../js/gate/index.ts";
import { memoryStore, WardenUnavailable } from "../../js/index.ts";
import { bytes } from "../audit/support.ts";
import { BOB, books, listed, openGate, pay, refusedWith } from "./support.ts";

interface Line {
  readonly kind?: string;
  readonly event?: { readonly message?: string; readonly id?: string };
}

test("decision, delivery and what is owed are in the audit log, by the hold's id", async () => {
  const store = memoryStore();
  const { gate, buy, errors } = await openGate({
    store,
    audit: {},
    routes: {
      "GET /weather": { pay, price: "$0.01" },
      "GET /before": { pay, price: "$0.01", take: "before" },
    },
  });
  assert.equal((await buy("/weather")).status, 200);
  assert.equal((await buy("/before", { handler: () => new Response("no", { status: 500 }) })).status, 500);
  const [owed] = await listed(gate.payments({ owed: true }));
  await gate.refunded(owed?.id ?? "", "0xback");
  const lines = (await listed(storedLog(store))).map((line) => JSON.parse(line) as Line);
  const text = JSON.stringify(lines);
  for (const what of ["opened", "delivered", "refund_owed", "refund_paid"]) assert.match(text, new RegExp(what), what);
  const told = lines.find((line) => JSON.stringify(line).includes('"refund_owed"'));
  assert.ok(JSON.stringify(told).includes(owed?.hold ?? "-"), JSON.stringify(told));
  assert.match(JSON.stringify(told), /tollwarden refund owed/);
  // Nothing that could be used to pay is in it.
  assert.doesNotMatch(text, /1111111111111111111111111111111111111111111111/);
  assert.deepEqual(errors, []);
  assert.equal((await books(gate)).owed, "10000");
  await assert.rejects(openGate({ store }), WardenUnavailable);
  const kept = { ...store, close: async () => undefined };
  const blind = openGateDesk({ store: kept });
  assert.equal((await listed(blind.payments())).length, 2);
  await assert.rejects(blind.dispute(owed?.id ?? "", "alice", "no"), WardenUnavailable);
  const desk = openGateDesk({ store: kept, audit: {} });
  await desk.dispute(owed?.id ?? "", "alice", "it is late");
  await desk.close();
  const last = (await listed(storedLog(store))).at(-1) ?? "";
  assert.ok(last.includes("it is late") && last.includes('"disputed"'), last);
});

test("a gate's log verifies and replays: sold, failed, unresolved, refused, by two processes", async () => {
  const store = { ...memoryStore(), close: async () => undefined };
  const policy = {
    payment: { max_usd: "1" },
    budgets: [{ name: "day", limit_usd: "0.03", window: "day", per: "client" }],
  };
  const options = { store, audit: {}, policy, routes: { "GET /weather": { pay, price: "$0.01" } } } as const;
  const [one, two] = [await openGate(options), await openGate(options)];
  assert.equal((await one.buy("/weather")).status, 200);
  assert.equal(
    (await two.buy("/weather", { from: BOB, handler: () => new Response("no", { status: 500 }) })).status,
    500,
  );
  two.facilitator.settles = [new Error("timeout")];
  assert.equal((await two.buy("/weather", { from: BOB })).status, 502);
  two.facilitator.settles = [];
  // Another request: on the same quote, while nobody knows what became of the first payment, it would be the same intent.
  assert.equal((await two.buy("/weather?again", { from: BOB })).status, 200);
  for (let i = 0; i < 2; i++) assert.equal((await one.buy("/weather")).status, 200);
  await refusedWith(429, "budget_exceeded", await one.buy("/weather"));
  const lines = await listed(storedLog(store));
  assert.ok((await verifyLog(bytes(lines))).good);
  const replayer = new (loadTools().AuditReplayer)();
  for (const piece of bytes(lines)) replayer.push(piece);
  const replayed = JSON.parse(replayer.finish());
  assert.deepEqual([replayed.same, replayed.different], [true, 0], JSON.stringify(replayed.differences));
  assert.ok(replayed.records > 8, String(replayed.records));
});

test("a log that takes no more refuses, and nothing is taken", async () => {
  const failing = {
    name: "full",
    write: async () => {
      throw new Error("disk full");
    },
  };
  const { facilitator, buy } = await openGate({ audit: { sinks: [failing], maxBacklog: 0 } });
  const response = await buy("/weather");
  assert.equal(response.status, 503, await response.clone().text());
  assert.equal(response.headers.get("Tollwarden-Refusal"), "audit_unavailable");
  assert.equal(facilitator.settled.length, 0);
});
