/** A gate with a facilitator that does as it is told, and payments that only it believes. */

import assert from "node:assert/strict";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { createGate, type Gate, type GateOptions, type Requirements } from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";

export const NETWORK = "eip155:84532";
export const PAY_TO = "0x1111111111111111111111111111111111111111";
export const ALICE = "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
export const BOB = "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
export const URL_OF_SELLER = "https://api.example.com";

type Answer = object | Error | "hang" | ((payment: Signed) => object | Promise<object>);

/** A payment as far as these tests make one. */
export interface Signed {
  readonly payload: { readonly authorization: { readonly from: string; readonly nonce: string } };
}

export interface StubFacilitator {
  verify(payment: never, requirements: never): Promise<never>;
  settle(payment: never, requirements: never): Promise<never>;
  getSupported(): Promise<{ kinds: { x402Version: number; scheme: string; network: string }[] }>;
  /** What comes next; the last one stays. Left out: it is valid, and it settles. */
  verifies: Answer[];
  settles: Answer[];
  readonly verified: Signed[];
  readonly settled: Signed[];
}

export function stubFacilitator(): StubFacilitator {
  const stub: StubFacilitator = {
    verifies: [],
    settles: [],
    verified: [],
    settled: [],
    async verify(payment: Signed) {
      stub.verified.push(payment);
      return said(stub.verifies, payment, { isValid: true, payer: payment.payload.authorization.from }) as never;
    },
    async settle(payment: Signed) {
      stub.settled.push(payment);
      const { from, nonce } = payment.payload.authorization;
      return said(stub.settles, payment, { success: true, transaction: nonce, network: NETWORK, payer: from }) as never;
    },
    getSupported: async () => ({
      kinds: [
        { x402Version: 2, scheme: "exact", network: NETWORK },
        { x402Version: 1, scheme: "exact", network: "base-sepolia" },
      ],
    }),
  };
  return stub;
}

async function said(answers: Answer[], payment: Signed, otherwise: object): Promise<object> {
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  if (answer === undefined) return otherwise;
  if (answer === "hang") return new Promise(() => undefined);
  if (answer instanceof Error) throw answer;
  return typeof answer === "function" ? answer(payment) : answer;
}

export const pay = { network: NETWORK, payTo: PAY_TO };

export interface Opened {
  readonly gate: Gate;
  readonly facilitator: StubFacilitator;
  readonly errors: unknown[];
  /** A request through the gate to a handler. */
  ask(request: Request | string, handler?: (request: Request) => Response | Promise<Response>): Promise<Response>;
  /** Asks, pays what the 402 wants, and gives the answer. */
  buy(path: string, options?: BuyOptions): Promise<Response>;
}

export interface BuyOptions {
  readonly from?: string;
  readonly init?: RequestInit;
  readonly handler?: (request: Request) => Response | Promise<Response>;
}

export async function openGate(options: Partial<GateOptions> = {}): Promise<Opened> {
  const facilitator = stubFacilitator();
  const errors: unknown[] = [];
  const gate = await createGate({
    policy: { payment: { max_usd: "100" } },
    store: memoryStore(options.now === undefined ? {} : { now: options.now }),
    url: URL_OF_SELLER,
    routes: { "GET /weather": { pay, price: "$0.01" } },
    facilitator: facilitator as never,
    schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
    onError: (error) => errors.push(error),
    ...options,
  });
  const ask: Opened["ask"] = (request, handler = () => Response.json({ ok: true })) =>
    gate.handle(typeof request === "string" ? new Request(`${URL_OF_SELLER}${request}`) : request, handler);
  return {
    gate,
    facilitator,
    errors,
    ask,
    async buy(path, { from = ALICE, init = {}, handler } = {}) {
      const offer = await ask(new Request(`${URL_OF_SELLER}${path}`, init));
      if (offer.status !== 402) return offer;
      const paid = new Request(`${URL_OF_SELLER}${path}`, withPayment(init, sign(await entryOf(offer), from)));
      return ask(paid, handler);
    },
  };
}

/** The first entry of a 402, of version 2. */
export async function entryOf(response: Response): Promise<Requirements> {
  assert.equal(response.status, 402, await response.clone().text());
  const header = response.headers.get("PAYMENT-REQUIRED") ?? "";
  const offer = JSON.parse(Buffer.from(header, "base64").toString("utf8")) as { accepts: Requirements[] };
  return offer.accepts[0] ?? assert.fail("the offer has no entry");
}

let nonces = 0;

/** The nonce of a payment that no other test has. */
export function freshNonce(): string {
  nonces += 1;
  return `0x${nonces.toString(16).padStart(64, "0")}`;
}

/** A payment of version 2 that only the stub believes. */
export function sign(entry: Requirements, from = ALICE, nonce = freshNonce()): object {
  return {
    x402Version: 2,
    accepted: entry,
    payload: {
      signature: `0x${"1".repeat(130)}`,
      authorization: { from, to: entry.payTo, value: entry.amount, validAfter: "0", validBefore: "4102444800", nonce },
    },
  };
}

export function withPayment(init: RequestInit, payment: object, name = "PAYMENT-SIGNATURE"): RequestInit {
  const headers = new Headers(init.headers);
  headers.set(name, Buffer.from(JSON.stringify(payment)).toString("base64"));
  return { ...init, headers };
}

export interface Refused {
  readonly error: string;
  readonly tollwarden: {
    readonly kind: string;
    readonly reason: string;
    readonly payment?: string;
    readonly rules?: readonly string[];
    readonly approval?: { readonly id: string };
    readonly refund?: { readonly statement: string; readonly signature: string; readonly key: string };
  };
}

/** A refusal with this status and reason, as a client sees it. */
export async function refusedWith(status: number, reason: string, response: Response): Promise<Refused["tollwarden"]> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("Tollwarden-Refusal"), reason, text);
  const body = JSON.parse(text) as Refused;
  assert.equal(body.tollwarden.reason, reason);
  return body.tollwarden;
}

/** The sums of the one asset that is sold here. */
export async function books(
  gate: Gate,
): Promise<{ delivered: string; owed: string; unresolved: string; paid: string }> {
  const [only = { paid: "0", delivered: "0", owed: "0", unresolved: "0" }] = await gate.books();
  const { paid, delivered, owed, unresolved } = only;
  return { paid, delivered, owed, unresolved };
}

/** Waits until it holds; the last failure is the test's. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await check();
    } catch (error) {
      if (tries === 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

export async function listed<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of all) found.push(one);
  return found;
}
