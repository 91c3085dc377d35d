/**
 * One request to an upstream. Where it goes is the route's alone; the request adds the rest of its path, below the route's,
 * and its query. Nothing that pays or identifies a client goes on, and no header that belongs to one connection.
 */

import { PAYING_HEADERS } from "../adapters/headers.ts";
import type { Sale } from "../sale.ts";
import type { GatewayRoute } from "./config.ts";

/** Headers of one connection (RFC 9110, 7.6.1), and those that the gateway writes itself. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
] as const;

const OWN = ["host", "content-length", "expect", "accept-encoding", "access-control-expose-headers"] as const;

/** Begins the headers by which an upstream knows whose request it is. Those of a request are never believed. */
const IDENTITY = "tollwarden-";

export function upstreamRequest(
  request: Request,
  route: GatewayRoute,
  sale: Sale | undefined,
  apiKeyHeader: string,
  signal: AbortSignal,
): Request {
  const headers = endToEnd(request.headers);
  const added = Object.entries(route.headers ?? {});
  const given = new Set([...PAYING_HEADERS, apiKeyHeader, ...added.map(([name]) => name)].map(asVariable));
  for (const name of OWN) headers.delete(name);
  for (const name of [...headers.keys()]) {
    const variable = asVariable(name);
    if (given.has(variable) || variable.startsWith(IDENTITY)) headers.delete(name);
  }
  // What comes back is passed on as it is: a coding would be undone on the way, and its length be wrong.
  headers.set("accept-encoding", "identity");
  if (sale !== undefined) {
    headers.set("tollwarden-client", sale.client);
    if (sale.payer !== undefined) headers.set("tollwarden-payer", sale.payer);
    if (sale.tier !== undefined) headers.set("tollwarden-tier", sale.tier);
    if (sale.payment !== undefined) headers.set("tollwarden-payment-id", sale.payment);
  }
  for (const [name, value] of added) headers.set(name, value);
  const body = request.method === "GET" || request.method === "HEAD" ? null : request.body;
  return new Request(targetOf(route, new URL(request.url)), {
    method: request.method,
    headers,
    signal,
    redirect: "manual",
    ...(body === null ? {} : { body, duplex: "half" }),
  } as RequestInit);
}

/** A name as upstreams know it that have headers as variables (CGI, WSGI, PHP): `-` and `_` are one letter to them. */
function asVariable(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** The upstream's address for this request. Throws where it would not be below the route's. */
export function targetOf(route: GatewayRoute, asked: URL): string {
  const base = new URL(route.upstream);
  const pattern = route.path.endsWith("/*") ? route.path.slice(0, -2) : undefined;
  if (pattern !== undefined) {
    const depth = pattern.split("/").filter((segment) => segment !== "").length;
    // Empty segments are dropped, as the gate drops them when it compares.
    const rest = asked.pathname
      .split("/")
      .filter((segment) => segment !== "")
      .slice(depth);
    // A proxy behind this one may undo an escape: what could lead upwards then is not passed on.
    if (rest.some((segment) => /%2e|%2f|%5c|%00|\\/i.test(segment))) throw new Error("upstream_path");
    const trailing = rest.length > 0 && asked.pathname.endsWith("/") ? "/" : "";
    if (rest.length > 0) base.pathname = `${base.pathname.replace(/\/$/, "")}/${rest.join("/")}${trailing}`;
  }
  const query = [base.search.slice(1), asked.search.slice(1)].filter((part) => part !== "").join("&");
  base.search = query;
  if (base.origin !== new URL(route.upstream).origin) throw new Error("upstream_path");
  return base.href;
}

/** The upstream's answer, for the client. */
export function downstreamResponse(response: Response): Response {
  const headers = endToEnd(response.headers);
  // `fetch` has undone the coding, whatever was asked for.
  if (headers.has("content-encoding")) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  for (const name of ["payment-required", "payment-response", "x-payment-response"]) headers.delete(name);
  for (const name of [...headers.keys()]) if (name.startsWith("tollwarden-")) headers.delete(name);
  const sent = new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  upstreams.set(sent, response);
  return sent;
}

/** Node cancels the body of an answer that is collected, and both share one: the upstream's lives as long as what is sent. */
const upstreams = new WeakMap<Response, Response>();

/** Without the headers of one connection, and those that `Connection` names. */
function endToEnd(from: Headers): Headers {
  const headers = new Headers(from);
  const named = (from.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named]) {
    try {
      if (name !== "") headers.delete(name);
    } catch {
      // No name of a header at all.
    }
  }
  return headers;
}
