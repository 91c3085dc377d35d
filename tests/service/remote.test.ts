/** The remote warden: the same interface on a service in another place, and what it does when that place fails. */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { x402Client } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";
import { ApprovalRequired, getWarden, guard, memoryStore, PaymentDenied, PaymentUnresolved } from "../../js/index.ts";
import { remoteWarden } from "../../js/remote/index.ts";
import { decisionIn, outcomeIn } from "../../js/remote/shapes.ts";
import { evmSigner } from "../../js/service/signers.ts";
import { offer } from "../cli/support.ts";
import { must, running, WEATHER } from "./support.ts";

const SECRET = `0x${"11".repeat(32)}` as const;
const account = privateKeyToAccount(SECRET);

/** A seller that takes any payment, and notes it. */
function seller(amount = "10000"): { readonly fetch: typeof fetch; readonly paid: string[] } {
  const paid: string[] = [];
  const sell: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const payment = request.headers.get("payment-signature");
    if (payment === null)
      return new Response("{}", { status: 402, headers: { "payment-required": btoa(JSON.stringify(offer(amount))) } });
    paid.push(payment);
    const receipt = { success: true, transaction: "0xabc", network: "eip155:84532" };
    return new Response("sunny", { headers: { "payment-response": btoa(JSON.stringify(receipt)) } });
  };
  return { fetch: sell, paid };
}

test("the official client pays through a remote warden, and its own signer signs what the service holds", async (t) => {
  const { url, agent, call, admin } = await running(t);
  const warden = await remoteWarden({ url, key: await agent("researcher") });
  assert.deepEqual([warden.scope.agent, warden.policy.breaker_failures], ["researcher", 5]);
  const { fetch: sell, paid } = seller();
  const client = new x402Client();
  client.register("eip155:*", new ExactEvmScheme(warden.signer(account)));
  const pay = wrapFetchWithPayment(warden.fetch(sell), warden.client(client));
  assert.equal(await (await pay(WEATHER)).text(), "sunny");
  assert.equal(paid.length, 1);
  assert.deepEqual(
    (await warden.budgets()).map(({ spent, held, key }) => [spent, held, key]),
    [["0.01", "0", "researcher"]],
  );
  // A wallet that is asked by nobody's ticket signs nothing, here as there.
  await assert.rejects(
    warden.signer(account).signTypedData({ domain: {}, types: {}, primaryType: "X", message: {} } as never),
    PaymentDenied,
  );
  const { body } = await call(admin, "GET", "/v1/decisions?kind=all");
  assert.deepEqual(body.rows.map(({ kind }: { kind: string }) => kind).sort(), [
    "decision",
    "settle",
    "sign",
    "ticket",
  ]);
  await warden.close();
});

test("payingFetch pays with a signer of one's own, and with the service's", async (t) => {
  const { url, agent } = await running(t, { signer: await evmSigner(SECRET) });
  const key = await agent("writer");
  const own = await remoteWarden({ url, key });
  const scheme = new ExactEvmScheme(account);
  const first = seller();
  const pay = own.payingFetch({
    fetch: first.fetch,
    pay: async ({ accept }) => (await scheme.createPaymentPayload(2, accept as never)).payload as never,
  });
  assert.equal((await pay(WEATHER)).status, 200);

  const theirs = await remoteWarden({ url, key, signer: "service" });
  const second = seller();
  const paying = theirs.payingFetch({ fetch: second.fetch, pay: theirs.pay });
  assert.equal((await paying(WEATHER)).status, 200);
  assert.equal((await paying(`${WEATHER}?again`)).status, 200);
  const [payment = ""] = second.paid;
  const signed = JSON.parse(atob(payment)) as { payload: { authorization: { from: string; value: string } } };
  assert.deepEqual([signed.payload.authorization.from, signed.payload.authorization.value], [account.address, "10000"]);
  assert.equal(second.paid.length, 2);
  assert.deepEqual(
    (await theirs.budgets()).map(({ spent, held }) => [spent, held]),
    [["0.03", "0"]],
  );
  const dear = theirs.payingFetch({ fetch: seller("2000000").fetch, pay: theirs.pay });
  await assert.rejects(dear(WEATHER), (error) => error instanceof PaymentDenied && error.code === "payment_too_large");
});

test("people are asked at the service, and a fetch that waits goes on with their answer", async (t) => {
  const { url, agent, call, admin, service } = await running(t);
  const key = await agent("buyer");
  const impatient = await remoteWarden({ url, key });
  const scheme = new ExactEvmScheme(account);
  const pay = async ({ accept }: { accept: object }) =>
    (await scheme.createPaymentPayload(2, accept as never)).payload as never;
  const film = seller("600000");
  await assert.rejects(impatient.payingFetch({ fetch: film.fetch, pay })(`${WEATHER}/film`), ApprovalRequired);

  const warden = await remoteWarden({ url, key, approvalWaitMs: 20_000 });
  const waiting = warden.payingFetch({ fetch: film.fetch, pay })(`${WEATHER}/film`);
  const { approvals } = (await call(admin, "GET", "/v1/approvals?standing=pending")).body;
  assert.equal(approvals.length, 1);
  const [{ id, digest }] = approvals;
  const answered = await call(admin, "POST", `/v1/approvals/${encodeURIComponent(id)}/approve`, { digest });
  assert.equal(answered.body.ok, true, answered.text);
  assert.equal((await waiting).status, 200);
  const answers = (await service.control.approvals.get(id))?.answers;
  assert.deepEqual(
    answers?.map(({ approver }) => approver),
    ["admin"],
  );
});

test("a scope names nobody but the key's own; guard works", async (t) => {
  const { url, agent } = await running(t);
  const warden = await remoteWarden({ url, key: await agent("a1", { client: "c1" }) });
  const ask = { url: WEATHER, offer: offer() };
  assert.equal((await warden.scoped({ agent: "a2" }).authorize(ask)).reason, "agent_not_allowed");
  assert.equal((await warden.scoped({ client: "c2" }).authorize(ask)).reason, "client_not_allowed");
  assert.equal((await warden.scoped({ agent: "a1", client: "c1" }).authorize(ask)).action, "allow");
  assert.equal((await warden.scoped({ maxUsd: "0.001" }).authorize(ask)).reason, "caller_limit");
  const guarded = guard({ warden }, async () => getWarden().check(ask));
  assert.equal((await guarded()).action, "allow");
  const id = "by-hand";
  assert.equal((await warden.authorize({ ...ask, id })).state, "held");
  assert.equal((await warden.authorize({ ...ask, id })).state, "held", "the same again is the same");
  assert.equal((await warden.settle(id, { outcome: "failed" })).state, "voided");
  await warden.freeze("enough");
  assert.equal((await warden.authorize(ask)).reason, "agent_paused");
});

test("nothing is sent again through a remote warden while the service is frozen", async (t) => {
  const { url, agent, call, admin } = await running(t, { signer: await evmSigner(SECRET) });
  for (const signs of [false, true]) {
    const key = await agent(signs ? "asks" : "signs");
    const warden = await remoteWarden({ url, key, ...(signs && { signer: "service" as const }) });
    const scheme = new ExactEvmScheme(account);
    const { fetch: sell, paid } = seller();
    let cut = true;
    const cutting: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      if (cut && request.headers.has("payment-signature")) throw new TypeError("the connection was cut");
      return sell(request);
    };
    const pay = warden.payingFetch({
      fetch: cutting,
      pay: signs
        ? warden.pay
        : async ({ accept }) => (await scheme.createPaymentPayload(2, accept as never)).payload as never,
    });
    const error = await pay(WEATHER).then(
      () => assert.fail("it went through"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PaymentUnresolved, String(error));
    cut = false;
    assert.equal((await call(admin, "POST", "/v1/freeze", { reason: "the key may be lost" })).status, 200);
    await assert.rejects(warden.present(error.id, { fetch: cutting }), /the key may be lost/);
    assert.equal(paid.length, 0);
    assert.equal((await call(admin, "POST", "/v1/unfreeze", {})).status, 200);
    assert.equal((await warden.present(error.id, { fetch: cutting })).status, 200);
    assert.equal(paid.length, 1);
    await warden.close();
  }
});

/** A place that answers as it is told to, in front of a service that works. */
async function liar(
  t: TestContext,
  url: string,
  how: (request: Request, honest: () => Promise<Response>) => Promise<Response>,
): Promise<{ readonly url: string; lie: boolean }> {
  const listener: RequestListener = async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    headers.delete("host");
    headers.delete("connection");
    const request = new Request(url + incoming.url, {
      method: incoming.method ?? "GET",
      headers,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const honest = (): Promise<Response> => fetch(request.clone());
    try {
      const response = await (place.lie ? how(request, honest) : honest());
      const body = Buffer.from(await response.arrayBuffer());
      const plain = Object.fromEntries(
        [...response.headers].filter(
          ([name]) => !["content-encoding", "transfer-encoding", "content-length"].includes(name),
        ),
      );
      outgoing.writeHead(response.status, plain).end(body);
    } catch {
      outgoing.destroy();
    }
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const place = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lie: false };
  return place;
}

/** An answer with something else in its body. */
async function changed(
  honest: () => Promise<Response>,
  change: (body: Record<string, unknown>) => void,
): Promise<Response> {
  const response = await honest();
  const body = (await response.json()) as Record<string, unknown>;
  change(body);
  return new Response(JSON.stringify(body), { status: response.status, headers: response.headers });
}

const yes = {
  id: "x",
  action: "allow",
  reason: "allowed",
  rules: [],
  accept: 0,
  amount: "10000",
  asset: "eip155:84532/0x036cbd53842c5426634e7929541ec2318f3dcf7e",
  payee: "0x1111111111111111111111111111111111111111",
  state: "held",
};

const LIES: Readonly<Record<string, (request: Request, honest: () => Promise<Response>) => Promise<Response>>> = {
  "no answer": async () => {
    throw new Error("gone");
  },
  "no answer in time": () => new Promise(() => undefined),
  "401": async () => Response.json({ error: { code: "unauthorized", message: "no" } }, { status: 401 }),
  "403": async () => Response.json(yes, { status: 403 }),
  "404": async () => Response.json(yes, { status: 404 }),
  "429": async () => Response.json(yes, { status: 429 }),
  "500": async () => Response.json(yes, { status: 500 }),
  "503": async () => new Response("", { status: 503 }),
  "204": async () => new Response(null, { status: 204 }),
  "a redirect": async () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }),
  HTML: async () =>
    new Response("<h1>Sign in to the hotel's network</h1>", { headers: { "content-type": "text/html" } }),
  "an unsigned yes": async () => Response.json(yes),
  "a yes signed with another key": async (request, honest) => {
    const response = await honest();
    const headers = new Headers(response.headers);
    headers.set("tollwarden-mac", "0".repeat(64));
    return new Response(JSON.stringify({ ...yes, id: ((await request.json()) as { id: string }).id }), { headers });
  },
  "a denial made a yes": (_, honest) => changed(honest, (body) => Object.assign(body, yes, { id: body.id })),
  "an amount changed": (_, honest) => changed(honest, (body) => Object.assign(body, { amount: "1" })),
  "a field left out": (_, honest) =>
    changed(honest, (body) => {
      delete body.accept;
      delete body.scopes;
    }),
  "an answer cut short": async (_, honest) => {
    const response = await honest();
    return new Response((await response.text()).slice(0, 40), { headers: response.headers });
  },
};

test("whatever is no whole, proven yes in time is a denial", async (t) => {
  const { url, agent } = await running(t);
  const key = await agent("careful");
  for (const [name, how] of Object.entries(LIES)) {
    await t.test(name, async (inner) => {
      const place = await liar(inner, url, how);
      const warden = await remoteWarden({ url: place.url, key, timeoutMs: 700 });
      assert.equal((await warden.authorize({ url: WEATHER, offer: offer() })).action, "allow");
      place.lie = true;
      const dear = name === "a denial made a yes";
      const decision = await warden.authorize({ url: WEATHER, offer: offer(dear ? "9000000" : "10000") });
      assert.deepEqual([decision.action, decision.reason], ["deny", "store_unavailable"], JSON.stringify(decision));
      const { fetch: sell, paid } = seller(dear ? "9000000" : "10000");
      const pay = warden.payingFetch({ fetch: sell, pay: async () => assert.fail("the signer was asked") });
      await assert.rejects(pay(WEATHER), PaymentDenied);
      assert.equal(paid.length, 0);
      await assert.rejects(remoteWarden({ url: place.url, key, timeoutMs: 700 }));
    });
  }
});

test("a proven answer that leaves something out is none either", () => {
  assert.equal(decisionIn({ ...yes }, "x", false).action, "allow");
  for (const member of ["id", "action", "reason", "rules", "accept", "amount", "asset", "payee", "state"]) {
    assert.throws(() => decisionIn({ ...yes, [member]: undefined }, "x", false), /left out|no good/, member);
  }
  for (const wrong of [
    { id: "y" },
    { action: "yes" },
    { reason: "denied_by_rule" },
    { accept: -1 },
    { amount: 10000 },
    { amount: "1e4" },
    { rules: "none" },
  ]) {
    assert.throws(() => decisionIn({ ...yes, ...wrong }, "x", false), JSON.stringify(wrong));
  }
  assert.throws(() => decisionIn({ ...yes, action: "require_approval" }, "x", false));
  assert.throws(() => decisionIn(null, "x", false));
  assert.equal(outcomeIn({ id: "x", ok: true, state: "signed" }, "x").ok, true);
  for (const wrong of [{ id: "y" }, { ok: "true" }, { state: undefined }]) {
    assert.throws(() => outcomeIn({ id: "x", ok: true, state: "signed", ...wrong }, "x"), JSON.stringify(wrong));
  }
});

test("an old yes is none to a new question", async (t) => {
  const { url, agent } = await running(t);
  let kept: Response | undefined;
  const place = await liar(t, url, async (_, honest) => {
    kept ??= await honest();
    return kept.clone();
  });
  const warden = await remoteWarden({ url: place.url, key: await agent("a") });
  place.lie = true;
  const ask = { id: "same", url: WEATHER, offer: offer() };
  assert.equal((await warden.authorize(ask)).action, "allow");
  assert.equal((await warden.authorize(ask)).action, "deny");
});

test("a request whose answer was lost is sent again, and done once", async (t) => {
  const { url, agent, call, admin } = await running(t);
  let lost = 0;
  const place = await liar(t, url, async (_, honest) => {
    const response = await honest();
    if (lost++ % 2 === 0) throw new Error("lost on the way");
    return response;
  });
  const warden = await remoteWarden({ url: place.url, key: await agent("a") });
  place.lie = true;
  const { id, action } = await warden.authorize({ url: WEATHER, offer: offer() });
  assert.equal(action, "allow");
  assert.equal((await warden.ticket(id)).ok, true, "a ticket whose answer was lost is not lost");
  assert.equal((await warden.settle(id, { outcome: "captured" })).ok, true);
  assert.equal(lost, 6);
  const { body } = await call(admin, "GET", "/v1/decisions?kind=all");
  assert.equal(body.rows.length, 3);
});

test("a key that is revoked, or goes over plain http to elsewhere, pays nothing", async (t) => {
  const { url, agent, service } = await running(t);
  const key = await agent("a");
  const warden = await remoteWarden({ url, key });
  await service.keys.revoke(must(key.split("_")[1]));
  const { action, message } = await warden.authorize({ url: WEATHER, offer: offer() });
  assert.equal(action, "deny");
  assert.match(message ?? "", /answered 401/);
  await assert.rejects(remoteWarden({ url: "http://pay.example.com", key }), /https/);
  await assert.rejects(remoteWarden({ url, key: key.slice(0, -33) }), /whole key/);
});

test("failing open is bounded, loud, recorded and reported; and only silence opens", async (t) => {
  const { url, agent, call, admin } = await running(t);
  let how: "silent" | "refuses" = "silent";
  const place = await liar(t, url, async () => {
    if (how === "refuses") return Response.json({}, { status: 401 });
    throw new Error("away");
  });
  const told: string[] = [];
  const lines: string[] = [];
  const store = memoryStore();
  const sink = {
    name: "test",
    write: async (records: readonly { readonly line: string }[]) => void lines.push(...records.map(({ line }) => line)),
  };
  const warden = await remoteWarden({
    url: place.url,
    key: await agent("brave"),
    timeoutMs: 1_000,
    failMode: "open",
    emergency: {
      budgetUsd: "0.025",
      store,
      audit: { sinks: [sink] },
      onEmergency: (message) => void told.push(message),
    },
  });
  const ask = (id: string) => warden.authorize({ id, url: WEATHER, offer: offer() });
  place.lie = true;
  assert.deepEqual((await ask("e1")).flags, ["emergency"]);
  assert.equal((await warden.ticket("e1")).ok, true);
  assert.equal((await warden.settle("e1", { outcome: "captured" })).state, "captured");
  assert.equal((await ask("e2")).action, "allow");
  const over = await ask("e3");
  assert.deepEqual([over.action, over.reason], ["deny", "budget_exceeded"]);
  assert.equal(told.length, 2);
  how = "refuses";
  assert.equal((await ask("e4")).action, "deny", "a key that is refused opens nothing");
  place.lie = false;
  assert.equal((await ask("n1")).action, "allow");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { rows } = (await call(admin, "GET", "/v1/decisions?kind=emergency")).body;
  assert.deepEqual(rows.map(({ id, usd }: { id: string; usd: string }) => [id, usd]).sort(), [
    ["brave~e1", "0.01"],
    ["brave~e2", "0.01"],
  ]);
  assert.ok(
    (await call(admin, "GET", "/v1/alerts")).body.alerts.some(({ kind }: { kind: string }) => kind === "emergency"),
  );
  await warden.close();
  assert.ok(lines.some((line) => line.includes('"kind":"authorized"') && line.includes('"e1"')));
  await assert.rejects(remoteWarden({ url, key: await agent("b"), failMode: "open" }), /emergency/);
});
