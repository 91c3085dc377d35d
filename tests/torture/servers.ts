/** The stores that several processes can share, each with places of its own, made for one test and removed after it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Redis, redisServer, startRedis } from "../support/redis.ts";
import { inFolder, inRedis, type Place } from "./place.ts";

export const SERVERS = ["sqlite", "redis"] as const;
export type Server = (typeof SERVERS)[number];

const redisIsHere = (await redisServer()) !== undefined;

/** For the `skip` of a test; what can't be had has been said loudly by then. */
export const skipOf = (server: Server): string | false =>
  server === "redis" && !redisIsHere ? "there is no redis-server" : false;

export async function withPlaces<R>(
  server: Server,
  work: (placeOf: (name: string) => Place) => Promise<R>,
): Promise<R> {
  if (server === "redis") return withRedis((redis) => work(inRedis(redis.url)));
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-torture-"));
  try {
    return await work(inFolder(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function withRedis<R>(work: (redis: Redis) => Promise<R>): Promise<R> {
  const redis = await startRedis();
  try {
    return await work(redis);
  } finally {
    await redis.stop();
  }
}
