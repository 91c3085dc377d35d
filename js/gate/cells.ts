/** The gate's own cells, beside those of the ledger: small JSON texts, changed by compare-and-swap. */

import { WardenUnavailable } from "../errors.ts";
import type { Commit, Store } from "../stores/store.ts";
import { within } from "./facilitator.ts";

/** A store that does not answer for this long has failed, in milliseconds. */
const TIMEOUT = 15_000;
const ATTEMPTS = 64;

export interface Found<T> {
  readonly value: T | undefined;
  readonly version: number;
}

export interface Cells {
  read<T>(key: string): Promise<Found<T>>;
  /** Writes if the cell is still at this version. */
  put(key: string, version: number, value: unknown, expires: number | null): Promise<boolean>;
  /** Changes the cell by a function, again where others were faster. What it gives is written; `undefined` leaves it. */
  change<T>(key: string, change: (value: T | undefined) => Change<T> | undefined): Promise<T | undefined>;
  /** The same for somebody else to commit, together with cells of their own. */
  changing<T>(
    key: string,
    change: (value: T | undefined) => Change<T> | undefined,
  ): Promise<{ readonly value: T | undefined; readonly commit: Commit }>;
  all<T>(prefix: string): AsyncGenerator<readonly [key: string, value: T]>;
}

export interface Change<T> {
  readonly value: T;
  readonly expires: number | null;
}

export function cellsOf(store: Store): Cells {
  async function asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await within(TIMEOUT, "the store", work());
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new WardenUnavailable("store_unavailable", `the store failed: ${message}`, cause);
    }
  }

  async function read<T>(key: string): Promise<Found<T>> {
    const [cell] = await asked(() => store.load([key]));
    if (cell === undefined) throw new WardenUnavailable("store_unavailable", "the store left out a cell");
    return { value: cell.value === null ? undefined : (JSON.parse(cell.value) as T), version: cell.version };
  }

  const put: Cells["put"] = async (key, version, value, expires) => {
    const write = [{ key, value: value === undefined ? null : JSON.stringify(value), expires }];
    return (await asked(() => store.commit({ read: [{ key, version }], write }))).ok;
  };

  return {
    read,
    put,
    async changing<T>(key: string, change: (value: T | undefined) => Change<T> | undefined) {
      const { value, version } = await read<T>(key);
      const next = change(value);
      const seen = [{ key, version }];
      if (next === undefined) return { value, commit: { read: seen, write: [] } };
      const write = [{ key, value: JSON.stringify(next.value), expires: next.expires }];
      return { value: next.value, commit: { read: seen, write } };
    },
    async change<T>(key: string, change: (value: T | undefined) => Change<T> | undefined) {
      for (let tries = 0; tries < ATTEMPTS; tries++) {
        const { value, version } = await read<T>(key);
        const next = change(value);
        if (next === undefined) return value;
        if (await put(key, version, next.value, next.expires)) return next.value;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(16, 2 ** tries)));
      }
      throw new WardenUnavailable("store_conflict", "others kept changing a cell of the gate");
    },
    async *all<T>(prefix: string) {
      for await (const { key, value } of store.scan(prefix)) {
        if (value !== null) yield [key, JSON.parse(value) as T] as const;
      }
    },
  };
}
