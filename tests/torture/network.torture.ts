/** The line to Redis fails at every request, in every way, over many seeds. */

import { payOverBadLine } from "./network.ts";
import { randomFrom, seedOfRun } from "./random.ts";
import { skipOf, withRedis } from "./servers.ts";

const SEEDS = 10;

if (!skipOf("redis")) {
  await withRedis(async (redis) => {
    for (let i = 0; i < SEEDS; i++) {
      const seed = seedOfRun() + i;
      const { payments, faults, opened } = await payOverBadLine(redis, `seed-${seed}`, randomFrom(seed), 144);
      const told = Object.entries(faults).map(([fault, count]) => `${count} ${fault}`);
      console.log(`seed ${seed}: ${payments} payments, faults: ${told.join(", ")}; ${opened} answers lost`);
    }
  });
}
