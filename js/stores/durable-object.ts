/**
 * The ledger's side of `durableObjectStore`: a Durable Object class that the user's Worker exports. One object is one
 * scope. The runtime runs one thread for an object, and each question is answered without an await between its first
 * read and its last write, in one transaction of the object's own SQLite database.
 *
 * It is asked by `fetch`, not by remote methods: `fetch` works for a plain class on every compatibility date, where
 * methods need `2024-04-03` and a base class from `cloudflare:workers`, an import that no other runtime and no test
 * outside of workerd can resolve.
 *
 * Durability is the runtime's output gate: no answer leaves an object before all that it wrote is confirmed, and that
 * goes for reads as well. If a write can't be confirmed, the object is reset and the asker gets an error.
 */

import { asCell, wholeNumber } from "./cell.ts";
import {
  type Commit,
  type CommitResult,
  checkCommit,
  checkKey,
  checkPrefix,
  type StoredCell,
  StoreError,
  type StoreErrorCode,
} from "./store.ts";

/** Only the store asks by this address: a Worker that passes its visitors' requests on to the object lets none in. */
export const LEDGER_URL = "https://ledger.tollwarden.invalid/v1";

export type Question =
  | { readonly ask: "load"; readonly keys: readonly string[] }
  | ({ readonly ask: "commit" } & Commit)
  | { readonly ask: "scan"; readonly prefix: string; readonly after: string | null }
  | { readonly ask: "now" };

/** A part of a scan. `next` is the key to go on after; null at the end. */
export interface Page {
  readonly cells: readonly StoredCell[];
  readonly next: string | null;
}

export type Answer =
  | { readonly value: readonly StoredCell[] | CommitResult | Page | number }
  | { readonly error: { readonly code: StoreErrorCode; readonly message: string } };

/** What the class needs of `DurableObjectState`. */
export interface LedgerObjectState {
  readonly storage: {
    readonly sql: { exec(query: string, ...bindings: (string | number | null)[]): Iterable<Record<string, unknown>> };
    transactionSync<T>(work: () => T): T;
    setAlarm(time: number): Promise<void>;
  };
}

const SCHEMA_VERSION = 1;
const PURGE_PER_COMMIT = 16;
const PURGE_PER_ALARM = 1_000;
/** Expired cells go at the next full minute, so that many of them share one alarm. */
const ALARM_STEP_MS = 60_000;
/** An alarm further ahead is set in steps: it wakes up, finds nothing, and goes on. */
const ALARM_AHEAD_MS = 30 * 86_400_000;
const SCAN_PAGE = 64;
/** A page ends behind the cell that gets it over this many UTF-16 units: an isolate has 128 MB for everything. */
const SCAN_UNITS = 4 << 20;

const SCHEMA = `
  CREATE TABLE tollwarden_cell (
    key TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}),
    value TEXT NOT NULL,
    expires INTEGER CHECK (expires BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER})
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tollwarden_cell_expires ON tollwarden_cell (expires) WHERE expires IS NOT NULL;
  CREATE TABLE tollwarden_ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER})
  ) STRICT;
  INSERT INTO tollwarden_ledger VALUES (1, ${SCHEMA_VERSION}, 0);`;

const CELL = "SELECT key, version, value, expires FROM tollwarden_cell WHERE key";

export class LedgerObject {
  /** For the types of `@cloudflare/workers-types` alone: `DurableObjectNamespace<LedgerObject>` asks for it. */
  declare readonly __DURABLE_OBJECT_BRAND: never;

  readonly #state: LedgerObjectState;
  #prepared = false;
  /** The alarm that this instance has set; null if it has set none, whatever an instance before it did. */
  #alarmAt: number | null = null;

  constructor(state: LedgerObjectState, _env?: unknown) {
    this.#state = state;
  }

  async fetch(request: Request): Promise<Response> {
    return Response.json(await this.#answer(request));
  }

  /** Removes what has expired while nobody wrote. */
  async alarm(): Promise<void> {
    this.#prepare();
    const now = Date.now();
    this.#alarmAt = null;
    this.#purge(now, PURGE_PER_ALARM);
    await this.#setAlarm(now);
  }

  async #answer(request: Request): Promise<Answer> {
    try {
      if (request.url !== LEDGER_URL || request.method !== "POST") {
        throw new StoreError("input", "the ledger is asked by the `durableObjectStore` of the same release only");
      }
      const question = (await request.json()) as Question;
      this.#prepare();
      if (question.ask === "load") return { value: this.#load(question.keys, Date.now()) };
      if (question.ask === "commit") return { value: await this.#commit(question) };
      if (question.ask === "scan") return { value: this.#scan(question.prefix, question.after, Date.now()) };
      if (question.ask === "now") return { value: Date.now() };
      throw new StoreError("input", "the ledger was asked what it does not know: use one release on both sides");
    } catch (error) {
      const code = error instanceof StoreError ? error.code : "unavailable";
      return { error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  }

  #rows(query: string, ...bindings: (string | number | null)[]): Record<string, unknown>[] {
    return [...this.#state.storage.sql.exec(query, ...bindings)];
  }

  /** The tables. Once per instance: nobody else can reach the object's database. */
  #prepare(): void {
    if (this.#prepared) return;
    this.#state.storage.transactionSync(() => {
      const found = this.#rows("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tollwarden_ledger'");
      if (found.length === 0) this.#rows(SCHEMA);
    });
    const [ledger] = this.#rows("SELECT schema FROM tollwarden_ledger WHERE id = 1");
    if (ledger?.schema !== SCHEMA_VERSION) {
      throw new StoreError(
        "schema",
        `the ledger has schema version \`${ledger?.schema}\`, and this release knows ${SCHEMA_VERSION}: ` +
          "use the release that wrote it",
      );
    }
    this.#prepared = true;
  }

  #cellAt(key: string, now: number): StoredCell {
    return asCell(key, this.#rows(`${CELL} = ?`, key)[0], now);
  }

  #load(keys: readonly string[], now: number): readonly StoredCell[] {
    return keys.map((key) => this.#cellAt(checkKey(key), now));
  }

  async #commit(commit: Commit): Promise<CommitResult> {
    const { read, write } = checkCommit(commit);
    const now = Date.now();
    const result = this.#state.storage.transactionSync((): CommitResult => {
      const conflicts = read.filter(({ key, version }) => this.#cellAt(key, now).version !== version);
      if (conflicts.length > 0) return { ok: false, conflicts: [...new Set(conflicts.map(({ key }) => key))] };
      if (write.length === 0) return { ok: true };

      const [counter] = this.#rows("UPDATE tollwarden_ledger SET version = version + 1 WHERE id = 1 RETURNING version");
      const version = wholeNumber(counter?.version);
      for (const { key, value, expires } of write) {
        if (value === null) this.#rows("DELETE FROM tollwarden_cell WHERE key = ?", key);
        else this.#rows("INSERT OR REPLACE INTO tollwarden_cell VALUES (?, ?, ?, ?)", key, version, value, expires);
      }
      this.#purge(now, PURGE_PER_COMMIT + write.length);
      return { ok: true, version };
    });
    // In the same turn as the transaction, so that the runtime stores both or neither.
    if (result.ok && write.some(({ expires }) => expires !== null)) await this.#setAlarm(now);
    return result;
  }

  #scan(prefix: string, after: string | null, now: number): Page {
    checkPrefix(prefix);
    const from = after === null ? `${CELL} >= ?` : `${CELL} > ?`;
    const cells: StoredCell[] = [];
    let seen = 0;
    let units = 0;
    for (const row of this.#state.storage.sql.exec(`${from} ORDER BY key LIMIT ?`, after ?? prefix, SCAN_PAGE)) {
      const key = row.key as string;
      if (!key.startsWith(prefix)) return { cells, next: null };
      const cell = asCell(key, row, now);
      if (cell.value !== null) cells.push(cell);
      seen += 1;
      units += String(row.value).length;
      if (seen === SCAN_PAGE || units > SCAN_UNITS) return { cells, next: key };
    }
    return { cells, next: null };
  }

  #purge(now: number, limit: number): void {
    const expired = "SELECT key FROM tollwarden_cell WHERE expires <= ? ORDER BY expires LIMIT ?";
    this.#rows(`DELETE FROM tollwarden_cell WHERE key IN (${expired})`, now, limit);
  }

  /** An alarm for the cell that expires first. */
  async #setAlarm(now: number): Promise<void> {
    const [row] = this.#rows("SELECT min(expires) AS first FROM tollwarden_cell WHERE expires IS NOT NULL");
    if (row === undefined || row.first === null) return;
    const first = Math.min(Math.max(wholeNumber(row.first), now), now + ALARM_AHEAD_MS);
    const wanted = (Math.floor(first / ALARM_STEP_MS) + 1) * ALARM_STEP_MS;
    // One that should have come by now may have been given up by the runtime.
    if (this.#alarmAt !== null && this.#alarmAt > now && this.#alarmAt <= wanted) return;
    await this.#state.storage.setAlarm(wanted);
    this.#alarmAt = wanted;
  }
}
