/**
 * A ledger in this process's memory: exact, fast, and gone with the process. A restart forgets what was spent, so a
 * budget that has to outlive the process needs another store. Several wardens may share one memory store.
 */

import {
  type Commit,
  type CommitResult,
  checkCommit,
  checkKey,
  checkPrefix,
  compareKeys,
  isExpired,
  type Store,
  type StoredCell,
  StoreError,
} from "./store.ts";

export interface MemoryOptions {
  /** Milliseconds since the epoch. `Date.now` unless given. */
  readonly now?: () => number;
}

interface Cell {
  readonly version: number;
  readonly value: string;
  readonly expires: number | null;
}

/** Cells that a commit looks at for expiry, beside as many as it writes: always more than it can add. */
const PURGE_PER_COMMIT = 16;

export function memoryStore(options: MemoryOptions = {}): Store {
  const now = options.now ?? Date.now;
  const cells = new Map<string, Cell>();
  const watchers = new Map<string, Set<() => void>>();
  let counter = 0;
  let closed = false;
  let sweep = cells.entries();

  function mustBeOpen(): void {
    if (closed) throw new StoreError("closed", "the memory store is closed");
  }

  function cellAt(key: string, at: number): StoredCell {
    const cell = cells.get(key);
    if (cell === undefined || isExpired(cell.expires, at)) return { key, version: 0, value: null };
    return { key, version: cell.version, value: cell.value };
  }

  /** Goes round the map, a few cells at each commit. A Map's iterator allows for deletions and additions on the way. */
  function purge(count: number, at: number): void {
    for (let i = 0; i < count; i++) {
      const next = sweep.next();
      if (next.done) {
        sweep = cells.entries();
        return;
      }
      const [key, cell] = next.value;
      if (isExpired(cell.expires, at)) cells.delete(key);
    }
  }

  function apply(commit: Commit): CommitResult {
    const at = now();
    const conflicts = commit.read.filter(({ key, version }) => cellAt(key, at).version !== version);
    if (conflicts.length > 0) return { ok: false, conflicts: [...new Set(conflicts.map(({ key }) => key))] };
    if (commit.write.length === 0) return { ok: true };

    counter += 1;
    for (const { key, value, expires } of commit.write) {
      if (value === null) cells.delete(key);
      else cells.set(key, { version: counter, value, expires });
      // A microtask: a watcher that throws is that watcher's error, and this commit has happened.
      for (const changed of watchers.get(key) ?? []) {
        queueMicrotask(() => watchers.get(key)?.has(changed) && changed());
      }
    }
    purge(PURGE_PER_COMMIT + commit.write.length, at);
    return { ok: true, version: counter };
  }

  return {
    name: "memory",
    keeps: true,

    async load(keys) {
      mustBeOpen();
      const at = now();
      return keys.map((key) => cellAt(checkKey(key), at));
    },

    // No await inside: nothing else runs between the check and the writes.
    async commit(commit) {
      mustBeOpen();
      return apply(checkCommit(commit));
    },

    /** The keys as they are when the scan starts; each value as it is when its turn comes. */
    async *scan(prefix) {
      mustBeOpen();
      checkPrefix(prefix);
      const keys = [...cells.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
      for (const key of keys) {
        mustBeOpen();
        const cell = cellAt(key, now());
        if (cell.value !== null) yield cell;
      }
    },

    /** Fires right after a commit. A cell that only expires does not fire. */
    watch(key, changed) {
      mustBeOpen();
      const ours = () => changed();
      const those = watchers.get(checkKey(key)) ?? new Set();
      watchers.set(key, those.add(ours));
      return () => {
        those.delete(ours);
        if (those.size === 0 && watchers.get(key) === those) watchers.delete(key);
      };
    },

    async close() {
      closed = true;
      cells.clear();
      watchers.clear();
    },
  };
}
