// The redis-server that the tests of the Redis store run: the one that is installed, or Debian's.
// `node pkg-scripts/redis.mjs` brings it and says where it is.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { probe, run } from "./lib/child.mjs";
import { withLock } from "./lib/lock.mjs";
import { cache } from "./lib/paths.mjs";
import { main, Stop, say, step } from "./lib/report.mjs";

const command = "redis-server";
const isThere = () => probe(command, ["--version"]) !== undefined;

/**
 * The command to start Redis with, or undefined where there is none and none can be had. Then it says so on stderr, in
 * a line that nobody overlooks, because what proves the Redis store is skipped.
 */
export async function redisServer() {
  if (isThere()) return command;
  const why = await withLock(join(cache, "redis.lock"), install);
  if (why === undefined) return command;
  say(`\n!!!! THE TESTS OF THE REDIS STORE ARE SKIPPED: ${why}. Install redis-server to run them. !!!!\n`);
  return undefined;
}

/** Gives the reason if it can't be done. */
async function install() {
  if (isThere()) return undefined;
  if (!existsSync("/etc/debian_version")) return "no redis-server is installed here";
  if (process.getuid?.() !== 0) return "no redis-server is installed, and only root can install it";
  try {
    await step("installing Debian's redis-server", async () => {
      const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
      await run("apt-get", ["update"], options);
      await run("apt-get", ["install", "-y", "--no-install-recommends", "redis-server"], options);
    });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return `redis-server could not be installed (${error.message})`;
  }
  return isThere() ? undefined : "the redis-server that was installed does not start";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const found = await redisServer();
    if (found === undefined) throw new Stop("there is no redis-server");
    say(probe(found, ["--version"]));
  });
}
