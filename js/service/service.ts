/**
 * The decision service: the warden behind a door. One handler for every runtime: `fetch` takes a `Request`; Node's own
 * server asks `handle`, with plain values.
 */

import type { Audit } from "../audit/audit.ts";
import { type Breaker, createBreaker } from "../breaker.ts";
import type { Control } from "../control.ts";
import { coreVersion } from "../core/version.ts";
import { sha256 } from "../digest.ts";
import type { Pay } from "../fetch.ts";
import { readPolicy } from "../policy-source.ts";
import type { Store } from "../stores/store.ts";
import { defaultStore } from "../stores/unnamed.ts";
import { openParts, type Warden, type WardenOptions } from "../warden.ts";
import type { Assets, WhoAmI } from "./api.ts";
import { check } from "./check.ts";
import { findCold } from "./cold-source.ts";
import { type Answer, type Asked, badRequest, errorAnswer, json, jsonOf, MAX_BODY, PAGE, Refused } from "./exchange.ts";
import { openFigures } from "./figures.ts";
import { callerOf, hostCheck, login, logout, mustBeAllowed, unauthorized } from "./gatehouse.ts";
import { type HistoryOptions, openHistory } from "./history.ts";
import { type Caller, iso, type Keys, openKeys } from "./keys.ts";
import { type Limiter, type Rate, rateLimiter } from "./limits.ts";
import { type LogPlace, watchLog } from "./log.ts";
import { looking } from "./looking.ts";
import { answerText, hmacText, MAC, NONCE, POLICY } from "./mac.ts";
import { openApi } from "./openapi.ts";
import type { Call, Handlers, Parts, Sent, ServiceEvent } from "./parts.ts";
import { paying } from "./paying.ts";
import { people } from "./people.ts";
import { type Found, route } from "./routes.ts";
import { type Endpoint, SPEC, type Spec } from "./spec.ts";
import { broadcast, closeStreams } from "./stream.ts";

type Scopes = "agent" | "session" | "client" | "maxUsd" | "network" | "metadata";

export interface ServiceOptions extends Omit<WardenOptions, Scopes | "onPayment" | "maxDelayMs" | "approvalWaitMs"> {
  /** Where the service is reached. Default `http://127.0.0.1:8403`. With `https:`, cookies are marked secure. */
  readonly url?: string;
  /** Further names, with their ports, by which it may be called. */
  readonly hosts?: readonly string[];
  /** Signs in the service: then agents have no key to leak. For all agents, or by the agent's name. */
  readonly signer?: { readonly pay: Pay } | ((agent: string) => Pay | undefined);
  /** Of each key. Default 500 a second, 1,000 at once. */
  readonly rate?: Rate;
  readonly history?: HistoryOptions;
  /** Where the audit log can be read back: to verify it, and to show its records. */
  readonly logPlace?: LogPlace;
  /** The dashboard's files; `assets` of `tollwarden/dashboard`. Without them `/` is not there. */
  readonly dashboard?: Assets;
  /** Mounted at `/metrics`. */
  readonly metrics?: { handle(request: Request): Promise<Response> };
  /** Metrics without a key: where only the scraper reaches the port. */
  readonly metricsPublic?: boolean;
  /** What outlives one opening of the service, where it is opened for each request, as in Workers. */
  readonly memory?: ServiceMemory;
  /** For Workers: what goes on after the answer. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** Told what went wrong inside. Default: standard error. */
  readonly onError?: (error: unknown) => void;
}

export interface Service {
  fetch(request: Request): Promise<Response>;
  /** The same, without the platform's `Request` and `Response`. */
  handle(asked: Asked): Promise<Answer>;
  readonly keys: Pick<Keys, "add" | "list" | "rotate" | "revoke" | "first">;
  readonly warden: Warden;
  readonly control: Control;
  readonly audit: Audit | undefined;
  /** Told of all that happens, as it does. Returns what stops it. */
  onEvent(listener: (event: ServiceEvent) => void): () => void;
  /** Writes down what waits: rows of the history, figures. Done by itself where the process goes on. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What a Worker keeps from request to request: plain memory, no connections. */
export interface ServiceMemory {
  limiter?: Limiter;
  readonly breakers: Map<string, Breaker>;
}

export function serviceMemory(): ServiceMemory {
  return { breakers: new Map() };
}

/**
 * Asked by an address, as a cluster and Prometheus do. No page of another name gains by it: a cookie is not sent under that
 * name, and without a key the first two say nothing and the last one is closed.
 */
const PROBED: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** How often what waits is written, in milliseconds. */
const FLUSHED = 500;
const SAMPLED = 60_000;
/** Answers that are remembered for a retry, and for how long, in milliseconds. */
const MOST_ANSWERS = 5_000;
const REMEMBERED = 60_000;

export async function createService(options: ServiceOptions): Promise<Service> {
  const {
    url = "http://127.0.0.1:8403",
    hosts = [],
    signer,
    rate,
    history: kept,
    logPlace,
    dashboard,
    metrics,
    ...rest
  } = options;
  const { metricsPublic, memory = serviceMemory(), waitUntil, onError = toStandardError, ...wardenOptions } = rest;
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(url))
    throw new TypeError(`\`url\` is \`${url}\`, not an origin such as \`https://pay.example.com\``);
  const store: Store = options.store ?? (await defaultStore());
  const { warden, control: bare, ledger, vault, people: asking, log } = await openParts({ ...wardenOptions, store });
  const now = options.now ?? Date.now;
  let policyJson = readPolicy(options.policy).json;
  const keys = openKeys(store, now);
  const history = openHistory(store, now, kept, waitUntil === undefined);
  const figures = openFigures(store, now);
  const listeners = new Set<(event: ServiceEvent) => void>();
  const { breakers } = memory;
  memory.limiter ??= rateLimiter(rate ?? { perSecond: 500, burst: 1_000 }, now);
  const { limiter } = memory;
  const checkHost = hostCheck(url, hosts);
  const answers = new Map<string, { readonly digest: string; readonly answer: Promise<Answer>; readonly at: number }>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let sampled = 0;
  let flushing: Promise<void> | undefined;
  let closed = false;

  const later = (work: Promise<unknown>): void => {
    const quiet = work.catch(onError);
    waitUntil?.(quiet);
  };

  function tell(event: ServiceEvent): void {
    broadcast(parts, event);
    if (event.type === "request") options.telemetry?.request(event);
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        onError(error);
      }
    }
  }

  const control: Control = {
    ...bare,
    get policy() {
      return bare.policy;
    },
    async reload(source) {
      const summary = await bare.reload(source);
      policyJson = readPolicy(source).json;
      for (const breaker of breakers.keys()) breakers.set(breaker, breakerOf(breaker, breakers.get(breaker)));
      tell({ type: "changed", what: "policy" });
      return summary;
    },
  };

  function breakerOf(agent: string, before?: Breaker): Breaker {
    const { breaker_failures: failureThreshold, breaker_recovery_ms: recoveryTimeoutMs } = ledger.policy;
    const made = createBreaker({
      failureThreshold,
      recoveryTimeoutMs,
      now,
      ...(before !== undefined && { from: before.toJSON() }),
    });
    breakers.set(agent, made);
    return made;
  }

  const parts: Parts = {
    store,
    ledger,
    control,
    people: asking,
    vault,
    log,
    keys,
    history,
    figures,
    breaker: (agent) => breakers.get(agent) ?? breakerOf(agent),
    breakers,
    audit: watchLog({
      store,
      log,
      place: logPlace,
      cold: findCold,
      now,
      done: () => tell({ type: "changed", what: "alerts" }),
    }),
    now,
    version: coreVersion(),
    url: url.replace(/\/$/, ""),
    policyJson: () => policyJson,
    signer: (agent) => (typeof signer === "function" ? signer(agent) : signer?.pay),
    cold: findCold,
    later,
    tell,
    onError,
  };

  const handlers: Handlers = {
    ...looking(parts),
    ...people(parts),
    ...paying(parts),
    "GET /healthz": async () => ({ ok: true }),
    "GET /readyz": async () => {
      await store.load(["service/secret"]);
      return { ok: true };
    },
    "GET /openapi.json": async () => openApi(parts.url, parts.version),
    "POST /login": async ({ asked, body }) => ({ sent: await login(asked, body.key, keys, parts.url) }),
    "POST /logout": async ({ asked }) => ({ sent: await logout(asked, keys, parts.url) }),
    "GET /v1/whoami": async ({ caller }) => whoAmI(caller),
    "GET /metrics": async ({ asked }) => {
      if (metrics === undefined)
        throw new Refused(404, "not_found", "no metrics are mounted", { fix: "`tollwarden serve --metrics`" });
      const response = await metrics.handle(
        new Request(`${parts.url}/metrics`, { headers: { accept: asked.header("accept") ?? "*/*" } }),
      );
      const type = response.headers.get("content-type") ?? "text/plain";
      return {
        sent: {
          status: response.status,
          headers: { ...json({}).headers, "content-type": type },
          body: await response.text(),
        },
      };
    },
  };
  const stopListening = history.listen((row) => tell({ type: "row", row }));
  keys.onChange(() => tell({ type: "changed", what: "keys" }));
  const stopWatching = watched();

  /** What others do to the ledger shows here, too. */
  function watched(): readonly (() => void)[] {
    if (waitUntil !== undefined) return [];
    return [
      ledger.watch("prompts", () => tell({ type: "changed", what: "approvals" })),
      ledger.watch("freeze", () => tell({ type: "changed", what: "freezes" })),
    ];
  }

  async function flush(): Promise<void> {
    flushing ??= (async () => {
      try {
        if (history.waiting) await history.flush();
        if (figures.waiting) {
          if (now() - sampled >= SAMPLED) {
            sampled = now();
            figures.sample(await ledger.budgets({}));
          }
          await figures.flush();
        }
        await keys.flush();
      } finally {
        flushing = undefined;
      }
    })();
    return flushing;
  }

  function whoAmI({ key, cookie }: Caller): WhoAmI {
    const { id, name, scopes, agent, session, client, approver, expires } = key;
    const known = { agent, session, client, approver, expires_at: expires === undefined ? undefined : iso(expires) };
    return {
      key: id,
      name,
      scopes,
      ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
      cookie,
      signs: agent !== undefined && parts.signer(agent) !== undefined,
      policy: ledger.policy,
      service: { version: parts.version, time: iso(now()) },
    };
  }

  /** Who asks, if anybody has to. */
  async function admitted(asked: Asked, spec: Spec, endpoint: Endpoint): Promise<Caller> {
    const open = spec.scopes === "open" || (endpoint === "GET /metrics" && metricsPublic === true);
    // A key that stands where none is needed is not looked at.
    if (open) {
      const wait = limiter?.take("(open)");
      if (wait !== undefined) throw tooMany(wait);
      return NOBODY;
    }
    const caller = await callerOf(asked, keys, parts.url);
    if (caller === undefined) throw unauthorized("there is neither a key nor a cookie");
    const wait = limiter?.take(caller.key.id);
    if (wait !== undefined) throw tooMany(wait);
    if (spec.scopes !== "any") mustBeAllowed(caller, spec.scopes as Exclude<Spec["scopes"], string>);
    return caller;
  }

  async function answered({ endpoint, path }: Found, asked: Asked, caller: Caller, spec: Spec): Promise<Answer> {
    for (const [name, schema] of Object.entries(spec.path ?? {})) check(schema, path[name], `path.${name}`);
    const query = queryOf(asked, spec);
    const { text, value } = asked.method === "GET" ? { text: "", value: undefined } : await jsonOf(asked);
    const body = value === undefined && spec.optionalBody === true ? undefined : value;
    if (spec.body !== undefined && !(body === undefined && spec.optionalBody === true)) check(spec.body, body, "body");
    if (spec.body === undefined && body !== undefined && Object.keys(body as object).length > 0)
      throw badRequest("body", "nothing is sent here");
    const again = async (): Promise<boolean> =>
      !closed && (await callerOf(asked, keys, parts.url).catch(() => undefined)) !== undefined;
    const handler = handlers[endpoint] as ((call: Call<Endpoint>) => Promise<unknown>) | undefined;
    if (handler === undefined) throw new Refused(404, "not_found", `\`${endpoint}\` is not here`);
    // Where the service is opened for each request, only what shows the history reads it.
    if (waitUntil !== undefined && spec.scopes !== "open" && spec.scopes.includes("read")) await history.open();
    const run = async (): Promise<Answer> => {
      const result = await handler({ asked, caller, body, query, path, again } as unknown as Call<Endpoint>);
      return isSent(result) ? result.sent : json(result);
    };
    const attempt = asked.header("idempotency-key");
    if (attempt === undefined || caller === NOBODY || asked.method === "GET") return run();
    return once(`${caller.key.id} ${attempt.slice(0, 128)}`, `${endpoint} ${asked.path} ${text}`, run);
  }

  /** A request that comes again under the same key, as after a lost answer, gets the same answer: it is done once. */
  async function once(place: string, content: string, run: () => Promise<Answer>): Promise<Answer> {
    const digest = await sha256(content);
    const there = answers.get(place);
    if (there !== undefined && now() - there.at < REMEMBERED) {
      if (there.digest !== digest)
        throw new Refused(409, "conflict", "another request came under this idempotency key", {
          where: "headers.idempotency-key",
        });
      return there.answer;
    }
    const answer = run();
    answers.set(place, { digest, answer, at: now() });
    answer.catch(() => answers.delete(place));
    for (const [key, { at }] of answers) {
      if (answers.size <= MOST_ANSWERS && now() - at < REMEMBERED) break;
      answers.delete(key);
    }
    return answer;
  }

  async function handle(asked: Asked): Promise<Answer> {
    const since = performance.now();
    let pattern = "(none)";
    let caller: Caller = NOBODY;
    let answer: Answer;
    try {
      if (!PROBED.has(asked.path)) checkHost(asked);
      const found = route(asked.method === "HEAD" ? "GET" : asked.method, asked.path);
      if (found === undefined) {
        const page = assetOf(asked, dashboard);
        if (page !== undefined) return page;
        throw new Refused(404, "not_found", `there is nothing at \`${asked.path.slice(0, 200)}\``, {
          where: "path",
          fix: "see /openapi.json",
        });
      }
      if ("methods" in found)
        throw new Refused(405, "wrong_method", `\`${asked.path.slice(0, 200)}\` takes ${found.methods.join(", ")}`);
      const spec = SPEC[found.endpoint];
      pattern = found.endpoint.split(" ")[1] ?? "";
      caller = await admitted(asked, spec, found.endpoint);
      answer = await answered(found, asked, caller, spec);
    } catch (error) {
      answer = errorAnswer(error, onError);
    }
    const signed = await proven(asked, caller, answer);
    tell({
      type: "request",
      route: pattern,
      method: asked.method,
      status: answer.status,
      seconds: (performance.now() - since) / 1_000,
    });
    if (waitUntil !== undefined && (history.waiting || figures.waiting)) later(flush());
    return signed;
  }

  /** The answer with its proof, for a caller that asked for one with a nonce of its own. */
  async function proven(asked: Asked, { seal }: Caller, answer: Answer): Promise<Answer> {
    const nonce = asked.header(NONCE);
    if (nonce === undefined || seal === undefined || !/^[\w-]{16,64}$/.test(nonce)) return answer;
    const { status, body = "" } = answer;
    if (typeof body !== "string") return answer;
    const mac = await hmacText(
      seal,
      answerText(nonce, { method: asked.method, target: asked.path + asked.search }, { status, body }),
    );
    return { ...answer, headers: { ...answer.headers, [MAC]: mac, [POLICY]: ledger.policy.hash } };
  }

  if (waitUntil === undefined) {
    timer = setInterval(() => later(flush()), FLUSHED);
    timer.unref?.();
    await history.open();
  }

  return {
    fetch: async (request) => responseOf(request, await handle(askedOf(request))),
    handle,
    keys: { add: keys.add, list: keys.list, rotate: keys.rotate, revoke: keys.revoke, first: () => keys.first() },
    warden,
    control,
    audit: log,
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    flush,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      for (const stop of [...stopWatching, stopListening]) stop();
      closeStreams(parts);
      await flush().catch(onError);
      history.close();
      await warden.close();
    },
  };
}

/** Who asks where no key is needed. */
const NOBODY: Caller = {
  key: { id: "", name: "", scopes: [], created: 0, secrets: [] },
  generation: 0,
  seal: undefined,
  cookie: false,
};

function isSent(value: unknown): value is Sent {
  return typeof value === "object" && value !== null && "sent" in value && typeof value.sent === "object";
}

function tooMany(wait: number): Refused {
  return new Refused(429, "too_many_requests", "this key asks too often", {
    retryAfter: Math.ceil(wait),
    fix: "ask more slowly; the rate is the operator's to set",
  });
}

/** The query, each member once, checked. */
function queryOf(asked: Asked, spec: Spec): Readonly<Record<string, string | number>> {
  if (asked.search === "") return {};
  const known = spec.query ?? {};
  const found: Record<string, string | number> = {};
  for (const [name, value] of new URLSearchParams(asked.search)) {
    const schema = Object.hasOwn(known, name) ? known[name] : undefined;
    if (schema === undefined)
      throw badRequest(
        `query.${name.slice(0, 64)}`,
        "it is not known here",
        Object.keys(known).length === 0 ? "there is no query here" : `there are ${Object.keys(known).join(", ")}`,
      );
    if (Object.hasOwn(found, name)) throw badRequest(`query.${name}`, "it is there twice");
    const read = schema.type === "integer" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    check(schema, read, `query.${name}`);
    found[name] = read;
  }
  return found;
}

/** A file of the dashboard. Any other path without a dot is a place within it. */
function assetOf(asked: Asked, dashboard: Assets | undefined): Answer | undefined {
  if (dashboard === undefined || (asked.method !== "GET" && asked.method !== "HEAD")) return undefined;
  const within = !asked.path.startsWith("/v1/") && !asked.path.includes(".");
  const name = Object.hasOwn(dashboard, asked.path) ? asked.path : within ? "/" : undefined;
  const asset = name === undefined ? undefined : dashboard[name];
  if (asset === undefined) return undefined;
  return { status: 200, headers: { ...PAGE, "content-type": asset.type }, body: asset.body };
}

function askedOf(request: Request): Asked {
  const { pathname, search, protocol, host } = new URL(request.url);
  return {
    method: request.method,
    path: pathname,
    search,
    // What the platform took for the host is in the address.
    header: (name) => (name === "host" ? host : (request.headers.get(name) ?? undefined)),
    async body(most) {
      const told = Number(request.headers.get("content-length") ?? 0);
      if (told > most) return undefined;
      const reader = request.body?.getReader();
      if (reader === undefined) return "";
      const decoder = new TextDecoder("utf-8", { fatal: true });
      let [text, length] = ["", 0];
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return text + decoder.decode();
          length += value.byteLength;
          if (length > most) {
            void reader.cancel().catch(() => undefined);
            return undefined;
          }
          text += decoder.decode(value, { stream: true });
        }
      } catch {
        return undefined;
      }
    },
    secure: protocol === "https:",
    signal: request.signal,
  };
}

function responseOf(request: Request, { status, headers, body }: Answer): Response {
  if (request.method !== "HEAD") return new Response((body ?? null) as BodyInit | null, { status, headers });
  // A feed that nobody reads would go on for ever.
  if (body instanceof ReadableStream) body.cancel().catch(() => undefined);
  return new Response(null, { status, headers });
}

function toStandardError(error: unknown): void {
  console.error("tollwarden service:", error instanceof Error ? error.message : String(error));
}

export { MAX_BODY };
