/** The ledger that `serve` and `keys` work on: an SQLite file, or a Redis. */

import type { Store } from "../stores/store.ts";
import { failure } from "./terminal.ts";

export interface OpenStore {
  readonly store: Store;
  /** After the store itself is closed. */
  close(): Promise<void>;
}

export async function openLedgerStore(place: string, scope: string | undefined): Promise<OpenStore> {
  if (!/^rediss?:/.test(place)) {
    if (scope !== undefined) throw new Error("`--scope` is for a ledger in Redis");
    const { sqliteStore } = await import("../stores/sqlite.ts");
    const store = await sqliteStore(place);
    return { store, close: () => store.close() };
  }
  const { createClient } = await import("redis").catch((cause: unknown) => {
    throw new Error(`\`redis\` can't be loaded: ${failure(cause)}; install it beside tollwarden`, { cause });
  });
  const { redisStore } = await import("../stores/redis.ts");
  const client = createClient({ url: place });
  // Without a listener the client would end the process; each call says for itself that it failed.
  client.on("error", () => undefined);
  await client.connect();
  try {
    const store = await redisStore(
      client as unknown as Parameters<typeof redisStore>[0],
      scope === undefined ? {} : { scope },
    );
    return {
      store,
      async close() {
        await store.close();
        client.destroy();
      },
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}
