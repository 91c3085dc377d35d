/** Where the second module comes from: entries for runtimes that can load it say so; elsewhere it is not there. */

import type { Cold } from "./cold.ts";

let source: (() => Promise<Cold>) | undefined;

export function useCold(load: () => Promise<Cold>): void {
  source ??= load;
}

export async function findCold(): Promise<Cold | undefined> {
  return source?.();
}
