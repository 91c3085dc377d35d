/** A million hostile offers: memory is bounded. */

import assert from "node:assert/strict";
import { hostileOffers } from "./memory.ts";

const most = Number(process.env.TOLLWARDEN_OFFERS ?? 1_000_000);
const [early, ...later] = await hostileOffers([most / 50, most / 4, most / 2, most]);
assert.ok(early !== undefined);
for (const { offers, module, heap, cells, series } of [early, ...later]) {
  console.log(
    `${offers} offers: module ${module >> 10} KiB, heap ${heap >> 10} KiB, ${cells} cells, ${series} lines of metrics`,
  );
  assert.ok(module <= early.module + 2 * 65_536);
  assert.ok(cells <= early.cells && series <= early.series + 4);
  assert.ok(heap < early.heap * 1.5 + 8_000_000);
}
