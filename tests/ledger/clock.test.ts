// The clock that budgets go by: a jump forward refills nothing, an idle night is none, and what was refused leaves no
// trace in the ledger.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock, MAX_SKEW } from "../../js/clock.ts";
import { memoryStore, openWardenWithControl, type Store, WardenUnavailable } from "../../js/index.ts";
import { offer } from "../cli/support.ts";

const START = Date.parse("2026-01-05T10:00:00Z");
const DAY = 86_400_000;

/** A host's clock and a steady one, both by hand. */
function hands() {
  const at = { wall: START, steady: 5_000 };
  return {
    at,
    now: () => at.wall,
    monotonic: () => at.steady,
    pass(milliseconds: number) {
      at.wall += milliseconds;
      at.steady += milliseconds;
    },
    jump(milliseconds: number) {
      at.wall += milliseconds;
    },
  };
}

const policy = { payment: { max_usd: "1" }, budgets: [{ name: "daily", limit_usd: "0.02", window: "24h" }] };

async function open(clock: ReturnType<typeof hands>, store: Store = memoryStore({ now: clock.now })) {
  const opened = await openWardenWithControl({ policy, store, now: clock.now, monotonic: clock.monotonic });
  const pay = async (url = "https://api.example.com/weather") => {
    const decision = await opened.warden.authorize({ url, offer: offer() });
    if (decision.action === "allow") await opened.warden.settle(decision.id, { outcome: "captured" });
    return decision;
  };
  return { ...opened, pay, store };
}

async function seen(store: Store): Promise<number> {
  const [cell] = await store.load(["clock"]);
  return (JSON.parse(cell?.value ?? '{"clock":0}') as { clock: number }).clock;
}

test("a jump forward refills no budget, and its time is not written down", async () => {
  const clock = hands();
  const { pay, store, warden } = await open(clock);
  assert.equal((await pay()).action, "allow");
  assert.equal((await pay()).action, "allow");
  assert.equal((await pay()).reason, "budget_exceeded");
  const before = await seen(store);
  clock.jump(2 * DAY);
  const denied = await pay();
  assert.equal(denied.reason, "clock_jump");
  assert.match(denied.message ?? "", /172800 s further/);
  assert.equal((await warden.check({ url: "https://api.example.com/", offer: offer() })).reason, "clock_jump");
  assert.equal(await seen(store), before);
  await assert.rejects(warden.budgets(), (error) => error instanceof WardenUnavailable && error.code === "clock_jump");
  // Set right again, all is as before.
  clock.jump(-2 * DAY);
  assert.equal((await pay()).reason, "budget_exceeded");
});

test("an idle night is no jump", async () => {
  const clock = hands();
  const { pay } = await open(clock);
  await pay();
  await pay();
  clock.pass(DAY + 1);
  assert.equal((await pay()).action, "allow");
});

test("thirty seconds may pass unseen, and not a thousand times", async () => {
  const clock = hands();
  const { pay } = await open(clock);
  clock.jump(MAX_SKEW);
  assert.equal((await pay()).action, "allow");
  clock.jump(1);
  assert.equal((await pay()).reason, "clock_jump");
  // A clock that runs a thousandth too fast is no jump, however long it runs.
  clock.jump(-MAX_SKEW);
  for (let day = 0; day < 400; day += 1) {
    clock.pass(DAY);
    clock.jump(DAY / 1_001);
  }
  assert.equal((await pay()).action, "allow");
});

test("a clock that is set back is no jump, and brings back no budget", async () => {
  const clock = hands();
  const { pay } = await open(clock);
  await pay();
  clock.jump(-40 * DAY);
  assert.equal((await pay()).action, "allow");
  assert.equal((await pay()).reason, "budget_exceeded");
});

test("a jump forward makes a store on this clock drop nothing: what is out stays held", async () => {
  const clock = hands();
  const { warden, store, pay } = await open(clock);
  await pay();
  const one = await warden.authorize({ url: "https://api.example.com/1", offer: offer() });
  await warden.ticket(one.id);
  clock.jump(2 * DAY);
  for (const outcome of [await warden.ticket(one.id), await warden.settle(one.id, { outcome: "captured" })]) {
    assert.deepEqual([outcome.ok, outcome.reason], [false, "clock_jump"]);
  }
  await warden.freeze("the clock is wrong");
  clock.jump(-2 * DAY);
  assert.equal(await seen(store), START);
  const [line] = await warden.budgets();
  assert.deepEqual([line?.held, line?.spent], ["0.01", "0.01"]);
  assert.equal((await pay()).reason, "frozen");
});

test("beside a store's own clock, what became of a payment is taken down at the latest time seen", async () => {
  const clock = hands();
  const theirs = { ahead: 0, asked: 0 };
  const store = Object.assign(memoryStore({ now: () => clock.at.wall + theirs.ahead }), {
    now: async () => clock.at.wall + theirs.ahead,
  });
  const { warden } = await open(clock, store);
  const [one, two] = [
    await warden.authorize({ url: "https://api.example.com/1", offer: offer() }),
    await warden.authorize({ url: "https://api.example.com/2", offer: offer() }),
  ];
  await warden.ticket(one.id);
  clock.jump(DAY);
  theirs.ahead = -DAY;
  const outcome = await warden.ticket(two.id);
  assert.deepEqual([outcome.ok, outcome.reason], [false, "clock_skew"]);
  const settled = await warden.settle(one.id, { outcome: "captured" });
  assert.deepEqual([settled.ok, settled.state], [true, "captured"]);
  assert.equal(await seen(store), START);
});

test("the control accepts the time: a suspended machine is not locked out", async () => {
  const clock = hands();
  const { pay, control } = await open(clock);
  clock.jump(8 * 3_600_000);
  assert.equal((await pay()).reason, "clock_jump");
  control.acceptClock();
  assert.equal((await pay()).action, "allow");
  clock.jump(DAY);
  assert.equal((await pay()).reason, "clock_jump");
});

/** A memory store with a clock of its own. */
function timed(clock: ReturnType<typeof hands>, theirs: { ahead: number; asked: number; fails?: boolean }): Store {
  const now = async () => {
    theirs.asked += 1;
    if (theirs.fails === true) throw new Error("no clock today");
    return clock.at.wall + theirs.ahead;
  };
  return Object.assign(memoryStore({ now: clock.now }), { now });
}

test("a host whose clock is more than 30 s off the store's is denied, either way", async () => {
  for (const ahead of [MAX_SKEW + 1, -MAX_SKEW - 1]) {
    const clock = hands();
    const theirs = { ahead, asked: 0 };
    const { pay, control } = await open(clock, timed(clock, theirs));
    const denied = await pay();
    assert.equal(denied.reason, "clock_skew");
    assert.match(denied.message ?? "", /30 s off the store's/);
    control.acceptClock();
    assert.equal((await pay()).reason, "clock_skew");
    // Set right: it is asked again at once.
    theirs.ahead = Math.sign(ahead) * MAX_SKEW;
    assert.equal((await pay()).action, "allow");
  }
});

test("the store's clock is asked once a minute, and again when ours jumps: two clocks that agree are right", async () => {
  const clock = hands();
  const theirs = { ahead: 0, asked: 0 };
  const { pay } = await open(clock, timed(clock, theirs));
  for (let count = 0; count < 5; count += 1) await pay();
  assert.equal(theirs.asked, 1);
  clock.pass(60_000);
  await pay();
  assert.equal(theirs.asked, 2);
  // Both went on for a night, the steady one did not: the machine was suspended.
  clock.jump(DAY);
  assert.equal((await pay()).action, "allow");
  // Ours alone went on.
  clock.jump(DAY);
  theirs.ahead = -DAY;
  assert.equal((await pay()).reason, "clock_skew");
});

test("a store whose clock fails denies, and a clock that tells no time does too", async () => {
  const clock = hands();
  const broken = await open(clock, timed(clock, { ahead: 0, asked: 0, fails: true }));
  assert.equal((await broken.pay()).reason, "store_unavailable");
  assert.throws(
    () => createClock({ now: () => Number.NaN }),
    (error) => error instanceof WardenUnavailable && error.code === "no_clock",
  );
});

test("a clock of one's own without a steady one beside it is believed", async () => {
  const at = { wall: START };
  const clock = createClock({ now: () => at.wall });
  at.wall += 100 * DAY;
  assert.deepEqual(await clock.read(), { ok: true, at: at.wall });
});

test("the clocks of this machine agree with each other", async () => {
  const clock = createClock();
  const reading = await clock.read();
  assert.ok(reading.ok && Math.abs(reading.at - Date.now()) < 5_000);
});
