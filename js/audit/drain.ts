/**
 * Brings the records from the store to the sinks, in their order, and lets the store forget what every sink has. A sink
 * that fails gets the same records again: nothing is lost, the store holds them until then.
 */

import type { Store } from "../stores/store.ts";
import type { AuditRecord, Sink } from "./sink.ts";
import { SinkBusy } from "./sink.ts";

/** So many records are loaded at once. */
const BATCH = 256;
/** The longest wait before a sink that failed is tried again, in milliseconds. */
const LONGEST_WAIT = 5_000;

export const HEAD = "audit";
const PLACES = "sink/";

export interface Drain {
  /** How many records the slowest sink is behind, as far as is known here. */
  readonly behind: number;
  /** What the sinks said last, by name; empty while all is well. */
  readonly failures: ReadonlyMap<string, string>;
  /** Brings over all that is there now. Throws the first error of a sink, if one has any. */
  flush(): Promise<void>;
  /** Brings over what is there, and closes the sinks. */
  close(): Promise<void>;
}

export interface DrainOptions {
  readonly store: Store;
  readonly sinks: readonly Sink[];
  /** Whether the store keeps the records for good. */
  readonly keep: boolean;
  /** After each round, with the text of the head's cell; for checkpoints. */
  readonly reached?: (head: string) => Promise<void>;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The head's figures that the wrapper needs. The rest of it is the core's. */
export function headOf(text: string): { readonly next: number } {
  const { audit } = JSON.parse(text) as { audit?: { next?: unknown } };
  if (!Number.isSafeInteger(audit?.next)) throw new Error("the head of the audit log is damaged");
  return { next: audit?.next as number };
}

export function logKey(seq: number): string {
  return `log/${String(seq).padStart(16, "0")}`;
}

export function openDrain({ store, sinks, keep, reached, onError }: DrainOptions): Drain {
  const names = new Set(sinks.map(({ name }) => name));
  if (names.size < sinks.length) throw new Error("two sinks of an audit log have the same name");
  const places = new Map<string, number>();
  const failures = new Map<string, string>();
  let behind = 0;
  let forgotten = 0;
  let closed = false;
  let wanted = false;
  let wait = 100;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round: Promise<void> = Promise.resolve();

  function wake(): void {
    if (closed || wanted) return;
    wanted = true;
    round = round.then(once, once).catch((error: unknown) => onError?.(error));
  }

  async function once(): Promise<void> {
    wanted = false;
    clearTimeout(timer);
    const [cell] = await store.load([HEAD]);
    if (cell === undefined || cell.value === null) return;
    const { next } = headOf(cell.value);
    // Each for itself: one that is stuck must not keep the others from theirs.
    await Promise.all(sinks.map((sink) => feed(sink, next).then(() => failures.delete(sink.name), failed(sink))));
    behind = Math.max(0, ...sinks.map(({ name }) => next - (places.get(name) ?? 0)));
    if (!keep && sinks.length > 0) await forget();
    await reached?.(cell.value);
    wait = failures.size === 0 ? 100 : Math.min(wait * 2, LONGEST_WAIT);
    if (failures.size > 0 && !closed) {
      timer = setTimeout(wake, wait);
      timer.unref?.();
    }
  }

  const failed = (sink: Sink) => (error: unknown) => {
    failures.set(sink.name, error instanceof Error ? error.message : String(error));
    if (!(error instanceof SinkBusy)) onError?.(error);
  };

  async function feed(sink: Sink, end: number): Promise<void> {
    const key = PLACES + sink.name;
    const kept = await placeOf(key);
    let place = (await sink.next?.()) ?? kept.next;
    // What is committed while this looks may be there already, by another process; what was never committed can't be.
    if (place > end) await mustReach(place);
    places.set(sink.name, place);
    const found = place;
    while (place < end) {
      const records = await read(place, Math.min(place + BATCH, end));
      await sink.write(records);
      place += records.length;
      places.set(sink.name, place);
    }
    // Only with a record that goes on from its last one is it known that what it has is this log. One that another
    // process moves on meanwhile is not set back by this one.
    if (place > found && place > kept.next) await move(key, place);
  }

  /**
   * A sink that is ahead of the log has the records of another one, or of a ledger that was put back from a copy: what
   * comes next here would be taken for written.
   */
  async function mustReach(place: number): Promise<void> {
    const [cell] = await store.load([HEAD]);
    const next = cell === undefined || cell.value === null ? 0 : headOf(cell.value).next;
    if (place <= next) return;
    throw new Error(
      `it has ${place} records, and this ledger's log ${next}: it is that of another log, or the ledger was put back ` +
        "from a copy",
    );
  }

  async function placeOf(key: string): Promise<{ readonly next: number; readonly version: number }> {
    const [cell] = await store.load([key]);
    if (cell === undefined || cell.value === null) return { next: 0, version: 0 };
    const { next } = JSON.parse(cell.value) as { next?: unknown };
    if (!Number.isSafeInteger(next)) throw new Error(`the cell \`${key}\` is damaged`);
    return { next: next as number, version: cell.version };
  }

  async function move(key: string, next: number): Promise<void> {
    for (;;) {
      const { next: kept, version } = await placeOf(key);
      if (kept >= next) return;
      const write = [{ key, value: JSON.stringify({ next }), expires: null }];
      if ((await store.commit({ read: [{ key, version }], write })).ok) return;
    }
  }

  async function read(from: number, to: number): Promise<readonly AuditRecord[]> {
    const keys = Array.from({ length: to - from }, (_, index) => logKey(from + index));
    const cells = await store.load(keys);
    return cells.map(({ value, key }, index) => {
      if (value === null) throw new Error(`the store no longer has the audit record \`${key}\`, which is still wanted`);
      return { seq: from + index, line: value };
    });
  }

  /** What every sink of this store has, whoever feeds it, the store need not keep. */
  async function forget(): Promise<void> {
    let safe = Number.POSITIVE_INFINITY;
    const known = new Set(sinks.map(({ name }) => PLACES + name));
    for await (const { key, value } of store.scan(PLACES)) {
      if (value !== null) safe = Math.min(safe, (JSON.parse(value) as { next: number }).next);
      known.delete(key);
    }
    if (known.size > 0) return;
    while (forgotten < safe) {
      const to = Math.min(forgotten + BATCH, safe);
      const keys = Array.from({ length: to - forgotten }, (_, index) => logKey(forgotten + index));
      // After a restart the first of them are long gone.
      const there = (await store.load(keys)).filter(({ value }) => value !== null);
      const write = there.map(({ key }) => ({ key, value: null, expires: null }));
      if (write.length > 0) await store.commit({ read: [], write });
      forgotten = to;
    }
  }

  const stop = store.watch(HEAD, wake);
  wake();

  return {
    get behind() {
      return behind;
    },
    get failures() {
      return failures;
    },
    async flush() {
      wake();
      await round;
      const [first] = failures;
      if (first !== undefined) throw new Error(`the audit sink \`${first[0]}\` failed: ${first[1]}`);
    },
    async close() {
      if (closed) return;
      wake();
      closed = true;
      await round;
      clearTimeout(timer);
      stop();
      for (const sink of sinks) await sink.close?.();
    },
  };
}
