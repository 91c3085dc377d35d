/** A store whose calls are timed, and whose conflicts and failures are counted. */

import type { Store } from "../stores/store.ts";
import type { Backend } from "./backend.ts";

export function measuredStore(store: Store, backend: Backend, seconds: () => number): Store {
  function timed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const since = seconds();
    return backend.span(`tollwarden.store.${operation}`, { "tollwarden.store": store.name }, async () => {
      try {
        return await work();
      } catch (error) {
        backend.count("tollwarden_store_errors_total", { operation }, 1);
        throw error;
      } finally {
        backend.observe("tollwarden_store_seconds", { operation }, seconds() - since);
      }
    });
  }

  async function* scanned(prefix: string): ReturnType<Store["scan"]> {
    const since = seconds();
    try {
      yield* store.scan(prefix);
    } catch (error) {
      backend.count("tollwarden_store_errors_total", { operation: "scan" }, 1);
      throw error;
    } finally {
      backend.observe("tollwarden_store_seconds", { operation: "scan" }, seconds() - since);
    }
  }

  const { now, keeps } = store;
  return {
    name: store.name,
    load: (keys) => timed("load", () => store.load(keys)),
    commit: (commit) =>
      timed("commit", async () => {
        const result = await store.commit(commit);
        if (!result.ok) backend.count("tollwarden_store_conflicts_total", {}, 1);
        return result;
      }),
    scan: scanned,
    watch: (key, changed) => store.watch(key, changed),
    ...(keeps === undefined ? {} : { keeps }),
    ...(now === undefined ? {} : { now: () => now.call(store) }),
    close: () => store.close(),
  };
}
