/**
 * A ledger in Redis, shared by any number of hosts. One script loads, one script commits; Redis runs a script alone.
 *
 * What became of a commit whose answer was lost is unknown, and the ledger asks again what is there. So that the answer
 * to that question can't change afterwards, each commit carries a deadline by Redis's own clock and an id: one that
 * comes later than its caller waits (from a client's queue, after a reconnect) is refused, and one that a client
 * delivers twice is applied once. Nothing in here sends a commit a second time.
 *
 * Each call also says which ledger it means and how far it had come. A Redis that went back (a failover to a replica
 * that lagged, an old file restored, FLUSHALL) is refused from then on, in place of spending a budget again.
 */

import type { RedisClient, Reply } from "./redis/answers.ts";
import { answered, asArguments, asCell, asCount, asReply, asResult, asText, isNoScript } from "./redis/answers.ts";
import { durabilityGaps } from "./redis/durability.ts";
import { keysOf, LAYOUT, type ScriptName, scripts } from "./redis/scripts.ts";
import {
  checkCommit,
  checkKey,
  checkPrefix,
  proveCompareAndSwap,
  type Store,
  type StoredCell,
  StoreError,
} from "./store.ts";

export type { RedisClient } from "./redis/answers.ts";

export interface RedisOptions {
  /** The ledger's name in this Redis: wardens with the same one share their budgets. `default` unless given. */
  readonly scope?: string;
  /** How long one call may take, in ms, before it is an error. 5,000 unless given, at most 15,000. */
  readonly timeoutMs?: number;
  /** How often `watch` looks for changes by others, in ms. 250 unless given. */
  readonly pollMs?: number;
  /**
   * Opens although this Redis may forget commits that it has acknowledged, or does not say whether it may. What is
   * forgotten can be spent again.
   */
  readonly acceptForgottenCommits?: boolean;
  /** This host's clock, in ms since the epoch. `Date.now` unless given. */
  readonly hostNow?: () => number;
  /** How far this host's clock may be from Redis's, in ms. 30,000 unless given. */
  readonly maxClockSkewMs?: number;
}

const SCAN_PAGE = 64;
/** A warden waits this long for any store: a commit must not arrive after that. */
const MAX_TIMEOUT_MS = 15_000;

interface Watcher {
  readonly key: string;
  readonly changed: () => void;
  /** The version last seen; `null` if it could not be read, `undefined` if nobody has looked yet. */
  seen: number | null | undefined;
  /** The counter of commits when it was seen. */
  asOf: number;
}

/**
 * Opens the ledger of this scope, and makes it if it is not there. The client is yours: connect it before, close it
 * afterwards, and give it an `error` listener (node-redis ends the process without one).
 */
export async function redisStore(client: RedisClient, options: RedisOptions = {}): Promise<Store> {
  if (typeof client?.sendCommand !== "function") {
    throw new StoreError("input", "redisStore needs a connected client of the package `redis`");
  }
  const scope = options.scope ?? "default";
  if (!/^[\w.:-]{1,128}$/.test(scope)) {
    throw new StoreError("input", `a scope is 1 to 128 letters, digits and \`_.:-\`: \`${scope}\``);
  }
  const timeoutMs = options.timeoutMs ?? 5_000;
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new StoreError("input", `a timeout is above 0 and at most ${MAX_TIMEOUT_MS} ms: \`${timeoutMs}\``);
  }
  if (options.acceptForgottenCommits !== true) {
    const gaps = await durabilityGaps((args) => answered(client, args, timeoutMs));
    if (gaps.length > 0) {
      throw new StoreError(
        "unavailable",
        `this redis may forget what was spent: ${gaps.join("; ")}; set this in its configuration, ` +
          "or open the store with `acceptForgottenCommits: true`",
      );
    }
  }
  const store = await storeOver(client, {
    scope,
    timeoutMs,
    pollMs: options.pollMs ?? 250,
    hostNow: options.hostNow ?? Date.now,
    maxClockSkewMs: options.maxClockSkewMs ?? 30_000,
  });
  await proveCompareAndSwap(store, await store.now());
  return store;
}

type Settings = Required<Omit<RedisOptions, "acceptForgottenCommits">>;

async function storeOver(client: RedisClient, settings: Settings): Promise<Store & { now(): Promise<number> }> {
  const { timeoutMs, pollMs, hostNow, maxClockSkewMs } = settings;
  const keys = keysOf(settings.scope);
  const known = await scripts();
  const watchers = new Set<Watcher>();
  let poller: ReturnType<typeof setInterval> | undefined;
  let closed = false;
  /** Why this ledger is not to be trusted any more. */
  let lost: string | undefined;
  let ledger = "";
  let seen = 0;
  /** Redis's time at a moment of this host's monotonic clock; by then it was at least so late. */
  let clock = { redis: 0, host: 0 };

  function mustBeUsable(): void {
    if (closed) throw new StoreError("closed", "the redis store is closed");
    if (lost !== undefined) throw new StoreError("unavailable", lost);
  }

  async function run(name: ScriptName, args: readonly string[]): Promise<Reply> {
    const { sha, text } = known[name];
    const rest = [String(keys.length), ...keys, ...args];
    let raw: unknown;
    try {
      raw = await answered(client, ["EVALSHA", sha, ...rest], timeoutMs);
    } catch (error) {
      // Redis did not know the script, so it did not run: this is no second try.
      if (!isNoScript(error)) throw error;
      raw = await answered(client, ["EVAL", text, ...rest], timeoutMs);
    }
    const reply = asReply(raw);
    clock = { redis: reply.time, host: performance.now() };
    return reply;
  }

  /** A script on the ledger that was opened, as far as it had come. */
  async function ask(name: ScriptName, args: readonly string[]): Promise<Reply> {
    mustBeUsable();
    const reply = await run(name, [ledger, String(seen), ...args]);
    if (reply.word === "other" || reply.word === "behind") {
      const what = reply.word === "other" ? "is not the one that was opened" : "has gone back";
      lost =
        `the ledger in redis ${what} (it was at commit ${seen}, and is at ${reply.version}): it has lost commits, ` +
        "by a failover, a restore or a flush; see what was spent since, then open the store again";
    }
    mustBeUsable();
    seen = Math.max(seen, reply.version);
    return reply;
  }

  /** A read that decisions rest on: the expiries in it were set by a host's clock, and are judged by Redis's. */
  async function read(name: ScriptName, args: readonly string[]): Promise<Reply> {
    const before = hostNow();
    const reply = await ask(name, args);
    const after = hostNow();
    const skew = Math.max(before - reply.time, reply.time - after);
    if (!(skew <= maxClockSkewMs)) {
      throw new StoreError(
        "unavailable",
        `this host's clock is ${skew} ms off redis's, and ${maxClockSkewMs} are allowed: set the clocks`,
      );
    }
    return reply;
  }

  async function load(asked: readonly string[]): Promise<readonly StoredCell[]> {
    mustBeUsable();
    for (const key of asked) checkKey(key);
    if (asked.length === 0) return [];
    const { rest } = await read("load", asked);
    return asked.map((key, i) => asCell(key, rest[2 * i], rest[2 * i + 1]));
  }

  /** Told once when it can't be read; told again when it can. An answer from before the last one is no news. */
  function see(watcher: Watcher, version: number | null, asOf: number): void {
    if (version === watcher.seen || asOf < watcher.asOf || !watchers.has(watcher)) return;
    const first = watcher.seen === undefined && version !== null;
    watcher.seen = version;
    watcher.asOf = asOf;
    // A microtask: a watcher that throws is that watcher's error, and the others are told.
    if (!first) queueMicrotask(() => watchers.has(watcher) && watcher.changed());
  }

  /** One look for all of these watchers. The first look at a key only notes its version. */
  async function look(looking: readonly Watcher[]): Promise<void> {
    const asked = looking.map(({ key }) => key);
    const found = await read("load", asked)
      .then(({ rest, version }) => ({ versions: asked.map((_, i) => asCount(rest[2 * i])), asOf: version }))
      .catch(() => undefined);
    for (const [i, watcher] of looking.entries()) {
      see(watcher, found?.versions[i] ?? null, found?.asOf ?? watcher.asOf);
    }
  }

  let looking = false;
  function poll(): void {
    if (looking) return;
    looking = true;
    look([...watchers]).finally(() => {
      looking = false;
    });
  }

  function stopPolling(): void {
    clearInterval(poller);
    poller = undefined;
  }

  const opened = await run("open", [LAYOUT, crypto.randomUUID()]);
  if (opened.word !== "ok") {
    throw new StoreError(
      "schema",
      `the keys of scope \`${settings.scope}\` hold something other than a ledger of layout ${LAYOUT} ` +
        `(found: \`${String(opened.rest[0])}\`): give the ledger another scope, or use the release that wrote it`,
    );
  }
  ledger = asText(opened.rest[0]);
  seen = opened.version;

  return {
    name: "redis",
    load,

    async commit(commit) {
      mustBeUsable();
      const { read: reads, write } = checkCommit(commit);
      // From the latest time that Redis told, so it is never later than this call gives up.
      const deadline = Math.floor(clock.redis + performance.now() - clock.host) + timeoutMs;
      const reply = await ask("commit", [
        String(deadline),
        crypto.randomUUID(),
        String(reads.length),
        ...reads.flatMap(({ key, version }) => [key, String(version)]),
        ...write.flatMap(asArguments),
      ]);
      const result = asResult(reply, write.length > 0);
      if (reply.word === "ok" && write.length > 0) {
        const versions = new Map(write.map(({ key, value }) => [key, value === null ? 0 : reply.version]));
        for (const watcher of watchers) {
          const version = versions.get(watcher.key);
          if (version === undefined) continue;
          // Written by ourselves: news even where nobody has looked yet.
          watcher.seen ??= null;
          see(watcher, version, reply.version);
        }
      }
      return result;
    },

    /** A page of cells at a time; each page is from one moment. */
    async *scan(prefix) {
      mustBeUsable();
      checkPrefix(prefix);
      for (let from = prefix === "" ? "-" : `[${prefix}`; ; ) {
        const { rest } = await read("page", [from, String(SCAN_PAGE)]);
        for (let i = 0; i < rest.length; i += 3) {
          const key = asText(rest[i]);
          if (!key.startsWith(prefix)) return;
          const cell = asCell(key, rest[i + 1], rest[i + 2]);
          if (cell.value !== null) {
            mustBeUsable();
            yield cell;
          }
          from = `(${key}`;
        }
        if (rest.length < 3 * SCAN_PAGE) return;
      }
    },

    /** At once for this store's own commits, by polling for those of others. */
    watch(key, changed) {
      mustBeUsable();
      const watcher: Watcher = { key: checkKey(key), changed: () => changed(), seen: undefined, asOf: 0 };
      watchers.add(watcher);
      // Sent before any load that the caller makes after this: what was written earlier is in that load.
      void look([watcher]);
      poller ??= setInterval(poll, pollMs);
      // Watching is no reason for a process to stay alive. (Not every runtime's timer can be told.)
      poller.unref?.();
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) stopPolling();
      };
    },

    async now() {
      return (await ask("load", [])).time;
    },

    /** The client stays open: it is its owner's. */
    async close() {
      closed = true;
      watchers.clear();
      stopPolling();
    },
  };
}
