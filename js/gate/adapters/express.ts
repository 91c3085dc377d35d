/** The gate as a middleware of Express 4 and 5, and of all that has Node's `(request, response, next)`. */

import type { Answer } from "../refusal.ts";
import type { Sale } from "../sale.ts";
import { reasonOf, type Sell } from "./fetch.ts";
import { privateCacheControl, SHARED_CACHE_HEADERS } from "./headers.ts";
import {
  brokenOff,
  gateRequest,
  type Held,
  holdBack,
  type NodeRequest,
  type NodeResponse,
  sendAnswer,
} from "./node.ts";

export type ExpressMiddleware = (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void;

export function expressMiddleware(sell: Sell): ExpressMiddleware {
  return (request, response, next) => {
    const gone = new AbortController();
    response.on("close", () => {
      if (!response.writableFinished) gone.abort(new Error("client_gone"));
    });
    const begun = sell(gateRequest(request, gone.signal));
    begun
      .then(async (answer) => {
        if (answer.kind === "pass") return next();
        if (answer.kind === "answer") return sendAnswer(response, answer.answer, []);
        await carryNode(answer.sale, request, response, gone.signal, next);
      })
      // Before anything was held back: nothing was taken.
      .catch(next);
  };
}

/** Runs the handler for a sale, and lets out what may be sent. */
async function carryNode(
  sale: Sale,
  request: NodeRequest,
  response: NodeResponse,
  signal: AbortSignal,
  next: (error?: unknown) => void,
): Promise<void> {
  const early = await sale.begin();
  if (early !== undefined) return sendAnswer(response, early, []);
  const streams = sale.take === "stream" || sale.take === "free";
  const held = holdBack(response, sale.maxResponseBytes, streams);
  if (streams) void brokenOff(request, response).then(() => sale.broke("upstream_failed"));
  try {
    next();
    await race(streams ? Promise.race([held.begun, held.ended]) : held.ended, signal, sale.timeoutMs);
    const release = await sale.answered(held.status());
    if (release.kind === "answer") return replace(response, held, release.answer);
    held.release(() => {
      for (const [name, value] of Object.entries(release.headers)) response.setHeader(name, value);
      if (sale.take !== "free") makePrivate(response);
    });
  } catch (error) {
    const reason = reasonOf(error);
    const headers = await sale.failed(reason);
    const body = JSON.stringify({ error: reason, tollwarden: { kind: "unavailable", reason } });
    const status = reason === "upstream_timeout" ? 504 : 502;
    const more = { "content-type": "application/json", "cache-control": "no-store" };
    replace(response, held, { status, headers: { ...more, ...headers }, body });
  }
}

function replace(response: NodeResponse, held: Held, answer: Answer): void {
  held.replace(() => sendAnswer(response, answer, ["content-length", "content-encoding", "etag", "last-modified"]));
}

function makePrivate(response: NodeResponse): void {
  const given = response.getHeader("cache-control");
  response.setHeader("cache-control", privateCacheControl(typeof given === "string" ? given : undefined));
  for (const name of SHARED_CACHE_HEADERS) response.removeHeader(name);
}

async function race(work: Promise<unknown>, signal: AbortSignal, timeoutMs: number): Promise<void> {
  let stop = (_: unknown): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const gone = (): void => stop(signal.reason);
  const timer = setTimeout(() => stop(new Error("upstream_timeout")), timeoutMs);
  signal.addEventListener("abort", gone, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([work, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", gone);
  }
}
