/** Redis is killed under load and started again, over many seeds. */

import { randomFrom, seedOfRun } from "./random.ts";
import { killRedisUnderLoad } from "./restart.ts";
import { skipOf, withRedis } from "./servers.ts";

const SEEDS = 5;

if (!skipOf("redis")) {
  await withRedis(async (redis) => {
    for (let i = 0; i < SEEDS; i++) {
      const seed = seedOfRun() + i;
      const figures = await killRedisUnderLoad(redis, `seed-${seed}`, randomFrom(seed), 20);
      console.log(
        `seed ${seed}: killed ${figures.kills} times, ${figures.payments} payments begun, ` +
          `${figures.acknowledged} steps acknowledged and all there, ${figures.opened} without an answer`,
      );
    }
  });
}
