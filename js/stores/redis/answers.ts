/** What is sent to Redis and what comes back: in time, as text, and read strictly. */

import { type CellWrite, type CommitResult, type StoredCell, StoreError } from "../store.ts";

/** A connected client of the package `redis` (node-redis), or anything that sends a command like one. */
export interface RedisClient {
  sendCommand(args: string[], options?: { readonly abortSignal: AbortSignal }): Promise<unknown>;
}

export interface Reply {
  readonly word: string;
  /** Redis's time, in ms. */
  readonly time: number;
  /** The counter of commits. */
  readonly version: number;
  readonly rest: readonly unknown[];
}

export function asArguments({ key, value, expires }: CellWrite): string[] {
  return value === null ? [key, "delete", "", ""] : [key, "set", expires === null ? "" : String(expires), value];
}

export function asResult({ word, version, rest }: Reply, wrote: boolean): CommitResult {
  if (word === "ok") return wrote ? { ok: true, version } : { ok: true };
  if (word === "again") return { ok: true };
  if (word === "conflict") return { ok: false, conflicts: [...new Set(rest.map(asText))] };
  if (word === "late") {
    throw new StoreError("unavailable", "the commit reached redis after its time; nothing was written");
  }
  throw new StoreError("schema", `redis gave an answer that is not known: \`${word}\``);
}

export function asReply(raw: unknown): Reply {
  if (!Array.isArray(raw)) throw new StoreError("schema", "redis answered a script with something other than a list");
  const [word, time, version, ...rest] = raw as unknown[];
  return { word: asText(word), time: asCount(time), version: asCount(version), rest };
}

export function asCell(key: string, version: unknown, value: unknown): StoredCell {
  const number = asCount(version);
  return number === 0 ? { key, version: 0, value: null } : { key, version: number, value: asText(value) };
}

export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  throw new StoreError("schema", `redis gave a ${typeof value} where text belongs: the client must decode strings`);
}

export function asCount(value: unknown): number {
  const number = Number(asText(value));
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new StoreError("schema", `the ledger has a number out of range: \`${String(value)}\``);
}

export function isNoScript(error: unknown): boolean {
  return error instanceof StoreError && error.cause instanceof Error && error.cause.message.startsWith("NOSCRIPT");
}

/** What Redis answers, in time. The signal takes a command that was not sent yet out of the client's queue. */
export async function answered(client: RedisClient, args: string[], timeoutMs: number): Promise<unknown> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StoreError("unavailable", `redis did not answer within ${timeoutMs} ms`));
      abort.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([client.sendCommand(args, { abortSignal: abort.signal }), late]);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const code = message.startsWith("WRONGTYPE") ? "schema" : "unavailable";
    throw new StoreError(code, `the redis ledger failed: ${message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
