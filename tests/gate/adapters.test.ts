/** The same gate in front of Express, Hono, Fastify, Next.js' route handlers and the official middleware. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddlewareFromHTTPServer, x402HTTPResourceServer, x402ResourceServer } from "@x402/express";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import type { Gate } from "../../js/gate/index.ts";
import {
  ALICE,
  books,
  entryOf,
  eventually,
  freshNonce,
  type Opened,
  openGate,
  pay,
  sign,
  stubFacilitator,
  withPayment,
} from "./support.ts";

interface Served {
  readonly url: string;
  /** How often a handler ran. */
  readonly calls: () => number;
}

type Serve = (t: TestContext, gate: Gate) => Promise<Served>;

const routes = {
  "GET /good": { pay, price: "$0.01" },
  "GET /bad": { pay, price: "$0.01" },
  "GET /throws": { pay, price: "$0.01" },
  "GET /slow": { pay, price: "$0.01", timeoutMs: 100 },
  "POST /echo": { pay, price: "$0.01" },
  "GET /stream": { pay, price: "$0.01", take: "stream" },
} as const;

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serveExpress: Serve = async (t, gate) => {
  let calls = 0;
  const app = express();
  app.set("env", "test");
  app.use(gate.express());
  app.use((_request, _response, next) => {
    calls += 1;
    next();
  });
  app.get("/good", (_request, response) => void response.set("cache-control", "public, max-age=60").json({ ok: true }));
  app.get("/bad", (_request, response) => void response.status(500).send("no"));
  app.get("/throws", () => {
    throw new Error("secret");
  });
  app.get("/slow", () => undefined);
  app.post("/echo", (request, response) => void response.json(request.body));
  app.get("/stream", (_request, response) => {
    response.write("one ");
    setTimeout(() => response.end("two"), 10);
  });
  app.get("/free", (_request, response) => void response.send("free"));
  return { url: await listening(t, createServer(app)), calls: () => calls };
};

const serveHono: Serve = async (t, gate) => {
  let calls = 0;
  const app = new Hono();
  app.onError((_error, context) => context.text("internal", 500));
  app.use(gate.hono());
  app.use(async (_context, next) => {
    calls += 1;
    await next();
  });
  app.get("/good", (context) => context.json({ ok: true }, 200, { "cache-control": "public, max-age=60" }));
  app.get("/bad", (context) => context.text("no", 500));
  app.get("/throws", () => {
    throw new Error("secret");
  });
  app.get("/slow", () => new Promise<Response>(() => undefined));
  app.post("/echo", async (context) => context.json(await context.req.json()));
  app.get("/stream", () => new Response(new Blob(["one ", "two"]).stream()));
  app.get("/free", (context) => context.text("free"));
  return { url: await listening(t, served(app.fetch)), calls: () => calls };
};

const serveFastify: Serve = async (t, gate) => {
  let calls = 0;
  const app = fastify();
  await app.register(gate.fastify() as never);
  const counted = <R>(work: () => R) => {
    calls += 1;
    return work();
  };
  app.get("/good", async (_request, reply) => {
    reply.header("cache-control", "public, max-age=60");
    return counted(() => ({ ok: true }));
  });
  app.get("/bad", async (_request, reply) => counted(() => reply.code(500).send("no")));
  app.get("/throws", async () =>
    counted(() => {
      throw new Error("secret");
    }),
  );
  app.get("/slow", () => counted(() => new Promise(() => undefined)));
  app.post("/echo", async (request) => counted(() => request.body));
  app.get("/stream", async () => counted(() => new Response(new Blob(["one ", "two"]).stream())));
  app.get("/free", async () => counted(() => "free"));
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return { url, calls: () => calls };
};

/** As a route handler of Next.js, and any `(Request) => Response`. */
const servePlain: Serve = async (t, gate) => {
  let calls = 0;
  const handler = gate.wrap(async (request: Request) => {
    calls += 1;
    switch (new URL(request.url).pathname) {
      case "/good":
        return Response.json({ ok: true }, { headers: { "cache-control": "public, max-age=60" } });
      case "/bad":
        return new Response("no", { status: 500 });
      case "/throws":
        throw new Error("secret");
      case "/slow":
        return new Promise<Response>(() => undefined);
      case "/echo":
        return Response.json(await request.json());
      case "/stream":
        return new Response(new Blob(["one ", "two"]).stream());
      default:
        return new Response("free");
    }
  });
  return { url: await listening(t, served(handler)), calls: () => calls };
};

/** Node's server in front of a `(Request) => Response`. */
function served(handler: (request: Request) => Response | Promise<Response>): Server {
  return createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    const body = Buffer.concat(chunks);
    const init = { method: request.method ?? "GET", headers, ...(body.length > 0 ? { body } : {}) };
    const answer = await handler(new Request(`http://127.0.0.1${request.url}`, init));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
}

async function buy(url: string, path: string, init: RequestInit = {}, nonce = freshNonce()): Promise<Response> {
  const entry = await entryOf(await fetch(url + path, init));
  return fetch(url + path, withPayment(init, sign(entry, ALICE, nonce)));
}

const servers: readonly (readonly [string, Serve])[] = [
  ["Express", serveExpress],
  ["Hono", serveHono],
  ["Fastify", serveFastify],
  ["(Request) => Response", servePlain],
];

for (const [name, serve] of servers) {
  test(`${name}: delivery before payment, and no payment for an error`, async (t) => {
    const opened: Opened = await openGate({ routes });
    const { gate, facilitator } = opened;
    const { url, calls } = await serve(t, gate);

    assert.equal(await (await fetch(`${url}/free`)).text(), "free");
    const unpaid = await fetch(`${url}/good`);
    assert.equal(unpaid.status, 402);
    assert.equal(unpaid.headers.get("cache-control"), "no-store");

    const good = await buy(url, "/good");
    assert.equal(good.status, 200, await good.clone().text());
    assert.deepEqual(await good.json(), { ok: true });
    assert.equal(good.headers.get("cache-control"), "private, max-age=60");
    assert.ok(good.headers.has("PAYMENT-RESPONSE"));

    const bad = await buy(url, "/bad");
    assert.equal(bad.status, 500);
    assert.equal(await bad.text(), "no");
    assert.equal(bad.headers.get("Tollwarden-Payment"), "not-charged");
    const threw = await buy(url, "/throws");
    assert.ok(threw.status >= 500, String(threw.status));
    assert.equal(threw.headers.get("Tollwarden-Payment"), "not-charged");
    const slow = await buy(url, "/slow");
    assert.equal(slow.status, 504, await slow.text());
    assert.equal(facilitator.settled.length, 1);

    const json = { method: "POST", body: '{"a":[1,2]}', headers: { "content-type": "application/json" } };
    const echo = await buy(url, "/echo", json);
    assert.deepEqual(await echo.json(), { a: [1, 2] });
    const other = await entryOf(await fetch(`${url}/echo`, json));
    const stolen = await fetch(`${url}/echo`, withPayment({ ...json, body: '{"a":[1,3]}' }, sign(other)));
    assert.equal(stolen.status, 409, "the body is part of what it is for");

    assert.equal(await (await buy(url, "/stream")).text(), "one two");
    assert.deepEqual(await books(gate), { paid: "30000", delivered: "30000", owed: "0", unresolved: "0" });

    const before = calls();
    const entry = await entryOf(await fetch(`${url}/good`));
    const init = withPayment({}, sign(entry));
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/good`, init)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(calls() - before, 1, "reached the handler once");
    assert.equal(facilitator.settled.length, 4);

    // The money was refused after the work: what was made is not sent.
    facilitator.settles = [{ success: false, errorReason: "insufficient_funds", transaction: "", network: "" }];
    const poor = await buy(url, "/good");
    assert.equal(poor.status, 402);
    assert.doesNotMatch(await poor.text(), /"ok"/);
    facilitator.settles = [new Error("timeout")];
    const lost = await buy(url, "/good");
    assert.equal(lost.status, 502);
    assert.doesNotMatch(await lost.text(), /"ok"/);
    assert.equal((await books(gate)).unresolved, "10000");
  });
}

test("Express: a client that goes away before the answer pays nothing", async (t) => {
  const { gate, facilitator } = await openGate({ routes: { "GET /slow": { pay, price: "$0.01" } } });
  const { url, calls } = await serveExpress(t, gate);
  const entry = await entryOf(await fetch(`${url}/slow`));
  const stop = new AbortController();
  const asked = fetch(`${url}/slow`, { ...withPayment({}, sign(entry)), signal: stop.signal });
  await eventually(() => assert.equal(calls(), 1));
  stop.abort();
  await assert.rejects(asked);
  await eventually(async () => {
    for await (const { state, reason } of gate.payments()) assert.deepEqual([state, reason], ["void", "client_gone"]);
  });
  assert.equal(facilitator.settled.length, 0);
});

test("the official middleware, guarded: the policy is asked before anything is settled, and what throws is a no", async (t) => {
  const facilitator = stubFacilitator();
  let full = false;
  const { gate, errors } = await openGate({
    policy: { payment: { max_usd: "1" }, budgets: [{ name: "each", limit_usd: "0.03", window: "day", per: "client" }] },
    facilitator: facilitator as never,
    record: () => {
      if (full) throw new Error("the log is full");
    },
  });
  const server = gate.guard(
    new x402ResourceServer(facilitator as never).register("eip155:84532", new ExactEvmScheme()),
  );
  assert.throws(() => gate.guard(server), /already/);
  const accepts = { scheme: "exact", network: "eip155:84532", payTo: pay.payTo, price: "$0.01" } as const;
  const sold = { "GET /good": { accepts }, "GET /bad": { accepts }, "GET /other": { accepts } };
  const payments = new x402HTTPResourceServer(server, sold);
  await payments.initialize();
  let calls = 0;
  const app = express();
  app.use(paymentMiddlewareFromHTTPServer(payments, undefined, undefined, false));
  app.get("/good", (_request, response) => {
    calls += 1;
    setTimeout(() => response.json({ ok: true }), 20);
  });
  app.get("/other", (_request, response) => void response.json({ other: true }));
  app.get("/bad", (_request, response) => void response.status(500).send("no"));
  const url = await listening(t, createServer(app));

  const entry = await entryOf(await fetch(`${url}/good`));
  const made = { ...sign(entry), resource: { url: `${url}/good` } };
  const init = withPayment({}, made);
  // Elsewhere, then at the same time twenty times, then again.
  assert.equal((await fetch(`${url}/other`, init)).status, 402);
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/good`, init)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(calls, 1);
  assert.equal((await fetch(`${url}/good`, init)).status, 402);
  assert.equal(calls, 1);

  assert.equal((await buy(url, "/bad")).status, 500);
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "10000", owed: "0", unresolved: "0" });

  full = true;
  assert.equal((await buy(url, "/good")).status, 402);
  assert.equal(calls, 1, "a log that fails is a no");
  full = false;
  facilitator.settles = [new Error("timeout")];
  assert.equal((await buy(url, "/good")).status, 402);
  assert.equal((await books(gate)).unresolved, "10000");
  facilitator.settles = [];
  assert.equal((await buy(url, "/other")).status, 200);
  const refused = await buy(url, "/other");
  assert.equal(refused.status, 402);
  const offer = JSON.parse(Buffer.from(refused.headers.get("PAYMENT-REQUIRED") ?? "", "base64").toString());
  assert.equal(offer.error, "budget_exceeded");
  assert.equal(errors.length, 1);
});
