/**
 * A request and its answer as the service knows them: plain values. `Request` and `Response` are translated at the edge of
 * it, and Node's own server needs neither.
 */

import { WardenUnavailable } from "../errors.ts";

export interface Asked {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly search: string;
  header(name: string): string | undefined;
  /** The body, or nothing where it has more bytes than that, or is no UTF-8. */
  body(most: number): Promise<string | undefined>;
  /** Whether it came by https, as far as this end knows. */
  readonly secure: boolean;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | undefined;
}

/** What is wrong, where, and what to do about it: as the caller is told. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly where: string | undefined;
  readonly fix: string | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly where?: string; readonly fix?: string; readonly retryAfter?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.where = more.where;
    this.fix = more.fix;
    this.retryAfter = more.retryAfter;
  }
}

export function badRequest(where: string, message: string, fix?: string): Refused {
  return new Refused(400, "bad_request", message, { where, ...(fix !== undefined && { fix }) });
}

/** How deep lists and objects may stand in one another, and the most bytes that a body may have. */
export const MAX_DEPTH = 48;
export const MAX_BODY = 600_000;

/** The body as JSON; nothing where there is none. Throws `Refused`. */
export async function jsonOf(asked: Asked): Promise<{ readonly text: string; readonly value: unknown }> {
  const text = await asked.body(MAX_BODY);
  if (text === undefined) {
    throw new Refused(413, "too_large", `the body is longer than ${MAX_BODY} bytes, or is no UTF-8`, { where: "body" });
  }
  if (text === "") return { text, value: undefined };
  const type = asked.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refused(415, "unsupported_type", `the body is \`${type ?? ""}\`, not JSON`, {
      where: "headers.content-type",
      fix: "send `content-type: application/json`",
    });
  }
  if (depthOf(text) > MAX_DEPTH) throw badRequest("body", `it is nested more than ${MAX_DEPTH} deep`);
  try {
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw badRequest("body", `it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** How deep the brackets of a JSON text stand in one another, without those in its texts. */
function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (quoted) {
      if (unit === 0x5c) at++;
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x7b || unit === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (unit === 0x7d || unit === 0x5d) depth--;
  }
  return deepest;
}

/** What every answer says to a browser: keep nothing, guess no type, show it in no frame. */
const ALWAYS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const DATA: Readonly<Record<string, string>> = {
  ...ALWAYS,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

/** Of the dashboard: its own files and nothing else, no script in the page, no frame round it. */
export const PAGE: Readonly<Record<string, string>> = {
  ...ALWAYS,
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
};

const JSON_HEADERS: Readonly<Record<string, string>> = { ...DATA, "content-type": "application/json" };

export function json(value: unknown, status = 200): Answer {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(value) };
}

export function nothing(headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 204, headers: { ...DATA, ...headers }, body: undefined };
}

export function text(
  body: string | ReadableStream<Uint8Array>,
  type: string,
  more: Readonly<Record<string, string>> = {},
): Answer {
  return { status: 200, headers: { ...DATA, "content-type": type, ...more }, body };
}

/** An error as its answer. What nobody foresaw is told to the operator, and not to the caller. */
export function errorAnswer(error: unknown, onError: (error: unknown) => void): Answer {
  if (error instanceof Refused) {
    const { status, code, message, where, fix, retryAfter } = error;
    const body = { error: { code, message, ...(where !== undefined && { where }), ...(fix !== undefined && { fix }) } };
    const more: Record<string, string> = {};
    if (retryAfter !== undefined) more["retry-after"] = String(retryAfter);
    if (status === 401) more["www-authenticate"] = "Bearer";
    return { status, headers: { ...JSON_HEADERS, ...more }, body: JSON.stringify(body) };
  }
  // What the core can't read was the caller's.
  if (error instanceof WardenUnavailable && error.code === "malformed_event") {
    return errorAnswer(badRequest("body", error.message), onError);
  }
  onError(error);
  const unforeseen = { code: "internal_error", message: "it could not be done; the service's own log says why" };
  const said = error instanceof WardenUnavailable ? { code: error.code, message: error.message } : unforeseen;
  return { status: 503, headers: { ...JSON_HEADERS, "retry-after": "1" }, body: JSON.stringify({ error: said }) };
}
