/**
 * What a ledger asks of a store: small text cells, and one atomic step over several of them.
 *
 * A commit names the version of every cell that the decision read. The store checks all of them and writes all of the
 * changes, or writes none. That is the whole defence against two processes that spend the same budget at once.
 *
 * Versions. A store has one counter, and each commit that writes takes the next number from it; every cell that the
 * commit writes gets that number. So a key that is deleted and created again never shows an old number a second time,
 * and a version read before can't match other content (the ABA problem).
 *
 * Absent is version 0, always. A key can be absent, created, deleted, and then pass a check for 0 by somebody who saw it
 * absent at first. That is sound: "absent" has only one content, so a decision made from it is the decision that would
 * be made now. It is sound for that reason alone. A fact that has to outlive its cell (this nonce was used, this
 * approval was spent) must stay written, with an expiry later than any decision that could ask for it.
 *
 * Expiry. From `expires` on, the cell reads as absent. It is physically removed some time later. A clock that is set back
 * can only bring back a cell, which remembers too much and never too little; a clock that is set forward forgets early.
 *
 * Keys and values are text that every backend can hold: no lone surrogates (they all become U+FFFD on the way into
 * UTF-8, and two keys would become one) and no U+0000. Keys are 1 to 2,048 bytes of UTF-8. Key order is by code point,
 * which is also the order of the UTF-8 bytes. A store takes values of at least 1 MiB.
 */

/** A cell's text as stored, and the version that a commit has to name. Version 0 is an absent cell; its value is null. */
export interface StoredCell {
  readonly key: string;
  readonly version: number;
  readonly value: string | null;
}

/** A cell that a decision rests on: at commit it must still have this version. 0 means that it must still be absent. */
export interface CellRead {
  readonly key: string;
  readonly version: number;
}

/**
 * A cell to write. A null value deletes it.
 * `expires`: milliseconds since the epoch from which on the cell reads as absent; null keeps it.
 */
export interface CellWrite {
  readonly key: string;
  readonly value: string | null;
  readonly expires: number | null;
}

/** One atomic step. A key may be written without having been read. A key may be written only once. */
export interface Commit {
  readonly read: readonly CellRead[];
  readonly write: readonly CellWrite[];
}

/**
 * `conflicts` has each key whose version was not the one named; nothing was written.
 * `version` is what the keys just written (and not deleted) now have, so that they need not be loaded again. A store
 * that can't tell leaves it out, and so does a commit without writes.
 */
export type CommitResult =
  | { readonly ok: true; readonly version?: number }
  | { readonly ok: false; readonly conflicts: readonly string[] };

export interface Store {
  /** For messages and metrics: `memory`, `sqlite`, … */
  readonly name: string;
  /** One entry per key asked, in that order. */
  load(keys: readonly string[]): Promise<readonly StoredCell[]>;
  /**
   * Atomic, and durable before it resolves. A rejection does not say that nothing was written (the answer may have been
   * lost on the way back): load again before relying on either.
   */
  commit(commit: Commit): Promise<CommitResult>;
  /**
   * The cells whose key starts with `prefix`, in key order. Each cell is seen whole. A cell that is there from start to
   * end is given once; one that is written meanwhile may be given as it was, as it is, or not at all.
   */
  scan(prefix: string): AsyncIterable<StoredCell>;
  /**
   * Calls `changed` some time after the key was written or deleted, by anyone; perhaps more than once, and once for
   * several changes. It is a hint to load again. A store that can no longer tell calls it too, so that the load meets
   * the error. Returns what stops it.
   */
  watch(key: string, changed: () => void): () => void;
  /**
   * True where a version never comes back with other content, whatever fails: then cells may be kept between events, and
   * a commit tells whether they are still what the store has. Not for a store that can lose commits it has confirmed, as
   * a replica can that takes over: the next ones there take the same numbers once more.
   */
  readonly keeps?: boolean;
  /** Milliseconds since the epoch, where the store has a clock of its own. */
  now?(): Promise<number>;
  /** For whoever opened it. Any later call is an error; a second close is not. */
  close(): Promise<void>;
}

/**
 * - `input`: the call breaks the contract above, whatever the store holds.
 * - `closed`: used after `close`.
 * - `busy`: others held the store for longer than the caller was ready to wait.
 * - `unavailable`: the backend failed, is missing, or is not what the ledger needs.
 * - `schema`: the file or database holds something else, or comes from a newer version.
 * - `no_cas`: it did not do compare-and-swap when it was tried.
 */
export type StoreErrorCode = "input" | "closed" | "busy" | "unavailable" | "schema" | "no_cas";

/** A store that could not answer. Whoever asked on behalf of a payment has to deny it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The most UTF-8 bytes that a key may have. It fits the smallest limit among the backends. */
export const MAX_KEY_BYTES = 2048;

const utf8 = new TextEncoder();

function isPlainText(text: unknown): text is string {
  return typeof text === "string" && text.isWellFormed() && !text.includes("\0");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function inputError(what: string, value: unknown): StoreError {
  const shown = typeof value === "string" ? value : String(value);
  return new StoreError("input", `${what}: \`${shown.length > 200 ? `${shown.slice(0, 200)}…` : shown}\``);
}

/** The key, if every backend can hold it. Throws `input` otherwise. */
export function checkKey(key: unknown): string {
  if (!isPlainText(key)) throw inputError("a key must be text without lone surrogates and without U+0000", key);
  if (key === "") throw new StoreError("input", "a key must not be empty");
  // A UTF-16 unit is at most three bytes of UTF-8, so that most keys need no encoding to be measured.
  if (key.length * 3 > MAX_KEY_BYTES && utf8.encode(key).length > MAX_KEY_BYTES) {
    throw inputError(`a key must not be longer than ${MAX_KEY_BYTES} bytes`, key);
  }
  return key;
}

/** The prefix, if it could start a key. The empty one asks for every cell. Throws `input` otherwise. */
export function checkPrefix(prefix: unknown): string {
  return prefix === "" ? "" : checkKey(prefix);
}

/** A copy of the commit, each property read once and checked. Throws `input` for what breaks the contract. */
export function checkCommit(commit: Commit): Commit {
  const read = commit.read.map(({ key, version }) => {
    if (!isCount(version)) throw inputError("a version must be a whole number", version);
    return { key: checkKey(key), version };
  });
  const written = new Set<string>();
  const write = commit.write.map(({ key, value, expires }) => {
    if (value !== null && !isPlainText(value)) {
      throw inputError("a value must be text without lone surrogates and without U+0000, or null; key", key);
    }
    if (expires !== null && !isCount(expires)) throw inputError("an expiry must be whole ms or null", expires);
    if (written.has(checkKey(key))) throw inputError("a commit must not write a key twice", key);
    written.add(key);
    return { key, value, expires };
  });
  return { read, write };
}

/** True from the moment on at which a cell with this expiry reads as absent. */
export function isExpired(expires: number | null, now: number): boolean {
  return expires !== null && expires <= now;
}

/** Order by code point. JavaScript's own `<` is by UTF-16 unit, which puts U+1F600 before U+FF5E. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return aboveBmp(x) - aboveBmp(y);
  }
  return a.length - b.length;
}

function aboveBmp(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * Tries the store before money depends on it: a commit that names a wrong version must conflict and leave the cell as it
 * was. For stores to call when they open; `now` is the store's time. Throws `no_cas`.
 */
export async function proveCompareAndSwap(store: Store, now: number): Promise<void> {
  const key = `~probe/${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-")}`;
  const attempt = (version: number, value: string | null) =>
    // The expiry clears up after a process that dies half-way.
    store.commit({ read: [{ key, version }], write: [{ key, value, expires: now + 60_000 }] });
  const fail = (what: string) => {
    throw new StoreError("no_cas", `the ${store.name} store does not do compare-and-swap: ${what}`);
  };

  if (!(await attempt(0, "first")).ok) fail("a cell that nobody knows was not absent");
  const [cell] = await store.load([key]);
  if (cell === undefined || cell.value !== "first" || cell.version === 0) return fail("a write could not be read back");
  const stale = await attempt(0, "stale");
  if (stale.ok || !stale.conflicts.includes(key)) fail("a commit with a wrong version went through");
  const [after] = await store.load([key]);
  if (after?.value !== "first" || after.version !== cell.version) fail("a commit in conflict changed a cell");
  if (!(await attempt(cell.version, null)).ok) fail("a commit with the right version did not go through");
}
