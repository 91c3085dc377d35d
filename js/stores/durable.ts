/**
 * A ledger in a Cloudflare Durable Object, shared by any number of Workers. One scope is one object: a single thread
 * with a database of its own, somewhere in the world, which every Worker that names the scope talks to.
 *
 *     export { LedgerObject } from "tollwarden/durable-objects";
 *     const store = await durableObjectStore(env.LEDGER, { scope: "team-a" });
 *
 * A store belongs to the request that opened it, as everything does that reads or waits in a Worker.
 */

import { type Answer, LEDGER_URL, type Page, type Question } from "./durable-object.ts";
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

export { LedgerObject, type LedgerObjectState } from "./durable-object.ts";

/** What the store needs of a `DurableObjectStub`. */
export interface LedgerStub {
  fetch(url: string, init: { method: string; body: string }): Promise<{ json(): Promise<unknown> }>;
}

/** What the store needs of a `DurableObjectNamespace`. */
export interface LedgerNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): LedgerStub;
}

export interface DurableObjectOptions {
  /** The ledger's name: whoever names the same one shares its budgets. `ledger` unless given. */
  readonly scope?: string;
  /** How often `watch` asks for changes by others, in ms; each time is a request to the object. 1,000 unless given. */
  readonly pollMs?: number;
}

/** Which ledgers this isolate has already seen do compare-and-swap: opening a store again costs no request. */
const proven = new WeakMap<object, Set<string>>();

/**
 * Opens a ledger: the binding of a namespace whose class is `LedgerObject`, or a stub of such an object.
 * A Worker may keep a namespace as long as it likes; a stub is good for one request, and breaks with its object.
 */
export async function durableObjectStore(
  target: LedgerNamespace | LedgerStub,
  options: DurableObjectOptions = {},
): Promise<Store> {
  const { connect, scope } = checkTarget(target, options.scope);
  const store = storeOver(connect, options.pollMs ?? 1_000);
  const scopes = proven.get(target) ?? new Set();
  if (!scopes.has(scope)) {
    await proveCompareAndSwap(store, (await store.now?.()) ?? Date.now());
    proven.set(target, scopes.add(scope));
  }
  return store;
}

function checkTarget(target: unknown, scope: unknown): { connect: () => LedgerStub; scope: string } {
  // A namespace has no `fetch`; a stub seems to have a method of every name.
  const { fetch, idFromName } = (target ?? {}) as Partial<LedgerStub & LedgerNamespace>;
  if (typeof fetch === "function") {
    if (scope !== undefined) {
      throw new StoreError("input", `a stub is one ledger already, and takes no scope: \`${String(scope)}\``);
    }
    return { connect: () => target as LedgerStub, scope: "" };
  }
  if (typeof idFromName !== "function") {
    throw new StoreError(
      "input",
      "durableObjectStore needs the binding of a Durable Object namespace (`env.LEDGER`), or a stub: see " +
        "`durable_objects.bindings` in the Worker's configuration",
    );
  }
  const name = checkKey(scope ?? "ledger");
  const namespace = target as LedgerNamespace;
  // A new stub each time: one whose object was reset stays broken.
  return { connect: () => namespace.get(namespace.idFromName(name)), scope: name };
}

function storeOver(connect: () => LedgerStub, pollMs: number): Store {
  let closed = false;
  const watchers = watchersOf(readCells, pollMs);

  async function ask(question: Question): Promise<unknown> {
    if (closed) throw new StoreError("closed", "the durable object store is closed");
    const answer = await answerOf(connect, question);
    if ("error" in answer) throw new StoreError(answer.error.code, answer.error.message);
    return answer.value;
  }

  async function readCells(keys: readonly string[]): Promise<readonly StoredCell[]> {
    const cells = await ask({ ask: "load", keys });
    if (!Array.isArray(cells) || cells.length !== keys.length) throw strange(cells);
    return keys.map((key, i) => {
      const cell: unknown = cells[i];
      if (!isCell(cell) || cell.key !== key) throw strange(cell);
      return cell;
    });
  }

  return {
    name: "durable objects",

    async load(keys) {
      const cells = await readCells(keys.map(checkKey));
      watchers.noticed(cells);
      return cells;
    },

    async commit(commit) {
      const checked: Commit = checkCommit(commit);
      const result = await ask({ ask: "commit", ...checked });
      if (!isCommitResult(result)) throw strange(result);
      if (result.ok) {
        const version = result.version ?? 0;
        watchers.written(checked.write.map(({ key, value }) => ({ key, version: value === null ? 0 : version })));
      }
      return result;
    },

    /** A page of cells at a time; each page is from one moment. */
    async *scan(prefix) {
      checkPrefix(prefix);
      for (let after: string | null = null; ; ) {
        const page: unknown = await ask({ ask: "scan", prefix, after });
        if (!isPage(page)) throw strange(page);
        for (const cell of page.cells) {
          if (closed) throw new StoreError("closed", "the durable object store is closed");
          yield cell;
        }
        if (page.next === null) return;
        after = page.next;
      }
    },

    /** At once for this store's own commits, by asking again and again for those of others, while the request lasts. */
    watch(key, changed) {
      if (closed) throw new StoreError("closed", "the durable object store is closed");
      return watchers.add(checkKey(key), changed);
    },

    /** The object's clock. It stands still while the object runs, and is right at the moment in which it was asked. */
    async now() {
      const now = await ask({ ask: "now" });
      if (typeof now !== "number" || !Number.isSafeInteger(now)) throw strange(now);
      return now;
    },

    async close() {
      closed = true;
      watchers.stop();
    },
  };
}

async function answerOf(connect: () => LedgerStub, question: Question): Promise<Answer> {
  let answer: unknown;
  try {
    const response = await connect().fetch(LEDGER_URL, { method: "POST", body: JSON.stringify(question) });
    answer = await response.json();
  } catch (error) {
    throw asStoreError(error);
  }
  if (typeof answer === "object" && answer !== null && ("value" in answer || "error" in answer)) {
    return answer as Answer;
  }
  throw strange(answer);
}

/** The runtime asks again by itself where that is safe. What gets here is final for this request. */
function asStoreError(error: unknown): StoreError {
  const { overloaded, message } = error as { overloaded?: unknown; message?: unknown };
  if (overloaded === true) {
    return new StoreError("busy", `the ledger's object has more requests than it can answer: ${message}`, {
      cause: error,
    });
  }
  return new StoreError("unavailable", `the ledger's object did not answer: ${message ?? error}`, { cause: error });
}

function strange(answer: unknown): StoreError {
  const text = JSON.stringify(answer) ?? String(answer);
  return new StoreError(
    "schema",
    `the object behind the binding does not answer as a ledger: \`${text.slice(0, 80)}\``,
  );
}

function isCell(cell: unknown): cell is StoredCell {
  const { key, version, value } = (cell ?? {}) as Partial<StoredCell>;
  if (typeof key !== "string" || !Number.isSafeInteger(version)) return false;
  return version === 0 ? value === null : typeof value === "string";
}

function isCommitResult(result: unknown): result is CommitResult {
  const { ok, conflicts } = (result ?? {}) as { ok?: unknown; conflicts?: unknown };
  return ok === true || (ok === false && Array.isArray(conflicts));
}

function isPage(page: unknown): page is Page {
  const { cells, next } = (page ?? {}) as Partial<Page>;
  return Array.isArray(cells) && cells.every(isCell) && (next === null || typeof next === "string");
}
