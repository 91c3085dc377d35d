/** The gateway's configuration: what is sold, and where it comes from. Read strictly: what is not known is an error. */

import { isObject, type JsonObject } from "../../x402/wire.ts";
import { isHeaderName } from "../checked.ts";
import type { CircuitOptions } from "../circuit.ts";
import type { ApiClient } from "../identity.ts";
import type { Price, Pricing } from "../price.ts";
import type { PayWay } from "../requirements.ts";
import type { FreeTier, GateRoute } from "../routes.ts";

export interface GatewayRoute extends Pricing {
  /** What clients ask for, such as `/weather`, or `/weather/*` for all that lies below. */
  readonly path: string;
  /** Default `GET`. */
  readonly methods?: readonly string[];
  /** Where it comes from. What `*` stood for, and the query, is added. Private addresses are meant to be here. */
  readonly upstream: string;
  /** Headers that the upstream gets from the gateway, such as a shared secret. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly pay?: PayWay | readonly PayWay[];
  readonly take?: "after" | "stream" | "before";
  readonly free?: FreeTier;
  readonly description?: string;
  readonly mimeType?: string;
  readonly timeoutMs?: number;
  readonly maxRequestBytes?: number;
  readonly maxResponseBytes?: number;
}

export interface GatewayConfig {
  readonly url: string;
  /** The policy: a path, or the document itself. */
  readonly policy: string | object;
  /** How routes are paid that do not say it. */
  readonly pay?: PayWay | readonly PayWay[];
  readonly routes: readonly GatewayRoute[];
  readonly clients?: readonly ApiClient[];
  readonly breaker?: CircuitOptions;
  readonly apiKeyHeader?: string;
  readonly quoteMs?: number;
  readonly settleTimeoutMs?: number;
  readonly maxOpenPerClient?: number;
}

/** What only the command line takes. */
export interface GatewayFile extends GatewayConfig {
  /** Default `127.0.0.1:8402`. */
  readonly listen?: string;
  /** An SQLite file. Default `tollwarden.sqlite`. */
  readonly store?: string;
  readonly facilitator: { readonly url: string } | { readonly rpcUrl: string; readonly key: string };
}

/** Names in a file are written `like_this`, those of the interfaces `likeThis`. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  "": [
    "url",
    "policy",
    "pay",
    "routes",
    "clients",
    "breaker",
    "api_key_header",
    "quote_ms",
    "settle_timeout_ms",
  ].concat(["max_open_per_client", "listen", "store", "facilitator"]),
  pay: ["scheme", "network", "pay_to", "max_timeout_seconds", "extra"],
  facilitator: ["url", "rpc_url", "key"],
  clients: ["id", "key_hash", "tier"],
  breaker: ["failure_threshold", "recovery_timeout_ms", "probe_timeout_ms", "failure_rate", "rate_window_ms"].concat([
    "rate_minimum",
    "refresh_ms",
  ]),
  routes: ["path", "methods", "upstream", "headers", "pay", "price", "tiers", "volume", "hours", "take", "free"].concat(
    ["description", "mime_type", "timeout_ms", "max_request_bytes", "max_response_bytes"],
  ),
  free: ["calls", "per"],
  volume: ["from", "price"],
  hours: ["from", "to", "price"],
  price: ["amount", "asset", "extra"],
};

/** Members that are tables of the user's own names. */
const FREE: ReadonlySet<string> = new Set(["headers", "tiers", "extra", "policy"]);

/** Reads a file's document. `secret` finds what `env:NAME` and `file:PATH` stand for. */
export function readGatewayFile(document: unknown, secret: (reference: string) => string): GatewayFile {
  if (!isObject(document)) throw new Error("the configuration is no table");
  const read = renamed(document, "", "") as unknown as GatewayFile;
  const from: unknown = read.facilitator;
  if (!isObject(from)) throw new Error("`facilitator` is missing: give its `url`");
  const inProcess = isWeb(from.rpcUrl) && typeof from.key === "string" && from.url === undefined;
  if (!inProcess && (!isWeb(from.url) || from.rpcUrl !== undefined || from.key !== undefined)) {
    throw new Error("`facilitator` has its `url`; or, in process, `rpc_url` and `key`");
  }
  if (!Array.isArray(read.routes)) throw new Error("`routes` is a list: write `[[routes]]` before each");
  const withSecret = <T>(text: T): T | string =>
    typeof text === "string" && /^(env|file):/.test(text) ? secret(text) : text;
  const routes = (read.routes as readonly GatewayRoute[]).map(({ headers, ...route }) => ({
    ...route,
    ...(headers === undefined
      ? {}
      : { headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withSecret(value)])) }),
  }));
  const facilitator =
    "key" in read.facilitator ? { ...read.facilitator, key: withSecret(read.facilitator.key) } : read.facilitator;
  return checkConfig({ ...read, routes, facilitator } as GatewayFile);
}

function renamed(value: JsonObject, shape: string, path: string): JsonObject {
  const known = SHAPES[shape] ?? [];
  const entries = Object.entries(value).map(([name, member]) => {
    const at = path === "" ? name : `${path}.${name}`;
    if (!known.includes(name)) throw new Error(`\`${at}\` is not known; there are ${known.join(", ")}`);
    const key = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (FREE.has(name) || SHAPES[name] === undefined) return [key, member] as const;
    const inner = Array.isArray(member)
      ? member.map((one, place) => (isObject(one) ? renamed(one, name, `${at}[${place}]`) : one))
      : isObject(member)
        ? renamed(member, name, at)
        : member;
    return [key, inner] as const;
  });
  return Object.fromEntries(entries);
}

function isWeb(text: unknown): text is string {
  return typeof text === "string" && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const ROUTE_MEMBERS = "`path`, `upstream` and `price`";

/** Throws what is wrong, with the route that it is in. */
export function checkConfig<C extends GatewayConfig>(config: C): C {
  if (!Array.isArray(config.routes) || config.routes.length === 0) throw new Error("`routes` is empty");
  const seen = new Set<string>();
  if (config.clients !== undefined && !Array.isArray(config.clients)) {
    throw new Error("`clients` is a list: write `[[clients]]` before each");
  }
  for (const [place, route] of config.routes.entries()) {
    const wrong = (what: string): Error => new Error(`routes[${place}]: ${what}`);
    const { path, upstream, methods = ["GET"], price } = route;
    if (typeof path !== "string" || typeof upstream !== "string" || price === undefined) {
      throw wrong(`a route has ${ROUTE_MEMBERS}`);
    }
    if (!/^\/[^\s?#*]*(\/\*)?$/.test(path))
      throw wrong(`\`${path}\` is no path, such as \`/weather\` or \`/weather/*\``);
    const target = URL.canParse(upstream) ? new URL(upstream) : undefined;
    if (target === undefined || !/^https?:$/.test(target.protocol) || target.username !== "" || target.hash !== "") {
      throw wrong(`\`${upstream}\` is no upstream: an address of http or https, without a name and a password`);
    }
    if (route.pay === undefined && config.pay === undefined) throw wrong("`pay` is missing, here and for all routes");
    if (!Array.isArray(methods) || methods.length === 0) throw wrong('`methods` is a list, such as `["GET", "POST"]`');
    for (const [name, value] of Object.entries(route.headers ?? {})) {
      if (!isHeaderName(name) || typeof value !== "string") throw wrong(`\`headers.${name}\` is no header with a text`);
    }
    for (const method of methods) {
      if (!/^[A-Z]+$/.test(method)) throw wrong(`\`${method}\` is no method`);
      const name = `${method} ${path.toLowerCase()}`;
      if (seen.has(name)) throw wrong(`\`${name}\` is there twice`);
      seen.add(name);
    }
  }
  return config;
}

/** The routes as the gate knows them, by method and path; each with the one that it came from. */
export function gateRoutes(config: GatewayConfig): {
  readonly routes: Readonly<Record<string, GateRoute>>;
  readonly from: ReadonlyMap<string, GatewayRoute>;
} {
  const routes: Record<string, GateRoute> = {};
  const from = new Map<string, GatewayRoute>();
  for (const route of config.routes) {
    const { path, methods = ["GET"], upstream: _u, headers: _h, pay = config.pay, ...sold } = route;
    for (const method of methods) {
      const name = `${method} ${path}`;
      routes[name] = { ...sold, pay: pay as PayWay };
      from.set(name, route);
    }
  }
  return { routes, from };
}

export type { Price };
