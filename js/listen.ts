/** A server of Node's on a port: opened, written to no faster than it is read, and closed. */

import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ServeOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default any free one. */
  readonly port?: number;
  readonly onError?: (error: unknown) => void;
}

export interface Serving {
  /** Such as `http://127.0.0.1:8402`. */
  readonly url: string;
  /** Takes no further request, and resolves when those under way are answered, or after `graceMs` (10,000). */
  stop(graceMs?: number): Promise<void>;
}

/** Headers of a request, with its line, are at most this long, in bytes. */
export const MAX_HEADERS = 64 * 1024;
/**
 * How long a connection is kept for the next request, in milliseconds. Longer than the balancers in front keep theirs: one
 * that they use at the moment at which it is closed is an error there.
 */
export const KEEP_ALIVE = 65_000;

export async function listen(server: Server, { host = "127.0.0.1", port = 0 }: ServeOptions): Promise<Serving> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: open } = server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${open}`, stop: (grace) => stopped(server, grace) };
}

/** When there is room again, or nobody is there any more. */
export function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off("drain", go);
      outgoing.off("close", go);
      resolve();
    };
    outgoing.once("drain", go);
    outgoing.once("close", go);
  });
}

/** How often connections are closed that have become idle while the server stops, in milliseconds. */
const IDLE = 20;

function stopped(server: Server, graceMs = 10_000): Promise<void> {
  // Node keeps the connections that have a request under way, and would take the next ones on them.
  server.prependListener("request", (_request, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    const idle = setInterval(() => server.closeIdleConnections(), IDLE);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
