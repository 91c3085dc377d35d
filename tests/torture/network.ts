/**
 * The line between the store and Redis fails, in every way that a line can. Whatever the warden answered, the ledger
 * (read by another line) agrees: what it allowed is held there, what it did not is a denial, and what nobody can say is
 * settled when the store's time for a call is over, and does not change after that.
 */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { redisStore } from "../../js/stores/redis.ts";
import { openBooks } from "./books.ts";
import { type Payment, PLANS, pay } from "./pay.ts";
import { openPlace } from "./place.ts";
import { FAULTS, type Fault, startProxy } from "./proxy.ts";
import type { Random } from "./random.ts";
import { booked, openSpender, PRICE } from "./spend.ts";

export interface NetworkFigures {
  readonly payments: number;
  readonly faults: Readonly<Record<Fault, number>>;
  /** Steps of which nobody could say at first what had become of them. */
  readonly opened: number;
}

const TIMEOUT_MS = 120;

export async function payOverBadLine(
  { port, url }: { readonly port: number; readonly url: string },
  scope: string,
  random: Random,
  count: number,
): Promise<NetworkFigures> {
  const proxy = await startProxy(port);
  const client = createClient({ socket: { port: proxy.port, host: "127.0.0.1", reconnectStrategy: 5 } });
  client.on("error", () => undefined);
  await client.connect();
  const affordable = Math.floor(count / 2);
  const now = Date.now();
  const open = async (store: Parameters<typeof openSpender>[0]) => openSpender(store, "budget", affordable, () => now);
  // A machine that is busy may be slower than this short a time, and that is no failure.
  const store = await eventually(() => redisStore(client, { scope, timeoutMs: TIMEOUT_MS }));
  const warden = await open(store);
  const direct = await open(await openPlace({ kind: "redis", url, scope }));
  const books = openBooks(BigInt(affordable) * PRICE + PRICE - 1n);
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  try {
    for (let i = 1; i <= count; i++) {
      // Each fault at each request of a payment in turn.
      const fault = FAULTS[i % FAULTS.length] ?? "cut";
      const after = Math.floor(i / FAULTS.length) % 8;
      // Beyond the store's time, or within it.
      const delayMs = fault === "late" ? TIMEOUT_MS + 10 + random.below(100) : random.below(2 * TIMEOUT_MS);
      proxy.arm(fault, after, delayMs);
      const payment: Payment = { id: `pay-${i}`, amount: String(PRICE + BigInt(i)), plan: random.pick(PLANS) };
      let open = false;
      await pay(warden, payment, (note) => {
        open = note.answer === undefined;
        books.note(note);
      });
      if (open) await sleep(TIMEOUT_MS);
      books.check(await booked(direct), `payment ${i}, ${fault}`);
      if (proxy.heal()) faults[fault]++;
      if (fault === "late") {
        // What was still on its way arrives, and nothing has been written since that it could be in conflict with.
        await sleep(TIMEOUT_MS);
        books.check(await booked(direct), `payment ${i}, when the rest had come`);
      }
      await eventually(() => client.ping());
    }
    books.check(await eventually(() => booked(warden)), "over the line that was mended");
    return { payments: count, faults, opened: books.opened };
  } finally {
    await warden.close();
    await direct.close();
    if (client.isOpen) client.destroy();
    await proxy.stop();
  }
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await Promise.race([work(), sleep(1_000).then(() => assert.fail("no answer"))]);
    } catch (error) {
      if (tried === 50) throw error;
      await sleep(10);
    }
  }
}
