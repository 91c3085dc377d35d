/** The gateway as a proxy: what goes to the upstream and what comes back, its limits, its configuration. */

import assert from "node:assert/strict";
import { Agent, createServer, get, type IncomingHttpHeaders, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { readGatewayFile } from "../../js/gate/gateway/config.ts";
import { targetOf } from "../../js/gate/gateway/proxy.ts";
import { recoverFromCrash } from "../../js/gate/gateway/recovering.ts";
import { serveGateway } from "../../js/gate/gateway/serve.ts";
import {
  createApiKey,
  createGateway,
  type GatewayOptions,
  type GatewayRoute,
  hashApiKey,
} from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";
import { tollwarden, withFiles } from "../cli/support.ts";
import {
  ALICE,
  entryOf,
  eventually,
  NETWORK,
  pay,
  refusedWith,
  sign,
  stubFacilitator,
  withPayment,
} from "./support.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function scene(
  t: TestContext,
  answer: (seen: Seen, response: ServerResponse) => void,
  more: Partial<GatewayOptions> & { route?: Partial<GatewayRoute> } = {},
) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
    seen.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const facilitator = stubFacilitator();
  const { route, ...options } = more;
  const gateway = await createGateway({
    url: "https://api.example.com",
    policy: { payment: { max_usd: "1" } },
    pay,
    routes: [{ path: "/shop/*", methods: ["GET", "POST"], upstream: `${upstream}/v1`, price: "$0.01", ...route }],
    store: memoryStore(),
    facilitator: facilitator as never,
    schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
    ...options,
  });
  const serving = await serveGateway(gateway.fetch);
  t.after(async () => {
    await serving.stop(0);
    server.closeAllConnections();
    server.close();
    await gateway.close();
  });
  const buy = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const offer = await fetch(serving.url + path, init);
    if (offer.status !== 402) return offer;
    return fetch(serving.url + path, withPayment(init, sign(await entryOf(offer), ALICE)));
  };
  return { url: serving.url, seen, facilitator, gateway, buy, upstream };
}

test("the upstream gets the request without what pays for it, and the client gets the answer", async (t) => {
  const key = createApiKey();
  const { seen, buy } = await scene(
    t,
    (_, response) => {
      response.writeHead(201, {
        "content-type": "text/plain",
        "cache-control": "public, s-maxage=60, max-age=5",
        "cdn-cache-control": "max-age=60",
        "set-cookie": ["a=1", "b=2"],
        "x-own": "yes",
        connection: "x-hop",
        "x-hop": "no",
        "tollwarden-payment": "forged",
        "payment-response": "forged",
      });
      response.end("goods");
    },
    {
      clients: [{ id: "acme", keyHash: await hashApiKey(key), tier: "gold" }],
      route: { headers: { "x-upstream-secret": "s3cret" } },
    },
  );
  const init = {
    method: "POST",
    body: "order",
    headers: {
      "x-api-key": key,
      "tollwarden-client": "root",
      "x-upstream-secret": "guess",
      "x-other": "kept",
      // To an upstream with CGI's variables these are the same names.
      Tollwarden_Client: "root",
      tollwarden_tier: "platinum",
      X_Upstream_Secret: "guess",
      "tollwarden-other": "forged",
    },
  };
  const response = await buy("/shop/items/7?size=l", init);
  assert.equal(response.status, 201);
  assert.equal(await response.text(), "goods");
  assert.equal(response.headers.get("cache-control"), "private, max-age=5");
  assert.equal(response.headers.get("cdn-cache-control"), null);
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(response.headers.get("x-own"), "yes");
  assert.equal(response.headers.get("x-hop"), null);
  assert.equal(response.headers.get("tollwarden-payment"), null);
  assert.notEqual(response.headers.get("payment-response"), "forged");
  const [got] = seen;
  assert.equal(seen.length, 1);
  assert.equal(got?.url, "/v1/items/7?size=l");
  assert.equal(got?.body, "order");
  const { headers = {} } = got ?? {};
  assert.equal(headers["x-upstream-secret"], "s3cret");
  assert.equal(headers["tollwarden-client"], "acme");
  assert.equal(headers["tollwarden-tier"], "gold");
  assert.equal(headers["tollwarden-payer"], ALICE);
  assert.match(String(headers["tollwarden-payment-id"]), /^[0-9a-f]{40}$/);
  assert.equal(headers["x-other"], "kept");
  for (const name of ["x-api-key", "payment-signature", "x-payment"]) assert.equal(headers[name], undefined);
  const forged = ["tollwarden_client", "tollwarden_tier", "x_upstream_secret", "tollwarden-other"];
  for (const name of forged) assert.equal(headers[name], undefined, name);
});

test("no path leads out of the route's upstream", () => {
  const route = { path: "/shop/*", upstream: "http://10.0.0.5:3000/v1?k=1", price: "$1" };
  const target = (path: string): string => targetOf(route, new URL(`http://gateway.internal${path}`));
  assert.equal(target("/shop/a/b?x=1"), "http://10.0.0.5:3000/v1/a/b?k=1&x=1");
  assert.equal(target("/shop"), "http://10.0.0.5:3000/v1?k=1");
  assert.equal(target("//shop//a/"), "http://10.0.0.5:3000/v1/a/?k=1");
  assert.equal(target("/shop/http://evil.example/x"), "http://10.0.0.5:3000/v1/http:/evil.example/x?k=1");
  assert.equal(target("/shop/@evil.example"), "http://10.0.0.5:3000/v1/@evil.example?k=1");
  for (const path of ["/shop/%2e%2e%2fadmin", "/shop/a%2Fb", "/shop/..%5cadmin", "/shop/x%00"]) {
    assert.throws(() => target(path), /upstream_path/, path);
  }
  assert.equal(target("/shop/x/../y"), "http://10.0.0.5:3000/v1/y?k=1");
});

test("a redirect, a cut body, a hang and a refused connection cost nothing", async (t) => {
  const { buy, facilitator, url, upstream } = await scene(
    t,
    ({ url: path }, response) => {
      if (path.endsWith("/redirect")) return void response.writeHead(302, { location: "http://10.0.0.5/" }).end();
      if (path.endsWith("/hang")) return;
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => response.destroy(), 5);
    },
    { route: { timeoutMs: 2_000 }, breaker: { failureThreshold: 100 } },
  );
  const redirect = await buy("/shop/redirect");
  assert.equal(redirect.status, 502);
  assert.equal(redirect.headers.get("location"), null);
  assert.doesNotMatch(await redirect.text(), /10\.0\.0\.5/);
  assert.equal((await buy("/shop/cut")).status, 502);
  assert.equal((await buy("/shop/hang")).status, 504);
  assert.equal(facilitator.settled.length, 0);
  assert.equal((await fetch(`${url}/other`)).status, 404);
  assert.ok(upstream);
});

test("a compressed answer arrives whole", async (t) => {
  const { buy, seen } = await scene(t, (_, response) => {
    response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" });
    response.end(gzipSync("goods ".repeat(100)));
  });
  assert.equal(await (await buy("/shop/x")).text(), "goods ".repeat(100));
  assert.equal(seen[0]?.headers["accept-encoding"], "identity");
});

test("a streamed answer comes in pieces; one that breaks off is owed back", async (t) => {
  const { buy, gateway } = await scene(
    t,
    ({ url }, response) => {
      response.writeHead(200);
      response.write("one ");
      setTimeout(() => (url.endsWith("/cut") ? response.destroy() : response.end("two")), 100);
    },
    { route: { take: "stream" } },
  );
  const response = await buy("/shop/whole");
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.equal(new TextDecoder().decode(first?.value), "one ");
  await reader?.read();
  await assert.rejects((await buy("/shop/cut")).text());
  await eventually(async () => {
    const [line] = await gateway.gate.books();
    assert.deepEqual([line?.delivered, line?.owed], ["10000", "10000"]);
  });
});

test("a streamed answer outlives a garbage collection while its payment is settled", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { buy, facilitator } = await scene(
    t,
    (_, response) => {
      response.writeHead(200);
      response.flushHeaders();
      setTimeout(() => response.end("the whole of it"), 60);
    },
    { route: { take: "stream" } },
  );
  // Node cancels a body that nobody reads yet when the answer that it came with is collected.
  facilitator.settles = [
    async ({ payload: { authorization } }) => {
      for (let n = 0; n < 5; n++) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return { success: true, transaction: authorization.nonce, network: NETWORK, payer: authorization.from };
    },
  ];
  const response = await buy("/shop/a");
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "the whole of it");
});

test("an upstream that keeps failing is left alone, and nobody is asked to sign for it", async (t) => {
  const { url, buy, seen } = await scene(t, (_, response) => void response.writeHead(503).end(), {
    breaker: { failureThreshold: 3, refreshMs: 0 },
  });
  for (let i = 0; i < 3; i++) assert.equal((await buy("/shop/x")).status, 503);
  const shut = await fetch(`${url}/shop/x`);
  await refusedWith(503, "circuit_open", shut);
  assert.ok(Number(shut.headers.get("retry-after")) > 0);
  assert.equal(seen.length, 3);
});

test("hooks before and after, and on failure", async (t) => {
  const calls: string[] = [];
  const { buy, facilitator } = await scene(
    t,
    ({ url }, response) => void (url.endsWith("/cut") ? response.destroy() : response.end("goods")),
    {
      onBeforeProxy(request, { client }) {
        calls.push(`before ${client}`);
        if (request.url.endsWith("/own")) return new Response("from the hook");
        if (request.url.endsWith("/no")) throw new Error("no");
        return undefined;
      },
      onAfterProxy: async (response) => new Response(`<${await response.text()}>`),
      onProxyFailure: () => void calls.push("failure"),
    },
  );
  assert.equal(await (await buy("/shop/x")).text(), "<goods>");
  assert.equal(await (await buy("/shop/own")).text(), "from the hook");
  assert.equal((await buy("/shop/no")).status, 502);
  assert.equal((await buy("/shop/cut")).status, 502);
  assert.equal(facilitator.settled.length, 2);
  assert.deepEqual(calls, [...Array(4).fill(`before payer:${ALICE}`), "failure"]);
});

test("a client that goes away is noticed, and pays nothing", async (t) => {
  const { url, seen, facilitator, gateway } = await scene(t, () => undefined);
  const entry = await entryOf(await fetch(`${url}/shop/x`));
  const stop = new AbortController();
  const asked = fetch(`${url}/shop/x`, { ...withPayment({}, sign(entry)), signal: stop.signal });
  await eventually(() => assert.equal(seen.length, 1));
  stop.abort();
  await assert.rejects(asked);
  await eventually(async () => {
    const states: string[] = [];
    for await (const { state } of gateway.gate.payments()) states.push(state);
    assert.deepEqual(states, ["void"]);
  });
  assert.equal(facilitator.settled.length, 0);
});

test("a server that stops answers what is under way, and takes no more on that connection", {
  timeout: 120_000,
}, async () => {
  const waiting: (() => void)[] = [];
  const serving = await serveGateway(async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return new Response("whole");
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = get(serving.url, { agent }, async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve(text);
      });
      asked.on("error", reject);
    });
  const first = ask();
  await eventually(() => assert.equal(waiting.length, 1));
  // Far longer than this test: the connection that is kept for the next request would hold it.
  const stopping = serving.stop(3_600_000);
  waiting[0]?.();
  assert.equal(await first, "whole");
  await stopping;
  await assert.rejects(ask());
  agent.destroy();
});

test("a request that can't be read is the client's fault", async () => {
  const errors: unknown[] = [];
  const serving = await serveGateway(async () => new Response("x"), { onError: (error) => errors.push(error) });
  const port = Number(new URL(serving.url).port);
  const status = (method: string, path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, method, path, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on("error", reject).end();
    });
  assert.equal(await status("OPTIONS", "*"), 400);
  assert.equal(await status("TRACE", "/x"), 400);
  assert.equal(await status("GET", "http://a.example:99999/x"), 400);
  assert.equal(await status("GET", "http://a.example/x"), 200);
  assert.deepEqual(errors, []);
  await serving.stop();
});

test("a configuration is read strictly", () => {
  const file = {
    url: "https://api.example.com",
    policy: "policy.toml",
    facilitator: { url: "https://facilitator.example.com" },
    pay: { network: "eip155:8453", pay_to: "0x1111111111111111111111111111111111111111" },
    routes: [{ path: "/x", upstream: "http://10.0.0.5/", price: "$0.01", headers: { "x-secret": "env:SECRET" } }],
  };
  const read = readGatewayFile(file, (reference) => `<${reference}>`);
  assert.deepEqual(read.routes[0]?.headers, { "x-secret": "<env:SECRET>" });
  assert.deepEqual(read.pay, { network: "eip155:8453", payTo: file.pay.pay_to });
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...file, rotes: [] }, /`rotes` is not known/],
    [{ ...file, routes: [{ ...file.routes[0], prize: "1" }] }, /`routes\[0\].prize` is not known/],
    [{ ...file, routes: [{ ...file.routes[0], upstream: "file:///etc/passwd" }] }, /is no upstream/],
    [{ ...file, routes: [{ ...file.routes[0], upstream: "http://a:b@c/" }] }, /is no upstream/],
    [{ ...file, routes: [{ ...file.routes[0], path: "x" }] }, /is no path/],
    [{ ...file, routes: [file.routes[0], file.routes[0]] }, /is there twice/],
    [{ ...file, routes: [] }, /`routes` is empty/],
    [{ ...file, facilitator: undefined }, /`facilitator` is missing/],
    [{ ...file, facilitator: {} }, /`facilitator` has its `url`/],
    [{ ...file, facilitator: { url: "nowhere" } }, /`facilitator` has its `url`/],
    [{ ...file, facilitator: { rpc_url: "http://127.0.0.1:1" } }, /`facilitator` has its `url`/],
    [{ ...file, routes: { path: "/x" } }, /`routes` is a list/],
    [{ ...file, clients: { id: "a" } }, /`clients` is a list/],
    [{ ...file, routes: [{ ...file.routes[0], methods: "GET" }] }, /`methods` is a list/],
    [{ ...file, routes: [{ ...file.routes[0], methods: [] }] }, /`methods` is a list/],
    [{ ...file, routes: [{ ...file.routes[0], headers: { "X A": "1" } }] }, /`headers.X A` is no header/],
    [{ ...file, routes: [{ ...file.routes[0], headers: { "X-A": 5 } }] }, /`headers.X-A` is no header/],
    [{ ...file, pay: undefined }, /`pay` is missing/],
  ];
  for (const [given, message] of wrong) assert.throws(() => readGatewayFile(given, () => "x"), message);
});

test("what could only fail once somebody pays is an error when the gateway opens", async () => {
  const path = "/x";
  const route = { path, upstream: "http://10.0.0.5/", price: "$0.01" };
  const routes = (more: object) => ({ routes: [{ ...route, ...more }] });
  const wrong: readonly (readonly [object, RegExp])[] = [
    [routes({ price: "cheap" }), /`cheap` is no price/],
    [routes({ price: 0.01 }), /`0.01` is no price/],
    [routes({ tiers: { gold: "5 cents" } }), /`5 cents` is no price/],
    [routes({ hours: [{ from: "25:00", to: "06:00", price: "$1" }] }), /`25:00` is no time of day/],
    [routes({ volume: [{ from: "x", price: "$1" }] }), /a step of `volume`/],
    [routes({ take: "later" }), /`later` is no `take`/],
    [routes({ free: { calls: 1, per: "week" } }), /`free` has `calls`/],
    [routes({ timeoutMs: "30" }), /`timeoutMs` is a number from 1 on/],
    [routes({ maxResponseBytes: -1 }), /`maxResponseBytes` is a number/],
    [{ pay: { ...pay, payTo: "0x12" } }, /`0x12` is no address/],
    [{ pay: { ...pay, payTo: `0x${"0".repeat(40)}` } }, /is no address/],
    [{ pay: { network: pay.network } }, /`undefined` is no address/],
    [{ pay: { ...pay, network: "base" } }, /`base` is no network/],
    [{ pay: { ...pay, maxTimeoutSeconds: 1.5 } }, /`maxTimeoutSeconds` is a whole number/],
    [{ quoteMs: -1 }, /`quoteMs` is a number/],
    [{ maxOpenPerClient: 0 }, /`maxOpenPerClient` is a number from 1 on/],
    [{ breaker: { failureThreshold: 0 } }, /`failureThreshold` is a number/],
    [{ breaker: { failureRate: 50 } }, /`failureRate` is a share/],
    [{ apiKeyHeader: "x api" }, /is no name of a header/],
  ];
  const good = { url: "https://api.example.com", policy: { payment: { max_usd: "1" } }, pay, ...routes({}) };
  const schemes = [{ network: "eip155:*", server: new ExactEvmScheme() }];
  const open = (more: object) =>
    createGateway({ ...good, store: memoryStore(), facilitator: stubFacilitator() as never, schemes, ...more });
  for (const [more, message] of wrong) await assert.rejects(open(more), message);
  await (await open({})).close();
});

test("after a crash it looks again when what was under way then is old enough", async () => {
  let [looked, refused] = [0, 0];
  const gate = {
    recover: async () => {
      looked += 1;
      if (looked > 1) throw new Error("the store failed");
    },
  };
  const stop = await recoverFromCrash(gate, () => (refused += 1), 1);
  assert.equal(looked, 1);
  await eventually(() => assert.deepEqual([looked, refused], [2, 1]));
  stop();
});

const CONFIG = `url = "https://api.example.com"
policy = "policy.toml"
listen = "127.0.0.1:0"

[facilitator]
url = "http://127.0.0.1:9"

[pay]
network = "eip155:84532"
pay_to = "0x1111111111111111111111111111111111111111"

[[routes]]
path = "/weather"
upstream = "http://127.0.0.1:9/weather"
price = "$0.01"
`;

test("tollwarden gateway --check says what is sold, and what is wrong", async () => {
  await withFiles({ "gateway.toml": CONFIG, "policy.toml": 'payment.max_usd = "1"\n' }, async (cwd) => {
    const good = await tollwarden(["gateway", "--check"], { cwd });
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /GET +\/weather +\$0\.01 +http:\/\/127\.0\.0\.1:9\/weather/);
    const owed = await tollwarden(["refunds"], { cwd });
    assert.deepEqual([owed.status, owed.stdout], [0, "nothing is owed\n"]);
    const bad = await tollwarden(["gateway", "--config", "none.toml"], { cwd });
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /none\.toml can't be read/);
  });
  await withFiles({ "gateway.toml": CONFIG, "policy.toml": "payment.max_uds = 1\n" }, async (cwd) => {
    const { status, stderr } = await tollwarden(["gateway", "--check"], { cwd });
    assert.equal(status, 1);
    assert.match(stderr, /max_uds/);
  });
  const { stdout } = await tollwarden(["gateway", "key"]);
  const [, key = "", hash = ""] = /^key +(\S+)\nkey_hash +(\S+)\n$/.exec(stdout) ?? [];
  assert.equal(await hashApiKey(key), hash);
});
