/** What a crash has left, for a process that starts after it. */

import { ABANDONED } from "../resolve.ts";

/**
 * Looks for payments that nobody works on any more: now, and once more when what was under way just before the start is
 * old enough to be taken for abandoned. Gives back what ends the wait.
 */
export async function recoverFromCrash(
  gate: { recover(): Promise<unknown> },
  onError: (error: unknown) => void,
  later = ABANDONED + 60_000,
): Promise<() => void> {
  await gate.recover();
  const timer = setTimeout(() => void gate.recover().catch(onError), later);
  timer.unref();
  return () => clearTimeout(timer);
}
