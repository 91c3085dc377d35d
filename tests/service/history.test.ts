/** What operators see: the feed as it happens and after a restart, figures, exports, the log's verdict. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { jsonlSink } from "../../js/audit.ts";
import { memoryStore, type Store, sqliteStore } from "../../js/index.ts";
import { openHistory } from "../../js/service/history.ts";
import { createService, serve } from "../../js/service/index.ts";
import { offer } from "../cli/support.ts";
import { callsOf, must, POLICY, running, WEATHER } from "./support.ts";

const ASK = { url: WEATHER, offer: offer() };

/** The events of a stream, as they come. */
async function* eventsOf(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<{ event: string; data: Record<string, unknown>; id: string | undefined }> {
  const response = await fetch(`${url}/v1/events`, { headers, signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of must(response.body)) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = Object.fromEntries(
        text
          .slice(0, end)
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      text = text.slice(end + 2);
      if (lines.event !== undefined) yield { event: lines.event, data: JSON.parse(lines.data ?? "null"), id: lines.id };
    }
  }
}

test("the feed tells what happens as it does, and after a break what was missed", async (t) => {
  const { url, call, agent, admin } = await running(t);
  const key = await agent("a");
  const stop = new AbortController();
  t.after(() => stop.abort());
  const events = eventsOf(url, { authorization: `Bearer ${admin}` }, stop.signal);
  const first = events.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await call(key, "POST", "/v1/authorize", { ...ASK, id: "p1" });
  const { event, data, id } = must((await first).value);
  assert.deepEqual([event, data.kind, data.id, data.action, id], ["row", "decision", "a~p1", "allow", data.seq]);
  await call(key, "POST", "/v1/authorize", { ...ASK, id: "film", offer: offer("600000") });
  const words: string[] = [];
  while (words.length < 2) {
    const { event: name, data: told } = must((await events.next()).value);
    words.push(name === "changed" ? `changed ${String(told.what)}` : `row ${String(told.id)}`);
  }
  assert.ok(words.includes("changed approvals") && words.includes("row a~film"), words.join());
  const again = eventsOf(url, { authorization: `Bearer ${admin}`, "last-event-id": must(id) }, stop.signal);
  assert.equal(must((await again.next()).value).data.id, "a~film");
});

test("a server that stops lets the feed go, and takes nothing more on connections that are open", {
  timeout: 120_000,
}, async () => {
  const service = await createService({ policy: POLICY, store: memoryStore() });
  const serving = await serve(service);
  const admin = must(await service.keys.first());
  const feed = await fetch(`${serving.url}/v1/events`, { headers: { authorization: `Bearer ${admin}` } });
  // Far longer than this test: it would wait for the feed, and for the connection that stays open.
  const stopping = serving.stop(3_600_000);
  assert.match(await feed.text(), /^retry: /);
  await stopping;
  await service.close();
});

test("the history, its figures and its samples are there after a restart, and in another process", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-service-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "ledger.sqlite");
  const open = async (store: Store) => {
    const service = await createService({ policy: POLICY, store });
    const serving = await serve(service);
    return {
      service,
      call: callsOf(serving.url),
      end: async () => {
        await service.close();
        await serving.stop(50);
      },
    };
  };
  const one = await open(await sqliteStore(path));
  const admin = must(await one.service.keys.first());
  assert.equal(await one.service.keys.first(), undefined, "the first key is told once");
  const key = (await one.service.keys.add({ name: "a", scopes: ["evaluate", "settle"], agent: "a" })).key;
  const other = await open(await sqliteStore(path));
  for (const id of ["p1", "p2"]) await one.call(key, "POST", "/v1/authorize", { ...ASK, id });
  await one.call(key, "POST", "/v1/payments/p1/settle", { outcome: "captured" });
  await one.service.flush();
  let seen = 0;
  for (let tries = 0; tries < 100 && seen < 2; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen = (await other.call(admin, "GET", "/v1/decisions")).body.rows.length;
  }
  assert.equal(seen, 2, "another process on the same store sees them");
  await other.end();
  await one.end();

  const later = await open(await sqliteStore(path));
  assert.equal(await later.service.keys.first(), undefined);
  const { rows } = (await later.call(admin, "GET", "/v1/decisions?kind=all")).body;
  assert.deepEqual(
    rows.map(({ kind, id }: Record<string, string>) => `${kind} ${id}`),
    ["settle a~p1", "decision a~p2", "decision a~p1"],
  );
  const { day, open_holds: openHolds } = (await later.call(admin, "GET", "/v1/overview")).body;
  assert.deepEqual([day.allowed, day.captured, day.spent_usd, openHolds], [2, 1, "0.01", 1]);
  const page = (await later.call(admin, "GET", "/v1/agents/a")).body;
  assert.deepEqual(
    [page.party.allowed, page.budgets[0].spent, page.series.length, page.keys.length],
    [2, "0.01", 1, 1],
  );
  const { series } = (await later.call(admin, "GET", "/v1/budgets/series")).body;
  assert.equal(series[0].points.at(-1).spent, "0.01");
  await later.end();
});

test("a HEAD for the feed listens to nothing, and takes no listener's place", async (t) => {
  const { url, service, admin } = await running(t);
  const ask = (method: string): Promise<Response> =>
    service.fetch(new Request(`${url}/v1/events`, { method, headers: { authorization: `Bearer ${admin}` } }));
  for (let n = 0; n < 101; n++) assert.equal((await ask("HEAD")).status, 200, String(n));
  const feed = await ask("GET");
  assert.equal(feed.status, 200);
  await feed.body?.cancel();
});

test("search, filters, pages and exports", async (t) => {
  const { call, agent, admin } = await running(t);
  const [a, b] = [await agent("a"), await agent("b")];
  for (let n = 0; n < 5; n++)
    await call(a, "POST", "/v1/authorize", { url: `${WEATHER}/${n}`, offer: offer(), id: `p${n}` });
  await call(b, "POST", "/v1/authorize", {
    url: "https://films.example/=SUM(A1)",
    offer: offer("9000000"),
    id: "dear",
  });
  const ids = async (query: string): Promise<string[]> =>
    (await call(admin, "GET", `/v1/decisions?${query}`)).body.rows.map(({ id }: { id: string }) => id);
  assert.deepEqual(await ids("agent=b"), ["b~dear"]);
  assert.deepEqual(await ids("action=deny&reason=payment_too_large"), ["b~dear"]);
  assert.deepEqual(await ids("q=FILMS"), ["b~dear"]);
  assert.deepEqual(await ids("origin=https%3A%2F%2Fapi.example.com&limit=2"), ["a~p4", "a~p3"]);
  const page = (await call(admin, "GET", "/v1/decisions?agent=a&limit=2")).body;
  assert.deepEqual(await ids(`agent=a&limit=2&before=${page.next}`), ["a~p2", "a~p1"]);
  assert.deepEqual(await ids("since=2100-01-01T00:00:00Z"), []);
  assert.equal((await call(admin, "GET", "/v1/decisions?colour=red")).body.error.where, "query.colour");
  assert.equal((await call(admin, "GET", "/v1/decisions?since=yesterday")).status, 400);
  assert.equal((await call(admin, "GET", "/v1/decisions?before=yesterday")).body.error.where, "query.before");
  assert.equal((await call(admin, "GET", "/v1/decisions?limit=0")).status, 400);
  const csv = await call(admin, "GET", "/v1/decisions?format=csv");
  assert.match(csv.headers.get("content-disposition") ?? "", /attachment; filename="decisions\.csv"/);
  assert.equal(csv.text.split("\r\n").length, 8);
  assert.equal((await call(admin, "GET", "/v1/holds?format=csv")).text.split("\r\n").length, 7);
  const { points } = (await call(admin, "GET", "/v1/series?by=agent")).body;
  assert.deepEqual(
    points.map(({ of, allowed, denied }: Record<string, unknown>) => [of, allowed, denied]),
    [
      ["a", 5, 0],
      ["b", 0, 1],
    ],
  );
  const trace = (await call(admin, "POST", "/v1/explain", { ...ASK, agent: "a" })).body;
  assert.ok(
    trace.rules.some(({ rule, saw }: Record<string, string>) => rule === "daily" && saw?.startsWith("0.05 used")),
    "with what is spent now",
  );
  const policy = (await call(admin, "GET", "/v1/policy")).body;
  assert.ok(policy.document.budgets.length === 1 && policy.description.sections.length > 0);
});

test("a formula in a table is written as text", async (t) => {
  const { call, agent, admin } = await running(t);
  await call(await agent("a"), "POST", "/v1/freeze", { reason: '=HYPERLINK("https://evil.example","x")' });
  // Some spreadsheets leave out what is before it, and a reader does not see it.
  await call(await agent("b"), "POST", "/v1/freeze", { reason: "\u200b \uff1d1+1" });
  const { text } = await call(admin, "GET", "/v1/decisions?kind=freeze&format=csv");
  assert.ok(text.includes(`"'=HYPERLINK(`), text);
  assert.ok(text.includes(`"'⟨U+200B⟩ \uff1d1+1"`), text);
});

test("the audit log is verified from here, and one that was changed is told", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-service-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "audit.jsonl");
  const { call, agent, admin } = await running(t, { audit: { sinks: [jsonlSink(path)] }, logPlace: { source: path } });
  const key = await agent("a");
  for (let n = 0; n < 3; n++) await call(key, "POST", "/v1/authorize", { ...ASK, id: `p${n}` });
  const verified = async () => {
    await call(admin, "POST", "/v1/audit/verify");
    for (let tries = 0; tries < 100; tries++) {
      const { body } = await call(admin, "GET", "/v1/audit");
      if (!body.verifying) return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail("it does not end");
  };
  const status = await verified();
  assert.deepEqual([status.on, status.records, status.verified.good, status.verified.records], [true, 4, true, 4]);
  const { records } = (await call(admin, "GET", "/v1/audit/records?agent=a&limit=2")).body;
  assert.deepEqual(
    records.map(({ seq }: { seq: number }) => seq),
    [3, 2],
  );
  writeFileSync(path, readFileSync(path, "utf8").replace("a~p1", "a~p9"));
  assert.equal((await verified()).verified.good, false);
  assert.ok(
    (await call(admin, "GET", "/v1/alerts")).body.alerts.some(({ kind }: { kind: string }) => kind === "audit"),
  );
});

test("a budget that is nearly used, and a payment that nobody knows the end of, are told", async (t) => {
  const { call, agent, admin } = await running(t, {
    policy: { payment: { max_usd: "1" }, budgets: [{ name: "small", limit_usd: "0.05", window: "24h" }] },
  });
  const key = await agent("a");
  for (let n = 0; n < 4; n++) await call(key, "POST", "/v1/authorize", { ...ASK, id: `p${n}` });
  await call(key, "POST", "/v1/payments/p0/ticket");
  await call(key, "POST", "/v1/payments/p0/settle", { outcome: "unknown" });
  const kinds = async (): Promise<string[]> =>
    (await call(admin, "GET", "/v1/alerts")).body.alerts.map(({ kind }: { kind: string }) => kind).sort();
  assert.deepEqual(await kinds(), ["budget", "new_payee", "unknown"]);
  const { alerts } = (await call(admin, "GET", "/v1/alerts")).body;
  const [budget] = alerts.filter(({ kind }: { kind: string }) => kind === "budget");
  assert.match(budget.message, /^80 % of `small`/);
  assert.equal((await call(admin, "POST", `/v1/alerts/${encodeURIComponent(budget.id)}/dismiss`)).status, 200);
  assert.deepEqual(await kinds(), ["new_payee", "unknown"]);
});

test("the history is bounded in rows, and keeps the newest", async () => {
  const history = openHistory(memoryStore(), Date.now, { mostRows: 100 });
  for (let n = 0; n < 500; n++) history.add({ kind: "decision", id: `p${n}`, agent: "a", session: "", client: "" });
  assert.ok(history.rows.length <= 110);
  assert.equal(history.page({ limit: 1 }).rows[0]?.id, "p499");
  history.close();
});
