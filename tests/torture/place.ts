/** Where a ledger is kept, in words that can be handed to another process. */

import { join } from "node:path";
import { createClient } from "redis";
import { redisStore } from "../../js/stores/redis.ts";
import { sqliteStore } from "../../js/stores/sqlite.ts";
import type { Store } from "../../js/stores/store.ts";

export type Place =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "redis"; readonly url: string; readonly scope: string };

/** A place of this name under a folder, or in a server. */
export const inFolder =
  (folder: string) =>
  (name: string): Place => ({ kind: "sqlite", path: join(folder, `${name}.sqlite`) });

export const inRedis =
  (url: string) =>
  (name: string): Place => ({ kind: "redis", url, scope: name });

/** Opens the ledger there. Closing it closes its connection too. */
export async function openPlace(place: Place): Promise<Store> {
  if (place.kind === "sqlite") return sqliteStore(place.path, { busyMs: 30_000 });
  const client = createClient({ url: place.url, disableOfflineQueue: true });
  client.on("error", () => undefined);
  await client.connect();
  const store = await redisStore(client, { scope: place.scope });
  return {
    ...store,
    async close() {
      await store.close();
      if (client.isOpen) client.destroy();
    },
  };
}
