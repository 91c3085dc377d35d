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
  on(event: "aborted" | "close", listener: () => void): unknown;
}

export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  setHeader(name: string, value: string): unknown;
  getHeader(name: string): unknown;
  removeHeader(name: string): void;
  writeHead(...args: never[]): unknown;
  write(...args: never[]): boolean;
  end(...args: never[]): unknown;
  flushHeaders(): void;
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
  /** Sends what was held, and lets through what comes. */
  release(): void;
  /** Throws away what was held and what comes; something else is sent by the response's own methods. */
  replace(send: () => void): void;
}

type Call = readonly ["writeHead" | "write" | "end" | "flushHeaders", readonly unknown[]];

const NAMES = ["writeHead", "write", "end", "flushHeaders"] as const;

export function holdBack(response: NodeResponse, most: number): Held {
  const own = {
    writeHead: response.writeHead.bind(response) as (...args: unknown[]) => unknown,
    write: response.write.bind(response) as (...args: unknown[]) => boolean,
    end: response.end.bind(response) as (...args: unknown[]) => unknown,
    flushHeaders: response.flushHeaders.bind(response),
  };
  let calls: Call[] = [];
  let state: "held" | "released" | "discarded" = "held";
  let length = 0;
  let waits = false;
  const begun = deferred();
  const ended = deferred();
  begun.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);

  function take(call: Call): void {
    if (state === "discarded") return;
    calls.push(call);
    const [name, args] = call;
    if (name === "writeHead" && typeof args[0] === "number") response.statusCode = args[0];
    const chunk = name === "write" || name === "end" ? args[0] : undefined;
    if (typeof chunk === "string") length += chunk.length;
    else if (chunk instanceof Uint8Array) length += chunk.byteLength;
    if (length > most) {
      ended.reject(new Error("response_too_large"));
      return;
    }
    if (name !== "writeHead") begun.resolve();
    if (name === "end") ended.resolve();
  }

  const target = response as unknown as Record<string, unknown>;
  const put = (name: Call[0], result: unknown): void => {
    target[name] = (...args: unknown[]): unknown => {
      if (state === "released") return (own[name] as (...args: unknown[]) => unknown)(...args);
      take([name, args]);
      if (name !== "write") return result;
      // A writer that waits for `drain` is let go on when it is known what becomes of it.
      waits = length > 64 * 1024;
      return !waits;
    };
  };
  put("writeHead", response);
  put("write", true);
  put("end", response);
  put("flushHeaders", undefined);

  return {
    begun: begun.promise,
    ended: ended.promise,
    status: () => response.statusCode,
    release() {
      if (state !== "held") return;
      state = "released";
      restore();
      for (const [name, args] of calls) (own[name] as (...args: unknown[]) => unknown)(...args);
      calls = [];
      if (waits) response.emit("drain");
    },
    replace(send) {
      if (state !== "held") return;
      state = "discarded";
      calls = [];
      const held = Object.fromEntries(NAMES.map((name) => [name, target[name]]));
      restore();
      try {
        send();
      } finally {
        Object.assign(target, held);
      }
    },
  };

  function restore(): void {
    for (const name of NAMES) target[name] = own[name];
  }
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
