/** The same gate in front of Express, Hono, Fastify, Next.js' route handlers and the official middleware. */

import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
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
  listed,
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

/** One request as it is written, over a connection of its own: `fetch` would tidy the path. */
function rawly(url: string, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text)).on("error", reject);
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  });
}

test("Express: no spelling of a path reaches what is sold unpaid, nor a dear thing at the price of a cheap one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-static-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "files"));
  writeFileSync(join(folder, "files", "x.txt"), "GOODS");
  const { gate } = await openGate({
    routes: {
      "GET /files/cheap/*": { pay, price: "$0.001" },
      "GET /files/*": { pay, price: "$0.01" },
      "GET /jobs/:id": { pay, price: "$0.01" },
    },
  });
  const app = express();
  app.use(gate.express());
  app.get("/jobs/:id", (request, response) => void response.send(`GOODS ${request.params.id}`));
  app.use(express.static(folder));
  const url = await listening(t, createServer(app));
  const sold = ["/files/x.txt", "http://other.example/files/x.txt", "/files%2fx.txt", "/y/../files/x.txt"];
  sold.push(
    "/y/%2e%2e/files/x.txt",
    "/y%2f..%2ffiles/x.txt",
    "/./files//x.txt",
    "/jobs/1",
    "/jobs/a%2Fb",
    "/jobs/1;v=2",
  );
  for (const target of sold) assert.match(await rawly(url, target), /^HTTP\/1.1 402 /, target);
  for (const target of ["/files/cheap/../x.txt", "/files/cheap/%2e%2e/x.txt"]) {
    const answer = await rawly(url, target);
    assert.match(answer, /^HTTP\/1.1 400 /, target);
    assert.match(answer, /path_ambiguous/);
  }
  assert.match(await rawly(url, "/other/../nothing"), /^HTTP\/1.1 404 /);
});

test("Fastify: no spelling of a path reaches what is sold unpaid", async (t) => {
  const { gate } = await openGate({ routes });
  // As Fastify 4 does by itself.
  const app = fastify({ routerOptions: { useSemicolonDelimiter: true } as object });
  await app.register(gate.fastify() as never);
  app.get("/good", async () => "GOODS");
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  for (const target of ["/good", "http://other.example/good", "/good;a=b", "/good#a"]) {
    assert.match(await rawly(url, target), /^HTTP\/1.1 402 /, target);
  }
});

test("Express: a long body in pieces is sold; its writer need not wait to be paid", async (t) => {
  const { gate } = await openGate({ routes: { "GET /*": { pay, price: "$0.01" } } });
  const app = express();
  app.use(gate.express());
  const long = "x".repeat(40_000);
  app.get("/piped", (_request, response) => void Readable.from(Array<string>(20).fill(long)).pipe(response));
  app.get("/told", async (_request, response) => {
    await new Promise<unknown>((resolve) => response.write(long, resolve));
    await new Promise<unknown>((resolve) => response.write(long, "utf8", resolve));
    response.end();
  });
  const url = await listening(t, createServer(app));
  assert.equal((await (await buy(url, "/piped")).text()).length, 800_000);
  assert.equal((await (await buy(url, "/told")).text()).length, 80_000);
});

test("Express: what a handler does after its answer changes it no more, and its headers do not make it public", async (t) => {
  const { gate, facilitator } = await openGate({ routes: { "GET /*": { pay, price: "$0.01" } } });
  facilitator.settles = [
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { success: true, transaction: "0x1", network: "eip155:84532" };
    },
  ];
  const app = express();
  app.set("env", "test");
  app.use(gate.express());
  app.get("/at-once", async (_request, response) => {
    response.json({ ok: true });
    throw new Error("the log is full");
  });
  app.get("/later", async (_request, response) => {
    response.json({ ok: true });
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("the log is full");
  });
  app.get("/head", (_request, response) => {
    response.writeHead(200, "Fine", { "Cache-Control": "public, max-age=9", "Set-Cookie": ["a=1", "b=2"] });
    response.end("ok");
  });
  const url = await listening(t, createServer(app));
  for (const path of ["/at-once", "/later"]) {
    const answer = await buy(url, path);
    assert.equal(answer.status, 200, path);
    assert.deepEqual(await answer.json(), { ok: true });
  }
  const head = await buy(url, "/head");
  assert.equal(`${head.status} ${head.statusText} ${await head.text()}`, "200 Fine ok");
  assert.equal(head.headers.get("cache-control"), "private, max-age=9");
  assert.deepEqual(head.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.deepEqual(await books(gate), { paid: "30000", delivered: "30000", owed: "0", unresolved: "0" });
});

test("Express and Fastify: a streamed body that breaks off is owed back; a client that goes is its own affair", async (t) => {
  const { gate } = await openGate({ routes: { "GET /*": { pay, price: "$0.01", take: "stream" } } });
  /** Handlers wait for this before they break off: the money is taken by then. */
  const captured = () => eventually(async () => assert.equal((await books(gate)).delivered, "10000"));
  const app = express();
  app.set("env", "test");
  app.use(gate.express());
  const breaking = (how: (response: express.Response, next: express.NextFunction) => void) => {
    return async (_request: express.Request, response: express.Response, next: express.NextFunction) => {
      response.write("half");
      await captured();
      how(response, next);
    };
  };
  app.get(
    "/destroyed",
    breaking((response) => response.destroy(new Error("cut"))),
  );
  app.get(
    "/next",
    breaking((_response, next) => next(new Error("cut"))),
  );
  app.get("/long", (_request, response) => void response.write("half"));
  const broken = () => {
    const stream = new PassThrough();
    stream.write("half");
    void captured().then(() => stream.destroy(new Error("cut")));
    return stream;
  };
  const other = fastify();
  await other.register(gate.fastify() as never);
  other.get("/destroyed", async () => broken());
  other.get("/web", async () => new Response(Readable.toWeb(broken()) as never));
  other.get("/long", async () => {
    const stream = new PassThrough();
    stream.write("half");
    return stream;
  });
  const urls = [await listening(t, createServer(app)), await other.listen({ port: 0, host: "127.0.0.1" })] as const;
  t.after(() => other.close());
  const paths = [
    [urls[0], "/destroyed"],
    [urls[0], "/next"],
    [urls[1], "/destroyed"],
    [urls[1], "/web"],
  ] as const;
  for (const [place, [url, path]] of paths.entries()) {
    // What the client sees hangs on how far its answer was: half of it, none of it, or an error.
    await buy(url, path)
      .then((response) => response.text())
      .catch(() => undefined);
    await eventually(async () => {
      const { delivered, owed } = await books(gate);
      assert.deepEqual({ delivered, owed }, { delivered: "0", owed: String((place + 1) * 10_000) }, path);
    });
  }
  for (const url of urls) {
    const stop = new AbortController();
    const response = await buy(url, "/long", { signal: stop.signal });
    stop.abort();
    await assert.rejects(response.text());
  }
  await eventually(async () => assert.equal((await books(gate)).delivered, "20000"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(await books(gate), { paid: "60000", delivered: "20000", owed: "40000", unresolved: "0" });
});

test("Fastify: a stream and a `Response` are sold as they are, and an error in one costs nothing", async (t) => {
  const { gate } = await openGate({ routes: { "GET /*": { pay, price: "$0.01", timeoutMs: 500 } } });
  const app = fastify();
  await app.register(gate.fastify() as never);
  app.get("/stream", async () => Readable.from(["one ", "two"]));
  app.get("/response", async () => new Response("yes", { status: 203, headers: { "x-own": "1" } }));
  app.get("/failed", async () => new Response("no", { status: 500 }));
  app.get("/stalls", async () => {
    const stream = new PassThrough();
    stream.write("half");
    return stream;
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  assert.equal(await (await buy(url, "/stream")).text(), "one two");
  const response = await buy(url, "/response");
  assert.deepEqual([response.status, response.headers.get("x-own"), await response.text()], [203, "1", "yes"]);
  const failed = await buy(url, "/failed");
  assert.deepEqual([failed.status, await failed.text()], [500, "no"]);
  assert.equal((await buy(url, "/stalls")).status, 504);
  assert.deepEqual(await books(gate), { paid: "20000", delivered: "20000", owed: "0", unresolved: "0" });
});

test("Express: a handler that answers after its time is up, or twice, does not end the process", async (t) => {
  const { gate } = await openGate({ routes: { "GET /*": { pay, price: "$0.01", timeoutMs: 50 } } });
  const app = express();
  app.use(gate.express());
  let late = 0;
  // What these throw would be an uncaught error, and the test would fail by it.
  const answer = (response: express.Response) => {
    response.status(201).set("x-late", "1").json({ late: true });
    response.write("more");
    response.end(() => {
      late += 1;
    });
  };
  app.get("/slow", (_request, response) => void response.req.socket.once("late", () => answer(response)));
  app.get("/twice", (_request, response) => {
    response.send("once");
    response.req.socket.once("late", () => answer(response));
  });
  const server = createServer(app);
  const sockets: EventEmitter[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  const url = await listening(t, server);
  assert.equal((await buy(url, "/slow")).status, 504);
  const once = await buy(url, "/twice");
  assert.equal(`${once.status} ${await once.text()}`, "200 once");
  for (const socket of sockets) socket.emit("late");
  await eventually(() => assert.equal(late, 2));
});

test("Express: clients that go away do not close a route to the others", async (t) => {
  const { gate } = await openGate({
    routes: { "GET /slow": { pay, price: "$0.01" } },
    breaker: { failureThreshold: 2 },
  });
  const { url, calls } = await serveExpress(t, gate);
  for (let place = 0; place < 3; place++) {
    const stop = new AbortController();
    const asked = buy(url, "/slow", { signal: stop.signal });
    await eventually(() => assert.equal(calls(), place + 1));
    stop.abort();
    await assert.rejects(asked);
    await eventually(async () => assert.equal((await listed(gate.payments())).filter(isVoid).length, place + 1));
  }
  assert.equal((await fetch(`${url}/slow`)).status, 402);
});

function isVoid({ state }: { readonly state: string }): boolean {
  return state === "void";
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
