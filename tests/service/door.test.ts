/** Who comes in: keys, cookies, hosts, origins, limits; and what every answer says to a browser. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { KeyScope } from "../../js/service/api.ts";
import { SPEC, type Spec } from "../../js/service/spec.ts";
import { offer } from "../cli/support.ts";
import { everything, must, running, WEATHER } from "./support.ts";

const ASK = { url: WEATHER, offer: offer() };

/** A path of this pattern, and a body that is good for it. */
function example(endpoint: string): readonly [method: string, path: string] {
  const [method = "", path = ""] = endpoint.split(" ");
  return [method, path.replace("/keys/{id}", "/keys/0123456789ab").replaceAll(/\{\w+\}/g, "x")];
}

test("every endpoint wants a key with one of its scopes, and gives nothing to any other", async (t) => {
  const { call, key, agent } = await running(t);
  const keys: Readonly<Record<string, string>> = {
    evaluate: await key({ scopes: ["evaluate"], agent: "e" }),
    settle: await key({ scopes: ["settle"], agent: "s" }),
    approve: await key({ scopes: ["approve"], approver: "alice" }),
    read: await key({ scopes: ["read"] }),
    admin: await key({ scopes: ["admin"] }),
  };
  let tried = 0;
  for (const [endpoint, { scopes }] of Object.entries(SPEC) as [string, Spec][]) {
    const [method, path] = example(endpoint);
    if (scopes === "open") continue;
    const none = await call(undefined, method, path);
    assert.deepEqual([none.status, none.body.error.code], [401, "unauthorized"], endpoint);
    assert.equal(none.headers.get("www-authenticate"), "Bearer");
    const wrong = await call(`tw_${"0".repeat(12)}_${"0".repeat(64)}`, method, path);
    assert.equal(wrong.status, 401, endpoint);
    if (scopes === "any") continue;
    for (const [scope, text] of Object.entries(keys)) {
      const may = scopes.includes(scope as KeyScope) || (scope === "admin" && scopes.includes("read"));
      if (may) continue;
      const { status, body } = await call(text, method, path);
      assert.deepEqual([status, body.error.code], [403, "forbidden"], `${endpoint} with ${scope}`);
      tried += 1;
    }
  }
  assert.ok(tried > 100, `only ${tried}`);
  assert.equal((await call(await agent("a"), "POST", "/v1/authorize", ASK)).body.action, "allow");
});

test("keys are kept as hashes, rotated with an overlap, revoked at once, and end when they should", async (t) => {
  let now = Date.now();
  const { call, service, store, admin } = await running(t, { now: () => now, monotonic: () => now });
  const made = await call(admin, "POST", "/v1/keys", { name: "a", scopes: ["evaluate"], agent: "a" });
  const first: string = made.body.key;
  const [, id = "", secret = "", seal = ""] = first.split("_");
  const texts = await everything(store);
  assert.ok(texts.includes(id) && !texts.includes(secret) && !texts.includes(seal));
  assert.equal((await call(first, "GET", "/v1/whoami")).status, 200);
  // The last part proves answers; it need not be sent.
  assert.equal((await call(`tw_${id}_${secret}`, "GET", "/v1/whoami")).status, 200);
  const second: string = (await call(admin, "POST", `/v1/keys/${id}/rotate`, { overlap_seconds: 60 })).body.key;
  assert.notEqual(second, first);
  for (const key of [first, second]) assert.equal((await call(key, "GET", "/v1/whoami")).status, 200);
  now += 61_000;
  assert.equal((await call(first, "GET", "/v1/whoami")).status, 401);
  assert.equal((await call(second, "GET", "/v1/whoami")).status, 200);
  const third: string = (await call(admin, "POST", `/v1/keys/${id}/rotate`, { overlap_seconds: 0 })).body.key;
  assert.equal((await call(second, "GET", "/v1/whoami")).status, 401);
  assert.equal((await call(third, "GET", "/v1/whoami")).status, 200);
  assert.equal((await call(admin, "DELETE", `/v1/keys/${id}`)).status, 200);
  assert.equal((await call(third, "GET", "/v1/whoami")).status, 401);
  assert.equal((await call(admin, "DELETE", `/v1/keys/${id}`)).status, 404);

  const short = await service.keys.add({
    name: "b",
    scopes: ["read"],
    expires_at: new Date(now + 10_000).toISOString(),
  });
  assert.equal((await call(short.key, "GET", "/v1/whoami")).status, 200);
  now += 10_001;
  assert.equal((await call(short.key, "GET", "/v1/whoami")).status, 401);
});

test("a key that an agent holds can't be one that approves, reads or rules", async (t) => {
  const { call, admin } = await running(t);
  const bad: readonly object[] = [
    { scopes: ["evaluate", "admin"], agent: "a" },
    { scopes: ["evaluate", "approve"], agent: "a", approver: "a" },
    { scopes: ["settle", "read"], agent: "a" },
    { scopes: ["evaluate"] },
    { scopes: ["read"], agent: "a" },
    { scopes: ["approve"] },
    { scopes: ["read"], approver: "a" },
    { scopes: [] },
    { scopes: ["root"] },
    { scopes: ["evaluate"], agent: "a~b" },
    { scopes: ["evaluate"], agent: "a", max_usd: "lots" },
    { scopes: ["read"], expires_at: "2020-01-01T00:00:00Z" },
    { scopes: ["read"], owner: "me" },
  ];
  for (const one of bad) {
    const { status, body } = await call(admin, "POST", "/v1/keys", { name: "x", ...one });
    assert.deepEqual([status, body.error.code], [400, "bad_request"], JSON.stringify(one));
    assert.ok(body.error.where.startsWith("body"), body.error.where);
  }
});

test("the service's name is checked, so that a page of another name can't speak to it", async (t) => {
  const { url, admin } = await running(t, { hosts: ["wardens.example:9000"] });
  const asHost = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(
        `${url}/v1/overview`,
        { headers: { host, authorization: `Bearer ${admin}` } },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on("error", reject);
      sent.end();
    });
  for (const host of [
    "evil.example",
    "evil.example:8403",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "wardens.example",
  ]) {
    const status = await asHost(host);
    assert.ok(status === 421 || status === 400, `${host}: ${status}`);
  }
  for (const host of ["localhost:1", "127.0.0.1", "[::1]:8403", "WARDENS.example:9000"])
    assert.equal(await asHost(host), 200, host);
});

test("a cookie is strict, and changes something only from a page of the service's own", async (t) => {
  const { url, call, admin, key, agent } = await running(t);
  const login = await call(undefined, "POST", "/login", { key: admin });
  assert.equal(login.status, 204);
  const cookie = must(login.headers.get("set-cookie"));
  assert.match(cookie, /^tollwarden=[0-9a-f]{64}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  const [pair = ""] = cookie.split(";");
  const freeze = (headers: Record<string, string>) =>
    call(undefined, "POST", "/v1/freeze", { reason: "test", agent: "x" }, { cookie: pair, ...headers });
  assert.equal((await call(undefined, "GET", "/v1/whoami", undefined, { cookie: pair })).body.cookie, true);
  assert.equal((await freeze({ origin: url })).status, 200);
  assert.equal((await freeze({ origin: url, "sec-fetch-site": "same-origin" })).status, 200);
  for (const headers of [
    {},
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `${url}0` },
    { origin: url, "sec-fetch-site": "cross-site" },
    { origin: `http://evil@${new URL(url).host}` },
  ]) {
    const { status, body } = await freeze(headers);
    assert.deepEqual([status, body.error.code], [403, "wrong_origin"], JSON.stringify(headers));
  }
  // A form can't send JSON.
  const form = await call(undefined, "POST", "/v1/freeze", "reason=x", {
    cookie: pair,
    origin: url,
    "content-type": "application/x-www-form-urlencoded",
  });
  assert.equal(form.status, 415);
  assert.equal(
    (await call(undefined, "GET", "/v1/overview", undefined, { cookie: pair, "sec-fetch-site": "cross-site" })).status,
    403,
  );
  assert.equal(
    (await call(undefined, "POST", "/login", { key: admin }, { origin: "https://evil.example" })).status,
    403,
  );
  assert.equal(
    (await call(undefined, "POST", "/login", { key: await agent("a") })).status,
    403,
    "an agent does not log in",
  );
  assert.equal((await call(undefined, "POST", "/login", { key: "tw_no" })).status, 401);
  const out = await call(undefined, "POST", "/logout", undefined, { cookie: pair, origin: url });
  assert.equal(out.status, 204);
  assert.equal((await call(undefined, "GET", "/v1/whoami", undefined, { cookie: pair })).status, 401);

  const reader = await key({ scopes: ["read"] });
  const [again = ""] = must((await call(undefined, "POST", "/login", { key: reader })).headers.get("set-cookie")).split(
    ";",
  );
  assert.equal((await call(admin, "DELETE", `/v1/keys/${reader.split("_")[1]}`)).status, 200);
  assert.equal(
    (await call(undefined, "GET", "/v1/whoami", undefined, { cookie: again })).status,
    401,
    "a cookie ends with its key",
  );
});

test("behind https the cookie is secure, under a name that no other page can set", async (t) => {
  const { call, admin } = await running(t, { url: "https://pay.example.com" });
  const login = await call(undefined, "POST", "/login", { key: admin });
  assert.equal(login.status, 421);
  const { url } = await running(t, { url: "https://pay.example.com", hosts: ["127.0.0.1:1"] });
  assert.ok(url);
});

test("every answer tells a browser to keep, guess, frame and run nothing", async (t) => {
  const { call, admin } = await running(t, {
    dashboard: {
      "/": { type: "text/html; charset=utf-8", body: "<h1>hello</h1>" },
      "/app.js": { type: "text/javascript", body: "1" },
    },
  });
  for (const [key, path] of [
    [admin, "/v1/overview"],
    [undefined, "/v1/overview"],
    [undefined, "/nowhere.txt"],
    [undefined, "/"],
    [undefined, "/app.js"],
    [undefined, "/agents/a"],
    [undefined, "/openapi.json"],
  ] as const) {
    const { headers, status } = await call(key, "GET", path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("cache-control"), "no-store", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("referrer-policy"), "no-referrer", path);
    const policy = must(headers.get("content-security-policy"));
    assert.ok(
      policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'") && !policy.includes("unsafe"),
      path,
    );
    assert.equal(headers.get("access-control-allow-origin"), null);
    assert.equal(headers.get("server"), null);
    assert.equal(status, path === "/nowhere.txt" ? 404 : key === undefined && path.startsWith("/v1") ? 401 : 200, path);
  }
  assert.equal((await call(undefined, "GET", "/v1/nothing")).status, 404, "no page under /v1");
  assert.equal((await call(undefined, "POST", "/")).status, 404);
});

test("what is too long, too deep, too often or no JSON is refused, and says where", async (t) => {
  const { call, agent, admin } = await running(t, { rate: { perSecond: 0.001, burst: 12 } });
  const key = await agent("a");
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    call(key, "POST", "/v1/authorize", body, headers);
  assert.deepEqual((await post("{")).status, 400);
  assert.equal((await post("x".repeat(700_000))).status, 413);
  assert.equal((await post(`{"url":${"[".repeat(60)}${"]".repeat(60)}}`)).body.error.message.includes("deep"), true);
  assert.equal((await post(JSON.stringify(ASK), { "content-type": "text/plain" })).status, 415);
  assert.equal((await post({ ...ASK, url: 5 })).body.error.where, "body.url");
  assert.equal((await post({ ...ASK, facts: { payee_prior_payments: 9 } })).body.error.where, "body.facts");
  assert.equal((await post({ ...ASK, agent: "other" })).body.error.where, "body.agent");
  assert.equal((await post({ ...ASK, session: "new" })).body.error.where, "body.session");
  assert.equal((await post({ ...ASK, id: "a~b" })).body.error.where, "body.id");
  assert.equal((await call(key, "PUT", "/v1/authorize", ASK)).status, 405);
  assert.equal((await post({ offer: offer() })).body.error.where, "body.url");
  let last = await post(ASK);
  for (let tries = 0; tries < 5 && last.status === 200; tries++) last = await post(ASK);
  assert.deepEqual([last.status, last.body.error.code], [429, "too_many_requests"]);
  assert.ok(Number(last.headers.get("retry-after")) > 0);
  assert.equal((await call(admin, "GET", "/v1/overview")).status, 200, "another key is not stopped by it");
});
