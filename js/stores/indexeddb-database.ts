/** The database of `indexedDbStore`: opening it, one transaction on it, and every way in which a browser takes it away. */

import { StoreError } from "./store.ts";

const SCHEMA_VERSION = 1;
/** Tells a ledger from somebody else's database of the same name. */
const APPLICATION = "tollwarden";
const STORES = ["cell", "ledger"];

export interface Database {
  readonly handle: IDBDatabase;
  /** Why it can't be used any more, or null. */
  readonly lost: StoreError | null;
  close(): void;
}

/** Opens the database, and makes its tables in the same step if it is new. */
export async function openDatabase(name: string, busyMs: number): Promise<Database> {
  const handle = await opened(name, busyMs);
  let lost: StoreError | null = null;
  const lose = (error: StoreError) => {
    lost ??= error;
    handle.close();
  };
  // Whoever wants to delete or upgrade it waits until we let go. Reopening by ourselves would begin an empty ledger.
  handle.onversionchange = ({ newVersion }) =>
    lose(
      newVersion === null
        ? new StoreError(
            "unavailable",
            `the ledger \`${name}\` was deleted by another tab: what was spent is forgotten`,
          )
        : new StoreError("schema", `another tab has a newer release, and upgrades the ledger \`${name}\`: reload`),
    );
  try {
    await checkOwner(handle, name, busyMs);
  } catch (error) {
    handle.close();
    throw error;
  }
  return {
    handle,
    get lost() {
      return lost;
    },
    close: () => handle.close(),
  };
}

function opened(name: string, busyMs: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let givenUp = false;
    const fail = (error: StoreError) => {
      givenUp = true;
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(
        new StoreError("busy", `the ledger \`${name}\` could not be opened within ${busyMs} ms: another tab holds it`),
      );
    }, busyMs);

    let request: IDBOpenDBRequest;
    try {
      // A page in a sandbox, or one that may store nothing, has no such object, or is refused here.
      request = globalThis.indexedDB.open(name, SCHEMA_VERSION);
    } catch (error) {
      return fail(asStoreError(error, "this page has no IndexedDB, which the ledger needs"));
    }
    request.onupgradeneeded = ({ oldVersion }) => {
      if (givenUp) return request.transaction?.abort();
      if (oldVersion !== 0) return;
      const cells = request.result.createObjectStore("cell");
      cells.createIndex("expires", "expires");
      const ledger = request.result.createObjectStore("ledger");
      ledger.put(APPLICATION, "application");
      ledger.put(0, "version");
    };
    request.onsuccess = () => {
      if (givenUp) return request.result.close();
      clearTimeout(timer);
      resolve(request.result);
    };
    request.onerror = (event) => {
      event.preventDefault();
      if (givenUp) return;
      fail(
        request.error?.name === "VersionError"
          ? new StoreError(
              "schema",
              `the ledger \`${name}\` comes from a newer release, or is somebody else's database`,
            )
          : asStoreError(request.error, `the ledger \`${name}\` can't be opened`),
      );
    };
    // `blocked` needs no answer: the request goes on when the others let go, or the time is up.
  });
}

async function checkOwner(handle: IDBDatabase, name: string, busyMs: number): Promise<void> {
  const ours = STORES.every((store) => handle.objectStoreNames.contains(store));
  const application = ours
    ? await transact(
        { handle, lost: null },
        { mode: "readonly", durability: "relaxed", busyMs },
        ({ ledger, result }) => result<unknown>(ledger.get("application")),
      )
    : undefined;
  if (application === APPLICATION) return;
  throw new StoreError(
    "schema",
    `the database \`${name}\` holds something other than a ledger: give the ledger another name`,
  );
}

export interface Work {
  readonly cells: IDBObjectStore;
  readonly ledger: IDBObjectStore;
  /** What a request of this transaction comes to. Nothing else may be awaited inside. */
  readonly result: <T>(request: IDBRequest<T>) => Promise<T>;
}

export interface TransactionOptions {
  readonly mode: "readonly" | "readwrite";
  readonly durability: "strict" | "relaxed";
  /** It is undone if it has not got through by then, in ms. */
  readonly busyMs: number;
}

/**
 * One transaction. Resolves when it is complete, with what `work` gave: not before, because a transaction whose requests
 * have all succeeded can still fail. What `work` throws undoes it.
 */
export async function transact<T>(
  { handle, lost }: Pick<Database, "handle" | "lost">,
  { mode, durability, busyMs }: TransactionOptions,
  work: (inside: Work) => Promise<T>,
): Promise<T> {
  if (lost !== null) throw lost;
  let transaction: IDBTransaction;
  try {
    transaction = handle.transaction(STORES, mode, { durability });
  } catch (error) {
    throw asStoreError(error, "the browser has closed the ledger, as it does when the site's data are cleared");
  }
  if (mode === "readwrite" && durability === "strict" && transaction.durability !== "strict") {
    transaction.abort();
    throw new StoreError(
      "unavailable",
      'this browser does not take `durability: "strict"`: a commit could be lost with the power. ' +
        'Pass `durability: "relaxed"` if that may be',
    );
  }
  return new Promise<T>((resolve, reject) => {
    let failed: StoreError | undefined;
    let outcome: { readonly value: T } | undefined;
    const undo = (error: StoreError) => {
      failed ??= error;
      try {
        transaction.abort();
      } catch {
        // It is already over, or being written: `complete` or `abort` tells which.
      }
    };
    const timer = setTimeout(
      () => undo(new StoreError("busy", `other tabs held the ledger for more than ${busyMs} ms`)),
      busyMs,
    );
    transaction.oncomplete = () => {
      clearTimeout(timer);
      if (outcome !== undefined) resolve(outcome.value);
      else reject(failed ?? new StoreError("unavailable", "the ledger's transaction ended before its work was done"));
    };
    transaction.onabort = () => {
      clearTimeout(timer);
      reject(failed ?? asStoreError(transaction.error, "the browser undid the ledger's transaction"));
    };
    const inside: Work = {
      cells: transaction.objectStore("cell"),
      ledger: transaction.objectStore("ledger"),
      result: (request) =>
        new Promise((done, fail) => {
          request.onsuccess = () => done(request.result);
          request.onerror = () => fail(asStoreError(request.error, "the ledger's database failed"));
        }),
    };
    work(inside).then(
      (value) => {
        outcome = { value };
        try {
          transaction.commit();
        } catch {
          // A failed request has undone it meanwhile: `abort` tells why.
        }
      },
      (error: unknown) => undo(asStoreError(error, "the ledger's transaction failed")),
    );
  });
}

function asStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  const why = name === "QuotaExceededError" ? "there is no room left for this site" : `${name ?? "no reason given"}`;
  return new StoreError("unavailable", `${what}: ${why}${message ? `: ${message}` : ""}`, { cause: error });
}
