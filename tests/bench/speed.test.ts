/**
 * The short form of `npm run bench`: ratios within one run, columns in turns, medians; what fails is measured once more. What
 * is asserted is what has been reached, with room for a noisy machine; docs/performance.md says what is still to reach.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Contender, core, read, sha256, warden } from "../../benches/contenders.ts";
import { type Effort, measure, ratio, type Task } from "../../benches/measure.ts";
import { PLAIN, type Setup } from "../../benches/payment.ts";
import { PlainEngine } from "../../benches/plain.ts";

const SHORT: Effort = { passes: 5, ms: 40, least: 15 };

/** How many times as long the first takes as the second; the better of two tries, the second only where it is needed. */
async function within(most: number, [one, other]: readonly [Task, Task]): Promise<void> {
  const tries: number[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    const named = { ...one, name: "one" };
    const figures = await measure([named, { ...other, name: "other" }], SHORT);
    tries.push(ratio(figures.one, figures.other));
    if ((tries.at(-1) as number) <= most) return;
  }
  assert.fail(
    `${one.name} takes ${tries.map((times) => times.toFixed(2)).join(" and ")} times as long as ${other.name}; ${most} are the most`,
  );
}

async function pair(
  one: Contender,
  other: Contender,
  work: (tasks: readonly [Task, Task]) => Promise<void>,
): Promise<void> {
  try {
    await work([one.task, other.task]);
  } finally {
    await one.close();
    await other.close();
  }
}

const of = (setup: Partial<Setup>): Setup => ({ ...PLAIN, ...setup });

test("10,000 vendor patterns cost at most twice what 10 do", () =>
  pair(core(of({ vendors: 10_000 })), core(of({ vendors: 10 })), (tasks) => within(2, tasks)));

test("a hundred rules cost at most half as much again as one", () =>
  pair(core(of({ rules: 100 })), core(of({ rules: 1 })), (tasks) => within(1.5, tasks)));

test("5,000 payments of history cost little more than none", async () => {
  const [full, none] = [core(of({ budgets: 4 })), core(of({ budgets: 4 }))];
  await full.fill(5_000);
  await pair(full, none, (tasks) => within(1.6, tasks));
});

test("a warden on the memory store takes at most four times as long as the core alone", async () =>
  pair(await warden(of({ budgets: 4 })), core(of({ budgets: 4 })), (tasks) => within(4, tasks)));

test("a decision costs no more than reading its event twenty times", async () => {
  const contender = core(of({ rules: 100, budgets: 4 }));
  try {
    await within(20, [contender.task, read()]);
  } finally {
    await contender.close();
  }
});

test("what it is measured against denies and allows as the core does", () => {
  const engine = new PlainEngine(of({ rules: 10, vendors: 10, budgets: 4, replay: true }));
  const offer = (amount: string): string =>
    JSON.stringify({
      x402Version: 2,
      accepts: [
        {
          scheme: "exact",
          network: "eip155:8453",
          amount,
          asset: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
          payTo: `0x${"1".repeat(40)}`,
        },
      ],
    });
  const ask = (id: string, url: string, amount = "10000") =>
    engine.authorize({ id, agent: "a", method: "GET", url, offer: offer(amount) }, 1_767_607_200_000).reason;
  assert.equal(ask("1", "https://api.example.com/x"), "allowed");
  assert.equal(ask("1", "https://api.example.com/x"), "allowed");
  assert.equal(ask("1", "https://api.example.com/y"), "conflict");
  assert.equal(ask("2", "https://api.example.com/x"), "replayed");
  assert.equal(ask("3", "https://evil.example.com/x"), "vendor_not_allowed");
  assert.equal(ask("4", "https://a.mall-1.example.org/x"), "allowed");
  assert.equal(ask("5", "https://api.example.com/z", "1000001"), "payment_too_large");
  assert.equal(ask("6", "https://api.example.com/z", "1e3"), "malformed_offer");
  assert.ok(sha256().batch);
});
