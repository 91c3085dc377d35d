/**
 * The ledger inside Redis, and the four scripts that touch it. A script runs alone: nothing comes between its check and
 * its writes. Redis does not undo a script that fails half-way, so each reads all that it needs before its first write.
 *
 * The keys, all under one hash tag, so that a Cluster keeps them on one node:
 *   meta    hash: `schema`, `ledger` (an id drawn when it was made), `version` (the counter)
 *   cells   hash: key → "version expires value", where `expires` is empty for a cell that stays
 *   order   sorted set of all keys with score 0, so in the order of their bytes: for scans
 *   expiry  sorted set of the keys that expire, by when: for clearing up
 *   done    sorted set of the ids of recent commits, by their deadline
 *
 * A reply is a list: a word, Redis's time in ms, the counter, and what was asked for.
 * Numbers go as text: a reply cuts a fraction off, and a Lua number prints 15 digits only.
 */

import { hexOf } from "../../encoding.ts";

/** The version of the layout above. */
export const LAYOUT = "1";

/** Expired cells that a commit clears up, beside as many as it writes: always more than it can add. */
const PURGE_PER_COMMIT = 16;

export const keysOf = (scope: string): readonly string[] =>
  ["meta", "cells", "order", "expiry", "done"].map((name) => `{tollwarden:${scope}}:${name}`);

const START = `
local meta, cells, order, expiry, done = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(n) return string.format('%.0f', n) end
`;

/** ARGV: layout, an id for a ledger that is new. Gives the id of the ledger that is there. */
const OPEN = `${START}
local found = redis.call('HMGET', meta, 'schema', 'ledger', 'version')
if found[1] then
  if found[1] ~= ARGV[1] then return {'layout', whole(now), '0', found[1]} end
  return {'ok', whole(now), found[3], found[2]}
end
if redis.call('EXISTS', meta, cells, order, expiry, done) > 0 then return {'layout', whole(now), '0', 'none'} end
redis.call('HSET', meta, 'schema', ARGV[1], 'ledger', ARGV[2], 'version', '0')
return {'ok', whole(now), '0', ARGV[2]}
`;

/** ARGV: the ledger's id, the counter as last seen. A ledger that went back or was made anew has lost commits. */
const SAME_LEDGER = `${START}
local found = redis.call('HMGET', meta, 'ledger', 'version')
if found[1] ~= ARGV[1] then return {'other', whole(now), '0'} end
local version = tonumber(found[2])
if version < tonumber(ARGV[2]) then return {'behind', whole(now), found[2]} end

local function cell(key)
  local raw = redis.call('HGET', cells, key)
  if not raw then return '0', false end
  local v, expires, value = string.match(raw, '^(%d+) (%d*) (.*)$')
  if expires ~= '' and tonumber(expires) <= now then return '0', false end
  return v, value
end
`;

/** ARGV: …, keys. Gives a version and a value for each. */
const LOAD = `${SAME_LEDGER}
local reply = {'ok', whole(now), found[2]}
for i = 3, #ARGV do
  local v, value = cell(ARGV[i])
  reply[#reply + 1] = v
  reply[#reply + 1] = value
end
return reply
`;

/** ARGV: …, where to start, how many. Gives key, version and value of each; an expired cell has version 0. */
const PAGE = `${SAME_LEDGER}
local reply = {'ok', whole(now), found[2]}
for _, key in ipairs(redis.call('ZRANGEBYLEX', order, ARGV[3], '+', 'LIMIT', 0, ARGV[4])) do
  local v, value = cell(key)
  reply[#reply + 1] = key
  reply[#reply + 1] = v
  reply[#reply + 1] = value
end
return reply
`;

/**
 * ARGV: …, deadline, the commit's id, how many reads; for each its key and version;
 * then for each write its key, "set" or "delete", its expiry or nothing, its value.
 */
const COMMIT = `${SAME_LEDGER}
if now > tonumber(ARGV[3]) then return {'late', whole(now), found[2]} end
if redis.call('ZSCORE', done, ARGV[4]) then return {'again', whole(now), found[2]} end

local reads = tonumber(ARGV[5])
local conflict = {'conflict', whole(now), found[2]}
for i = 6, 5 + 2 * reads, 2 do
  if cell(ARGV[i]) ~= ARGV[i + 1] then conflict[#conflict + 1] = ARGV[i] end
end
if #conflict > 3 then return conflict end

local first = 6 + 2 * reads
local writes = (#ARGV - first + 1) / 4
if writes == 0 then return {'ok', whole(now), found[2]} end
-- A key of another type stops the script here, and not between two writes.
redis.call('HLEN', cells)
redis.call('ZCARD', order)
local gone = redis.call('ZRANGEBYSCORE', expiry, '-inf', whole(now), 'LIMIT', 0, ${PURGE_PER_COMMIT} + writes)

local next = whole(version + 1)
redis.call('HSET', meta, 'version', next)
redis.call('ZREMRANGEBYSCORE', done, '-inf', whole(now))
redis.call('ZADD', done, ARGV[3], ARGV[4])
for _, key in ipairs(gone) do
  redis.call('HDEL', cells, key)
  redis.call('ZREM', order, key)
  redis.call('ZREM', expiry, key)
end
for i = first, #ARGV, 4 do
  local key, expires = ARGV[i], ARGV[i + 2]
  if ARGV[i + 1] == 'delete' then
    redis.call('HDEL', cells, key)
    redis.call('ZREM', order, key)
    redis.call('ZREM', expiry, key)
  else
    redis.call('HSET', cells, key, next .. ' ' .. expires .. ' ' .. ARGV[i + 3])
    redis.call('ZADD', order, 0, key)
    if expires == '' then redis.call('ZREM', expiry, key) else redis.call('ZADD', expiry, expires, key) end
  end
end
return {'ok', whole(now), next}
`;

export type ScriptName = "open" | "load" | "page" | "commit";

export interface Script {
  readonly text: string;
  /** The SHA-1 that Redis knows it by, in hex. */
  readonly sha: string;
}

export async function scripts(): Promise<Readonly<Record<ScriptName, Script>>> {
  const made = async (text: string): Promise<Script> => {
    const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
    return { text, sha: hexOf(digest) };
  };
  const [open, load, page, commit] = await Promise.all([made(OPEN), made(LOAD), made(PAGE), made(COMMIT)]);
  return { open, load, page, commit };
}
