/** The gate: one policy, one store, and what is sold through them. */

import { type AskOptions, asking } from "../approvals/ask.ts";
import { type Approvals, approvalsDesk } from "../approvals/desk.ts";
import type { SecretSource } from "../approvals/secrets.ts";
import { type Audit, type AuditOptions, openAudit } from "../audit/audit.ts";
import { withoutLog } from "../audit/required.ts";
import { openLedger, type PolicySummary } from "../core/ledger.ts";
import type { BudgetLine } from "../core/types.ts";
import { hmacOf, randomHex } from "../digest.ts";
import { invalid } from "../policy/text.ts";
import { type PolicySource, readPolicy } from "../policy-source.ts";
import type { Prover } from "../reconcile.ts";
import type { Store } from "../stores/store.ts";
import { defaultStore } from "../stores/unnamed.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { type ExpressMiddleware, expressMiddleware } from "./adapters/express.ts";
import { type FastifyPlugin, fastifyPlugin } from "./adapters/fastify.ts";
import { answerRequest, type FetchOptions, type Handler } from "./adapters/fetch.ts";
import { type HonoMiddleware, honoMiddleware } from "./adapters/hono.ts";
import { type Anomaly, type AnomalyOptions, anomalies } from "./anomaly.ts";
import { type ByHand, byHand } from "./by-hand.ts";
import { cellsOf } from "./cells.ts";
import { checkBreaker, checkNumbers, checkRoute, isHeaderName } from "./checked.ts";
import type { CircuitOptions } from "./circuit.ts";
import { circuits } from "./circuit.ts";
import { type Desk, desk } from "./desk.ts";
import type { Facilitator } from "./facilitator.ts";
import { freeCalls } from "./free.ts";
import { guardServer, type ResourceServer } from "./hooks.ts";
import { type ApiClient, clientsByKey } from "./identity.ts";
import { insight, type Line } from "./insight.ts";
import type { Confirm, GateEvent, Parts, RecordEvent } from "./parts.ts";
import { quotes } from "./quote.ts";
import { records } from "./records.ts";
import { iouSigner, type Signer } from "./refunds.ts";
import { offering, type SchemeEntry } from "./requirements.ts";
import { type GateRoutes, routeFinder } from "./routes.ts";
import type { Sale } from "./sale.ts";
import { type Begun, type GateRequest, sell } from "./sell.ts";
import { volumes } from "./volume.ts";

export interface GateOptions extends AskOptions {
  /** What clients may buy: a policy as for a warden, with the client in an agent's place. */
  readonly policy: PolicySource;
  /** Where budgets, records and breakers are kept. Default: the SQLite file `tollwarden.sqlite`. */
  readonly store?: Store;
  /** The origin that clients know, such as `https://api.example.com`. A request's own `Host` is never believed. */
  readonly url: string;
  /** What is sold, by method and path. */
  readonly routes: GateRoutes;
  /** Verifies and settles: the official `HTTPFacilitatorClient`, or one in process. */
  readonly facilitator: Facilitator;
  /** Schemes of the official packages, such as `{ network: "eip155:*", server: new ExactEvmScheme() }`. */
  readonly schemes: readonly SchemeEntry[];
  /** Clients with an API key. Others are known by the payment that was verified. */
  readonly clients?: readonly ApiClient[];
  /** Default `x-api-key`. */
  readonly apiKeyHeader?: string;
  /** The breakers of routes, upstreams, the facilitator, and payers whose payments can't be taken. */
  readonly breaker?: CircuitOptions;
  /** How long a price of a 402 is good, in milliseconds. Default 300,000. */
  readonly quoteMs?: number;
  /** Payments of one client under way at once, in this process. Default 16. */
  readonly maxOpenPerClient?: number;
  /** How long the facilitator may take, in milliseconds. Default 10,000 and 60,000. */
  readonly verifyTimeoutMs?: number;
  readonly settleTimeoutMs?: number;
  /**
   * Where the secrets of approvers are, for references of the policy. Who is told of a question is `onApproval`; the client
   * is told, too, and sends the same payment again when people have answered. With `approvalWaitMs` its request waits.
   */
  readonly secrets?: SecretSource;
  /** Looks unresolved payments up on their chain, such as `evmProof` of `tollwarden/proofs/evm`. */
  readonly proof?: Prover;
  /** Whether a settlement is final. Without it the facilitator's word is. */
  readonly confirm?: Confirm;
  /** Records every decision and what came of it, or refuses: docs/audit.md. */
  readonly audit?: AuditOptions;
  /** Takes down what happens in a log of your own. */
  readonly record?: RecordEvent;
  readonly onAnomaly?: (anomaly: Anomaly) => void;
  readonly anomalies?: AnomalyOptions;
  /** What counts and times all of it: `tollwarden/metrics` or `tollwarden/otel`; see docs/metrics.md. */
  readonly telemetry?: Telemetry;
  /** Told of what failed behind an answer. Never what a client sees. */
  readonly onError?: (error: unknown) => void;
  /** A secret of 32 bytes for the marks of quotes; drawn once and kept in the store if left out. */
  readonly quoteSecret?: Uint8Array;
  /** An Ed25519 key in PKCS #8 to sign what is owed; drawn once and kept in the store if left out. */
  readonly iouKey?: Uint8Array;
  /** How long a payment's record is kept, in days. Default 90. */
  readonly keepDays?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

export interface Gate extends ByHand, Desk {
  /** For `app.use(gate.express())`, before the routes. Express is no dependency. */
  express(): ExpressMiddleware;
  /** For `app.use(gate.hono())`. */
  hono(): HonoMiddleware;
  /** For `await app.register(gate.fastify())`. */
  fastify(): FastifyPlugin;
  /** A handler of requests, such as a route of Next.js or the `fetch` of a Worker, behind the gate. */
  wrap<R extends unknown[]>(handler: Handler<R>): (request: Request, ...rest: R) => Promise<Response>;
  /** One request. The handler is told whose it is. */
  handle(
    request: Request,
    handler: (request: Request, sale: Sale | undefined, signal: AbortSignal) => Response | Promise<Response>,
    options?: FetchOptions,
  ): Promise<Response>;
  /** Puts the policy before the official `x402ResourceServer`, for its own middlewares. Gives back what it was given. */
  guard<S extends object>(server: S): S;
  /** The steps by hand, for a framework that is not here. */
  sell(request: GateRequest): Promise<Begun>;
  /** What is left of each budget; of one client, if it is named. */
  budgets(client?: string): Promise<readonly BudgetLine[]>;
  /** Denies everything, until it is lifted. */
  freeze(reason: string): Promise<void>;
  unfreeze(): Promise<void>;
  /** Another policy takes over. Throws `PolicyInvalid`; then the old one stays. */
  reload(policy: PolicySource): Promise<PolicySummary>;
  readonly policy: PolicySummary;
  /** The questions to people, and their answers. */
  readonly approvals: Approvals;
  /** The audit log, where there is one. */
  readonly audit: Pick<Audit, "behind" | "failures" | "flush"> | undefined;
  /** Figures by hour, route, client and tier. */
  analytics(options?: Parameters<ReturnType<typeof insight>["lines"]>[0]): Promise<readonly Line[]>;
  /** Writes down what is only in memory, and closes the store. */
  close(): Promise<void>;
}

/** Opens a gate. Throws `PolicyInvalid`, or what is wrong with the options: it never opens in a weaker way. */
export async function createGate(options: GateOptions): Promise<Gate> {
  const now = options.now ?? Date.now;
  const origin = originOf(options.url);
  checkOptions(options);
  const store = options.store ?? (await defaultStore());
  const policy = withOrigin(options.policy, origin);
  const log = options.audit === undefined ? await withoutLog(store) : openAudit(store, options.audit, now);
  const { telemetry } = options;
  const measured = telemetry?.store(store) ?? store;
  const bare = openLedger({
    policy,
    store: measured,
    now: options.now,
    audit: log?.auditing,
    secrets: options.secrets,
  });
  const ledger = telemetry?.ledger(bare, { audit: log, now }) ?? bare;
  try {
    await ledger.note("opened");
  } catch (error) {
    await log?.close().catch(() => undefined);
    throw error;
  }
  const approvals = approvalsDesk(ledger);
  const { onApproval, approvalWaitMs = 0 } = options;
  const people = asking(approvals, () => ledger.policy, { onApproval, approvalWaitMs });
  const cells = cellsOf(store);
  const onError = guarded(options.onError);
  const figures = insight(cells, randomHex(6));
  const watch = anomalies(options.anomalies);
  const tell = guarded(options.onAnomaly);
  const signer = once<Signer>(() => iouSigner(cells, options.iouKey));
  const secret = options.quoteSecret ?? (await drawnSecret(cells));
  if (secret.length < 32) throw new TypeError("`quoteSecret` has at least 32 bytes");

  const watched = telemetry?.gate({
    payments: () => parts.records.all(),
    circuits: () => parts.circuits.states(),
    now,
  });
  const parts: Parts = {
    now,
    origin,
    ledger,
    records: records(cells, (options.keepDays ?? 90) * 86_400_000),
    circuits: circuits(cells, now, options.breaker),
    free: freeCalls(cells, now),
    volumes: volumes(cells, now),
    quotes: quotes(hmacOf(secret)),
    offering: offering(options.facilitator, options.schemes, options.verifyTimeoutMs ?? 10_000),
    facilitator: options.facilitator,
    findRoute: routeFinder(options.routes),
    findClient: await clientsByKey(options.clients ?? []),
    apiKeyHeader: options.apiKeyHeader ?? "x-api-key",
    signer,
    ask: (decision, signal) => people.wait(decision, signal),
    proof: options.proof,
    confirm: options.confirm,
    record: options.record ?? ((_: GateEvent) => undefined),
    happened(event) {
      figures.note(event);
      watched?.happened(event);
      if (event.what === "owed" || event.what === "free") return;
      const { client, route, at, usd } = event;
      const failed = event.what !== "captured";
      for (const one of watch.note({ client, route, at, usd: usd === undefined ? undefined : Number(usd), failed })) {
        watched?.anomaly(one);
        tell(one);
      }
    },
    onError,
    verifyTimeoutMs: options.verifyTimeoutMs ?? 10_000,
    settleTimeoutMs: options.settleTimeoutMs ?? 60_000,
    quoteMs: options.quoteMs ?? 300_000,
    maxOpenPerClient: options.maxOpenPerClient ?? 16,
    inFlight: new Set(),
    openBy: new Map(),
    offered: new Map(),
  };

  /** Figures go to the store once a minute; the timer keeps no process alive. */
  const flushing = setInterval(() => void figures.flush().catch(onError), 60_000);
  (flushing as { unref?: () => void }).unref?.();

  const through = (request: GateRequest): Promise<Begun> => sell(parts, request);
  return {
    express: () => expressMiddleware(through),
    hono: () => honoMiddleware(through),
    fastify: () => fastifyPlugin(through),
    wrap:
      (handler) =>
      (request, ...rest) =>
        answerRequest(through, request, (inner) => handler(inner, ...rest)),
    handle: (request, handler, more) => answerRequest(through, request, handler, more),
    guard: (server) => {
      guardServer(parts, server as unknown as ResourceServer);
      return server;
    },
    sell: through,
    budgets: (client) => ledger.budgets(client === undefined ? {} : { agent: client, client }),
    freeze: (reason) => ledger.command({ type: "freeze", reason }),
    unfreeze: () => ledger.command({ type: "unfreeze" }),
    async reload(policy) {
      await ledger.reload({ json: withOrigin(policy, origin), name: "(policy)" });
      return ledger.policy;
    },
    get policy() {
      return ledger.policy;
    },
    approvals,
    audit: log,
    analytics: (which) => figures.lines(which),
    ...byHand(parts),
    ...desk(parts),
    async close() {
      clearInterval(flushing);
      watched?.close();
      await figures.flush().catch(onError);
      await ledger.finished();
      await log?.close();
      await ledger.close();
    },
  };
}

function checkOptions({ routes, breaker, apiKeyHeader = "x-api-key", ...options }: GateOptions): void {
  for (const [name, route] of Object.entries(routes)) checkRoute(name, route);
  checkBreaker(breaker);
  const { quoteMs, maxOpenPerClient, verifyTimeoutMs, settleTimeoutMs, keepDays, approvalWaitMs } = options;
  checkNumbers({ quoteMs, maxOpenPerClient, verifyTimeoutMs, settleTimeoutMs }, 1);
  checkNumbers({ keepDays, approvalWaitMs }, 0);
  if (!isHeaderName(apiKeyHeader)) throw new TypeError(`\`${apiKeyHeader}\` is no name of a header`);
}

/** The origin that is sold under is let through, although it may be no https with a DNS name: it is the seller's own. */
function withOrigin(source: PolicySource, origin: string): string {
  const { json, name } = readPolicy(source);
  const policy = JSON.parse(json) as { origins?: readonly string[]; privacy?: unknown };
  if (policy.privacy != null) {
    throw invalid(name, "a gate does not look for personal data; leave the section `privacy` out");
  }
  return JSON.stringify({ ...policy, origins: [...new Set([...(policy.origins ?? []), origin])] });
}

function originOf(url: string): string {
  const found = URL.canParse(url) ? new URL(url) : undefined;
  if (found === undefined || !/^https?:$/.test(found.protocol) || (found.pathname !== "/" && found.pathname !== "")) {
    throw new TypeError(
      `\`url\` is the origin that clients know, such as \`https://api.example.com\`, and not \`${url}\``,
    );
  }
  return found.origin;
}

async function drawnSecret(cells: ReturnType<typeof cellsOf>): Promise<Uint8Array> {
  const text = await cells.change<string>("gate/quote-key", (there) =>
    there === undefined ? { value: randomHex(32), expires: null } : undefined,
  );
  return new TextEncoder().encode(text ?? "");
}

/** Runs it once; again if it failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= work().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** Whoever listens does not decide. */
function guarded<T>(listener: ((value: T) => void) | undefined): (value: T) => void {
  return (value) => {
    try {
      listener?.(value);
    } catch {
      // It is the listener's own error.
    }
  };
}
