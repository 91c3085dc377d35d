/** Many processes, one ledger: together they spend what one of them could have, to the atomic unit. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openPlace, type Place } from "./place.ts";
import { booked, LIMITS, type Limit, openSpender, PRICE, type Tally } from "./spend.ts";
import type { Job } from "./spender.ts";

export interface Figures extends Tally {
  readonly limit: Limit;
  readonly attempts: number;
  readonly ms: number;
  /** Attempts by the process that paid least and most: how fairly they share. */
  readonly least: number;
  readonly most: number;
}

/** Runs all three limits, each in a ledger of its own, and fails where one is not kept exactly. */
export async function spendTogether(
  placeOf: (name: string) => Place,
  { processes, each }: { readonly processes: number; readonly each: number },
): Promise<readonly Figures[]> {
  const attempts = processes * each;
  const affordable = Math.floor(attempts / 3);
  const rounds = LIMITS.map((limit) => ({ limit, place: placeOf(limit) }));
  const spenders = Array.from({ length: processes }, (_, i) =>
    startSpender({ rounds, attempts: each, affordable, name: `p${i}` }),
  );
  const figures: Figures[] = [];
  try {
    for (const { limit, place } of rounds) {
      for (const spender of spenders) assert.equal(await spender.line(), "ready");
      const from = performance.now();
      for (const spender of spenders) spender.go();
      const tallies = await Promise.all(spenders.map(async (spender) => JSON.parse(await spender.line()) as Tally));
      const ms = performance.now() - from;

      const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
      const [paid, refused] = [sum((tally) => tally.paid), sum((tally) => tally.refused)];
      assert.equal(paid + refused, attempts, `${limit}: every attempt was decided`);
      assert.equal(paid, affordable, `${limit}: payments`);
      const warden = await openSpender(await openPlace(place), limit, affordable);
      assert.deepEqual(await booked(warden), { spent: BigInt(affordable) * PRICE, held: 0n }, `${limit}: the books`);
      await warden.close();
      const shares = tallies.map((tally) => tally.paid);
      const [least, most] = [Math.min(...shares), Math.max(...shares)];
      const [conflicts, lost] = [sum((tally) => tally.conflicts), sum((tally) => tally.lost)];
      figures.push({ limit, attempts, paid, refused, conflicts, lost, ms, least, most });
    }
    for (const spender of spenders) assert.equal(await spender.ended, 0);
  } finally {
    for (const spender of spenders) spender.kill();
  }
  return figures;
}

function startSpender(job: Job) {
  const script = join(import.meta.dirname, "spender.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line(): Promise<string> {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the process ${job.name} ended`);
      return value;
    },
    go: () => void child.stdin.write("go\n"),
    ended: once(child, "exit").then(([code]) => code as unknown),
    kill: () => void child.kill("SIGKILL"),
  };
}

export function figureLine(store: string, figures: Figures): string {
  const { limit, attempts, paid, refused, conflicts, lost, ms, least, most } = figures;
  const rate = Math.round((1000 * attempts) / ms);
  return (
    `${store}, ${limit}: ${attempts} attempts, ${paid} paid and ${refused} refused in ${(ms / 1000).toFixed(1)} s ` +
    `(${rate} a second); ${lost} commits were too late, given up ${conflicts} times; a process paid ${least} to ${most}`
  );
}
