/**
 * What happened, newest last: kept in memory, and written into the ledger's store some times a second, so that it is there
 * after a restart and in every process on the same ledger. It is for people to look at, and bounded: by age, and by rows.
 * What has to be complete, and proven, is the audit log's.
 */

import type { Store, StoredCell } from "../stores/store.ts";
import type { FeedPage, FeedQuery, FeedRow } from "./api.ts";

export interface HistoryOptions {
  /** Rows older than this are forgotten. Default 30. */
  readonly keepDays?: number;
  /** More rows than this are not remembered. Default 20,000. */
  readonly mostRows?: number;
}

export interface History {
  add(row: Omit<FeedRow, "seq" | "at"> & { readonly at?: number }): FeedRow;
  page(query: FeedQuery): FeedPage;
  /** The rows after this place, the oldest first. */
  after(seq: string): readonly FeedRow[];
  readonly rows: readonly FeedRow[];
  /** Whether something waits to be written. */
  readonly waiting: boolean;
  /** Writes what is new here, and reads what is new elsewhere. */
  flush(): Promise<void>;
  /** Reads what was there before. Once. */
  open(): Promise<void>;
  /** Told of each row, of this process and of others. Returns what stops it. */
  listen(listener: (row: FeedRow) => void): () => void;
  close(): void;
}

const PREFIX = "service/feed/";
const HEAD = "service/feed-head";
/** So many rows are written at once; of more, in so short a time, the oldest are in this process's memory alone. */
const MOST_WRITTEN = 500;

/** `watched`: whether it goes on for longer than a request, so that what others write is looked for. */
export function openHistory(store: Store, now: () => number, options: HistoryOptions = {}, watched = true): History {
  const { keepDays = 30, mostRows = 20_000 } = options;
  const keep = keepDays * 86_400_000;
  const process = Math.floor(Math.random() * 2 ** 24)
    .toString(16)
    .padStart(6, "0");
  const listeners = new Set<(row: FeedRow) => void>();
  const chunks = new Set<string>();
  let rows: FeedRow[] = [];
  let fresh: FeedRow[] = [];
  let count = 0;
  let last = 0;
  let opened: Promise<void> | undefined;
  let changedElsewhere = false;
  let stop: (() => void) | undefined;

  function put(row: FeedRow): void {
    const newest = rows[rows.length - 1];
    rows.push(row);
    // Those of other processes come a little late.
    if (newest !== undefined && row.seq < newest.seq) rows.sort((a, b) => (a.seq < b.seq ? -1 : 1));
    if (rows.length > mostRows * 1.1) rows = rows.slice(-mostRows);
    for (const listener of listeners) {
      try {
        listener(row);
      } catch {
        // Whoever listens does not stop what happens.
      }
    }
  }

  /** The rows of a chunk that are not known yet; one that can't be read is nobody's loss. */
  function take({ key, value }: StoredCell, quiet: boolean): void {
    if (value === null || chunks.has(key)) return;
    chunks.add(key);
    try {
      for (const row of JSON.parse(value) as FeedRow[]) {
        if (quiet) rows.push(row);
        else put(row);
      }
    } catch {
      // A chunk of another release.
    }
  }

  async function readNew(): Promise<void> {
    const at = now();
    // Chunks are named by their time: those of the last thousand seconds or two have the same beginning.
    for (const time of [at - 1_000_000, at]) {
      for await (const cell of store.scan(PREFIX + String(Math.floor(time)).padStart(13, "0").slice(0, 7)))
        take(cell, false);
    }
  }

  return {
    add(given) {
      const at = given.at ?? now();
      // Two rows of the same moment keep their order, whatever the clock does.
      last = Math.max(last, at);
      count += 1;
      const seq = `${String(Math.floor(last)).padStart(13, "0")}-${process}-${String(count % 1e6).padStart(6, "0")}`;
      const row: FeedRow = { ...given, seq, at: new Date(at).toISOString() };
      fresh.push(row);
      put(row);
      return row;
    },

    page(query) {
      const { before, limit = 100 } = query;
      const wanted = wantedBy(query);
      const found: FeedRow[] = [];
      for (let place = rows.length - 1; place >= 0; place--) {
        const row = rows[place];
        if (row === undefined || (before !== undefined && row.seq >= before) || !wanted(row)) continue;
        if (found.length === limit) return { rows: found, next: found.at(-1)?.seq ?? "", ...oldest() };
        found.push(row);
      }
      return { rows: found, ...oldest() };
    },

    after: (seq) => rows.filter((row) => row.seq > seq),

    get rows() {
      return rows;
    },

    get waiting() {
      return fresh.length > 0 || changedElsewhere;
    },

    async flush() {
      if (fresh.length > 0) {
        const these = fresh.slice(-MOST_WRITTEN);
        const all = fresh;
        fresh = [];
        const key = `${PREFIX}${these[0]?.seq ?? ""}`;
        chunks.add(key);
        const write = [
          { key, value: JSON.stringify(these), expires: now() + keep },
          { key: HEAD, value: key, expires: null },
        ];
        try {
          await store.commit({ read: [], write });
        } catch (error) {
          fresh = [...all, ...fresh].slice(-MOST_WRITTEN * 4);
          chunks.delete(key);
          throw error;
        }
      }
      if (changedElsewhere) {
        changedElsewhere = false;
        await readNew();
      }
    },

    open() {
      opened ??= (async () => {
        if (watched) {
          stop = store.watch(HEAD, () => {
            changedElsewhere = true;
          });
        }
        const before = rows;
        rows = [];
        for await (const cell of store.scan(PREFIX)) {
          take(cell, true);
          if (rows.length > mostRows * 2) rows = rows.slice(-mostRows);
        }
        rows = [...rows, ...before].sort((a, b) => (a.seq < b.seq ? -1 : 1)).slice(-mostRows);
      })();
      opened.catch(() => {
        opened = undefined;
      });
      return opened;
    },

    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    close() {
      stop?.();
      listeners.clear();
    },
  };

  function oldest(): { readonly oldest?: string } {
    const [first] = rows;
    return first === undefined ? {} : { oldest: first.at };
  }
}

function wantedBy(query: FeedQuery): (row: FeedRow) => boolean {
  const { kind = "decision", since, until, q } = query;
  const words = q?.toLowerCase();
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  const to = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
  const exact = (["id", "agent", "client", "session", "origin", "payee", "action", "reason"] as const)
    .filter((name) => query[name] !== undefined)
    .map((name) => [name, String(query[name]).toLowerCase()] as const);
  return (row) => {
    if (kind !== "all" && row.kind !== kind) return false;
    const at = Date.parse(row.at);
    if (at < from || at >= to) return false;
    if (exact.some(([name, value]) => (row[name] ?? "").toLowerCase() !== value)) return false;
    if (words === undefined || words === "") return true;
    const texts = [
      row.id,
      row.url,
      row.agent,
      row.client,
      row.payee,
      row.reason,
      row.message,
      row.by,
      ...(row.rules ?? []),
    ];
    return texts.some((text) => text?.toLowerCase().includes(words) === true);
  };
}
