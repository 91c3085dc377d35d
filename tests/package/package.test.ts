/** The packed package in the projects of its users, and what it costs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, measure, readBudget } from "../../pkg-scripts/package/budget.mjs";
import { consumers, runConsumers } from "../../pkg-scripts/package/consumers.mjs";

const names = Object.keys(consumers);
const found = (await runConsumers(names)) as Readonly<Record<string, string | undefined>>;
const known = consumers as Readonly<Record<string, { readonly title?: string }>>;

for (const name of names) {
  test(`the packed package: ${known[name]?.title ?? name}`, () => {
    assert.ok(name in found);
    assert.equal(found[name], undefined);
  });
}

test("the package stays within its budget", async (t) => {
  const { lines, over } = judged(await measure(), readBudget());
  for (const line of lines) t.diagnostic(line);
  console.error(lines.join("\n"));
  assert.deepEqual(over, []);
});

test("a figure that crosses its line, or is missing, is told", () => {
  const budget = { size: { most: 10, goal: 5, unit: "bytes" }, start: { most: 10, goal: 10, unit: "ms" } };
  assert.deepEqual(judged({ size: 10, start: 1 }, budget).over, []);
  assert.deepEqual(judged({ size: 11 }, budget).over, ["size", "start"]);
});
