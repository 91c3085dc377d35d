import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../../js/stores/memory.ts";
import { policyFor, spend } from "./edge/spend.ts";

test("a denial has its reason, however many holds are open", async () => {
  const spending = { policy: policyFor("budget", 100), attempts: 105, who: "a" };
  const { paid, denied } = await spend(memoryStore(), spending);
  assert.equal(paid.length, 100);
  assert.deepEqual(denied, { budget_exceeded: 5 });
});
