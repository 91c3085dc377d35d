/**
 * Redis itself is killed while several wardens pay, and started again on its files. Everything that a warden was told is
 * still there, and what it was not told is there whole or not at all.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "../support/redis.ts";
import { openBooks } from "./books.ts";
import { type Payment, PLANS, pay } from "./pay.ts";
import { inRedis, openPlace } from "./place.ts";
import type { Random } from "./random.ts";
import { booked, openSpender, PRICE } from "./spend.ts";

export interface RestartFigures {
  readonly kills: number;
  readonly payments: number;
  readonly acknowledged: number;
  readonly opened: number;
}

const WRITERS = 4;

export async function killRedisUnderLoad(
  redis: Redis,
  scope: string,
  random: Random,
  kills: number,
): Promise<RestartFigures> {
  const place = inRedis(redis.url)(scope);
  const now = Date.now();
  const affordable = 150 * kills;
  const books = openBooks(BigInt(affordable) * PRICE + PRICE - 1n);
  const open = async () => openSpender(await openPlace(place), "budget", affordable, () => now);
  const wardens = await Promise.all(Array.from({ length: WRITERS }, open));
  let payments = 0;
  let acknowledged = 0;

  for (let kill = 1; kill <= kills; kill++) {
    let going = true;
    const writers = wardens.map(async (warden) => {
      // Until Redis is gone, which the last answer says by not coming.
      for (let answered = true; answered && going; ) {
        payments++;
        const payment: Payment = {
          id: `pay-${payments}`,
          amount: String(PRICE + BigInt(payments)),
          plan: random.pick(PLANS),
        };
        await pay(warden, payment, (note) => {
          books.note(note);
          answered = note.answer !== undefined;
          if (answered) acknowledged++;
        });
      }
    });
    // By steps and not by time: a machine that is busy gets as far.
    const enough = acknowledged + 10 + random.below(60);
    for (let waited = 0; acknowledged < enough && waited < 20_000; waited++) await sleep(1);
    await sleep(random.below(10));
    await redis.kill();
    await sleep(20);
    going = false;
    await Promise.all(writers);
    await redis.start();

    const reader = await open();
    books.check(await booked(reader), `after kill ${kill}`);
    await reader.close();
    for (const warden of wardens) await eventually(() => booked(warden));
  }
  for (const warden of wardens) await warden.close();
  return { kills, payments, acknowledged, opened: books.opened };
}

/** Until the client has found its way back. */
async function eventually(work: () => Promise<unknown>): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      await work();
      return;
    } catch (error) {
      if (tried === 100) throw error;
      await sleep(50);
    }
  }
}
