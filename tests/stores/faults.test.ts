/** Crashes and bad lines, in short; `npm run torture` has the long form. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { crashAtEveryStep } from "../torture/crash.ts";
import { payOverBadLine } from "../torture/network.ts";
import { FAULTS } from "../torture/proxy.ts";
import { randomFrom } from "../torture/random.ts";
import { killRedisUnderLoad } from "../torture/restart.ts";
import { SERVERS, skipOf, withPlaces, withRedis } from "../torture/servers.ts";

for (const server of SERVERS) {
  test(`${server}: a process that dies at any step of a payment leaves the books right`, {
    skip: skipOf(server),
  }, async (t) => {
    const figures = await withPlaces(server, (placeOf) => crashAtEveryStep(placeOf("crash"), randomFrom(1), 1));
    assert.ok(figures.lives >= 12 && figures.opened >= 3, JSON.stringify(figures));
    t.diagnostic(JSON.stringify(figures));
  });
}

test("redis: over a line that fails, each answer is a denial or what the ledger has", { skip: skipOf("redis") }, (t) =>
  withRedis(async (redis) => {
    const figures = await payOverBadLine(redis, "line", randomFrom(1), 48);
    for (const fault of FAULTS) assert.ok(figures.faults[fault] >= 2, JSON.stringify(figures));
    assert.ok(figures.opened >= 4, JSON.stringify(figures));
    t.diagnostic(JSON.stringify(figures));
  }),
);

test("redis: killed under load, it has all that it acknowledged", { skip: skipOf("redis") }, (t) =>
  withRedis(async (redis) => {
    const figures = await killRedisUnderLoad(redis, "restart", randomFrom(1), 3);
    assert.ok(figures.acknowledged >= 30 && figures.opened >= 1, JSON.stringify(figures));
    t.diagnostic(JSON.stringify(figures));
  }),
);
