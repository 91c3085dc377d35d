/** The short form of `npm run torture -- --only gate`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seedOfRun } from "../torture/random.ts";
import { mixedFlows } from "./flows.ts";

test("300 mixed purchases: nobody pays twice, nothing is given away, and the books are the chain's", async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const figures = await mixedFlows({ flows: 300, seed }).catch((error: unknown) => {
    throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
  });
  t.diagnostic(JSON.stringify(figures, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
  assert.ok(figures.redelivered > 0);
  assert.ok(figures.owed > 0n && figures.unresolvedBefore > 0n);
});
