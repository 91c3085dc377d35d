/**
 * A line that fails: a TCP proxy on 127.0.0.1 that does to the next request what it is told, and then is a plain line
 * again. `cut`: both sides are closed when the request comes. `lost reply`: the request is passed on, and its answer is
 * not; both sides are closed. `half reply`: a part of the answer comes, then nothing. `deaf`: the request goes nowhere,
 * and the line stays open. `late`: the request is passed on so much later, on a line that is closed to the client.
 */

import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";

export const FAULTS = ["cut", "lost reply", "half reply", "deaf", "late", "slow"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Proxy {
  readonly port: number;
  /** What becomes of the request after so many others; `delayMs` is for `late` and `slow`. */
  arm(fault: Fault, after: number, delayMs: number): void;
  /** Takes back what was not used, and closes lines that are broken. Resolves to whether the fault has happened. */
  heal(): boolean;
  stop(): Promise<void>;
}

export async function startProxy(target: number): Promise<Proxy> {
  let armed: { fault: Fault; after: number; delayMs: number } | undefined;
  let happened = false;
  const sockets = new Set<Socket>();
  const broken = new Set<Socket>();

  const server = createServer((client) => {
    const behind = createConnection(target, "127.0.0.1");
    let replies: "whole" | "none" | "half" = "whole";
    const close = () => {
      client.destroy();
      behind.destroy();
    };
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        // A request that is under way reaches its end although nobody waits for it.
        if (replies === "whole") other.destroy();
      });
    }

    client.on("data", (request) => {
      if (armed === undefined || armed.after-- > 0) return void behind.write(request);
      const { fault, delayMs } = armed;
      armed = undefined;
      happened = true;
      broken.add(client);
      if (fault === "cut") return close();
      if (fault === "deaf") return void client.removeAllListeners("data").resume();
      if (fault === "slow") return void setTimeout(() => behind.write(request), delayMs).unref();
      replies = fault === "half reply" ? "half" : "none";
      if (fault !== "late") return void behind.write(request);
      client.destroy();
      setTimeout(() => behind.end(request), delayMs);
    });

    behind.on("data", (reply) => {
      if (replies === "whole") client.write(reply);
      if (replies === "half") client.write(reply.subarray(0, Math.floor(reply.length / 2)));
      if (replies === "none") close();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  return {
    port: address.port,
    arm(fault, after, delayMs) {
      happened = false;
      armed = { fault, after, delayMs };
    },
    heal() {
      armed = undefined;
      for (const socket of broken) socket.destroy();
      broken.clear();
      return happened;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
