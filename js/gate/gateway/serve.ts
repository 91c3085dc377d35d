/** A `(Request) => Response` on a port of Node: bodies stream both ways, and a client that goes is noticed. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { drained, KEEP_ALIVE, listen, MAX_HEADERS, type ServeOptions, type Serving } from "../../listen.ts";

export async function serveGateway(
  fetch: (request: Request) => Promise<Response>,
  options: ServeOptions = {},
): Promise<Serving> {
  const { onError = () => undefined } = options;
  const limits = { maxHeaderSize: MAX_HEADERS, requestTimeout: 60_000, keepAliveTimeout: KEEP_ALIVE };
  const server = createServer(limits, (request, response) => {
    answer(fetch, request, response).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "application/json" });
      response.end(response.headersSent ? undefined : '{"error":"internal_error"}');
    });
  });
  return listen(server, options);
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
  const request = requestOf(incoming, gone.signal);
  if (request === undefined) {
    // Such as `OPTIONS *`, `TRACE`, or an address with no such port: the client's fault, and no error of the gateway's.
    outgoing.writeHead(400, { "content-type": "application/json" }).end('{"error":"malformed_request"}');
    return;
  }
  const response = await fetch(request);
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

/** Nothing for what a `Request` can't say. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
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
  const init = { method, headers, signal, ...(body === undefined ? {} : { body, duplex: "half" }) } as RequestInit;
  try {
    return new Request(url, init);
  } catch {
    return undefined;
  }
}
