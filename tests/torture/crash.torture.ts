/** A process that pays is killed at each of its store steps, over many seeds. */

import { crashAtEveryStep } from "./crash.ts";
import { randomFrom, seedOfRun } from "./random.ts";
import { SERVERS, skipOf, withPlaces } from "./servers.ts";

const SEEDS = 12;

for (const server of SERVERS) {
  if (skipOf(server)) continue;
  await withPlaces(server, async (placeOf) => {
    for (let i = 0; i < SEEDS; i++) {
      const seed = seedOfRun() + i;
      const { lives, payments, opened, finished } = await crashAtEveryStep(
        placeOf(`seed-${seed}`),
        randomFrom(seed),
        1 + (i % 3),
      );
      console.log(
        `${server}, seed ${seed}: ${lives} lives, ${payments} payments; ${opened} steps died with their answer, ` +
          `${finished} payments taken on by another`,
      );
    }
  });
}
