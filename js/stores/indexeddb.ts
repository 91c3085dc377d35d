/**
 * A ledger in a browser's IndexedDB, shared by all tabs and workers of one origin.
 *
 *     const store = await indexedDbStore({ name: "ledger" });
 *
 * A commit is one `readwrite` transaction; the browser runs those that touch the same tables one after the other, for
 * all tabs. With `durability: "strict"` it reports a transaction as complete only when the data is on disk.
 *
 * IndexedDB orders text by UTF-16 unit, and the ledger orders keys by code point. So the key of a record is the key's
 * UTF-8 bytes: IndexedDB compares bytes as they are, and UTF-8 keeps the order of code points.
 */

import { asCell, wholeNumber } from "./cell.ts";
import { openDatabase, transact } from "./indexeddb-database.ts";
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
import { watchersOf } from "./watchers.ts";

export interface IndexedDbOptions {
  /** The database's name. Give the ledger one of its own. */
  readonly name: string;
  /**
   * `strict`, unless given: a commit is on disk before it resolves. `relaxed`: it may still be in the operating system's
   * buffers; what was spent in the last seconds before a loss of power can be forgotten, and be spent again.
   */
  readonly durability?: "strict" | "relaxed";
  /** How long a call may wait for other tabs before it is an error, in ms. 5,000 unless given. */
  readonly busyMs?: number;
  /** How often `watch` looks for changes by other tabs that did not say so, in ms. 1,000 unless given. */
  readonly pollMs?: number;
  /** Milliseconds since the epoch, for expiry. `Date.now` unless given. */
  readonly now?: () => number;
}

/** What is stored of a cell. */
interface CellRecord {
  readonly key: string;
  readonly version: number;
  readonly value: string;
  readonly expires: number | null;
}

const PURGE_PER_COMMIT = 16;
const SCAN_PAGE = 64;

const utf8 = new TextEncoder();

/** Opens the ledger, or makes it. Throws where the browser has no IndexedDB for this page, or can't do what was asked. */
export async function indexedDbStore(options: IndexedDbOptions): Promise<Store> {
  const { name, durability = "strict", busyMs = 5_000, pollMs = 1_000, now = Date.now } = options;
  if (typeof name !== "string" || name === "") {
    throw new StoreError("input", `a ledger in IndexedDB needs a name: \`${String(name)}\``);
  }
  if (durability !== "strict" && durability !== "relaxed") {
    throw new StoreError("input", `durability is \`strict\` or \`relaxed\`, and not \`${String(durability)}\``);
  }
  const database = await openDatabase(name, busyMs);
  const store = storeOver(database, { name, durability, busyMs, pollMs, now });
  try {
    await proveCompareAndSwap(store, now());
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

type Database = Awaited<ReturnType<typeof openDatabase>>;

function storeOver(database: Database, options: Required<IndexedDbOptions>): Store {
  const { name, durability, busyMs, pollMs, now } = options;
  let closed = false;
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(`tollwarden/${name}`) : undefined;
  const watchers = watchersOf(readCells, pollMs);
  channel?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (Array.isArray(data) && data.some((key) => watchers.keys.has(key))) void watchers.look();
  });

  function mustBeOpen(): void {
    if (closed) throw new StoreError("closed", "the indexeddb store is closed");
  }

  function readCells(keys: readonly string[]): Promise<readonly StoredCell[]> {
    mustBeOpen();
    return transact(database, { mode: "readonly", durability, busyMs }, async ({ cells, result }) => {
      const at = now();
      const rows = await Promise.all(keys.map((key) => result(cells.get(utf8.encode(key)))));
      return keys.map((key, i) => asCell(key, rows[i], at));
    });
  }

  function apply({ read, write }: Commit): Promise<CommitResult> {
    mustBeOpen();
    const mode = write.length === 0 ? "readonly" : "readwrite";
    return transact(database, { mode, durability, busyMs }, async ({ cells, ledger, result }) => {
      const at = now();
      const rows = await Promise.all(read.map(({ key }) => result(cells.get(utf8.encode(key)))));
      const conflicts = read.filter(({ key, version }, i) => asCell(key, rows[i], at).version !== version);
      if (conflicts.length > 0) return { ok: false, conflicts: [...new Set(conflicts.map(({ key }) => key))] };
      if (write.length === 0) return { ok: true };

      const version = wholeNumber(wholeNumber(await result(ledger.get("version"))) + 1);
      ledger.put(version, "version");
      for (const { key, value, expires } of write) {
        const record: CellRecord | null = value === null ? null : { key, version, value, expires };
        if (record === null) cells.delete(utf8.encode(key));
        else cells.put(record, utf8.encode(key));
      }
      // From the expired ones on: cells without an expiry are not in the index.
      const expired = cells.index("expires").getAllKeys(IDBKeyRange.upperBound(at), PURGE_PER_COMMIT + write.length);
      for (const key of await result(expired)) cells.delete(key);
      return { ok: true, version };
    });
  }

  return {
    name: "indexeddb",

    async load(keys) {
      const found = await readCells(keys.map(checkKey));
      watchers.noticed(found);
      return found;
    },

    async commit(commit) {
      const checked = checkCommit(commit);
      const result = await apply(checked);
      if (result.ok && checked.write.length > 0) {
        const { version = 0 } = result;
        watchers.written(checked.write.map(({ key, value }) => ({ key, version: value === null ? 0 : version })));
        // The others look by themselves if this is lost. It must not turn a commit that happened into an error.
        if (!closed) channel?.postMessage(checked.write.map(({ key }) => key));
      }
      return result;
    },

    /** A page of cells at a time; each page is from one moment. */
    async *scan(prefix) {
      const bytes = utf8.encode(checkPrefix(prefix));
      for (let last: string | null = null; ; ) {
        mustBeOpen();
        const range = rangeOf(bytes, last);
        const page = await transact(database, { mode: "readonly", durability, busyMs }, ({ cells, result }) =>
          result<CellRecord[]>(cells.getAll(range, SCAN_PAGE)),
        );
        for (const record of page) {
          mustBeOpen();
          const cell = asCell(record.key, record, now());
          if (cell.value !== null) yield cell;
          last = record.key;
        }
        if (page.length < SCAN_PAGE) return;
      }
    },

    /** At once for this tab's commits, soon for those of others: they say so, or it is seen at the next look. */
    watch(key, changed) {
      mustBeOpen();
      return watchers.add(checkKey(key), changed);
    },

    async close() {
      closed = true;
      watchers.stop();
      channel?.close();
      database.close();
    },
  };
}

/** The keys that start with these bytes, behind `last` if there is one. No byte of UTF-8 is 255: the end is near. */
function rangeOf(prefix: Uint8Array<ArrayBuffer>, last: string | null): IDBKeyRange | null {
  const start = last === null ? prefix : utf8.encode(last);
  const open = last !== null;
  if (prefix.length === 0) return open ? IDBKeyRange.lowerBound(start, true) : null;
  const end = prefix.slice();
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return IDBKeyRange.bound(start, end, open, true);
}
