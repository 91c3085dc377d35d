/**
 * The store of a warden that names none: an SQLite file where there is a file system, IndexedDB in a browser; elsewhere
 * there is none. Only entries for runtimes that may have one import this; a store that is not opened is not loaded.
 */

import { builtin } from "../builtin.ts";
import { WardenUnavailable } from "../errors.ts";
import type { Store } from "./store.ts";
import { openByDefault } from "./unnamed.ts";

openByDefault(() => {
  if (builtin("node:fs") !== undefined) return sqlite();
  if (typeof indexedDB !== "undefined") return indexedDb();
  return undefined;
});

async function sqlite(): Promise<Store> {
  try {
    const { sqliteStore } = await import("./sqlite.ts");
    return await sqliteStore("tollwarden.sqlite");
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WardenUnavailable(
      "no_store",
      `the default store, an SQLite file in the working folder, can't be opened: ${message}; pass \`store\``,
      cause,
    );
  }
}

async function indexedDb(): Promise<Store> {
  try {
    const { indexedDbStore } = await import("./indexeddb.ts");
    return await indexedDbStore({ name: "tollwarden" });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WardenUnavailable(
      "no_store",
      `the default store, the database \`tollwarden\` in IndexedDB, can't be opened: ${message}; pass \`store\``,
      cause,
    );
  }
}
