/** The gate as a plugin of Fastify: `await app.register(gate.fastify())`, before the routes. */

import type { Answer } from "../refusal.ts";
import type { Sale } from "../sale.ts";
import { readBytes, reasonOf, type Sell } from "./fetch.ts";
import { privateCacheControl, SHARED_CACHE_HEADERS } from "./headers.ts";
import { gateRequest, type NodeRequest } from "./node.ts";

interface FastifyRequest {
  readonly raw: NodeRequest;
  readonly originalUrl: string;
  body?: unknown;
}

interface FastifyReply {
  statusCode: number;
  readonly raw: { readonly writableFinished: boolean; on(event: "close", listener: () => void): unknown };
  code(status: number): FastifyReply;
  header(name: string, value: string): FastifyReply;
  removeHeader(name: string): FastifyReply;
  getHeader(name: string): unknown;
  send(payload?: unknown): FastifyReply;
}

interface FastifyApp {
  addHook(name: "preHandler", hook: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>): unknown;
  addHook(
    name: "onSend",
    hook: (request: FastifyRequest, reply: FastifyReply, payload: unknown) => Promise<unknown>,
  ): unknown;
}

export type FastifyPlugin = ((app: never) => Promise<void>) & Readonly<Record<symbol, unknown>>;

export function fastifyPlugin(sell: Sell): FastifyPlugin {
  const open = new WeakMap<FastifyRequest, { readonly sale: Sale; readonly timer: ReturnType<typeof setTimeout> }>();

  const plugin = async (app: FastifyApp): Promise<void> => {
    app.addHook("preHandler", async (request, reply) => {
      const gone = new AbortController();
      const raw = Object.assign(Object.create(request.raw), { body: request.body, originalUrl: request.originalUrl });
      const begun = await sell(gateRequest(raw as NodeRequest, gone.signal));
      if (begun.kind === "pass") return undefined;
      if (begun.kind === "answer") return sent(reply, begun.answer);
      const { sale } = begun;
      const early = await sale.begin();
      if (early !== undefined) return sent(reply, early);
      const timer = setTimeout(() => {
        // Fastify's own handler still runs; what it sends then finds no sale, and an answer that was given.
        if (!open.delete(request)) return;
        void sale.failed("upstream_timeout").then((headers) => sent(reply, broken("upstream_timeout", headers)));
      }, sale.timeoutMs);
      open.set(request, { sale, timer });
      reply.raw.on("close", () => {
        clearTimeout(timer);
        gone.abort(new Error("client_gone"));
        if (!reply.raw.writableFinished && open.delete(request)) void sale.failed("client_gone");
      });
      return undefined;
    });

    app.addHook("onSend", async (request, reply, payload) => {
      const found = open.get(request);
      if (found === undefined) return payload;
      open.delete(request);
      clearTimeout(found.timer);
      const { sale } = found;
      try {
        const body = sale.take === "stream" || sale.take === "free" ? payload : await whole(payload, sale);
        const release = await sale.answered(reply.statusCode);
        if (release.kind === "answer") return replaced(reply, release.answer);
        for (const [name, value] of Object.entries(release.headers)) reply.header(name, value);
        if (sale.take !== "free") {
          const given = reply.getHeader("cache-control");
          reply.header("cache-control", privateCacheControl(typeof given === "string" ? given : undefined));
          for (const name of SHARED_CACHE_HEADERS) reply.removeHeader(name);
        }
        return body;
      } catch (error) {
        const reason = reasonOf(error);
        return replaced(reply, broken(reason, await sale.failed(reason)));
      }
    });
  };
  // Without a scope of its own, so that it stands before the routes of the whole app.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true }) as unknown as FastifyPlugin;
}

/** The body, whole, before anything is taken for it. */
async function whole(payload: unknown, sale: Sale): Promise<unknown> {
  const length =
    typeof payload === "string" ? payload.length : payload instanceof Uint8Array ? payload.byteLength : undefined;
  if (length !== undefined && length > sale.maxResponseBytes) throw new Error("response_too_large");
  if (length !== undefined || payload == null) return payload;
  const stream = payload instanceof Response ? payload.body : (payload as AsyncIterable<Uint8Array>);
  if (stream === null) return undefined;
  const bytes = await collected(stream, sale.maxResponseBytes);
  if (bytes === "too_long") throw new Error("response_too_large");
  return bytes;
}

async function collected(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  most: number,
): Promise<Uint8Array | "too_long"> {
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
