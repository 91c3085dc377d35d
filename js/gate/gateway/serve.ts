/** A `(Request) => Response` on a port of Node: bodies stream both ways, and a client that goes is noticed. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

export interface Serving {
  /** Such as `http://127.0.0.1:8402`. */
  readonly url: string;
  /** Takes no further request, and resolves when those under way are answered, or after `graceMs` (10,000). */
  stop(graceMs?: number): Promise<void>;
}

export interface ServeOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default any free one. */
  readonly port?: number;
  readonly onError?: (error: unknown) => void;
}

/** Headers of a request are at most this long, in bytes. */
const MAX_HEADERS = 64 * 1024;
/** How long a connection is kept for the next request, in milliseconds. */
const KEEP_ALIVE = 65_000;

export async function serveGateway(
  fetch: (request: Request) => Promise<Response>,
  { host = "127.0.0.1", port = 0, onError = () => undefined }: ServeOptions = {},
): Promise<Serving> {
  const server = createServer({ maxHeaderSize: MAX_HEADERS, requestTimeout: 60_000 }, (request, response) => {
    answer(fetch, request, response).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "application/json" });
      response.end(response.headersSent ? undefined : '{"error":"internal_error"}');
    });
  });
  // Longer than the balancers in front keep theirs: one that they use at the moment at which it is closed is an error there.
  server.keepAliveTimeout = KEEP_ALIVE;
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

async function answer(
  fetch: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort(new Error("client_gone"));
  });
  const response = await fetch(requestOf(incoming, gone.signal));
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of response.headers) if (name !== "set-cookie") headers[name] = value;
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  outgoing.writeHead(response.status, headers);
  if (response.body === null || incoming.method === "HEAD") {
    void response.body?.cancel().catch(() => undefined);
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (outgoing.write(value)) continue;
      await drained(outgoing);
      if (gone.signal.aborted) break;
    }
    outgoing.end();
  } catch {
    // The body broke off: so does the connection, or the client would take what it has for the whole.
    outgoing.destroy();
  } finally {
    if (gone.signal.aborted) void reader.cancel(gone.signal.reason).catch(() => undefined);
  }
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "");
  }
  const method = incoming.method ?? "GET";
  // `Host` says nothing here: the gateway knows its own name. An address in full (as to a proxy) is only its path.
  const path = incoming.url ?? "/";
  const url = path.startsWith("/") ? `http://gateway.internal${path.replace(/^\/+/, "/")}` : path;
  const has =
    method !== "GET" && method !== "HEAD" && (headers.has("content-length") || headers.has("transfer-encoding"));
  const body = has ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : undefined;
  return new Request(url, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body, duplex: "half" }),
  } as RequestInit);
}

/** When there is room again, or nobody is there any more. */
function drained(outgoing: ServerResponse): Promise<void> {
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

function stopped(server: Server, graceMs = 10_000): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
