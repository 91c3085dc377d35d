/**
 * A process that pays is killed at each step that it takes in the store, one life after another on one ledger. After
 * each life the books must say what it was told, with at most the step it died in left open.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBooks } from "./books.ts";
import type { CrashJob } from "./crasher.ts";
import { type Note, type Payment, PLANS, pay } from "./pay.ts";
import { openPlace, type Place } from "./place.ts";
import type { Random } from "./random.ts";
import { booked, openSpender, PRICE } from "./spend.ts";

export interface CrashFigures {
  readonly lives: number;
  readonly payments: number;
  /** Steps whose answer a life did not live to tell. */
  readonly opened: number;
  /** Of payments that were open or held, so many were taken to their end afterwards, twice each. */
  readonly finished: number;
}

/** Kills a life at each step until one comes to its end. */
export async function crashAtEveryStep(place: Place, random: Random, perLife: number): Promise<CrashFigures> {
  const affordable = (16 + random.below(16)) * perLife;
  const books = openBooks(BigInt(affordable) * PRICE + PRICE - 1n);
  const now = Date.now();
  let payments = 0;
  let finished = 0;
  const next = (plan: Payment["plan"]): Payment => {
    payments++;
    // No two amounts are alike, so that a sum says which payments are in it.
    return { id: `pay-${payments}`, amount: String(PRICE + BigInt(payments) ** 3n), plan };
  };

  for (let life = 0; ; life++) {
    const job: CrashJob = {
      place,
      // The last one goes all the way, so that no life is over before its step has come.
      payments: Array.from({ length: perLife }, (_, i) => next(i + 1 < perLife ? random.pick(PLANS) : "capture")),
      affordable,
      dieAt: life,
      now,
      duringMs: random.next() * 3,
    };
    const { notes, ended } = await liveOnce(job);
    for (const note of notes) books.note(note);

    const warden = await openSpender(await openPlace(place), "budget", affordable, () => now);
    books.check(await booked(warden), `life ${life}, after ${notes.length} notes`);
    // What the dead one left behind can be taken to its end, once: the second time changes nothing.
    const left = notes.at(-1)?.payment;
    if (left !== undefined && !ended && random.below(2) === 0) {
      finished++;
      const whole: Payment = { ...left, plan: "capture" };
      if (books.held().includes(left.id)) {
        await finish(warden, left.id);
        books.note({ payment: whole, step: "captured", answer: "captured" });
        await finish(warden, left.id);
      } else {
        await pay(warden, next("capture"), (note) => books.note(note));
      }
      books.check(await booked(warden), `life ${life}, after it was taken on`);
    }
    await warden.close();
    if (ended) return { lives: life + 1, payments, opened: books.opened, finished };
  }
}

/** Whatever it was: `signing` after its ticket, or already captured. */
async function finish(warden: Awaited<ReturnType<typeof openSpender>>, id: string): Promise<void> {
  await warden.ticket(id);
  const outcome = await warden.settle(id, { outcome: "captured" });
  assert.equal(outcome.state, "captured", JSON.stringify(outcome));
}

/** What it could say, and whether it came to its end. */
async function liveOnce(job: CrashJob): Promise<{ readonly notes: readonly Note[]; readonly ended: boolean }> {
  const script = join(import.meta.dirname, "crasher.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "pipe"],
    // Most of a life is spent on starting it.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "tollwarden-compile-cache") },
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [code, signal] = await once(child, "close");
  assert.ok(code === 0 || signal === "SIGKILL", `it ended with ${code ?? signal}: ${errors}`);
  const lines = said.split("\n");
  assert.equal(lines.pop(), "", "a line was cut off");
  return { notes: lines.map((line) => JSON.parse(line) as Note), ended: code === 0 };
}
