/** A service with agents that pay, fail, ask and are denied: real decisions in a real store, for the dashboard to show. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { jsonlSink } from "../../js/audit.ts";
import { assets } from "../../js/dashboard/assets.ts";
import type { Pay } from "../../js/fetch.ts";
import type { ServiceOptions } from "../../js/service/index.ts";
import { offer } from "../cli/support.ts";
import { type Running, running } from "../service/support.ts";

/** What would run, if anything made markup of it; and what would turn the line around. */
export const HOSTILE = '<img src=x onerror="globalThis.hacked=1">\u202egnp.exe\u200b';
/** As the page has to show it. */
export const HARMLESS = '<img src=x onerror="globalThis.hacked=1">⟨U+202E⟩gnp.exe⟨U+200B⟩';

export const POLICY = {
  name: "agents of research",
  version: 3,
  payment: { max_usd: "1", approve_from_usd: "0.50" },
  budgets: [
    { name: "daily", limit_usd: "2", window: "24h", per: "agent" },
    { name: "purse", limit_usd: "100", window: "lifetime" },
  ],
  breaker: { failure_threshold: 3, recovery_timeout: "5m" },
};

export interface World extends Running {
  readonly now: () => number;
  /** Asks for a payment as this agent; allowed ones are signed by the service. Gives the service's answer. */
  pay(key: string, path: string, amount: string, more?: object): Promise<PayResult>;
  settle(key: string, id: string, outcome: string, more?: object): Promise<void>;
}

export interface PayResult {
  readonly decision: { readonly id: string; readonly action: string; readonly reason: string };
  readonly payment?: object;
}

/** What a wallet would give, at this time. The core binds each field of it; only a chain looks at the signature. */
const signerAt =
  (now: () => number): Pay =>
  async ({ accept }) => {
    const { amount, payTo } = accept as { readonly amount: string; readonly payTo: string };
    nonce += 1;
    const authorization = {
      from: "0x2222222222222222222222222222222222222222",
      to: payTo,
      value: amount,
      validAfter: "0",
      validBefore: String(Math.floor(now() / 1_000) + 240),
      nonce: `0x${nonce.toString(16).padStart(64, "0")}`,
    };
    return { signature: `0x${"11".repeat(65)}`, authorization };
  };

let nonce = 0;

/** With an audit log in a file of its own. */
export async function openWorld(t: Pick<TestContext, "after">, options: Partial<ServiceOptions> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-dashboard-"));
  const log = join(folder, "audit.jsonl");
  const now = options.now ?? Date.now;
  const run = await running(t as TestContext, {
    policy: POLICY,
    signer: { pay: signerAt(now) },
    audit: { sinks: [jsonlSink(log)] },
    logPlace: { source: log },
    dashboard: assets,
    ...options,
  });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    ...run,
    now,
    async pay(key, path, amount, more = {}) {
      const url = path.startsWith("https:") ? path : `https://api.example.com/${path}`;
      const { status, text, body } = await run.call(key, "POST", "/v1/pay", { url, offer: offer(amount), ...more });
      assert.equal(status, 200, text);
      return body as PayResult;
    },
    async settle(key, id, outcome, more = {}) {
      const { status, text } = await run.call(key, "POST", `/v1/payments/${id}/settle`, { outcome, ...more });
      assert.equal(status, 200, text);
    },
  };
}

export interface Inhabitants {
  readonly researcher: string;
  readonly shopper: string;
  readonly planner: string;
  readonly alice: string;
}

/** Keys of three agents and of a person. */
export async function inhabit(world: World): Promise<Inhabitants> {
  return {
    researcher: await world.agent("researcher", { name: "researcher in production", client: "acme" }),
    shopper: await world.agent("shopper", { name: `shopper ${HOSTILE}`, client: HOSTILE, session: HOSTILE }),
    planner: await world.agent("planner", { name: "planner" }),
    alice: await world.key({ name: "Alice", scopes: ["approve", "read"], approver: "alice" }),
  };
}

/** An offer of somebody who was never paid before. */
function stranger(amount: string): object {
  const told = offer(amount, HOSTILE) as { readonly accepts: readonly object[] };
  const payTo = "0x8ba1f109551bd432803012645ac136ddd64dba72";
  return { ...told, accepts: told.accepts.map((entry) => ({ ...entry, payTo })) };
}

/** A few minutes of their life: each state that a payment can be in, and each alert that needs no long history. */
export async function liveAWhile(world: World, { researcher, shopper, planner }: Inhabitants): Promise<void> {
  for (const [path, amount] of [
    ["weather", "10000"],
    ["report", "50000"],
    ["archive", "450000"],
  ] as const) {
    const { decision } = await world.pay(researcher, path, amount);
    await world.settle(researcher, decision.id, "captured", { transaction: `0x${"5e".repeat(32)}`, seller_ms: 180 });
  }
  for (let turn = 0; turn < 3; turn += 1) {
    const { decision } = await world.pay(researcher, "archive", "400000", { id: `more-${turn}` });
    if (decision.action === "allow") await world.settle(researcher, decision.id, "captured", { seller_ms: 240 });
  }
  assert.equal((await world.pay(researcher, "dataset", "2000000")).decision.action, "deny");

  // A seller that writes what it likes, to an agent whose client and session are named so.
  const told = `https://shop.example.net/${encodeURIComponent(HOSTILE)}`;
  await world.pay(shopper, told, "20000", { id: "buy-1", offer: offer("20000", HOSTILE) });
  await world.settle(shopper, "buy-1", "unknown");
  await world.pay(shopper, `${told}/film`, "600000", { id: "buy-2", offer: stranger("600000") });

  for (let turn = 0; turn < 3; turn += 1) {
    const { decision } = await world.pay(planner, `https://slow.example.org/plan-${turn}`, "1000");
    if (decision.action === "allow") await world.settle(planner, decision.id, "failed", { seller_ms: 9_000 });
  }
  assert.equal((await world.pay(planner, "https://slow.example.org/plan", "1000")).decision.reason, "circuit_open");
  const stop = await world.call(world.admin, "POST", "/v1/freeze", {
    reason: `looked odd ${HOSTILE}`,
    agent: "planner",
  });
  assert.equal(stop.status, 200, stop.text);
  await world.service.flush();
}
