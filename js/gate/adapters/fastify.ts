/** The gate as a plugin of Fastify: `await app.register(gate.fastify())`, before the routes. */

import type { Answer } from "../refusal.ts";
import type { Sale } from "../sale.ts";
import { readBytes, reasonOf, type Sell, until, watched } from "./fetch.ts";
import { privateCacheControl, SHARED_CACHE_HEADERS } from "./headers.ts";
import { gateRequest, type NodeRequest } from "./node.ts";

interface FastifyRequest {
  readonly raw: NodeRequest;
  readonly originalUrl: string;
  body?: unknown;
}

interface FastifyReply {
  statusCode: number;
  readonly raw: {
    readonly writableFinished: boolean;
    readonly destroyed: boolean;
    on(event: "close", listener: () => void): unknown;
  };
  code(status: number): FastifyReply;
  header(name: string, value: string | readonly string[]): FastifyReply;
  removeHeader(name: string): FastifyReply;
  getHeader(name: string): unknown;
  send(payload?: unknown): FastifyReply;
}

/** A stream of Node's, as a payload. */
interface NodeStream extends AsyncIterable<Uint8Array> {
  readonly readableEnded: boolean;
  pipe(to: unknown): unknown;
  on(event: "error" | "close", listener: () => void): unknown;
  destroy(): unknown;
}

interface FastifyApp {
  addHook(name: "preHandler", hook: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>): unknown;
  addHook(
    name: "onSend",
    hook: (request: FastifyRequest, reply: FastifyReply, payload: unknown) => Promise<unknown>,
  ): unknown;
}

export type FastifyPlugin = ((app: never) => Promise<void>) & Readonly<Record<symbol, unknown>>;

interface Open {
  readonly sale: Sale;
  /** Aborted when it took too long, or the client has gone. */
  readonly stop: AbortController;
  readonly timer: ReturnType<typeof setTimeout>;
}

export function fastifyPlugin(sell: Sell): FastifyPlugin {
  const open = new WeakMap<FastifyRequest, Open>();

  const plugin = async (app: FastifyApp): Promise<void> => {
    app.addHook("preHandler", async (request, reply) => {
      const stop = new AbortController();
      reply.raw.on("close", () => {
        if (!reply.raw.writableFinished) stop.abort(new Error("client_gone"));
      });
      const raw = Object.assign(Object.create(request.raw), { body: request.body, originalUrl: request.originalUrl });
      const begun = await sell(gateRequest(raw as NodeRequest, stop.signal));
      if (begun.kind === "pass") return undefined;
      if (begun.kind === "answer") return sent(reply, begun.answer);
      const { sale } = begun;
      const early = await sale.begin();
      if (early !== undefined) return sent(reply, early);
      const timer = setTimeout(() => stop.abort(new Error("upstream_timeout")), sale.timeoutMs);
      open.set(request, { sale, stop, timer });
      const stopped = (): void => {
        clearTimeout(timer);
        // Fastify's own handler still runs; what it sends then finds no sale, and an answer that was given.
        if (!open.delete(request)) return;
        const reason = reasonOf(stop.signal.reason);
        void sale.failed(reason).then((headers) => sent(reply, broken(reason, headers)));
      };
      if (stop.signal.aborted) stopped();
      else stop.signal.addEventListener("abort", stopped, { once: true });
      return undefined;
    });

    app.addHook("onSend", async (request, reply, payload) => {
      const found = open.get(request);
      if (found === undefined) return payload;
      open.delete(request);
      const { sale, stop, timer } = found;
      try {
        const given = payload instanceof Response ? fromResponse(reply, payload) : payload;
        const streams = sale.take === "stream" || sale.take === "free";
        const body = streams ? followed(given, reply, sale) : await until(stop.signal, whole(given, sale));
        clearTimeout(timer);
        const release = await sale.answered(reply.statusCode);
        if (release.kind === "answer") {
          discard(body);
          return replaced(reply, release.answer);
        }
        for (const [name, value] of Object.entries(release.headers)) reply.header(name, value);
        if (sale.take !== "free") {
          const given = reply.getHeader("cache-control");
          reply.header("cache-control", privateCacheControl(typeof given === "string" ? given : undefined));
          for (const name of SHARED_CACHE_HEADERS) reply.removeHeader(name);
        }
        return body;
      } catch (error) {
        clearTimeout(timer);
        discard(payload);
        const reason = reasonOf(error);
        return replaced(reply, broken(reason, await sale.failed(reason)));
      }
    });
  };
  // Without a scope of its own, so that it stands before the routes of the whole app.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true }) as unknown as FastifyPlugin;
}

/** A `Response` says status and headers itself. Fastify would take them over only after what is decided by them. */
function fromResponse(reply: FastifyReply, { status, headers, body }: Response): unknown {
  reply.code(status);
  for (const [name, value] of headers) if (name !== "set-cookie") reply.header(name, value);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) reply.header("set-cookie", cookies);
  return body;
}

/** The body, whole, before anything is taken for it. */
async function whole(payload: unknown, sale: Sale): Promise<unknown> {
  const length =
    typeof payload === "string" ? payload.length : payload instanceof Uint8Array ? payload.byteLength : undefined;
  if (length !== undefined && length > sale.maxResponseBytes) throw new Error("response_too_large");
  if (length !== undefined || payload == null) return payload;
  const stream = payload as ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  const bytes = await collected(stream, sale.maxResponseBytes);
  if (bytes === "too_long") throw new Error("response_too_large");
  // Of bytes Fastify sends only Node's own kind.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The body as it comes; the sale is told if it breaks off. A client that goes is its own affair. */
function followed(payload: unknown, reply: FastifyReply, sale: Sale): unknown {
  if (payload instanceof ReadableStream) return watched(payload, sale);
  if (!isNodeStream(payload)) return payload;
  const brokeOff = (): void => void sale.broke("upstream_failed");
  payload.on("error", brokeOff);
  payload.on("close", () => {
    if (!payload.readableEnded && !reply.raw.destroyed) brokeOff();
  });
  return payload;
}

function isNodeStream(payload: unknown): payload is NodeStream {
  return typeof (payload as { readonly pipe?: unknown } | null)?.pipe === "function";
}

/** Nobody will read it. */
function discard(payload: unknown): void {
  const stream = payload instanceof Response ? payload.body : payload;
  if (stream instanceof ReadableStream) void stream.cancel().catch(() => undefined);
  if (!isNodeStream(stream)) return;
  stream.on("error", () => undefined);
  stream.destroy();
}

async function collected(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | "too_long"> {
  if (stream instanceof ReadableStream) return readBytes(stream, most);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    length += bytes.byteLength;
    if (length > most) return "too_long";
    chunks.push(bytes);
  }
  const result = new Uint8Array(length);
  let place = 0;
  for (const chunk of chunks) {
    result.set(chunk, place);
    place += chunk.byteLength;
  }
  return result;
}

function sent(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status);
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  return reply.send(body);
}

/** Within `onSend` the payload is what is given back. */
function replaced(reply: FastifyReply, { status, headers, body }: Answer): string {
  reply.code(status);
  for (const name of ["content-length", "content-encoding", "etag"]) reply.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  return body;
}

function broken(reason: string, headers: Readonly<Record<string, string>>): Answer {
  const body = JSON.stringify({ error: reason, tollwarden: { kind: "unavailable", reason } });
  const more = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: reason === "upstream_timeout" ? 504 : 502, headers: { ...more, ...headers }, body };
}
