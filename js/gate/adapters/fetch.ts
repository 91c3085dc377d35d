/** The gate for everything that takes a `Request` and gives a `Response`: Workers, Deno, Bun, Next.js' route handlers. */

import type { Answer } from "../refusal.ts";
import type { Sale } from "../sale.ts";
import type { Begun, GateRequest } from "../sell.ts";
import { privateCacheControl, SHARED_CACHE_HEADERS, VARY } from "./headers.ts";

export type Sell = (request: GateRequest) => Promise<Begun>;
export type Handler<R extends unknown[] = []> = (request: Request, ...rest: R) => Response | Promise<Response>;

export interface FetchOptions {
  /** Further breakers that a request goes through. */
  readonly circuits?: readonly string[];
}

/** Answers a request, through the gate where its route is sold. */
export async function answerRequest(
  sell: Sell,
  request: Request,
  handler: (request: Request, sale: Sale | undefined, signal: AbortSignal) => Response | Promise<Response>,
  { circuits }: FetchOptions = {},
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  let read: Uint8Array | undefined;
  const begun = await sell({
    method: request.method,
    path: `${pathname}${search}`,
    headers: request.headers,
    signal: request.signal,
    ...(circuits === undefined ? {} : { circuits }),
    async body(most) {
      const bytes = await readBytes(request.body, most, request.headers.get("content-length"));
      if (bytes !== "too_long") read = bytes;
      return bytes;
    },
  });
  if (begun.kind === "pass") return handler(request, undefined, request.signal);
  if (begun.kind === "answer") return responseOf(begun.answer);
  const { sale } = begun;
  const again = read === undefined || request.body === null ? request : withBody(request, read);
  return carry(sale, request.signal, (stop) => handler(again, sale, stop));
}

/** Runs the handler for a sale, and answers with what may be sent. */
export async function carry(
  sale: Sale,
  signal: AbortSignal | undefined,
  handler: (signal: AbortSignal) => Response | Promise<Response>,
): Promise<Response> {
  const early = await sale.begin();
  if (early !== undefined) return responseOf(early);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error("upstream_timeout")), sale.timeoutMs);
  const gone = (): void => stop.abort(new Error("client_gone"));
  signal?.addEventListener("abort", gone, { once: true });
  if (signal?.aborted === true) gone();
  try {
    const response = await until(stop.signal, Promise.resolve(stop.signal).then(handler));
    const streams = sale.take === "stream" || sale.take === "free";
    if (streams) return await streamed(sale, response);
    // The whole of it, before anything is taken: what breaks off now costs nobody anything.
    const body = await until(stop.signal, readBytes(response.body, sale.maxResponseBytes));
    if (body === "too_long") throw new Error("response_too_large");
    stop.signal.throwIfAborted();
    const release = await sale.answered(response.status);
    if (release.kind === "answer") return responseOf(release.answer);
    const headers = sentHeaders(response.headers, release.headers, sale);
    const empty = response.status === 204 || response.status === 304 || response.body === null;
    return new Response(empty ? null : body, { status: response.status, statusText: response.statusText, headers });
  } catch (error) {
    const reason = reasonOf(error);
    const headers = await sale.failed(reason);
    return failureResponse(reason, headers);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", gone);
  }
}

async function streamed(sale: Sale, response: Response): Promise<Response> {
  // Taken hold of before anything is waited for: Node cancels a body that nobody reads once its answer is collected, and an
  // answer that was made from another one shares the body of it. The client would get an empty body, and be charged for it.
  const body = response.body === null ? null : watched(response.body, sale);
  const release = await sale.answered(response.status);
  if (release.kind === "answer") {
    void body?.cancel().catch(() => undefined);
    return responseOf(release.answer);
  }
  const headers = sentHeaders(response.headers, release.headers, sale);
  const init = { status: response.status, statusText: response.statusText, headers };
  return new Response(body, init);
}

/** A body that tells when it breaks off. A client that stops reading is its own affair. */
export function watched(body: ReadableStream<Uint8Array>, sale: Sale): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let length = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        length += value.byteLength;
        if (length > sale.maxResponseBytes) throw new Error("response_too_large");
        controller.enqueue(value);
      } catch (error) {
        await sale.broke(reasonOf(error));
        void reader.cancel().catch(() => undefined);
        controller.error(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function sentHeaders(from: Headers, more: Readonly<Record<string, string>>, sale: Sale): Headers {
  const headers = new Headers(from);
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  if (sale.take !== "free") {
    headers.set("cache-control", privateCacheControl(from.get("cache-control")));
    for (const name of SHARED_CACHE_HEADERS) headers.delete(name);
    headers.append("vary", VARY);
  }
  // The body is what was read: its length may have been told for another coding.
  headers.delete("transfer-encoding");
  return headers;
}

export function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}

/** There is nothing of the handler's to send. */
function failureResponse(reason: string, headers: Readonly<Record<string, string>>): Response {
  const status = reason === "upstream_timeout" ? 504 : 502;
  const body = JSON.stringify({ error: reason, tollwarden: { kind: "unavailable", reason } });
  const more = { "content-type": "application/json", "cache-control": "no-store" };
  return new Response(body, { status, headers: { ...more, ...headers } });
}

const REASONS = ["upstream_timeout", "client_gone", "response_too_large"];

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  return REASONS.includes(message) ? message : "upstream_failed";
}

/** A stream's bytes, or `too_long`; the rest is not read. */
export async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  most: number,
  told?: string | null,
): Promise<Uint8Array<ArrayBuffer> | "too_long"> {
  if (body === null) return new Uint8Array();
  if (told != null && Number(told) > most) return "too_long";
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > most) {
      void reader.cancel().catch(() => undefined);
      return "too_long";
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let place = 0;
  for (const chunk of chunks) {
    whole.set(chunk, place);
    place += chunk.byteLength;
  }
  return whole;
}

function withBody(request: Request, body: Uint8Array): Request {
  const { method, headers, signal, url } = request;
  const bytes = new Uint8Array(body);
  return new Request(url, { method, headers, signal, ...(bytes.length === 0 ? {} : { body: bytes }) });
}

/** Ends with the signal, whatever becomes of the work. */
export function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
