/** A Redis of the test's own: on 127.0.0.1, in a new folder, with every commit on disk before it is answered. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { redisServer } from "../../pkg-scripts/redis.mjs";
import { freePort } from "./port.ts";

export { redisServer } from "../../pkg-scripts/redis.mjs";

export type Client = ReturnType<typeof createClient>;

export interface Redis {
  readonly port: number;
  readonly url: string;
  /** A connected client; closed with the server. A client that is cut off answers with errors, and comes back. */
  client(options?: NonNullable<Parameters<typeof createClient>[0]>): Promise<Client>;
  /** SIGKILL, and gone when it resolves. */
  kill(): Promise<void>;
  /** Starts it again on the same files. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"];

/** `settings` are further arguments of redis-server; of one given twice the last counts. */
export async function startRedis(settings: readonly string[] = []): Promise<Redis> {
  const command = await redisServer();
  if (command === undefined) throw new Error("there is no redis-server");
  const dir = mkdtempSync(join(tmpdir(), "tollwarden-redis-"));
  const port = await freePort();
  const clients: Client[] = [];
  let running: ChildProcess | undefined;

  async function start(): Promise<void> {
    const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--loglevel", "warning"];
    const child = spawn(command ?? "", [...place, ...durable, ...settings], { stdio: ["ignore", "ignore", "inherit"] });
    running = child;
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    for (let waited = 0; waited < 15_000; waited += 20) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with status ${child.exitCode}`);
      if (await answers(port)) return;
      await sleep(20);
    }
    throw new Error("redis-server did not answer within 15 s");
  }

  async function kill(): Promise<void> {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    async client(options = {}) {
      const client = createClient({ url: `redis://127.0.0.1:${port}`, ...options });
      client.on("error", () => undefined);
      clients.push(client as Client);
      await client.connect();
      return client as Client;
    },
    kill,
    start,
    async stop() {
      for (const client of clients) client.destroy();
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    if (client.isOpen) client.destroy();
  }
}
