/** Services that are killed: on an SQLite file, and several of them on one Redis. No budget is exceeded, whatever happens. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/port.ts";
import { redisServer, startRedis } from "../support/redis.ts";
import { type Started, start } from "./processes.ts";
import { spend, spending } from "./spending.ts";
import { callsOf } from "./support.ts";

interface Books {
  readonly used: number;
  readonly captured: ReadonlySet<string>;
}

async function booksOf(url: string, admin: string): Promise<Books> {
  const call = callsOf(url);
  const { budgets } = (await call(admin, "GET", "/v1/budgets")).body;
  const { holds } = (await call(admin, "GET", "/v1/holds?which=all")).body;
  const captured = holds
    .filter(({ state }: Record<string, string>) => state === "captured")
    .map(({ id }: { id: string }) => id.replace(/^.*~/, ""));
  return { used: Math.round((Number(budgets[0].spent) + Number(budgets[0].held)) * 100), captured: new Set(captured) };
}

test("kill -9 under load: agents are denied meanwhile, nothing acknowledged is lost, and no cent too much is spent", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-kill-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "ledger.sqlite");
  const port = String(await freePort());
  let served: Started = await start("served.ts", [path, port, "0.60"]);
  t.after(() => served.kill());
  const { url, admin } = JSON.parse(served.line) as { url: string; admin: string };
  const { key } = (
    await callsOf(url)(admin, "POST", "/v1/keys", { name: "a", scopes: ["evaluate", "settle"], agent: "a" })
  ).body;
  const seen = spending();
  let stop = false;
  const agents = Array.from({ length: 4 }, (_, n) => spend(url, key, `n${n}`, seen, () => stop));
  for (let killed = 0; killed < 2; killed++) {
    const before = seen.captured.size;
    for (let tries = 0; tries < 400 && seen.captured.size < before + 8; tries++) await sleep(25);
    await served.kill("SIGKILL");
    const [allowed, away] = [seen.allowed, seen.away];
    for (let tries = 0; tries < 200 && seen.away < away + 4; tries++) await sleep(25);
    assert.ok(seen.away > away, "agents are told no while nobody answers");
    assert.ok(seen.allowed <= allowed + 4, "and nothing is allowed but what was answered before");
    served = await start("served.ts", [path, port, "0.60"]);
    const since = performance.now();
    const then = seen.allowed;
    for (let tries = 0; tries < 400 && seen.allowed === then && !seen.full; tries++) await sleep(5);
    t.diagnostic(`a payment is allowed again ${Math.round(performance.now() - since)} ms after the service listens`);
  }
  for (let tries = 0; tries < 600 && !seen.full; tries++) await sleep(25);
  stop = true;
  await Promise.all(agents);
  assert.ok(seen.full, "the budget is used up in the end");
  const { used, captured } = await booksOf(url, admin);
  assert.ok(used <= 60, `${used} cents of 60`);
  assert.ok(seen.ticketed.size <= 60, `${seen.ticketed.size} signatures of a cent`);
  for (const id of seen.captured) assert.ok(captured.has(id), `${id} was acknowledged, and is not there`);
});

test("three services on one Redis, one of them killed: one ledger, one set of keys, no cent too much", {
  skip: (await redisServer()) === undefined ? "there is no redis-server" : false,
}, async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const ports = [await freePort(), await freePort(), await freePort()].map(String);
  const boot = (port: string): Promise<Started> => start("served.ts", [redis.url, port, "0.60"]);
  const services: Started[] = [];
  for (const port of ports) services.push(await boot(port));
  t.after(() => Promise.all(services.map((one) => one.kill())));
  const told = services.map(({ line }) => JSON.parse(line) as { url: string; admin?: string });
  const admins = told.flatMap(({ admin }) => admin ?? []);
  assert.equal(admins.length, 1, "one of them makes the first key");
  const [admin = ""] = admins;
  const urls = told.map(({ url }) => url);
  const [first = ""] = urls;
  const { key } = (
    await callsOf(first)(admin, "POST", "/v1/keys", { name: "a", scopes: ["evaluate", "settle"], agent: "a" })
  ).body;
  const seen = spending();
  let stop = false;
  const agents = urls.flatMap((url, n) => [0, 1].map((k) => spend(url, key, `n${n}-${k}`, seen, () => stop)));
  for (let tries = 0; tries < 400 && seen.captured.size < 12; tries++) await sleep(25);
  await services[1]?.kill("SIGKILL");
  for (let tries = 0; tries < 400 && seen.captured.size < 24; tries++) await sleep(25);
  services[1] = await boot(ports[1] ?? "0");
  for (let tries = 0; tries < 800 && !seen.full; tries++) await sleep(25);
  stop = true;
  await Promise.all(agents);
  assert.ok(seen.full);
  const { used, captured } = await booksOf(first, admin);
  assert.ok(used <= 60, `${used} cents of 60`);
  assert.ok(seen.ticketed.size <= 60, `${seen.ticketed.size} signatures of a cent`);
  for (const id of seen.captured) assert.ok(captured.has(id), id);
  for (const url of urls) assert.equal((await booksOf(url, admin)).used, used, "each of them has the same books");
});
