/** The service on a port of Node: straight from the socket to its handler, without a `Request` in between. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { builtin } from "../builtin.ts";
import { drained, KEEP_ALIVE, listen, MAX_HEADERS, type ServeOptions, type Serving } from "../listen.ts";
import type { Asked } from "./exchange.ts";
import type { Service } from "./service.ts";

export async function serve(service: Pick<Service, "handle">, options: ServeOptions = {}): Promise<Serving> {
  const { onError = () => undefined } = options;
  const http = builtin("node:http") as typeof import("node:http") | undefined;
  if (http === undefined) throw new Error("this runtime has no `node:http`: hand its requests to `service.fetch`");
  /** Feeds that somebody listens to: they end when the server stops, and not by themselves. */
  const feeds = new Set<() => void>();
  const server = http.createServer(
    { maxHeaderSize: MAX_HEADERS, requestTimeout: 30_000, keepAliveTimeout: KEEP_ALIVE },
    (request, response) => {
      answer(service, request, response, feeds).catch((error: unknown) => {
        onError(error);
        if (!response.headersSent) response.writeHead(503, { "content-type": "application/json" });
        response.end(
          response.headersSent ? undefined : '{"error":{"code":"internal_error","message":"it could not be done"}}',
        );
      });
    },
  );
  const { url, stop } = await listen(server, options);
  return {
    url,
    stop(graceMs) {
      for (const end of feeds) end();
      return stop(graceMs);
    },
  };
}

async function answer(
  service: Pick<Service, "handle">,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  feeds: Set<() => void>,
): Promise<void> {
  const { status, headers, body } = await service.handle(askedOf(incoming, outgoing));
  // A body that was not read to its end: nothing else can come on this connection.
  const left = !incoming.complete && incoming.method !== "GET" && incoming.method !== "HEAD";
  const whole = typeof body === "string" || body instanceof Uint8Array;
  outgoing.writeHead(status, {
    ...headers,
    // In one piece, and not in chunks.
    ...(whole && { "content-length": Buffer.byteLength(body) }),
    ...(left && { connection: "close" }),
  });
  if (body === undefined || incoming.method === "HEAD") outgoing.end();
  else if (whole) outgoing.end(body);
  else await stream(body, outgoing, feeds);
}

function askedOf(incoming: IncomingMessage, outgoing: ServerResponse): Asked {
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  let gone: AbortController | undefined;
  return {
    method: incoming.method ?? "GET",
    // An address in full, as to a proxy, is none of the service's.
    path: path.startsWith("/") ? path : "/",
    search: mark < 0 ? "" : target.slice(mark),
    header(name) {
      const value = incoming.headers[name];
      // Two of them could be read as either.
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: (most) => bodyOf(incoming, most),
    secure: false,
    get signal() {
      if (gone === undefined) {
        const made = new AbortController();
        gone = made;
        outgoing.once("close", () => made.abort());
      }
      return gone.signal;
    },
  };
}

function bodyOf(incoming: IncomingMessage, most: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    if (Number(incoming.headers["content-length"] ?? 0) > most) {
      resolve(undefined);
      return;
    }
    incoming.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > most) {
        incoming.pause();
        resolve(undefined);
      } else chunks.push(chunk);
    });
    incoming.once("error", () => resolve(undefined));
    incoming.once("close", () => resolve(undefined));
    incoming.once("end", () => {
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const text = bytes.toString("utf8");
      // What is no UTF-8 was replaced by a character that was not there.
      resolve(text.includes("\ufffd") && !Buffer.from(text, "utf8").equals(bytes) ? undefined : text);
    });
  });
}

async function stream(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  feeds: Set<() => void>,
): Promise<void> {
  const reader = body.getReader();
  const end = (): void => void reader.cancel().catch(() => undefined);
  feeds.add(end);
  outgoing.once("close", end);
  outgoing.flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!outgoing.write(value)) await drained(outgoing);
      if (outgoing.destroyed) break;
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  } finally {
    feeds.delete(end);
  }
}
