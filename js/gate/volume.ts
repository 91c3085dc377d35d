/** How many payments a client has made on a route in a month (UTC), for prices by volume. */

import type { Cells } from "./cells.ts";

export interface Volumes {
  count(route: string, client: string): Promise<number>;
  add(route: string, client: string): Promise<void>;
}

const KEPT = 62 * 86_400_000;

export function volumes(cells: Cells, now: () => number): Volumes {
  const cell = (route: string, client: string): string => {
    const month = new Date(now()).toISOString().slice(0, 7);
    return `gate/volume/${encodeURIComponent(route)}/${encodeURIComponent(client)}/${month}`;
  };
  return {
    count: async (route, client) => (await cells.read<number>(cell(route, client))).value ?? 0,
    async add(route, client) {
      await cells.change<number>(cell(route, client), (count = 0) => ({
        value: count + 1,
        expires: Math.ceil(now()) + KEPT,
      }));
    },
  };
}
