/**
 * Whether this Redis keeps what it has acknowledged: on disk before the answer, and never evicted. What can't be read
 * is treated like what is wrong.
 */

/** What `CONFIG GET` must say, and why. */
const WANTED: readonly { readonly setting: string; readonly want: string; readonly why: string }[] = [
  { setting: "appendonly", want: "yes", why: "without it a restart forgets what was spent since the last snapshot" },
  { setting: "appendfsync", want: "always", why: "otherwise a crash forgets the last second" },
  { setting: "no-appendfsync-on-rewrite", want: "no", why: "otherwise nothing is synced while the log is rewritten" },
  { setting: "maxmemory-policy", want: "noeviction", why: "otherwise a full memory throws budgets away" },
];

/** Each thing that is not as a ledger needs it, as a sentence; empty where all is well. */
export async function durabilityGaps(send: (args: string[]) => Promise<unknown>): Promise<readonly string[]> {
  const gaps = await Promise.all(
    WANTED.map(async ({ setting, want, why }) => {
      let found: string | undefined;
      try {
        found = configValue(await send(["CONFIG", "GET", setting]), setting);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return `\`${setting}\` can't be read (${message})`;
      }
      return found === want ? undefined : `\`${setting}\` is \`${found ?? "unknown"}\` and not \`${want}\`: ${why}`;
    }),
  );
  return gaps.filter((gap) => gap !== undefined);
}

/** A list of names and values (RESP2), or a map in one of the ways that clients show one (RESP3). */
function configValue(reply: unknown, setting: string): string | undefined {
  let value: unknown;
  if (Array.isArray(reply)) value = reply[0] === setting ? reply[1] : undefined;
  else if (reply instanceof Map) value = reply.get(setting);
  else if (typeof reply === "object" && reply !== null) value = (reply as Record<string, unknown>)[setting];
  return typeof value === "string" ? value : undefined;
}
