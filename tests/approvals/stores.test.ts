/**
 * One script on the stores that machines share: a question that is asked in one process, or isolate, is answered in
 * another; it is decided once, and used once, by whoever is first; it outlives all of them; and as many wait as may.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Outcome } from "../../js/index.ts";
import { startWorkerd } from "../stores/edge/workerd.ts";
import { type Redis, startRedis } from "../support/redis.ts";
import { inRedis, type Place } from "../torture/place.ts";
import { skipOf } from "../torture/servers.ts";
import type { Step } from "./actor.ts";

/** One of two that share a store. `most`: so many questions may stand. */
type Actor = <T>(step: Step, most: number) => Promise<T>;

const limited = ([one, other]: readonly [Actor, Actor], most: number) =>
  [<T>(step: Step) => one<T>(step, most), <T>(step: Step) => other<T>(step, most)] as const;

interface Shared {
  readonly actors: readonly [Actor, Actor];
  /** Everything ends and starts again; only what is stored is kept. */
  restart(): Promise<readonly [Actor, Actor]>;
  close(): Promise<void>;
}

async function script(t: TestContext, open: () => Promise<Shared>, most: number): Promise<void> {
  const shared = await open();
  try {
    let [one, other] = limited(shared.actors, most);
    // Asked here, answered there: who waits goes on.
    assert.deepEqual(await one({ step: "ask", first: 0, last: 3 }), { require_approval: 3 });
    assert.equal(await other({ step: "pending" }), 3);
    const waiting = one<{ action: string; at: number }>({ step: "wait", n: 0 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const since = Date.now();
    assert.equal((await other<Outcome>({ step: "answer", n: 0, approver: "alice", approved: true })).ok, true);
    const { action, at } = await waiting;
    assert.equal(action, "allow");
    t.diagnostic(`from before the approval to the decision in the other: ${at - since} ms`);

    // Two answers at the same moment, one approver, each in a process of its own: one counts.
    const answers = await Promise.all([
      one<Outcome>({ step: "answer", n: 1, approver: "alice", approved: true }),
      other<Outcome>({ step: "answer", n: 1, approver: "alice", approved: true }),
    ]);
    assert.deepEqual(answers.map(({ ok }) => ok).sort(), [false, true]);

    // A day's work is not lost when all of them fall over. What was approved is used once, by one of two.
    [one, other] = limited(await shared.restart(), most);
    assert.equal(await other({ step: "pending" }), 1);
    const signed = await Promise.all([
      one<{ ticket: boolean }>({ step: "sign", n: 1 }),
      other<{ ticket: boolean }>({ step: "sign", n: 1 }),
    ]);
    assert.deepEqual(signed.map(({ ticket }) => ticket).sort(), [false, true]);
    const late = await other<Outcome>({ step: "answer", n: 1, approver: "bob", approved: false });
    assert.deepEqual([late.ok, late.reason], [false, "approval_void"]);
    for (const approver of ["alice", "bob"]) {
      assert.equal((await other<Outcome>({ step: "answer", n: 2, approver, approved: false })).ok, true);
    }

    // So many stand, asked from both, the refused one among them; one more is not asked. They hold no money, and each can
    // still be decided.
    const begun = Date.now();
    const half = most / 2;
    assert.deepEqual(await one({ step: "ask", first: 3, last: half }), { require_approval: half - 3 });
    assert.deepEqual(await other({ step: "ask", first: half, last: most + 2 }), { require_approval: half + 2 });
    assert.deepEqual(await one({ step: "ask", first: most + 2, last: most + 3 }), { too_many_prompts: 1 });
    assert.equal(await one({ step: "pending" }), most - 1);
    t.diagnostic(`${most} questions asked in ${Date.now() - begun} ms`);
    const released = [7, 77, most - 13].map((n) => one<{ action: string }>({ step: "wait", n }));
    for (const n of [most - 13, 7, 77]) await other({ step: "answer", n, approver: "bob", approved: true });
    assert.deepEqual(
      (await Promise.all(released)).map((they) => they.action),
      ["allow", "allow", "allow"],
    );
    assert.equal(await other({ step: "pending" }), most - 4);
    const budgets = await other<{ held: string; spent: string }[]>({ step: "budgets" });
    assert.deepEqual(
      budgets.map(({ held }) => held),
      ["0.05"],
    );
  } finally {
    await shared.close();
  }
}

/** An actor in a process of its own; `end` ends it at once. */
function child(place: Place): { readonly actor: Actor; readonly end: () => Promise<void> } {
  const path = fileURLToPath(new URL("actor-child.ts", import.meta.url));
  const process_ = spawn(process.execPath, [path, JSON.stringify(place)], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(process_, "close");
  const asked = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  createInterface({ input: process_.stdout }).on("line", (line) => {
    const { number, value, error } = JSON.parse(line) as { number: number; value: never; error?: string };
    if (error === undefined) asked.get(number)?.resolve(value);
    else asked.get(number)?.reject(new Error(error));
    asked.delete(number);
  });
  void ended.then(() => {
    for (const { reject } of asked.values()) reject(new Error("the process has ended"));
  });
  let numbers = 0;
  return {
    actor: (step, most) =>
      new Promise((resolve, reject) => {
        const number = numbers++;
        asked.set(number, { resolve, reject });
        process_.stdin.write(`${JSON.stringify({ number, step, most })}\n`);
      }),
    end: async () => {
      process_.kill("SIGKILL");
      await ended;
    },
  };
}

async function onRedis(): Promise<Shared> {
  const redis: Redis = await startRedis();
  const place = inRedis(redis.url)("approvals");
  let children = [child(place), child(place)] as const;
  const actors = () => [children[0].actor, children[1].actor] as const;
  const end = () => Promise.all(children.map((one) => one.end()));
  return {
    actors: actors(),
    async restart() {
      await end();
      await redis.kill();
      await redis.start();
      children = [child(place), child(place)];
      return actors();
    },
    async close() {
      await end();
      await redis.stop();
    },
  };
}

async function inIsolates(): Promise<Shared> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-approvals-"));
  const start = () => startWorkerd({ folder, others: 2 });
  let workerd = await start();
  const actor =
    (worker: number): Actor =>
    (step, most) =>
      workerd.ask({ do: "act", scope: "approvals", step, most }, worker);
  const actors = [actor(1), actor(2)] as const;
  return {
    actors,
    async restart() {
      await workerd.dispose();
      workerd = await start();
      return actors;
    },
    async close() {
      await workerd.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test(
  "redis, two processes: asked here, answered there, decided once, kept, and a thousand of them",
  {
    skip: skipOf("redis"),
  },
  (t) => script(t, onRedis, 1_000),
);

test("a durable object, two isolates: asked here, answered there, decided once, kept, and 100 of them", (t) =>
  script(t, inIsolates, 100));
