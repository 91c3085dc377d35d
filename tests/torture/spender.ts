/**
 * A process of its own that spends, for `concurrency.ts`: `spender.ts <job as JSON>`. For each limit in turn it says
 * `ready`, waits for a line, makes its attempts, and says what came of them as one line of JSON.
 */

import { once } from "node:events";
import { writeSync } from "node:fs";
import type { Store } from "../../js/stores/store.ts";
import { openPlace, type Place } from "./place.ts";
import { type Limit, openSpender, spendOnce, type Tally } from "./spend.ts";

export interface Job {
  readonly rounds: readonly { readonly limit: Limit; readonly place: Place }[];
  readonly attempts: number;
  readonly affordable: number;
  readonly name: string;
}

const job = JSON.parse(process.argv[2] ?? "") as Job;
const say = (text: string): void => void writeSync(1, `${text}\n`);

for (const { limit, place } of job.rounds) {
  const store = await openPlace(place);
  const tally: Tally = { paid: 0, refused: 0, conflicts: 0, lost: 0 };
  const counted: Store = {
    ...store,
    async commit(commit) {
      const result = await store.commit(commit);
      if (!result.ok) tally.lost++;
      return result;
    },
  };
  const warden = await openSpender(counted, limit, job.affordable);
  say("ready");
  await once(process.stdin, "data");
  for (let i = 0; i < job.attempts; i++) await spendOnce(warden, `${job.name}-${i}`, tally);
  await warden.close();
  say(JSON.stringify(tally));
}
process.stdin.destroy();
