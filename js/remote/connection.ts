/**
 * Requests to a decision service. Only one kind of answer counts: whole, in time, with status 200, and proven to come from
 * whoever made the key. Everything else throws, and whoever asked denies.
 */

import { randomHex, sameText } from "../digest.ts";
import { WardenUnavailable } from "../errors.ts";
import { answerText, hmacText, MAC, NONCE, POLICY } from "../service/mac.ts";

export interface ConnectionOptions {
  /** Such as `https://pay.example.com` or `http://127.0.0.1:8403`. */
  readonly url: string;
  /** The whole key, `tw_…_…_…`. Its last part never leaves this process. */
  readonly key: string;
  /** How long an answer may take, all tries together, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Lets keys go over plain http to another machine. Whoever is in between can then ask in this agent's name. */
  readonly allowPlainHttp?: boolean;
}

export interface Connection {
  get(path: string): Promise<unknown>;
  post(path: string, body?: object): Promise<unknown>;
  /** Called when answers begin to name another policy. */
  onPolicy(changed: (hash: string) => void): void;
}

/** There was no answer, or one that says that the service is away: what `failMode: "open"` is for. */
export class ServiceAway extends WardenUnavailable {}

/** The service answered, with a status that is no yes. */
export class ServiceRefused extends WardenUnavailable {
  readonly status: number;
  constructor(status: number, message: string) {
    super("store_unavailable", message);
    this.status = status;
  }
}

const TIMEOUT = 5_000;
const LONGEST = 4_000_000;
/** Waits before a request is sent again that got no answer, in milliseconds. */
const AGAIN = [50, 200] as const;

export function connect(options: ConnectionOptions): Connection {
  const { timeoutMs = TIMEOUT, allowPlainHttp = false } = options;
  const base = originOf(options.url, allowPlainHttp);
  const [, sent, seal] = /^(tw_[0-9a-f]{12}_[0-9a-f]{64})_([0-9a-f]{32})$/.exec(options.key.trim()) ?? [];
  if (sent === undefined || seal === undefined) {
    throw new TypeError("`key` is no whole key of a decision service: `tw_`, and three parts with `_` between them");
  }
  if (!(timeoutMs > 0)) throw new RangeError(`\`timeoutMs\` must be above 0, not \`${timeoutMs}\``);
  let policy: string | undefined;
  let told: ((hash: string) => void) | undefined;

  async function ask(method: "GET" | "POST", path: string, body: object | undefined): Promise<unknown> {
    const send = options.fetch ?? globalThis.fetch;
    const text = body === undefined ? undefined : JSON.stringify(body);
    // The same for each try: what was done, and not heard of, is not done twice.
    const attempt = randomHex(16);
    const signal = AbortSignal.timeout(timeoutMs);
    for (let tries = 0; ; tries++) {
      const nonce = randomHex(16);
      const headers: Record<string, string> = {
        authorization: `Bearer ${sent}`,
        accept: "application/json",
        [NONCE]: nonce,
      };
      if (method === "POST") headers["idempotency-key"] = attempt;
      if (text !== undefined) headers["content-type"] = "application/json";
      let response: Response;
      let answer: string;
      try {
        response = await send(base + path, {
          method,
          headers,
          signal,
          redirect: "manual",
          ...(text !== undefined && { body: text }),
        });
        answer = await readText(response);
      } catch (cause) {
        const wait = AGAIN[tries];
        if (wait !== undefined && !signal.aborted) {
          await pause(wait);
          continue;
        }
        throw new ServiceAway(
          "store_unavailable",
          `the decision service at ${base} did not answer: ${reasonOf(cause, timeoutMs)}`,
          cause,
        );
      }
      return judged(response, answer, seal ?? "", nonce, { method, target: path });
    }
  }

  async function judged(
    response: Response,
    answer: string,
    seal: string,
    nonce: string,
    asked: { readonly method: string; readonly target: string },
  ): Promise<unknown> {
    const { status } = response;
    const mac = response.headers.get(MAC);
    const wanted = await hmacText(seal, answerText(nonce, asked, { status, body: answer }));
    const proven = mac !== null && sameText(mac, wanted);
    if (status !== 200) {
      const why = `the decision service at ${base} answered ${status}${proven ? `: ${messageIn(answer)}` : ""}`;
      if (status >= 500) throw new ServiceAway("store_unavailable", why);
      throw new ServiceRefused(status, why);
    }
    if (!proven) {
      const what = mac === null ? "its answer is not signed" : "its answer's signature is not that of this key";
      throw new WardenUnavailable("store_unavailable", `${base} is not the decision service of this key: ${what}`);
    }
    const hash = response.headers.get(POLICY);
    if (hash !== null && policy !== undefined && hash !== policy) told?.(hash);
    if (hash !== null) policy = hash;
    try {
      return JSON.parse(answer);
    } catch (cause) {
      throw new WardenUnavailable(
        "store_unavailable",
        `the decision service at ${base} did not answer with JSON`,
        cause,
      );
    }
  }

  return {
    get: (path) => ask("GET", path, undefined),
    post: (path, body) => ask("POST", path, body),
    onPolicy(changed) {
      told = changed;
    },
  };
}

function originOf(url: string, allowPlainHttp: boolean): string {
  const read = URL.canParse(url) ? new URL(url) : undefined;
  if (
    read === undefined ||
    !/^https?:$/.test(read.protocol) ||
    read.username !== "" ||
    read.search !== "" ||
    read.hash !== ""
  ) {
    throw new TypeError(`\`${url}\` is no address of a decision service, such as \`https://pay.example.com\``);
  }
  const here = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(read.hostname);
  if (read.protocol === "http:" && !here && !allowPlainHttp) {
    throw new TypeError(
      `\`${url}\` would send the key unencrypted to another machine: use https, or say \`allowPlainHttp: true\``,
    );
  }
  return read.href.replace(/\/$/, "");
}

/** The body, as far as one is read. */
async function readText(response: Response): Promise<string> {
  const told = Number(response.headers.get("content-length") ?? Number.NaN);
  // What was no UTF-8 is another text then, and not the one that was signed.
  if (told <= LONGEST) return response.text();
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [text, length] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > LONGEST) {
      void reader.cancel().catch(() => undefined);
      throw new Error(`its answer is longer than ${LONGEST} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function messageIn(answer: string): string {
  try {
    const { error } = JSON.parse(answer) as { error?: { message?: unknown; fix?: unknown } };
    return [error?.message, error?.fix].filter((one) => typeof one === "string").join("; ");
  } catch {
    return "";
  }
}

function reasonOf(cause: unknown, timeoutMs: number): string {
  if (cause instanceof Error && cause.name === "TimeoutError") return `not within ${timeoutMs} ms`;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
