import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { type SqliteOptions, sqliteStore } from "../../js/stores/sqlite.ts";
import type { Store } from "../../js/stores/store.ts";
import { storeConformance } from "./conformance.ts";
import { checkPurging } from "./purging.ts";

const child = join(import.meta.dirname, "sqlite-child.ts");

function folder(t?: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "tollwarden-"));
  t?.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const write = (store: Store, key: string, value: string | null, expires: number | null = null) =>
  store.commit({ read: [], write: [{ key, value, expires }] });

const value = async (store: Store, key: string) => (await store.load([key]))[0]?.value;

async function scanned(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.scan("")) keys.push(key);
  return keys;
}

storeConformance("sqlite, by path", async () => {
  const dir = folder();
  const path = join(dir, "ledger.sqlite");
  let time = 1_000_000;
  const options: SqliteOptions = { now: () => time, pollMs: 20 };
  const opened = [await sqliteStore(path, options)];
  return {
    store: opened[0] as Store,
    async peer() {
      const other = await sqliteStore(path, options);
      opened.push(other);
      return other;
    },
    now: () => time,
    pass: (ms) => {
      time += ms;
    },
    async dispose() {
      for (const store of opened) await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});

describe("sqlite: the file", () => {
  it("keeps everything over a close, and versions go on from where they were", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    const first = await sqliteStore(path);
    await write(first, "a", "1");
    await write(first, "gone", "1");
    const [a, gone] = await first.load(["a", "gone"]);
    await write(first, "gone", null);
    await first.close();

    const second = await sqliteStore(path);
    t.after(() => second.close());
    assert.deepEqual(await second.load(["a"]), [a]);
    await write(second, "gone", "2");
    const [again] = await second.load(["gone"]);
    assert.ok((again?.version ?? 0) > (gone?.version ?? 0));
  });

  it("leaves nothing of the trial at opening", async (t) => {
    const store = await sqliteStore(join(folder(t), "ledger.sqlite"));
    t.after(() => store.close());
    assert.deepEqual(await scanned(store), []);
  });

  it("is created for its owner alone, with its folder and its side files", {
    skip: process.platform === "win32",
  }, async (t) => {
    const dir = join(folder(t), "new", "deep");
    const store = await sqliteStore(join(dir, "ledger.sqlite"));
    t.after(() => store.close());
    await write(store, "a", "1");
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(dir).sort(), ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"]);
    for (const name of readdirSync(dir)) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
  });

  it("keeps the mode that its owner has given it", { skip: process.platform === "win32" }, async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    await (await sqliteStore(path)).close();
    chmodSync(path, 0o640);
    await (await sqliteStore(path)).close();
    assert.equal(statSync(path).mode & 0o777, 0o640);
  });

  it("is refused when it comes from a newer release, and not touched", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    await (await sqliteStore(path)).close();
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 2");
    db.close();
    await assert.rejects(sqliteStore(path), { code: "schema", message: /schema version `2`/ });
    const after = new DatabaseSync(path);
    t.after(() => after.close());
    assert.deepEqual({ ...after.prepare("PRAGMA user_version").get() }, { user_version: 2 });
  });

  it("is refused when it holds something else, and not touched", async (t) => {
    const path = join(folder(t), "other.sqlite");
    const db = new DatabaseSync(path);
    t.after(() => db.close());
    db.exec("CREATE TABLE users (name TEXT)");
    await assert.rejects(sqliteStore(path), { code: "schema" });
    assert.deepEqual(
      { ...db.prepare("SELECT group_concat(name) AS names FROM sqlite_schema").get() },
      { names: "users" },
    );
    assert.deepEqual({ ...db.prepare("PRAGMA journal_mode").get() }, { journal_mode: "delete" });
  });

  it("is refused when it is no database at all", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    writeFileSync(path, "not a database, but longer than the header of one: ".repeat(100));
    await assert.rejects(sqliteStore(path), { code: "unavailable", message: /not a database/ });
  });

  for (const path of ["", ":memory:", "file:ledger.sqlite?mode=memory"]) {
    it(`is not \`${path}\``, async () => {
      await assert.rejects(sqliteStore(path), { code: "input", message: /memoryStore/ });
    });
  }

  it("is missed when it was removed or replaced while open", { skip: process.platform === "win32" }, async (t) => {
    const dir = folder(t);
    const path = join(dir, "ledger.sqlite");
    const store = await sqliteStore(path);
    t.after(() => store.close());
    renameSync(path, join(dir, "elsewhere"));
    await assert.rejects(write(store, "a", "1"), { code: "unavailable", message: /removed or replaced/ });
    writeFileSync(path, "");
    await assert.rejects(store.load(["a"]), { code: "unavailable" });
    await assert.rejects(scanned(store), { code: "unavailable" });
  });

  it("is cleared of expired cells a few at each commit, in the end of all", async (t) => {
    let time = 0;
    const store = await sqliteStore(join(folder(t), "ledger.sqlite"), { now: () => time });
    t.after(() => store.close());
    await checkPurging(store, (ms) => {
      time = ms;
    });
  });
});

describe("sqlite: several processes", () => {
  it("4 of them add 100 times each, and none is lost", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    // All four create the file at once.
    const running = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [child, "count", path, "100"], { stdio: "inherit" }),
    );
    const codes = await Promise.all(running.map((one) => once(one, "exit").then(([code]) => code)));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    const store = await sqliteStore(path);
    t.after(() => store.close());
    assert.equal(await value(store, "sum"), "400");
    assert.deepEqual(await scanned(store), ["sum"]);
  });

  it("killed in the middle of commits, they lose nothing that was acknowledged", { timeout: 60_000 }, async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    const lives = 4;
    const acknowledged: number[] = [];
    for (let life = 0; life < lives; life++) {
      const running = spawn(process.execPath, [child, "write", path, String(life)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let printed = "";
      running.stdout.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
      });
      const closed = once(running, "close");
      while (printed.split("\n").length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
      // Somewhere in a commit, and not at the same place each time.
      await new Promise((resolve) => setTimeout(resolve, life * 1.7));
      running.kill("SIGKILL");
      await closed;
      // The last piece is cut off or empty: a number counts with its line end.
      acknowledged.push(printed.split("\n").length - 1);
    }

    const store = await sqliteStore(path);
    t.after(() => store.close());
    for (const [life, count] of acknowledged.entries()) {
      assert.ok(count >= 19);
      for (let i = 0; i < count; i++) assert.equal(await value(store, `${life}/${i}/a`), String(i));
    }
    const halves = (await scanned(store)).map((key) => key.split("/"));
    for (const [life, i] of halves) {
      assert.equal(halves.filter((key) => key[0] === life && key[1] === i).length, 2, `half of ${life}/${i}`);
    }
    const db = new DatabaseSync(path, { readOnly: true });
    t.after(() => db.close());
    assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  });

  it("a writer that holds the file makes a commit wait, then fail as busy, and then go through", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    const store = await sqliteStore(path, { busyMs: 200 });
    t.after(() => store.close());
    const other = new DatabaseSync(path);
    t.after(() => other.close());
    other.exec("BEGIN IMMEDIATE");
    const from = performance.now();
    await assert.rejects(write(store, "a", "1"), { code: "busy" });
    const waited = performance.now() - from;
    assert.ok(waited >= 200 && waited < 3_000, `it waited ${waited} ms`);
    const waiting = write(store, "a", "2");
    setTimeout(() => other.exec("ROLLBACK"), 50);
    assert.equal((await waiting).ok, true);
    assert.equal(await value(store, "a"), "2");
  });

  it("two that create the file at the same time make one ledger, whichever step the other comes in at", async (t) => {
    let reached = true;
    for (let step = 0; reached; step++) {
      const path = join(folder(t), "ledger.sqlite");
      const db = new DatabaseSync(path);
      t.after(() => db.close());
      const others: Promise<Store>[] = [];
      let steps = 0;
      const counted = <T>(action: () => T): T => {
        // Opening does its first steps, the tables among them, without an await.
        if (steps++ === step) others.push(sqliteStore(path));
        return action();
      };
      const exec = (sql: string) => counted(() => db.exec(sql));
      const prepare = (sql: string) => counted(() => db.prepare(sql));
      const store = await sqliteStore({ exec, prepare });
      reached = others.length > 0;
      for (const other of await Promise.all(others)) {
        await write(other, "a", "1");
        assert.equal(await value(store, "a"), "1");
        await other.close();
      }
      assert.ok(reached || step > 20, `opening took ${step} steps only`);
    }
  });

  it("nobody writes between the check of a commit and its writes", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    t.after(() => [db, other].map((one) => one.close()));
    let armed = false;
    let refused = 0;
    const prepare = (sql: string) => {
      const statement = db.prepare(sql);
      if (!sql.includes("FROM cell WHERE key = ?")) return statement;
      return {
        run: statement.run.bind(statement),
        all: statement.all.bind(statement),
        get(key: string) {
          const row = statement.get(key);
          if (armed) {
            armed = false;
            assert.throws(() => other.exec("UPDATE cell SET value = 'theirs'"), { errcode: 5 });
            refused++;
          }
          return row;
        },
      };
    };
    const store = await sqliteStore({ exec: (sql: string) => db.exec(sql), prepare });
    await write(store, "a", "before");
    const read = await store.load(["a"]);
    armed = true;
    assert.equal((await store.commit({ read, write: [{ key: "a", value: "ours", expires: null }] })).ok, true);
    assert.equal(refused, 1);
    assert.equal(await value(store, "a"), "ours");
  });

  it("watch hears of this store's own commits without waiting for a poll", async (t) => {
    const store = await sqliteStore(join(folder(t), "ledger.sqlite"), { pollMs: 600_000 });
    t.after(() => store.close());
    let fired = 0;
    store.watch("a", () => fired++);
    await write(store, "a", "1");
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(fired, 1);
  });

  it("watch sees a cell expire", async (t) => {
    let time = 0;
    const store = await sqliteStore(join(folder(t), "ledger.sqlite"), { now: () => time, pollMs: 10 });
    t.after(() => store.close());
    await write(store, "a", "1", 5);
    let fired = 0;
    store.watch("a", () => fired++);
    time = 5;
    // Its own timer does not keep the process alive; this one does.
    for (let waited = 0; fired === 0 && waited < 2_000; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(fired, 1);
  });
});

describe("sqlite: what can't be written is an error", () => {
  const overHandle = async (t: TestContext) => {
    const path = join(folder(t), "ledger.sqlite");
    const db = new DatabaseSync(path);
    t.after(() => db.close());
    return { path, db, store: await sqliteStore(db) };
  };

  it("a full disk, and the store works again once there is room", async (t) => {
    const { db, store } = await overHandle(t);
    db.exec("PRAGMA max_page_count = 20");
    await assert.rejects(write(store, "large", "x".repeat(1 << 20)), { code: "unavailable", message: /full/ });
    assert.equal(await value(store, "large"), null);
    db.exec("PRAGMA max_page_count = 100000");
    assert.equal((await write(store, "large", "x".repeat(1 << 20))).ok, true);
  });

  it("a file system without room", { skip: canMount() ? false : "needs the right to mount a tmpfs" }, async (t) => {
    const dir = folder(t);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir]);
    // Before the folder is removed: hooks run in the order in which they were registered, so this one unmounts by itself.
    let store: Store | null = null;
    try {
      store = await sqliteStore(join(dir, "ledger.sqlite"));
      let acknowledged = 0;
      const fill = async (open: Store) => {
        for (; ; acknowledged++) await write(open, `k${acknowledged}`, "x".repeat(10_000));
      };
      await assert.rejects(fill(store), { name: "StoreError", code: "unavailable" });
      assert.ok(acknowledged > 10);
      for (let i = 0; i < acknowledged; i++) assert.equal((await value(store, `k${i}`))?.length, 10_000);
    } finally {
      await store?.close();
      execFileSync("umount", [dir]);
    }
  });

  it("a read-only handle, at opening", async (t) => {
    const { path } = await overHandle(t);
    const db = new DatabaseSync(path, { readOnly: true });
    t.after(() => db.close());
    await assert.rejects(sqliteStore(db), { code: "unavailable", message: /readonly/ });
  });

  it("a database that becomes read-only later", async (t) => {
    const { db, store } = await overHandle(t);
    db.exec("PRAGMA query_only = ON");
    await assert.rejects(write(store, "a", "1"), { code: "unavailable", message: /readonly/ });
    db.exec("PRAGMA query_only = OFF");
    assert.equal(await value(store, "a"), null);
  });

  it("a folder that can't be made", async (t) => {
    const dir = folder(t);
    writeFileSync(join(dir, "file"), "");
    await assert.rejects(sqliteStore(join(dir, "file", "ledger.sqlite")), { code: "unavailable" });
    mkdirSync(join(dir, "taken"));
    await assert.rejects(sqliteStore(join(dir, "taken")), { code: "unavailable" });
  });

  it("a handle in memory, which can't be durable", async (t) => {
    const db = new DatabaseSync(":memory:");
    t.after(() => db.close());
    await assert.rejects(sqliteStore(db), { code: "unavailable", message: /journal_mode/ });
  });

  it("a handle in the middle of somebody's transaction, which stays as it was", async (t) => {
    const { db, store } = await overHandle(t);
    db.exec("BEGIN IMMEDIATE");
    await assert.rejects(write(store, "a", "1"), { code: "unavailable", message: /transaction/ });
    db.exec("COMMIT");
    assert.equal((await write(store, "a", "1")).ok, true);
  });

  it("a version counter at its end, which does not start again", async (t) => {
    const { db, store } = await overHandle(t);
    db.exec(`UPDATE counter SET version = ${Number.MAX_SAFE_INTEGER - 1}`);
    assert.equal((await write(store, "a", "1")).ok, true);
    await assert.rejects(write(store, "a", "2"), { code: "unavailable", message: /CHECK/ });
    assert.deepEqual((await store.load(["a"]))[0], { key: "a", version: Number.MAX_SAFE_INTEGER, value: "1" });
  });

  for (const [what, version, text, expires] of [
    ["a version above 2^53", "9007199254740993", "'1'", "NULL"],
    ["a version that is no number", "'1'", "'1'", "NULL"],
    ["a value that is no text", "1", "x'00'", "NULL"],
    ["an expiry that is no number", "1", "'1'", "'never'"],
  ]) {
    it(`a cell that somebody else wrote, with ${what}`, async (t) => {
      const { db, store } = await overHandle(t);
      db.exec("DROP TABLE cell; CREATE TABLE cell (key PRIMARY KEY, version, value, expires)");
      db.exec(`INSERT INTO cell VALUES ('a', ${version}, ${text}, ${expires})`);
      await assert.rejects(store.load(["a"]), { name: "StoreError" });
      await assert.rejects(scanned(store), { name: "StoreError" });
      await assert.rejects(store.commit({ read: [{ key: "a", version: 1 }], write: [] }), { name: "StoreError" });
    });
  }
});

describe("sqlite: handles", () => {
  it("one that is passed in stays open after close", async (t) => {
    const db = new DatabaseSync(join(folder(t), "ledger.sqlite"));
    t.after(() => db.close());
    const store = await sqliteStore(db);
    await store.close();
    assert.deepEqual({ ...db.prepare("SELECT 1 AS one").get() }, { one: 1 });
  });

  it("one that gives bigints gives the same cells", async (t) => {
    const db = new DatabaseSync(join(folder(t), "ledger.sqlite"), { readBigInts: true });
    t.after(() => db.close());
    const store = await sqliteStore(db, { now: () => 0 });
    await write(store, "a", "1", 5);
    const [a] = await store.load(["a"]);
    assert.equal(typeof a?.version, "number");
    assert.equal((await store.commit({ read: [a ?? assert.fail()], write: [] })).ok, true);
  });

  it("what is no handle is refused", async () => {
    for (const handle of [null, undefined, 7, {}, { exec() {} }]) {
      await assert.rejects(sqliteStore(handle as never), { code: "input" });
    }
  });

  it("durability is asked for, and a handle that does not give it is refused", async (t) => {
    const db = new DatabaseSync(join(folder(t), "ledger.sqlite"));
    t.after(() => db.close());
    db.exec("PRAGMA synchronous = OFF");
    await sqliteStore(db);
    assert.deepEqual({ ...db.prepare("PRAGMA synchronous").get() }, { synchronous: 2 });
    const deaf = {
      exec: (sql: string) => (sql.includes("synchronous") ? undefined : db.exec(sql)),
      prepare: db.prepare.bind(db),
    };
    db.exec("PRAGMA synchronous = NORMAL");
    await assert.rejects(sqliteStore(deaf), { code: "unavailable", message: /synchronous = FULL.*stays `1`/ });
  });

  it("without node:sqlite (Node 20) opening by path is an error that says what to do, and makes no file", async (t) => {
    const path = join(folder(t), "ledger.sqlite");
    const real = process.getBuiltinModule;
    t.mock.method(process, "getBuiltinModule", (id: string) =>
      id === "node:sqlite" ? undefined : real.call(process, id),
    );
    const said = { name: "StoreError", code: "unavailable", message: /Node 22\.13.*better-sqlite3.*another store/ };
    await assert.rejects(sqliteStore(path), said);
    t.mock.method(process, "getBuiltinModule", undefined as never);
    await assert.rejects(sqliteStore(path), said);
    assert.equal(existsSync(path), false);
    const db = new DatabaseSync(path);
    t.after(() => db.close());
    assert.equal((await write(await sqliteStore(db), "a", "1")).ok, true);
  });
});

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const dir = folder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir], { stdio: "ignore" });
    execFileSync("umount", [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
