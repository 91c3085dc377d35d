/**
 * `watch` for a store that others write to as well: it looks at the watched keys from time to time, and learns from
 * everything that the store reads or writes anyway.
 */

import type { StoredCell } from "./store.ts";

export interface Watchers {
  /** Starts to watch; returns what stops it. */
  add(key: string, changed: () => void): () => void;
  /** These cells have just been read: whoever knew another version is told. */
  noticed(cells: readonly StoredCell[]): void;
  /** These keys have just been written by this store, each with the version that it has now. */
  written(cells: readonly { readonly key: string; readonly version: number }[]): void;
  /** Looks now, and not only when the time comes. */
  look(): Promise<void>;
  readonly keys: ReadonlySet<string>;
  stop(): void;
}

interface Watcher {
  readonly key: string;
  readonly changed: () => void;
  /** The version that this watcher knows of; undefined before the first look, null while it can't be read. */
  seen: number | null | undefined;
}

export function watchersOf(
  read: (keys: readonly string[]) => Promise<readonly StoredCell[]>,
  pollMs: number,
): Watchers {
  const watchers = new Set<Watcher>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let looking = false;

  /** A microtask: a watcher that throws is that watcher's error, and no commit fails by it. */
  function tell(watcher: Watcher, version: number | null): void {
    watcher.seen = version;
    queueMicrotask(() => watchers.has(watcher) && watcher.changed());
  }

  function noticed(cells: readonly StoredCell[]): void {
    for (const watcher of watchers) {
      const cell = cells.find(({ key }) => key === watcher.key);
      if (cell === undefined || cell.version === watcher.seen) continue;
      if (watcher.seen === undefined) watcher.seen = cell.version;
      else tell(watcher, cell.version);
    }
  }

  const keys = () => new Set([...watchers].map(({ key }) => key));

  async function look(): Promise<void> {
    // One look at a time: answers that overtake each other would tell of changes that are none.
    if (looking || watchers.size === 0) return;
    looking = true;
    try {
      noticed(await read([...keys()]));
    } catch {
      // The reason is for the load that `changed` leads to. Told once; told again when it can be read again.
      for (const watcher of watchers) if (watcher.seen !== null) tell(watcher, null);
    } finally {
      looking = false;
    }
  }

  function stopTimer(): void {
    if (timer !== undefined) clearInterval(timer);
    timer = undefined;
  }

  return {
    add(key, changed) {
      const watcher: Watcher = { key, changed, seen: undefined };
      watchers.add(watcher);
      void look();
      if (timer === undefined) {
        timer = setInterval(() => void look(), pollMs);
        // Watching is no reason for a process to stay alive. (Not every runtime's timer can be told.)
        (timer as { unref?: () => void }).unref?.();
      }
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) stopTimer();
      };
    },
    noticed,
    written(cells) {
      for (const watcher of watchers) {
        const cell = cells.find(({ key }) => key === watcher.key);
        if (cell !== undefined) tell(watcher, cell.version);
      }
    },
    look,
    get keys() {
      return keys();
    },
    stop() {
      watchers.clear();
      stopTimer();
    },
  };
}
