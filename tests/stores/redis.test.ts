import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis as IoRedis } from "ioredis";
import { createCluster } from "redis";
import { type RedisClient, type RedisOptions, redisStore } from "../../js/stores/redis.ts";
import type { Store } from "../../js/stores/store.ts";
import { type Redis, redisServer, startRedis } from "../support/redis.ts";
import { storeConformance } from "./conformance.ts";

const here = (await redisServer()) !== undefined;
const skip = here ? false : "there is no redis-server";
let redis: Redis;
before(async () => {
  if (here) redis = await startRedis();
});
after(() => redis?.stop());

let scopes = 0;
const newScope = () => `scope-${scopes++}`;

const write = (store: Store, key: string, value: string | null, expires: number | null = null) =>
  store.commit({ read: [], write: [{ key, value, expires }] });

const value = async (store: Store, key: string) => (await store.load([key]))[0]?.value;

async function scanned(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.scan("")) keys.push(key);
  return keys;
}

if (here) {
  storeConformance("redis", async () => {
    const options: RedisOptions = { scope: newScope(), pollMs: 20 };
    const open = async () => redisStore(await redis.client(), options);
    const store = await open();
    const opened = [store];
    return {
      store,
      async peer() {
        const other = await open();
        opened.push(other);
        return other;
      },
      now: async () => (await store.now?.()) ?? 0,
      pass: (ms) => sleep(ms),
      async dispose() {
        for (const one of opened) await one.close();
      },
    };
  });
}

describe("redis: the ledger", { skip }, () => {
  it("keeps everything over a restart of Redis, and versions go on from where they were", async (t) => {
    const own = await startRedis();
    t.after(() => own.stop());
    const client = await own.client();
    const store = await redisStore(client);
    await write(store, "a", "1");
    await write(store, "gone", "1");
    const [a, gone] = await store.load(["a", "gone"]);
    await write(store, "gone", null);
    await own.kill();
    await assert.rejects(store.load(["a"]), { code: "unavailable" });
    await own.start();
    // The same store, over a client that has come back; and another one.
    for (const again of [store, await redisStore(await own.client())]) {
      assert.deepEqual(await eventually(() => again.load(["a"])), [a]);
    }
    await write(store, "gone", "2");
    const [later] = await store.load(["gone"]);
    assert.ok((later?.version ?? 0) > (gone?.version ?? 0));
  });

  it("leaves nothing of the trial at opening", async () => {
    assert.deepEqual(await scanned(await redisStore(await redis.client(), { scope: newScope() })), []);
  });

  it("is apart from that of another scope", async () => {
    const client = await redis.client();
    const [one, two] = [await redisStore(client, { scope: "one" }), await redisStore(client, { scope: "two" })];
    await write(one, "a", "1");
    assert.equal(await value(two, "a"), null);
    await assert.rejects(redisStore(client, { scope: "a}b" }), { code: "input" });
  });

  it("has all its keys in one hash tag, and as many after hundreds of commits", async () => {
    const client = await redis.client();
    const scope = newScope();
    const store = await redisStore(client, { scope });
    for (let i = 0; i < 300; i++) await write(store, `k${i % 3}`, String(i), Date.now() + 60_000);
    const keys = (await client.keys(`*${scope}}*`)).sort();
    const tag = `{tollwarden:${scope}}`;
    assert.deepEqual(keys, [`${tag}:cells`, `${tag}:done`, `${tag}:expiry`, `${tag}:meta`, `${tag}:order`]);
    assert.equal(await client.hLen(`${tag}:cells`), 3);
    assert.equal(await client.zCard(`${tag}:expiry`), 3);
  });

  it("is cleared of expired cells and of old commits a few at each commit, in the end of all", async () => {
    const client = await redis.client();
    const scope = newScope();
    const store = await redisStore(client, { scope, timeoutMs: 1_000 });
    const past = Array.from({ length: 120 }, (_, i) => ({ key: `x/${i}`, value: "1", expires: 5 }));
    await store.commit({ read: [], write: past });
    let kept = await client.hLen(`{tollwarden:${scope}}:cells`);
    assert.equal(kept, 120);
    while (kept > 1) {
      await write(store, "y", "1");
      const left = await client.hLen(`{tollwarden:${scope}}:cells`);
      assert.ok(left < kept && kept - left <= 20, `${kept} and then ${left}`);
      kept = left;
    }
    assert.equal(await client.zCard(`{tollwarden:${scope}}:order`), 1);
    await sleep(1_050);
    await write(store, "y", "2");
    assert.equal(await client.zCard(`{tollwarden:${scope}}:done`), 1);
  });

  it("is refused when its keys hold something else, or come from a newer release, and is not touched", async () => {
    const client = await redis.client();
    await client.hSet("{tollwarden:taken}:cells", "mine", "1");
    await assert.rejects(redisStore(client, { scope: "taken" }), { code: "schema" });
    await client.set("{tollwarden:taken2}:meta", "mine");
    await assert.rejects(redisStore(client, { scope: "taken2" }), { code: "schema" });
    await client.hSet("{tollwarden:newer}:meta", { schema: "2", ledger: "x", version: "7" });
    await assert.rejects(redisStore(client, { scope: "newer" }), { code: "schema", message: /found: `2`/ });
    assert.deepEqual(await client.keys("{tollwarden:newer}*"), ["{tollwarden:newer}:meta"]);
  });

  it("that somebody has put another type into is an error before anything is written", async () => {
    const client = await redis.client();
    for (const part of ["cells", "order", "expiry", "done"]) {
      const scope = newScope();
      const store = await redisStore(client, { scope });
      await write(store, "a", "1", Date.now() + 60_000);
      await client.set(`{tollwarden:${scope}}:${part}`, "mine");
      await assert.rejects(write(store, "a", "2"), { code: "schema" }, part);
      assert.equal(await client.hGet(`{tollwarden:${scope}}:meta`, "version"), "3", part);
    }
  });

  it("takes one command to load and one to commit", async () => {
    const client = await redis.client();
    const sent: string[] = [];
    const store = await redisStore(
      spying(client, (args) => sent.push(args[0] ?? "")),
      { scope: newScope() },
    );
    sent.length = 0;
    const cells = await store.load(Array.from({ length: 50 }, (_, i) => `k${i}`));
    await store.commit({ read: cells, write: cells.map(({ key }) => ({ key, value: "1", expires: null })) });
    assert.deepEqual(sent, ["EVALSHA", "EVALSHA"]);
    await client.sendCommand(["SCRIPT", "FLUSH"]);
    assert.equal(await value(store, "k7"), "1");
    assert.equal((await write(store, "k7", "2")).ok, true);
    assert.deepEqual(sent.slice(2), ["EVALSHA", "EVAL", "EVALSHA", "EVAL"]);
  });
});

describe("redis: durability is checked when it opens", { skip }, () => {
  for (const [setting, weak, kept] of [
    ["appendonly", "no", "yes"],
    ["appendfsync", "everysec", "always"],
    ["no-appendfsync-on-rewrite", "yes", "no"],
    ["maxmemory-policy", "allkeys-lru", "noeviction"],
  ] as const) {
    it(`${setting} ${weak}`, async (t) => {
      const client = await redis.client();
      await client.configSet(setting, weak);
      t.after(() => client.configSet(setting, kept));
      const said = { name: "StoreError", code: "unavailable", message: new RegExp(`\`${setting}\` is \`${weak}\``) };
      await assert.rejects(redisStore(client, { scope: newScope() }), said);
      const store = await redisStore(client, { scope: newScope(), acceptForgottenCommits: true });
      assert.equal((await write(store, "a", "1")).ok, true);
    });
  }

  it("a Redis that does not say is refused too", async (t) => {
    const admin = await redis.client();
    await admin.aclSetUser("guest", ["on", ">secret", "~*", "+@all", "-config"]);
    t.after(() => admin.aclDelUser("guest"));
    const client = await redis.client({ username: "guest", password: "secret" });
    await assert.rejects(redisStore(client, { scope: newScope() }), {
      message: /can't be read.*acceptForgottenCommits/,
    });
    const store = await redisStore(client, { scope: newScope(), acceptForgottenCommits: true });
    assert.equal((await write(store, "a", "1")).ok, true);
  });

  it("a user with few rights is enough", async (t) => {
    const admin = await redis.client();
    const commands = ["+@hash", "+@sortedset", "+exists", "+time", "+eval", "+evalsha", "+config|get"];
    await admin.aclSetUser("warden", ["on", ">secret", "~{tollwarden:*", "-@all", ...commands]);
    t.after(() => admin.aclDelUser("warden"));
    await works(await redis.client({ username: "warden", password: "secret" }));
  });

  it("what is no client, and no timeout, is refused", async () => {
    for (const client of [null, undefined, {}, "redis://127.0.0.1"]) {
      await assert.rejects(redisStore(client as never), { code: "input" });
    }
    for (const timeoutMs of [0, -1, Number.NaN, 15_001]) {
      await assert.rejects(redisStore(await redis.client(), { timeoutMs }), { code: "input" });
    }
  });
});

describe("redis: commits that come late, twice or to another ledger", { skip }, () => {
  it("one that a client still had in its queue when its caller gave up is refused", async () => {
    const client = await redis.client();
    let held: (() => Promise<unknown>) | undefined;
    let signal: AbortSignal | undefined;
    const slow: RedisClient = {
      sendCommand: (args, options) => {
        if (!args.includes("set") || !args.includes("theirs")) return client.sendCommand(args);
        signal = options?.abortSignal;
        held = () => client.sendCommand(args);
        return new Promise(() => undefined);
      },
    };
    const store = await redisStore(slow, { scope: newScope(), timeoutMs: 500 });
    await assert.rejects(write(store, "a", "theirs"), { code: "unavailable", message: /within 500 ms/ });
    // The client is told to forget it; this one does not.
    assert.equal(signal?.aborted, true);
    // Late by Redis' clock, which the store knows to some milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 250));
    const answer = (await held?.()) as string[];
    assert.equal(answer[0], "late");
    assert.equal(await value(store, "a"), null);
  });

  it("what a client queued while Redis was away is not written when it is back", async (t) => {
    const own = await startRedis();
    t.after(() => own.stop());
    const client = await own.client();
    const store = await redisStore(client, { timeoutMs: 500 });
    await own.kill();
    await assert.rejects(write(store, "a", "1"), { code: "unavailable" });
    await assert.rejects(write(store, "a", "2"), { code: "unavailable" });
    await own.start();
    await eventually(() => store.load(["a"]));
    assert.equal(await value(store, "a"), null);
    assert.equal((await write(store, "a", "3")).ok, true);
  });

  it("one that is delivered twice is applied once", async () => {
    const client = await redis.client();
    const answers: unknown[] = [];
    const stammering: RedisClient = {
      async sendCommand(args) {
        const first = await client.sendCommand(args);
        if (!args.includes("set") || !args.includes("a")) return first;
        answers.push(first, await client.sendCommand(args));
        return answers.at(-1);
      },
    };
    const store = await redisStore(stammering, { scope: newScope() });
    const result = await store.commit({
      read: [{ key: "a", version: 0 }],
      write: [{ key: "a", value: "1", expires: null }],
    });
    assert.deepEqual(
      answers.map((answer) => (answer as string[])[0]),
      ["ok", "again"],
    );
    assert.equal(result.ok, true);
    const [a] = await store.load(["a"]);
    assert.equal(String(a?.version), (answers[0] as string[])[2]);
  });

  for (const [what, harm, said] of [
    ["made anew", async (client: Awaited<ReturnType<Redis["client"]>>) => client.flushAll(), /not the one/],
    [
      "set back",
      async (client: Awaited<ReturnType<Redis["client"]>>, scope: string) =>
        client.hSet(`{tollwarden:${scope}}:meta`, "version", "2"),
      /gone back/,
    ],
  ] as const) {
    it(`a ledger that was ${what} is refused, for reading and writing, until it is opened again`, async (t) => {
      const own = await startRedis();
      t.after(() => own.stop());
      const client = await own.client();
      const scope = newScope();
      const store = await redisStore(client, { scope });
      for (let i = 0; i < 3; i++) await write(store, "a", String(i));
      await harm(client, scope);
      const other = await redisStore(await own.client(), { scope });
      await assert.rejects(write(store, "b", "1"), { code: "unavailable", message: said });
      // Others have gone on, beyond where it was: it stays refused.
      for (let i = 0; i < 10; i++) await write(other, "c", String(i));
      await assert.rejects(store.load(["a"]), { code: "unavailable", message: said });
      await assert.rejects(scanned(store), { code: "unavailable" });
      assert.equal(await value(other, "b"), null);
      assert.equal((await write(await redisStore(client, { scope }), "b", "2")).ok, true);
    });
  }

  it("a replica that takes over without the last commits is refused", async (t) => {
    const [primary, replica] = [await startRedis(), await startRedis()];
    t.after(() => Promise.all([primary.stop(), replica.stop()]));
    const behind = await replica.client();
    await behind.sendCommand(["REPLICAOF", "127.0.0.1", String(primary.port)]);
    let current = await primary.client();
    // As a client does that follows a failover.
    const store = await redisStore({ sendCommand: (args) => current.sendCommand(args) });
    await write(store, "a", "1");
    assert.equal(await eventually(async () => assert.equal(await current.wait(1, 1_000), 1)), undefined);
    await behind.sendCommand(["REPLICAOF", "NO", "ONE"]);
    await write(store, "a", "2");
    await primary.kill();
    current = behind;
    await assert.rejects(store.load(["a"]), { code: "unavailable", message: /gone back.*lost commits/ });
    await assert.rejects(write(store, "a", "3"), { code: "unavailable", message: /gone back/ });
    assert.equal(await value(await redisStore(behind), "a"), "1");
  });

  it("a host whose clock is not Redis's reads nothing", async () => {
    const client = await redis.client();
    let skew = 0;
    const hostNow = () => Date.now() + skew;
    const store = await redisStore(client, { scope: newScope(), hostNow });
    await write(store, "a", "1");
    for (skew of [-31_000, 31_000, Number.NaN]) {
      await assert.rejects(store.load(["a"]), { code: "unavailable", message: /clock/ });
      await assert.rejects(scanned(store), { code: "unavailable" });
    }
    skew = 29_000;
    assert.equal(await value(store, "a"), "1");
  });
});

describe("redis: other clients", { skip }, () => {
  it("node-redis over RESP2", async () => works(await redis.client({ RESP: 2 })));

  it("ioredis, by an adapter of one line", async (t) => {
    const io = new IoRedis(redis.port, "127.0.0.1");
    t.after(() => io.disconnect());
    await works({ sendCommand: ([command = "", ...args]) => io.call(command, ...args) });
  });

  it("node-redis's cluster, by an adapter of one line", async (t) => {
    const node = await startRedis(["--cluster-enabled", "yes"]);
    t.after(() => node.stop());
    const admin = await node.client();
    await admin.sendCommand(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    await eventually(() => admin.set("there", "1"));
    const cluster = createCluster({ rootNodes: [{ url: node.url }] });
    cluster.on("error", () => undefined);
    await cluster.connect();
    t.after(() => cluster.destroy());
    await works({ sendCommand: (args) => cluster.sendCommand("{tollwarden:default}", false, args) });
  });
});

async function works(client: RedisClient): Promise<void> {
  const scope = newScope();
  const store = await redisStore(client, { scope });
  const text = "aé😀\n";
  for (const key of ["b", "a", text]) assert.equal((await write(store, key, text)).ok, true);
  assert.deepEqual(await scanned(store), ["a", text, "b"]);
  assert.equal(await value(store, text), text);
  const read = [{ key: "a", version: 1 }];
  assert.deepEqual(await store.commit({ read, write: [] }), { ok: false, conflicts: ["a"] });
}

function spying(client: RedisClient, note: (args: readonly string[]) => void): RedisClient {
  return {
    sendCommand(args, options) {
      note(args);
      return client.sendCommand(args, options);
    },
  };
}

/** Again until it does not throw: for a client that has to find its way back. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === 100) throw error;
      await sleep(50);
    }
  }
}
