// A seller that lies, for tests and for the demo. Each path gets a `Trap` that says how it misbehaves; `traps.ts` has
// the usual ones ready made. It listens on two origins, so that there is somewhere to redirect a payment to, and it
// keeps every request that reached either of them.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Hex } from "viem";
import { type Authorization, type Chain, NETWORK, NETWORK_V1 } from "./chain.ts";
import { listen } from "./listen.ts";

/** A request as it arrived. */
export interface SeenRequest {
  /** `main` is the one that sells; `other` is where redirects lead. */
  readonly origin: "main" | "other";
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** 1 for the first request to this path of this origin, paid or not. */
  readonly attempt: number;
  /** Present if the request carried a payment header. */
  readonly payment?: SeenPayment;
}

export interface SeenPayment {
  readonly header: "PAYMENT-SIGNATURE" | "X-PAYMENT";
  /** The header's value, as it arrived. */
  readonly raw: string;
  /** The decoded JSON, whatever it is; undefined if it was not base64 of JSON. */
  readonly payload: unknown;
  /** The bearer material, if it is a payment of the `exact` scheme over EIP-3009, in either version. */
  readonly signed?: { readonly authorization: Authorization; readonly signature: Hex };
}

/** What a request without a payment gets; also one with a payment, where the trap says `ask-again`. */
export type Offer =
  /** 402 of version 2: the value is sent as base64 JSON in `PAYMENT-REQUIRED`, however malformed. */
  | { readonly kind: "v2"; readonly required: unknown; readonly body?: unknown }
  /** 402 of version 1: the value is the JSON body. */
  | { readonly kind: "v1"; readonly body: unknown }
  /** 402 with this text in `PAYMENT-REQUIRED`, verbatim. */
  | { readonly kind: "raw"; readonly header: string; readonly body?: string }
  | { readonly kind: "redirect"; readonly status: 302 | 307; readonly location: string };

/** What a request with a payment gets. */
export interface PaidReply {
  /** Take the money on chain before anything is answered. */
  readonly settle: boolean;
  /**
   * - `serve`: 200 and the goods. `starve`: 200 and an empty object. `fail`: 500.
   * - `ask-again`: 402 with what `offer` says now. `redirect`: 307 to `location`, on the other origin if left out.
   * - `hang`: no answer until the server stops. `reset`: the connection is reset.
   */
  readonly reply: "serve" | "starve" | "fail" | "ask-again" | "redirect" | "hang" | "reset";
  /** In place of 500 or 307. */
  readonly status?: number;
  readonly location?: string;
  /**
   * The `PAYMENT-RESPONSE` (or `X-PAYMENT-RESPONSE`): an object is sent as base64 JSON, a text verbatim, `null` is
   * none. Left out: the truth, if the money was taken.
   */
  readonly receipt?: object | string | null;
}

export interface Trap {
  readonly offer: (seen: SeenRequest) => Offer;
  readonly paid: (seen: SeenRequest) => PaidReply;
}

export interface Hostile {
  readonly url: string;
  /** The second origin. A path without a trap answers 200 there, and 404 on the first. */
  readonly otherUrl: string;
  /** Sets the trap of a path, such as `/weather`, on both origins. Attempts start again at 1. */
  set(path: string, trap: Trap): void;
  /** Everything that arrived, in order. Grows. */
  readonly requests: readonly SeenRequest[];
  /** The payments among the requests, in order. */
  payments(): SeenPayment[];
  /** Takes the money of a payment that was kept back. The transaction; rejects with the token's reason. */
  collect(payment: SeenPayment): Promise<Hex>;
  stop(): Promise<void>;
}

/** Starts both origins. The money goes wherever the offers say; gas is paid from the `attacker` account. */
export async function startHostile(chain: Chain): Promise<Hostile> {
  const traps = new Map<string, Trap>();
  const attempts = new Map<string, number>();
  const requests: SeenRequest[] = [];
  let otherUrl = "";

  const collect = async (payment: SeenPayment): Promise<Hex> => {
    if (payment.signed === undefined) throw new Error(`not an EIP-3009 payment: \`${payment.raw.slice(0, 80)}\``);
    return chain.submit("attacker", payment.signed.authorization, payment.signed.signature);
  };

  const answer = async (origin: SeenRequest["origin"], request: IncomingMessage, response: ServerResponse) => {
    const arrived = await read(origin, request);
    const key = `${origin} ${arrived.path}`;
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    const seen: SeenRequest = { ...arrived, attempt };
    requests.push(seen);

    const trap = traps.get(seen.path);
    if (trap === undefined) return sendJson(response, origin === "other" ? 200 : 404, { caught: origin === "other" });
    if (seen.payment === undefined) return sendOffer(response, trap.offer(seen));
    const paid = trap.paid(seen);
    const transaction = paid.settle ? await collect(seen.payment) : undefined;
    setReceipt(response, seen.payment, paid, transaction);
    sendPaid(response, paid, { again: () => trap.offer(seen), elsewhere: `${otherUrl}/caught` });
  };
  const open = (origin: SeenRequest["origin"]) =>
    listen(
      createServer((request, response) => {
        answer(origin, request, response).catch((error) => sendJson(response, 500, { error: String(error) }));
      }),
      0,
    );
  const main = await open("main");
  const other = await open("other");
  otherUrl = other.url;

  return {
    url: main.url,
    otherUrl,
    requests,
    payments: () => requests.flatMap(({ payment }) => (payment === undefined ? [] : [payment])),
    collect,
    set(path, trap) {
      traps.set(path, trap);
      for (const origin of ["main", "other"]) attempts.delete(`${origin} ${path}`);
    },
    async stop() {
      await main.stop();
      await other.stop();
    },
  };
}

async function read(origin: SeenRequest["origin"], request: IncomingMessage): Promise<Omit<SeenRequest, "attempt">> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : `${value}`,
    ]),
  );
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const payment = readPayment(headers);
  return {
    origin,
    method: request.method ?? "GET",
    path: pathname,
    headers,
    body: Buffer.concat(chunks).toString("utf8"),
    ...(payment === undefined ? {} : { payment }),
  };
}

function readPayment(headers: Readonly<Record<string, string>>): SeenPayment | undefined {
  for (const header of ["PAYMENT-SIGNATURE", "X-PAYMENT"] as const) {
    const raw = headers[header.toLowerCase()];
    if (raw === undefined) continue;
    const payload = decode(raw);
    const inner = (payload as { payload?: SeenPayment["signed"] } | undefined)?.payload;
    const signed = inner?.authorization !== undefined && inner.signature !== undefined ? inner : undefined;
    return { header, raw, payload, ...(signed === undefined ? {} : { signed }) };
  }
  return undefined;
}

function decode(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64");
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendOffer(response: ServerResponse, offer: Offer): void {
  switch (offer.kind) {
    case "v2":
      response.setHeader("PAYMENT-REQUIRED", encode(offer.required));
      sendJson(response, 402, offer.body ?? {});
      return;
    case "v1":
      sendJson(response, 402, offer.body);
      return;
    case "raw":
      response.writeHead(402, { "PAYMENT-REQUIRED": offer.header }).end(offer.body ?? "{}");
      return;
    case "redirect":
      response.writeHead(offer.status, { location: offer.location }).end();
  }
}

function setReceipt(
  response: ServerResponse,
  payment: SeenPayment,
  paid: PaidReply,
  transaction: Hex | undefined,
): void {
  const v1 = payment.header === "X-PAYMENT";
  const truth = {
    success: true,
    transaction,
    network: v1 ? NETWORK_V1 : NETWORK,
    payer: payment.signed?.authorization.from,
  };
  const receipt = paid.receipt === undefined && transaction !== undefined ? truth : (paid.receipt ?? null);
  if (receipt === null) return;
  response.setHeader(
    v1 ? "X-PAYMENT-RESPONSE" : "PAYMENT-RESPONSE",
    typeof receipt === "string" ? receipt : encode(receipt),
  );
}

function sendPaid(
  response: ServerResponse,
  paid: PaidReply,
  { again, elsewhere }: { again: () => Offer; elsewhere: string },
): void {
  switch (paid.reply) {
    case "serve":
      sendJson(response, paid.status ?? 200, { goods: "as promised" });
      return;
    case "starve":
      sendJson(response, paid.status ?? 200, {});
      return;
    case "fail":
      sendJson(response, paid.status ?? 500, { error: "try again later" });
      return;
    case "ask-again":
      sendOffer(response, again());
      return;
    case "redirect":
      response.writeHead(paid.status ?? 307, { location: paid.location ?? elsewhere }).end();
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "hang":
    // The connection stays open, and silent, until stop() cuts it.
  }
}
