/**
 * Holding back what a Node handler answers, until it is known whether it may be sent: everything that it writes is kept,
 * and then sent or thrown away. For Express, and for whoever has Node's own `(request, response)`.
 */

import type { Answer } from "../refusal.ts";
import type { GateRequest } from "../sell.ts";

/** The parts of Node's request that are used here; frameworks add `body`, `rawBody` and `originalUrl`. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly readableEnded?: boolean;
  body?: unknown;
  rawBody?: Uint8Array;
  readonly socket?: { readonly readableEnded: boolean; readonly errored: unknown };
  on(event: "aborted" | "close", listener: () => void): unknown;
}

export interface NodeResponse {
  statusCode: number;
  statusMessage?: string | undefined;
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  setHeader(name: string, value: string | readonly string[]): unknown;
  getHeader(name: string): unknown;
  getHeaders(): Readonly<Record<string, unknown>>;
  removeHeader(name: string): void;
  writeHead(...args: never[]): unknown;
  write(...args: never[]): boolean;
  end(...args: never[]): unknown;
  flushHeaders(): void;
  destroy(...args: never[]): unknown;
  emit(event: "drain"): unknown;
  on(event: "close", listener: () => void): unknown;
}

/** The request as the gate sees it. `signal` is aborted when the client has gone. */
export function gateRequest(request: NodeRequest, signal: AbortSignal): GateRequest {
  const headers = new Headers();
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    // One after the other, as they came: a second payment header is then seen.
    try {
      headers.append(request.rawHeaders[i] ?? "", request.rawHeaders[i + 1] ?? "");
    } catch {
      // A name that HTTP knows and `Headers` does not take, such as that of HTTP/2's own.
    }
  }
  return {
    method: request.method ?? "GET",
    path: request.originalUrl ?? request.url ?? "/",
    headers,
    signal,
    body: (most) => bodyOf(request, most),
  };
}

/**
 * The bytes of the body. What a parser has read before is taken from `rawBody`, or else written down again from `body`; what
 * nobody has read is read here, and left in `rawBody` and, if it is JSON, in `body`.
 */
async function bodyOf(request: NodeRequest, most: number): Promise<Uint8Array | "too_long"> {
  const { headers } = request;
  const told = Number(headers["content-length"] ?? 0);
  if (!(told > 0) && headers["transfer-encoding"] === undefined) return new Uint8Array();
  if (told > most) return "too_long";
  if (request.rawBody !== undefined) return limited(request.rawBody, most);
  if (request.body !== undefined && request.body !== null) {
    if (request.body instanceof Uint8Array) return limited(request.body, most);
    const text = typeof request.body === "string" ? request.body : JSON.stringify(request.body);
    return limited(new TextEncoder().encode(text), most);
  }
  if (request.readableEnded === true) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.byteLength;
    if (length > most) return "too_long";
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let place = 0;
  for (const chunk of chunks) {
    whole.set(chunk, place);
    place += chunk.byteLength;
  }
  request.rawBody = whole;
  if (/^application\/([\w.+-]+\+)?json\b/i.test(String(headers["content-type"] ?? ""))) {
    try {
      request.body = JSON.parse(new TextDecoder().decode(whole));
    } catch {
      // It is the handler's to say so; the bytes are in `rawBody`.
    }
  } else {
    request.body = whole;
  }
  return whole;
}

function limited(bytes: Uint8Array, most: number): Uint8Array | "too_long" {
  return bytes.byteLength > most ? "too_long" : bytes;
}

/** What a handler writes, held back. */
export interface Held {
  /** When the status is known and a body begins. */
  readonly begun: Promise<void>;
  /** When it is whole. Rejects with `response_too_large`. */
  readonly ended: Promise<void>;
  readonly status: () => number;
  /** Sends what was held, with the headers that the caller adds, and lets through what comes. */
  release(addHeaders: () => void): void;
  /** Throws away what was held and what comes; something else is sent by the response's own methods. */
  replace(send: () => void): void;
}

type Call = readonly ["write" | "end" | "flushHeaders", readonly unknown[]];

/** A status and headers, as they are to be sent. */
interface Head {
  readonly status: number;
  readonly message: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Method = (...args: unknown[]) => unknown;

const NAMES = ["writeHead", "write", "end", "flushHeaders", "setHeader", "appendHeader", "removeHeader"] as const;

/** `most` bytes at most. With `streams` a writer that is ahead waits, as it does at a socket, until it is let go on. */
export function holdBack(response: NodeResponse, most: number, streams: boolean): Held {
  const target = response as unknown as Record<string, Method>;
  const own = Object.fromEntries(NAMES.map((name) => [name, target[name]?.bind(response) ?? nothing]));
  let calls: Call[] = [];
  let state: "held" | "released" | "discarded" = "held";
  /** What is decided by: of an answer that streams, as it begins; else as it ends. An error afterwards changes it no more. */
  let head: Head | undefined;
  let whole = false;
  let length = 0;
  let waits = false;
  const begun = deferred();
  const ended = deferred();
  begun.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);

  function take(call: Call): void {
    if (whole) return;
    calls.push(call);
    const [name, args] = call;
    const chunk = name === "flushHeaders" ? undefined : args[0];
    if (typeof chunk === "string") length += chunk.length;
    else if (chunk instanceof Uint8Array) length += chunk.byteLength;
    if (length > most) {
      ended.reject(new Error("response_too_large"));
      return;
    }
    if (streams || name === "end") fix();
    begun.resolve();
    if (name !== "end") return;
    whole = true;
    ended.resolve();
  }

  function fix(): void {
    if (head !== undefined) return;
    head = { status: response.statusCode, message: response.statusMessage, headers: { ...response.getHeaders() } };
    // Who handles errors has to see that it is too late for another answer, as it is without a gate.
    if (streams) Object.defineProperty(response, "headersSent", { value: true, configurable: true });
  }

  const held: Readonly<Record<(typeof NAMES)[number], Method>> = {
    // Its headers are kept with the others, so that those of a sale come last.
    writeHead: (...args) => {
      if (head === undefined) writeHead(response, args);
      return response;
    },
    write(chunk, ...rest) {
      const callback = rest.find((one) => typeof one === "function") as (() => void) | undefined;
      const [encoding] = rest.filter((one) => typeof one === "string");
      take(["write", encoding === undefined ? [chunk] : [chunk, encoding]]);
      // It is kept: whoever waits for that may go on.
      if (callback !== undefined) queueMicrotask(callback);
      waits = streams && length > 64 * 1024;
      return !waits;
    },
    end(...args) {
      take(["end", args]);
      return response;
    },
    flushHeaders: () => take(["flushHeaders", []]),
    setHeader: (...args) => (head === undefined ? own.setHeader?.(...args) : response),
    appendHeader: (...args) => (head === undefined ? own.appendHeader?.(...args) : response),
    removeHeader: (...args) => (head === undefined ? own.removeHeader?.(...args) : undefined),
  };
  Object.assign(target, held);

  return {
    begun: begun.promise,
    ended: ended.promise,
    status: () => head?.status ?? response.statusCode,
    release(addHeaders) {
      if (state !== "held") return;
      state = "released";
      restore();
      if (head !== undefined) setHead(response, head);
      addHeaders();
      for (const [name, args] of calls) own[name]?.(...args);
      calls = [];
      if (whole) Object.assign(target, tooLate(response));
      else if (waits) response.emit("drain");
    },
    replace(send) {
      if (state !== "held") return;
      state = "discarded";
      calls = [];
      restore();
      try {
        if (!response.headersSent) send();
      } finally {
        Object.assign(target, tooLate(response));
      }
      // One that waits has nobody to wait for.
      if (waits) response.emit("drain");
    },
  };

  function restore(): void {
    delete (response as { headersSent?: unknown }).headersSent;
    Object.assign(target, own);
  }
}

/**
 * What a handler says after its answer went out, or another one in its place, as after a time-out. Node's own methods throw
 * then, and what a timer or a callback throws ends the process, with all the sales in it.
 */
function tooLate(response: NodeResponse): Readonly<Record<(typeof NAMES)[number], Method>> {
  const ignored = (...args: unknown[]): unknown => {
    const callback = args.findLast((one) => typeof one === "function") as (() => void) | undefined;
    if (callback !== undefined) queueMicrotask(callback);
    return response;
  };
  return {
    writeHead: () => response,
    write: (...args) => {
      ignored(...args);
      return true;
    },
    end: ignored,
    flushHeaders: nothing,
    setHeader: () => response,
    appendHeader: () => response,
    removeHeader: nothing,
  };
}

function nothing(): undefined {
  return undefined;
}

/** What `writeHead(status, message?, headers?)` says; its headers may be an object, pairs, or names and values in turn. */
function writeHead(response: NodeResponse, [status, message, more]: readonly unknown[]): void {
  if (typeof status === "number") response.statusCode = status;
  if (typeof message === "string") response.statusMessage = message;
  const headers = typeof message === "string" ? more : (message ?? more);
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers ?? {})) setHeader(response, name, value);
    return;
  }
  const flat: unknown[] = headers.flat();
  const values = new Map<string, unknown[]>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = String(flat[i]);
    values.set(name, [...(values.get(name) ?? []), flat[i + 1]]);
  }
  for (const [name, [first, ...others]] of values) {
    setHeader(response, name, others.length === 0 ? first : [first, ...others]);
  }
}

function setHeader(response: NodeResponse, name: string, value: unknown): void {
  if (value === undefined) return;
  response.setHeader(name, Array.isArray(value) ? value.map(String) : String(value));
}

function setHead(response: NodeResponse, { status, message, headers }: Head): void {
  response.statusCode = status;
  response.statusMessage = message;
  for (const name of Object.keys(response.getHeaders())) if (!(name in headers)) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) {
    if (response.getHeader(name) !== value) setHeader(response, name, value);
  }
}

/**
 * Waits until an answer breaks off by the handler's doing: it destroys the response or the socket under it. A client that
 * goes ends its side of the socket first, or resets it. Never ends for an answer that went out.
 */
export function brokenOff(request: NodeRequest, response: NodeResponse): Promise<void> {
  const destroy = response.destroy.bind(response) as (...args: unknown[]) => unknown;
  let destroyed = false;
  (response as { destroy: unknown }).destroy = (...args: unknown[]): unknown => {
    destroyed = true;
    return destroy(...args);
  };
  return new Promise((resolve) => {
    response.on("close", () => {
      if (response.writableFinished) return;
      const { socket } = request;
      if (destroyed || (socket !== undefined && !socket.readableEnded && socket.errored === null)) resolve();
    });
  });
}

/** Sends an answer in place of what the handler had to say. */
export function sendAnswer(response: NodeResponse, { status, headers, body }: Answer, names: readonly string[]): void {
  for (const name of names) response.removeHeader(name);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  (response.end as (body: string) => unknown)(body);
}

function deferred(): { readonly promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
