/**
 * A process of its own that pays and is killed by its own hand, for `crash.ts`: `crasher.ts <job as JSON>`. It says each
 * step on its standard output, before and after.
 */

import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { Store } from "../../js/stores/store.ts";
import { type Payment, pay } from "./pay.ts";
import { openPlace, type Place } from "./place.ts";
import { openSpender } from "./spend.ts";

export interface CrashJob {
  readonly place: Place;
  readonly payments: readonly Payment[];
  readonly affordable: number;
  /** The store step, counted from 0, at which it dies. */
  readonly dieAt: number;
  /** The time that it goes by, in ms: holds must not run out while a run takes its time. */
  readonly now: number;
  /** How long after a commit was sent the step "during" it dies, in ms. */
  readonly duringMs: number;
}

const job = JSON.parse(process.argv[2] ?? "") as CrashJob;
const say = (text: string): void => void writeSync(1, `${text}\n`);

// For the next life: one that is killed would not leave it.
flushCompileCache();

let steps = 0;
const here = (): boolean => steps++ === job.dieAt;
const die = (): void => void process.kill(process.pid, "SIGKILL");

/** Dies before a load, after it, before a commit, during it, or after it and before its answer is given. */
function dying(store: Store): Store {
  return {
    ...store,
    async load(keys) {
      if (here()) die();
      const cells = await store.load(keys);
      if (here()) die();
      return cells;
    },
    async commit(commit) {
      if (here()) die();
      if (here()) setTimeout(die, job.duringMs);
      const result = await store.commit(commit);
      if (here()) die();
      return result;
    },
  };
}

const warden = await openSpender(dying(await openPlace(job.place)), "budget", job.affordable, () => job.now);
for (const payment of job.payments) await pay(warden, payment, (note) => say(JSON.stringify(note)));
await warden.close();
