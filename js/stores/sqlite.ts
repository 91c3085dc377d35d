/**
 * A ledger in one SQLite file, shared by any number of processes on one machine (WAL needs shared memory, so the file
 * must not be on a network file system).
 *
 * Durability: WAL with synchronous=FULL, so each commit is on disk before it resolves. Both settings are read back,
 * because SQLite keeps the old value, silently, where it can't do what was asked.
 * Isolation: a commit is one BEGIN IMMEDIATE … COMMIT without an await in between.
 */

import { asCell, wholeNumber } from "./cell.ts";
import {
  type Commit,
  type CommitResult,
  checkCommit,
  checkKey,
  checkPrefix,
  proveCompareAndSwap,
  type Store,
  type StoredCell,
  StoreError,
} from "./store.ts";

/** What `node:sqlite`, `better-sqlite3` and `bun:sqlite` have in common. All three are synchronous. */
export interface SqliteHandle {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  run(...values: SqliteValue[]): unknown;
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

type SqliteValue = string | number | null;

export interface SqliteOptions {
  /** Milliseconds since the epoch, for expiry. `Date.now` unless given. */
  readonly now?: () => number;
  /** How long a call may wait for other processes before it is an error, in ms. 5,000 unless given. */
  readonly busyMs?: number;
  /** How often `watch` looks for changes by other processes, in ms. 250 unless given. */
  readonly pollMs?: number;
}

/** The version of the tables below, in the file's `user_version`. */
const SCHEMA_VERSION = 1;
/** "tolw", in the file's `application_id`: tells a ledger from somebody else's database. */
const APPLICATION_ID = 0x746f6c77;
/** One wait inside SQLite blocks the whole event loop, so it is short; the longer wait is between attempts. */
const BLOCKING_WAIT_MS = 50;
const PURGE_PER_COMMIT = 16;
const SCAN_PAGE = 64;

const SCHEMA = `
  CREATE TABLE cell (
    key TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}),
    value TEXT NOT NULL,
    expires INTEGER CHECK (expires BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER})
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cell_expires ON cell (expires) WHERE expires IS NOT NULL;
  CREATE TABLE counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL CHECK (version BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER})
  ) STRICT;
  INSERT INTO counter VALUES (1, 0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};`;

/**
 * Opens a ledger: a path, or a handle of one of the three libraries. Give the ledger a file of its own.
 * The file is created with mode 0600, its folder with 0700. A handle that is passed in stays the caller's to close.
 */
export async function sqliteStore(pathOrHandle: string | SqliteHandle, options: SqliteOptions = {}): Promise<Store> {
  const file = typeof pathOrHandle === "string" ? openFile(pathOrHandle) : null;
  const handle = file?.handle ?? checkHandle(pathOrHandle);
  try {
    const busyMs = options.busyMs ?? 5_000;
    await patiently(busyMs, () => prepareDatabase(handle));
    const now = options.now ?? Date.now;
    const store = storeOver(handle, file, { now, busyMs, pollMs: options.pollMs ?? 250 });
    await proveCompareAndSwap(store, now());
    return store;
  } catch (error) {
    file?.handle.close();
    throw error;
  }
}

interface OpenFile {
  readonly handle: SqliteHandle & { close(): void };
  /** Throws when the path no longer leads to the file that is open: SQLite would go on writing into nothing. */
  mustBeInPlace(): void;
}

function openFile(path: string): OpenFile {
  if (path === "" || path === ":memory:" || path.startsWith("file:")) {
    throw new StoreError("input", `a ledger needs the path of a file (for one in memory use memoryStore): \`${path}\``);
  }
  const builtin = globalThis.process?.getBuiltinModule;
  const sqlite = builtin?.("node:sqlite");
  const fs = builtin?.("node:fs");
  const { dirname } = builtin?.("node:path") ?? {};
  if (!sqlite || !fs || !dirname) {
    throw new StoreError(
      "unavailable",
      "this runtime has no node:sqlite, which the ledger file needs: use Node 22.13 or later, or pass an open handle " +
        "(better-sqlite3, bun:sqlite, node:sqlite) in place of the path, or name another store; " +
        `nothing was opened for \`${path}\``,
    );
  }
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite would create it with mode 0644; its -wal and -shm files take the mode of this one.
    fs.closeSync(fs.openSync(path, "a", 0o600));
    const opened = fs.statSync(path, { bigint: true });
    const mustBeInPlace = () => {
      const there = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
      if (there?.ino === opened.ino && there.dev === opened.dev) return;
      throw new StoreError("unavailable", `the ledger's file was removed or replaced while it was open: \`${path}\``);
    };
    return { handle: new sqlite.DatabaseSync(path), mustBeInPlace };
  } catch (error) {
    throw asStoreError(error);
  }
}

function checkHandle(handle: unknown): SqliteHandle {
  const { exec, prepare } = (handle ?? {}) as Partial<SqliteHandle>;
  if (typeof exec === "function" && typeof prepare === "function") return handle as SqliteHandle;
  throw new StoreError("input", "sqliteStore needs a path, or a handle with `exec` and `prepare`");
}

/** Settings, then the tables. Each step can be done again, so that a busy file can be tried again from the start. */
function prepareDatabase(handle: SqliteHandle): void {
  setPragma(handle, "busy_timeout", BLOCKING_WAIT_MS, BLOCKING_WAIT_MS);
  // Whose file it is comes first: changing the journal mode of somebody else's database would be a change to it.
  // In a transaction, or half of the answer could be from before another process made its ledger here.
  const found = transaction(handle, () => schemaOf(handle), "BEGIN");
  setPragma(handle, "journal_mode", "WAL", "wal");
  setPragma(handle, "synchronous", "FULL", 2);
  // On macOS only these make fsync reach the disk itself. Elsewhere they change nothing.
  setPragma(handle, "fullfsync", "ON", 1);
  setPragma(handle, "checkpoint_fullfsync", "ON", 1);
  if (found === "ledger") return;
  transaction(handle, () => {
    if (schemaOf(handle) === "empty") handle.exec(SCHEMA);
  });
}

function schemaOf(handle: SqliteHandle): "empty" | "ledger" {
  const application = pragma(handle, "application_id");
  const version = pragma(handle, "user_version");
  if (application === APPLICATION_ID && version === SCHEMA_VERSION) return "ledger";
  if (application === APPLICATION_ID) {
    throw new StoreError(
      "schema",
      `the ledger has schema version \`${version}\`, and this release knows ${SCHEMA_VERSION}: use the release that wrote it`,
    );
  }
  const tables = handle.prepare("SELECT count(*) AS n FROM sqlite_schema").get() as { n: unknown };
  if (application === 0 && version === 0 && Number(tables.n) === 0) return "empty";
  throw new StoreError("schema", "the database holds something other than a ledger: give the ledger a file of its own");
}

function pragma(handle: SqliteHandle, name: string): string | number {
  const row = handle.prepare(`PRAGMA ${name}`).get() as Record<string, string | number | bigint> | null | undefined;
  const value = Object.values(row ?? {})[0] ?? "";
  return typeof value === "bigint" ? Number(value) : value;
}

function setPragma(handle: SqliteHandle, name: string, value: string | number, want: string | number): void {
  handle.exec(`PRAGMA ${name} = ${value}`);
  const got = pragma(handle, name);
  if (got === want) return;
  throw new StoreError("unavailable", `the database does not take \`${name} = ${value}\`: it stays \`${got}\``);
}

function storeOver(handle: SqliteHandle, file: OpenFile | null, options: Required<SqliteOptions>): Store {
  const { now, busyMs, pollMs } = options;
  const select = handle.prepare("SELECT key, version, value, expires FROM cell WHERE key = ?");
  const pageFrom = handle.prepare("SELECT key, version, value, expires FROM cell WHERE key >= ? ORDER BY key LIMIT ?");
  const pageAfter = handle.prepare("SELECT key, version, value, expires FROM cell WHERE key > ? ORDER BY key LIMIT ?");
  const counter = handle.prepare("SELECT version FROM counter WHERE id = 1");
  const setCounter = handle.prepare("UPDATE counter SET version = ? WHERE id = 1");
  const upsert = handle.prepare("INSERT OR REPLACE INTO cell (key, version, value, expires) VALUES (?, ?, ?, ?)");
  const remove = handle.prepare("DELETE FROM cell WHERE key = ?");
  const purge = handle.prepare(
    "DELETE FROM cell WHERE key IN (SELECT key FROM cell WHERE expires <= ? ORDER BY expires LIMIT ?)",
  );
  const watchers = new Set<{ readonly key: string; readonly look: () => void; readonly stop: () => void }>();
  let closed = false;

  function mustBeUsable(): void {
    if (closed) throw new StoreError("closed", "the sqlite store is closed");
    file?.mustBeInPlace();
  }

  function cellAt(key: string, at: number): StoredCell {
    return asCell(key, select.get(key), at);
  }

  function apply({ read, write }: Commit): CommitResult {
    mustBeUsable();
    const at = now();
    return transaction(handle, () => {
      const conflicts = read.filter(({ key, version }) => cellAt(key, at).version !== version);
      if (conflicts.length > 0) return { ok: false, conflicts: [...new Set(conflicts.map(({ key }) => key))] };
      if (write.length === 0) return { ok: true };

      const version = wholeNumber((counter.get() as { version: unknown }).version) + 1;
      setCounter.run(version);
      for (const { key, value, expires } of write) {
        if (value === null) remove.run(key);
        else upsert.run(key, version, value, expires);
      }
      purge.run(at, PURGE_PER_COMMIT + write.length);
      return { ok: true, version };
    });
  }

  return {
    name: "sqlite",
    keeps: true,

    async load(keys) {
      for (const key of keys) checkKey(key);
      return patiently(busyMs, () => {
        mustBeUsable();
        const at = now();
        // A transaction, so that all of them are from one moment.
        return transaction(handle, () => keys.map((key) => cellAt(key, at)), "BEGIN");
      });
    },

    async commit(commit) {
      const checked = checkCommit(commit);
      const result = await patiently(busyMs, () => apply(checked));
      if (result.ok && checked.write.length > 0) {
        const keys = new Set(checked.write.map(({ key }) => key));
        for (const { key, look } of watchers) if (keys.has(key)) queueMicrotask(look);
      }
      return result;
    },

    /** A page of cells at a time; each page is from one moment. */
    async *scan(prefix) {
      checkPrefix(prefix);
      for (let last: string | null = null; ; ) {
        const after: string | null = last;
        const page: unknown[] = await patiently(busyMs, () => {
          mustBeUsable();
          return after === null ? pageFrom.all(prefix, SCAN_PAGE) : pageAfter.all(after, SCAN_PAGE);
        });
        for (const row of page) {
          const { key } = row as { key: string };
          if (!key.startsWith(prefix)) return;
          const cell = asCell(key, row, now());
          if (cell.value !== null) yield cell;
          last = key;
        }
        if (page.length < SCAN_PAGE) return;
      }
    },

    /** At once for this store's own commits, by polling for those of others. */
    watch(key, changed) {
      mustBeUsable();
      let seen: number | null = cellAt(checkKey(key), now()).version;
      const look = () => {
        if (closed || !watchers.has(watcher)) return;
        let version: number | null = null;
        try {
          mustBeUsable();
          version = cellAt(key, now()).version;
        } catch {
          // The reason is for the load that `changed` leads to. Told once; told again when it can be read again.
        }
        if (version === seen) return;
        seen = version;
        changed();
      };
      const timer = setInterval(look, pollMs);
      // Watching is no reason for a process to stay alive. (Not every runtime's timer can be told.)
      timer.unref?.();
      const watcher = { key, look, stop: () => clearInterval(timer) };
      watchers.add(watcher);
      return () => {
        watcher.stop();
        watchers.delete(watcher);
      };
    },

    async close() {
      if (closed) return;
      closed = true;
      for (const { stop } of watchers) stop();
      watchers.clear();
      file?.handle.close();
    },
  };
}

function transaction<T>(handle: SqliteHandle, body: () => T, begin = "BEGIN IMMEDIATE"): T {
  handle.exec(begin);
  try {
    const result = body();
    handle.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      handle.exec("ROLLBACK");
    } catch {
      // After a full disk or an I/O error SQLite has already rolled back, and says that there is nothing to roll back.
    }
    throw error;
  }
}

/** Tries again while others hold the file, for so long. Every other failure is final. */
async function patiently<T>(limitMs: number, attempt: () => T): Promise<T> {
  const giveUpAt = performance.now() + limitMs;
  for (let tried = 1; ; tried++) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw asStoreError(error);
      if (!(performance.now() < giveUpAt)) {
        throw new StoreError("busy", `others held the ledger's file for more than ${limitMs} ms`, { cause: error });
      }
    }
    // Spread at random, so that those who wait do not all come back at once.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(50, 2 ** tried)));
  }
}

/** SQLITE_BUSY (5) and SQLITE_PROTOCOL (15, a race for the WAL's locks), with their extended codes, in all dialects. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (code === "ERR_SQLITE_ERROR") return typeof errcode === "number" && [5, 15].includes(errcode & 0xff);
  return typeof code === "string" && /^SQLITE_(BUSY|PROTOCOL)/.test(code);
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError("unavailable", `the sqlite ledger failed: ${message}`, { cause: error });
}
