/** Memory is bounded, whatever a seller offers. A million: `npm run torture -- --only memory`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { hostileOffers } from "../torture/memory.ts";

const most = Number(process.env.TOLLWARDEN_OFFERS ?? 6_000);

test(`${most} hostile offers, each another, leave nothing behind`, async (t) => {
  const [early, late] = await hostileOffers([most / 4, most]);
  t.diagnostic(JSON.stringify([early, late]));
  assert.ok(early !== undefined && late !== undefined);
  assert.ok(late.module <= early.module + 2 * 65_536, "the memory of the module");
  assert.ok(late.cells <= early.cells, "the store");
  assert.ok(late.series <= early.series + 4, "the figures");
  assert.ok(late.heap < early.heap * 1.5 + 8_000_000, "the heap");
});
