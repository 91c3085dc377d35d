/** A reverse proxy that sells: verify, ask the policy, ask the upstream, and only then take the money. */

import { createGate, type Gate, type GateOptions } from "../gate.ts";
import { routeFinder } from "../routes.ts";
import type { Sale } from "../sale.ts";
import { checkConfig, type GatewayConfig, type GatewayRoute, gateRoutes } from "./config.ts";
import { downstreamResponse, upstreamRequest } from "./proxy.ts";

/** What a hook is told. */
export interface Proxied {
  readonly route: string;
  readonly client: string | undefined;
  readonly payment: string | undefined;
}

type FromGate = Pick<
  GateOptions,
  | "store"
  | "facilitator"
  | "schemes"
  | "onApproval"
  | "approvalWaitMs"
  | "secrets"
  | "proof"
  | "confirm"
  | "audit"
  | "record"
  | "onAnomaly"
  | "anomalies"
  | "telemetry"
  | "onError"
  | "quoteSecret"
  | "iouKey"
  | "keepDays"
  | "now"
>;

export interface GatewayOptions extends GatewayConfig, FromGate {
  /** Before the upstream is asked. An answer of its own takes the upstream's place; a throw is a failure, not charged. */
  readonly onBeforeProxy?: (request: Request, proxied: Proxied) => Response | undefined | Promise<Response | undefined>;
  /** The upstream has answered; the answer that it gives back, if any, takes that one's place. */
  readonly onAfterProxy?: (
    response: Response,
    proxied: Proxied,
  ) => Response | undefined | Promise<Response | undefined>;
  /** The upstream did not answer. */
  readonly onProxyFailure?: (error: unknown, proxied: Proxied) => void | Promise<void>;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

export interface Gateway {
  readonly gate: Gate;
  /** For a Worker, for Deno, for Bun, or for `serveGateway` on Node. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/** Opens a gateway. Throws what is wrong with its configuration or its policy. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  checkConfig(options);
  const { onBeforeProxy, onAfterProxy, onProxyFailure, fetch: through = fetch, routes: _, ...rest } = options;
  const { routes, from } = gateRoutes(options);
  const gate = await createGate({ ...rest, routes });
  const find = routeFinder(routes);
  const apiKeyHeader = options.apiKeyHeader ?? "x-api-key";

  async function proxy(
    request: Request,
    name: string,
    route: GatewayRoute,
    sale: Sale | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const proxied = { route: name, client: sale?.client, payment: sale?.payment };
    const own = await onBeforeProxy?.(request, proxied);
    if (own !== undefined) return own;
    let response: Response;
    try {
      response = await through(upstreamRequest(request, route, sale, apiKeyHeader, signal));
      // A redirect would show the client an address that is the upstream's own.
      if (
        response.type === "opaqueredirect" ||
        (response.status >= 300 && response.status !== 304 && response.status < 400)
      ) {
        void response.body?.cancel().catch(() => undefined);
        throw new Error("the upstream answered with a redirect");
      }
    } catch (error) {
      await onProxyFailure?.(error, proxied);
      throw error;
    }
    const sent = downstreamResponse(response);
    return (await onAfterProxy?.(sent, proxied)) ?? sent;
  }

  return {
    gate,
    async fetch(request) {
      const url = new URL(request.url);
      const found = find(request.method, url.pathname);
      // The upstream's path is made of plain segments: what only others would read as a route's is none here.
      const name = found === undefined || found === "ambiguous" || !found.plain ? undefined : found.route.name;
      const route = name === undefined ? undefined : from.get(name);
      if (name === undefined || route === undefined) return notFound();
      const circuits = [`upstream:${new URL(route.upstream).origin}`];
      return gate.handle(request, (inner, sale, signal) => proxy(inner, name, route, sale, signal), { circuits });
    },
    close: () => gate.close(),
  };
}

function notFound(): Response {
  const body = JSON.stringify({ error: "not_found", tollwarden: { kind: "unavailable", reason: "not_found" } });
  return new Response(body, { status: 404, headers: { "content-type": "application/json" } });
}
