/** What a client of a gate sees, and what the books say then; with a facilitator that does as it is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiKey, hashApiKey, verifyIou } from "../../js/gate/index.ts";
import { memoryStore, type Store } from "../../js/index.ts";
import {
  ALICE,
  BOB,
  books,
  entryOf,
  eventually,
  listed,
  NETWORK,
  openGate,
  pay,
  refusedWith,
  sign,
  URL_OF_SELLER,
  withPayment,
} from "./support.ts";

const url = (path: string): string => `${URL_OF_SELLER}${path}`;

test("a paid request is delivered, settled once and booked", async () => {
  const { gate, facilitator, buy, errors } = await openGate();
  const response = await buy("/weather?city=1");
  assert.equal(response.status, 200, await response.clone().text());
  assert.deepEqual(await response.json(), { ok: true });
  assert.equal(response.headers.get("cache-control"), "private");
  const receipt = JSON.parse(Buffer.from(response.headers.get("PAYMENT-RESPONSE") ?? "", "base64").toString());
  assert.equal(receipt.success, true);
  assert.equal(facilitator.settled.length, 1);
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "10000", owed: "0", unresolved: "0" });
  const [record] = await listed(gate.payments());
  assert.equal(record?.client, `payer:${ALICE}`);
  assert.equal(record?.endpoint, url("/weather"), "without its query");
  assert.equal(record?.transaction, receipt.transaction);
  assert.deepEqual(errors, []);
});

test("an unsold path goes to the handler as it is", async () => {
  const { ask } = await openGate();
  assert.equal((await ask("/health")).status, 200);
});

test("spellings of a path that a lenient router serves are sold too", async () => {
  const { ask } = await openGate();
  for (const path of ["/WEATHER", "/weather/", "//weather", "/%77eather", "/weather?x=1"]) {
    assert.equal((await ask(path)).status, 402, path);
  }
  assert.equal((await ask(new Request(url("/weather"), { method: "HEAD" }))).status, 402);
});

test("an upstream that fails costs nothing, and the same payment can be sent again", async () => {
  const { gate, facilitator, ask, buy } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  const request = (): Request =>
    new Request(url("/weather"), withPayment({}, sign(entry, ALICE, `0x${"9".repeat(64)}`)));
  const failed = await ask(request(), () => new Response("no", { status: 500 }));
  assert.equal(failed.status, 500);
  assert.equal(await failed.text(), "no");
  assert.equal(failed.headers.get("Tollwarden-Payment"), "not-charged");
  assert.equal(facilitator.settled.length, 0);
  const thrown = await ask(request(), () => {
    throw new Error("secret");
  });
  assert.equal(thrown.status, 502);
  assert.doesNotMatch(await thrown.text(), /secret/);
  assert.deepEqual(await books(gate), { paid: "0", delivered: "0", owed: "0", unresolved: "0" });
  assert.equal((await ask(request())).status, 200);
  assert.equal(facilitator.settled.length, 1);
  assert.equal((await buy("/weather")).status, 200);
});

test("a handler that takes too long is cut off, and nothing is charged", async () => {
  const { gate, facilitator, buy } = await openGate({
    routes: { "GET /weather": { pay, price: "$0.01", timeoutMs: 30 } },
  });
  const response = await buy("/weather", { handler: () => new Promise<Response>(() => undefined) });
  assert.equal(response.status, 504);
  const slow = await buy("/weather", {
    handler: () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) })),
  });
  assert.equal(slow.status, 504);
  assert.equal(facilitator.settled.length, 0);
  assert.equal((await books(gate)).paid, "0");
});

test("the same payment fifty times at once reaches the upstream once", async () => {
  const { gate, facilitator, ask } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  const init = withPayment({}, sign(entry));
  let calls = 0;
  const responses = await Promise.all(
    Array.from({ length: 50 }, () =>
      ask(new Request(url("/weather"), init), async () => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return new Response("ok");
      }),
    ),
  );
  assert.equal(calls, 1);
  assert.equal(responses.filter(({ status }) => status === 200).length, 1);
  assert.equal(responses.filter(({ status }) => status === 409).length, 49);
  assert.equal(facilitator.settled.length, 1);
  await refusedWith(409, "payment_used", await ask(new Request(url("/weather"), init)));
  assert.equal((await books(gate)).paid, "10000");
});

test("another spelling of a payment is the same payment", async () => {
  const { facilitator, ask } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  const nonce = `0x${"ab".repeat(32)}`;
  assert.equal((await ask(new Request(url("/weather"), withPayment({}, sign(entry, ALICE, nonce))))).status, 200);
  const upper = sign(entry, ALICE.toUpperCase().replace("X", "x"), nonce.toUpperCase().replace("X", "x"));
  const again = await ask(new Request(url("/weather"), withPayment({}, upper)));
  assert.equal(again.status, 409);
  // And as a payment of version 1.
  const { payload } = sign(entry, ALICE, nonce) as { payload: object };
  const first = { x402Version: 1, scheme: "exact", network: "base-sepolia", payload };
  const legacy = await ask(new Request(url("/weather"), withPayment({}, first, "X-PAYMENT")));
  assert.equal(legacy.status, 409);
  assert.equal(facilitator.settled.length, 1);
});

test("a payment is good for the request that it was made for, and for no other", async () => {
  const { facilitator, ask } = await openGate({
    routes: {
      "GET /weather": { pay, price: "$0.01" },
      "GET /forecast": { pay, price: "$0.01" },
      "POST /translate": { pay, price: "$0.01" },
    },
  });
  const entry = await entryOf(await ask("/weather?city=1"));
  for (const path of ["/forecast", "/weather?city=2", "/weather"]) {
    await refusedWith(409, "payment_bound_elsewhere", await ask(new Request(url(path), withPayment({}, sign(entry)))));
  }
  const post = (body: string, init: RequestInit = {}): Request =>
    new Request(url("/translate"), { ...init, method: "POST", body });
  const translate = await entryOf(await ask(post("bom dia")));
  await refusedWith(409, "payment_bound_elsewhere", await ask(post("boa noite", withPayment({}, sign(translate)))));
  assert.equal((await ask(post("bom dia", withPayment({}, sign(translate))))).status, 200);
  // A payment that was refused elsewhere, and one that was void, still stand for their own request alone.
  const payment = withPayment({}, sign(entry));
  await ask(new Request(url("/weather?city=1"), payment), () => new Response(null, { status: 500 }));
  await refusedWith(409, "payment_bound_elsewhere", await ask(new Request(url("/weather?city=2"), payment)));
  assert.equal(facilitator.settled.length, 1);
});

test("a price that the client changes is not what was offered", async () => {
  const { facilitator, ask } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  for (const changed of [
    { ...entry, amount: "1" },
    { ...entry, payTo: BOB },
    { ...entry, asset: BOB },
    { ...entry, maxTimeoutSeconds: 1 },
    { ...entry, extra: { ...entry.extra, assetTransferMethod: "permit2" } },
  ]) {
    const response = await ask(new Request(url("/weather"), withPayment({}, sign(changed))));
    await refusedWith(409, "payment_bound_elsewhere", response);
  }
  const bare = { ...entry, extra: { name: "USDC", version: "2" } };
  assert.equal((await ask(new Request(url("/weather"), withPayment({}, sign(bare))))).status, 402);
  assert.equal(facilitator.verified.length, 0);
});

test("two payment headers are refused", async () => {
  const { ask, facilitator } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  const one = withPayment({}, sign(entry));
  const two = withPayment(one, sign(entry), "X-PAYMENT");
  await refusedWith(400, "several_payments", await ask(new Request(url("/weather"), two)));
  const headers = new Headers(one.headers);
  headers.append("PAYMENT-SIGNATURE", headers.get("PAYMENT-SIGNATURE") ?? "");
  await refusedWith(400, "several_payments", await ask(new Request(url("/weather"), { headers })));
  assert.equal(facilitator.verified.length, 0);
});

test("a settlement that times out keeps the hold, delivers nothing, and is owed when it turns out", async () => {
  let late: (answer: object) => void = () => undefined;
  const { gate, facilitator, ask } = await openGate({ settleTimeoutMs: 20 });
  facilitator.settles = [
    () =>
      new Promise((resolve) => {
        late = resolve;
      }),
  ];
  const entry = await entryOf(await ask("/weather"));
  const init = withPayment({}, sign(entry));
  const response = await ask(new Request(url("/weather"), init));
  const { payment = "" } = await refusedWith(502, "payment_unresolved", response);
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "0", owed: "0", unresolved: "10000" });
  late({ success: true, transaction: "0xlate", network: entry.network });
  await eventually(async () => assert.ok((await gate.payment(payment))?.refund !== undefined));
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "0", owed: "10000", unresolved: "0" });
  const record = await gate.payment(payment);
  const iou = record?.refund?.iou ?? assert.fail("nothing is owed");
  assert.ok(await verifyIou(iou, iou.key));
  assert.ok(!(await verifyIou({ ...iou, statement: iou.statement.replace("10000", "99999") }, iou.key)));
  const again = await refusedWith(409, "payment_used", await ask(new Request(url("/weather"), init)));
  assert.deepEqual(again.refund, iou, "who has the signature gets the IOU");
  const paidBack = await gate.refunded(payment, "0xback");
  assert.equal(paidBack.refund?.reference, "0xback");
  assert.equal((await listed(gate.payments({ owed: true }))).length, 0);
});

test("an unresolved payment that is sent again is delivered once it settles, for the one payment", async () => {
  const { gate, facilitator, ask } = await openGate({ settleTimeoutMs: 20 });
  facilitator.settles = [new Error("socket hang up"), { success: true, transaction: "0x1", network: "eip155:84532" }];
  const init = withPayment({}, sign(await entryOf(await ask("/weather"))));
  let calls = 0;
  const count = (): Response => {
    calls += 1;
    return new Response("goods");
  };
  await refusedWith(502, "payment_unresolved", await ask(new Request(url("/weather"), init), count));
  const second = await ask(new Request(url("/weather"), init), count);
  assert.equal(await second.text(), "goods");
  assert.ok(second.headers.has("PAYMENT-RESPONSE"));
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "10000", owed: "0", unresolved: "0" });
  assert.equal(calls, 2);
});

test("a refusal to settle delivers nothing, charges nothing, and suspends who makes a habit of it", async () => {
  let at = 1_700_000_000_000;
  const { gate, facilitator, buy } = await openGate({ breaker: { failureThreshold: 3 }, now: () => at });
  const refusal = {
    success: false,
    errorReason: "invalid_exact_evm_insufficient_balance",
    transaction: "",
    network: "",
  };
  facilitator.settles = [refusal];
  let calls = 0;
  const handler = (): Response => {
    calls += 1;
    return new Response("the goods");
  };
  for (let i = 0; i < 3; i++) {
    const response = await buy("/weather", { handler });
    assert.equal(response.status, 402);
    assert.doesNotMatch(await response.text(), /goods/);
  }
  await refusedWith(429, "payer_suspended", await buy("/weather", { handler }));
  assert.equal(calls, 3, "no more work for one who can't be charged");
  facilitator.settles = [];
  assert.equal((await buy("/weather", { from: BOB })).status, 200, "others go on");
  assert.equal((await books(gate)).paid, "10000");
  at += 31_000;
  assert.equal((await buy("/weather")).status, 200, "and so does this one, after a while");
  assert.deepEqual(await gate.circuits(), []);
});

test("what is taken before the work is owed back when the work fails", async () => {
  const { gate, buy } = await openGate({ routes: { "GET /weather": { pay, price: "$0.01", take: "before" } } });
  const response = await buy("/weather", { handler: () => new Response("no", { status: 500 }) });
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("Tollwarden-Payment"), "refund-owed");
  const iou = JSON.parse(Buffer.from(response.headers.get("Tollwarden-Refund-Owed") ?? "", "base64").toString());
  assert.ok(await verifyIou(iou, iou.key));
  assert.equal(JSON.parse(iou.statement).amount, "10000");
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "0", owed: "10000", unresolved: "0" });
  assert.equal((await buy("/weather")).status, 200);
  assert.deepEqual(await books(gate), { paid: "20000", delivered: "10000", owed: "10000", unresolved: "0" });
});

test("a streamed body is paid for when it begins, and owed back when it breaks off", async () => {
  const { gate, facilitator, buy } = await openGate({
    routes: { "GET /weather": { pay, price: "$0.01", take: "stream" } },
  });
  const whole = await buy("/weather", { handler: () => new Response("in pieces") });
  assert.equal(await whole.text(), "in pieces");
  const broken = await buy("/weather", {
    handler: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
          pull: (controller) => controller.error(new Error("cut")),
        }),
      ),
  });
  assert.equal(broken.status, 200);
  await assert.rejects(broken.text());
  assert.equal(facilitator.settled.length, 2);
  assert.deepEqual(await books(gate), { paid: "20000", delivered: "10000", owed: "10000", unresolved: "0" });
  const failed = await buy("/weather", { handler: () => new Response("no", { status: 503 }) });
  assert.equal(failed.status, 503);
  assert.equal(facilitator.settled.length, 2, "an error's headers are not paid for");
});

test("a streamed body that breaks off while it is being paid for is owed back, too", async () => {
  const { gate, facilitator, buy } = await openGate({
    routes: { "GET /weather": { pay, price: "$0.01", take: "stream" } },
  });
  let cut = (): void => undefined;
  facilitator.settles = [
    async () => {
      cut();
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { success: true, transaction: "0x1", network: NETWORK };
    },
  ];
  const broken = await buy("/weather", {
    handler: () =>
      new Response(
        new ReadableStream({
          pull: (controller) =>
            new Promise((resolve) => {
              cut = () => resolve(controller.error(new Error("cut")));
            }),
        }),
      ),
  });
  await assert.rejects(broken.text());
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "0", owed: "10000", unresolved: "0" });
});

test("a client known by its key is told before it pays; a payer after it was verified, before anything is taken", async () => {
  const key = createApiKey();
  const { facilitator, ask, buy } = await openGate({
    policy: {
      payment: { max_usd: "1" },
      budgets: [{ name: "each", limit_usd: "0.02", window: "day", per: "client" }],
    },
    clients: [{ id: "acme", keyHash: await hashApiKey(key) }],
  });
  const init = { headers: { "x-api-key": key } };
  for (let i = 0; i < 2; i++) assert.equal((await buy("/weather", { init })).status, 200);
  const unpaid = await ask(new Request(url("/weather"), init));
  const told = await refusedWith(429, "budget_exceeded", unpaid);
  assert.deepEqual(told.rules, ["each"]);
  assert.equal(told.kind, "policy");
  assert.ok(Number(unpaid.headers.get("retry-after")) > 0);
  for (let i = 0; i < 2; i++) assert.equal((await buy("/weather", { from: BOB })).status, 200);
  const before = facilitator.settled.length;
  await refusedWith(429, "budget_exceeded", await buy("/weather", { from: BOB }));
  assert.equal(facilitator.settled.length, before);
  await refusedWith(401, "unknown_client", await ask(new Request(url("/weather"), { headers: { "x-api-key": "x" } })));
});

test("a budget per endpoint counts every spelling of a path as one", async () => {
  const { buy } = await openGate({
    policy: {
      payment: { max_usd: "1" },
      budgets: [{ name: "each", limit_usd: "0.02", window: "day", per: ["client", "endpoint"] }],
    },
  });
  assert.equal((await buy("/weather")).status, 200);
  assert.equal((await buy("/WEATHER/")).status, 200);
  await refusedWith(429, "budget_exceeded", await buy("//%57eather"));
});

test("a quote is the client's own", async () => {
  const key = createApiKey();
  const { ask } = await openGate({ clients: [{ id: "acme", keyHash: await hashApiKey(key), tier: "gold" }] });
  const entry = await entryOf(await ask(new Request(url("/weather"), { headers: { "x-api-key": key } })));
  const stolen = await ask(new Request(url("/weather"), withPayment({}, sign(entry))));
  await refusedWith(409, "payment_bound_elsewhere", stolen);
});

test("a payment that people have to approve waits for them, and goes on as the same payment", async () => {
  const policy = { payment: { max_usd: "1", approve_from_usd: "0.01" } };
  const { gate, ask, facilitator } = await openGate({ policy });
  const init = withPayment({}, sign(await entryOf(await ask("/weather"))));
  const told = await refusedWith(403, "approval_required", await ask(new Request(url("/weather"), init)));
  assert.match(told.approval?.id ?? "", /^gate-/);
  assert.equal(facilitator.settled.length, 0);

  // A person says yes at the desk, and the same payment goes on.
  const [question] = await gate.approvals.pending();
  assert.equal(question?.id, told.approval?.id);
  assert.ok((await gate.approvals.approve(question?.id ?? "", "alice", { digest: question?.digest ?? "" })).ok);
  assert.equal((await ask(new Request(url("/weather"), init))).status, 200);
  assert.equal(facilitator.settled.length, 1);

  // One who is told answers at once, and the request has waited for it.
  for (const [approved, status] of [
    [true, 200],
    [false, 403],
  ] as const) {
    const asked: string[] = [];
    const waiting = await openGate({
      policy,
      approvalWaitMs: 2_000,
      onApproval: ({ id }) => {
        asked.push(id);
        return { approver: "bob", approved };
      },
    });
    const answer = await waiting.buy("/weather");
    assert.equal(answer.status, status, await answer.text());
    assert.equal(asked.length, 1);
    assert.equal(waiting.facilitator.settled.length, approved ? 1 : 0);
  }
});

test("a breaker that is open says so before anybody signs, and lets one probe through", async () => {
  let at = 1_700_000_000_000;
  const { facilitator, ask, buy } = await openGate({
    now: () => at,
    breaker: { failureThreshold: 2, recoveryTimeoutMs: 10_000, refreshMs: 1 },
  });
  const handler = (): Response => new Response("no", { status: 500 });
  for (let i = 0; i < 2; i++) assert.equal((await buy("/weather", { handler })).status, 500);
  const shut = await ask("/weather");
  await refusedWith(503, "circuit_open", shut);
  assert.equal(shut.headers.get("retry-after"), "10");
  at += 11_000;
  const probe = buy("/weather", {
    handler: async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return new Response("back");
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  await refusedWith(503, "circuit_open", await ask("/weather"));
  assert.equal((await probe).status, 200);
  at += 10;
  assert.equal((await buy("/weather")).status, 200);
  assert.equal(facilitator.settled.length, 2);
});

test("a facilitator that fails opens its breaker; nobody is asked to sign meanwhile", async () => {
  const { facilitator, ask, buy } = await openGate({ breaker: { failureThreshold: 2, refreshMs: 0 } });
  facilitator.verifies = [new Error("down")];
  for (let i = 0; i < 2; i++) await refusedWith(503, "facilitator_unavailable", await buy("/weather"));
  await refusedWith(503, "circuit_open", await ask("/weather"));
});

test("a store that fails is a refusal, and nothing is taken", async () => {
  const { memoryStore } = await import("../../js/index.ts");
  const inner = memoryStore();
  let fails = false;
  const broken =
    <A extends unknown[], R>(work: (...args: A) => R) =>
    (...args: A): R => {
      if (fails) throw new Error("disk full");
      return work(...args);
    };
  const { facilitator, ask } = await openGate({
    store: { ...inner, load: broken(inner.load), commit: broken(inner.commit) },
  });
  const init = withPayment({}, sign(await entryOf(await ask("/weather"))));
  fails = true;
  const response = await ask(new Request(url("/weather"), init));
  await refusedWith(503, "store_unavailable", response);
  assert.equal(facilitator.settled.length, 0);
  fails = false;
  assert.equal((await ask(new Request(url("/weather"), init))).status, 200);
});

test("a sale is two steps of the store: hold and claim together, money and record together; or neither", async () => {
  const memory = memoryStore();
  const commits: string[][] = [];
  let refuse = (_: readonly string[]): boolean => false;
  const store: Store = {
    ...memory,
    async commit(step) {
      const kinds = step.write.map(({ key }) =>
        key
          .split("/")
          .slice(0, key.startsWith("gate/") ? 2 : 1)
          .join("/"),
      );
      if (refuse(kinds)) throw new Error("the disk is full");
      if (kinds.includes("hold") || kinds.includes("gate/payment")) commits.push(kinds);
      return memory.commit(step);
    },
  };
  const { gate, buy, errors } = await openGate({ store });
  assert.equal((await buy("/weather")).status, 200);
  assert.equal(commits.length, 2);
  for (const kinds of commits) assert.ok(kinds.includes("hold") && kinds.includes("gate/payment"), String(kinds));

  refuse = (kinds) => kinds.includes("gate/payment");
  assert.equal((await buy("/weather")).status, 503);
  assert.equal(commits.length, 2);
  assert.equal((await listed(gate.payments())).length, 1);
  assert.equal(errors.length, 0, "a denial is no error");
  refuse = () => false;
  assert.equal((await buy("/weather")).status, 200);
  assert.deepEqual(await books(gate), { paid: "20000", delivered: "20000", owed: "0", unresolved: "0" });
});

test("a log that takes nothing refuses before anything is taken", async () => {
  const { facilitator, buy } = await openGate({
    record(event) {
      if (event.what === "admitted") throw new Error("the log is full");
    },
  });
  await refusedWith(503, "internal_error", await buy("/weather"));
  assert.equal(facilitator.settled.length, 0);
});

test("requests and answers have a size", async () => {
  const routes = {
    "POST /upload": { pay, price: "$0.01", maxRequestBytes: 10, maxResponseBytes: 10 },
  };
  const { facilitator, ask, buy } = await openGate({ routes });
  const long = new Request(url("/upload"), { method: "POST", body: "x".repeat(11) });
  await refusedWith(413, "request_too_large", await ask(long));
  const init = { method: "POST", body: "short" };
  const answer = await buy("/upload", { init, handler: () => new Response("y".repeat(11)) });
  assert.equal(answer.status, 502);
  assert.equal(facilitator.settled.length, 0);
});

test("by hand: a payment is evaluated once, and settled once", async () => {
  const { gate, ask } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  const request = { payment: sign(entry), requirements: entry, payer: ALICE, method: "GET", url: url("/weather") };
  const evaluation = await gate.evaluate(request);
  assert.equal(evaluation.allowed, true);
  assert.equal((await gate.evaluate(request)).reason, "payment_in_flight");
  const id = evaluation.id ?? "";
  await gate.recordSettlement(id, { outcome: "captured", transaction: "0x1", delivered: false, status: 500 });
  assert.deepEqual(await books(gate), { paid: "10000", delivered: "0", owed: "10000", unresolved: "0" });
  await assert.rejects(gate.recordSettlement(id, { outcome: "failed" }), /captured already/);
});

test("by hand: a payment that was void stands for its own request alone", async () => {
  const { gate, ask } = await openGate();
  const entry = await entryOf(await ask("/weather"));
  const request = { payment: sign(entry), requirements: entry, payer: ALICE, method: "GET", url: url("/weather") };
  const { id = "" } = await gate.evaluate(request);
  await gate.recordSettlement(id, { outcome: "failed" });
  assert.equal((await gate.evaluate({ ...request, url: url("/other") })).reason, "payment_bound_elsewhere");
  assert.equal((await gate.evaluate({ ...request, bodyDigest: "a".repeat(64) })).reason, "payment_bound_elsewhere");
  assert.equal((await gate.evaluate(request)).allowed, true);
});

test("what is unresolved stays held, also when a hold without a ticket would have lapsed", async () => {
  let at = 1_700_000_000_000;
  const { gate, facilitator, ask, buy } = await openGate({
    now: () => at,
    policy: {
      payment: { max_usd: "1" },
      budgets: [{ name: "each", limit_usd: "0.01", window: "lifetime", per: "client" }],
    },
  });
  const entry = await entryOf(await ask("/weather"));
  const byHand = { payment: sign(entry, BOB), requirements: entry, payer: BOB, method: "GET", url: url("/weather") };
  await gate.recordSettlement((await gate.evaluate(byHand)).id ?? "", { outcome: "unknown" });
  facilitator.settles = [new Error("timeout")];
  assert.equal((await buy("/weather?a")).status, 502);
  facilitator.settles = [];
  at += 120_000;
  const refused = await buy("/weather?b");
  assert.equal(refused.headers.get("Tollwarden-Refusal"), "budget_exceeded");
  for (const payer of [ALICE, BOB]) {
    assert.equal((await gate.budgets(`payer:${payer}`)).find(({ held }) => held === "0.01")?.name, "each");
  }
});

test("two processes that are asked at the same moment deliver once, however slow their store", async () => {
  const { memoryStore } = await import("../../js/index.ts");
  const inner = memoryStore();
  const later =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const result = await work(...args);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return result;
    };
  const store = { ...inner, load: later(inner.load), commit: later(inner.commit) };
  const [one, two] = [await openGate({ store }), await openGate({ store })];
  const init = withPayment({}, sign(await entryOf(await one.ask("/weather"))));
  let calls = 0;
  const handler = (): Response => {
    calls += 1;
    return new Response("goods");
  };
  const answers = await Promise.all([one, two].map(({ ask }) => ask(new Request(url("/weather"), init), handler)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  assert.equal(calls, 1);
  assert.equal(one.facilitator.settled.length + two.facilitator.settled.length, 1);
  assert.equal((await books(one.gate)).paid, "10000");

  // The same for a payment that nobody knew the end of, with a facilitator that says the same to both.
  one.facilitator.settles = [new Error("timeout")];
  const lost = withPayment({}, sign(await entryOf(await one.ask("/weather"))));
  assert.equal((await one.ask(new Request(url("/weather"), lost), handler)).status, 502);
  one.facilitator.settles = [];
  calls = 0;
  const again = await Promise.all([one, two].map(({ ask }) => ask(new Request(url("/weather"), lost), handler)));
  assert.deepEqual(again.map(({ status }) => status).sort(), [200, 409]);
  assert.equal(calls, 1);
  assert.deepEqual(await books(one.gate), { paid: "20000", delivered: "20000", owed: "0", unresolved: "0" });
});

test("a client has so many payments under way, and no more", async () => {
  const { facilitator, buy } = await openGate({ maxOpenPerClient: 2 });
  const slowly = async (): Promise<Response> => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return new Response("goods");
  };
  const all = [1, 2, 3, 4].map((n) => buy(`/weather?n=${n}`, { handler: slowly }));
  const other = buy("/weather", { from: BOB, handler: slowly });
  const statuses = (await Promise.all(all)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 200, 429, 429]);
  assert.equal((await other).status, 200);
  assert.equal(facilitator.settled.length, 3);
  assert.equal((await buy("/weather")).status, 200);
});

test("a policy with a section that a gate does not carry out is refused", async () => {
  const policy = { payment: { max_usd: "1" }, privacy: { action: "block" } };
  await assert.rejects(openGate({ policy }), /privacy/);
});

test("a route that another one before it stands for is refused", async () => {
  const route = { pay, price: "$0.01" };
  const routes = (...names: string[]) => Object.fromEntries(names.map((name) => [name, route]));
  for (const [first, second] of [
    ["GET /weather", "GET /Weather/"],
    ["/weather", "GET /weather"],
    ["GET /a/:id", "GET /a/:name"],
    ["GET /a/*/b", "GET /a/:id/b"],
    ["GET /a/*", "GET /a//*"],
  ] as const) {
    await assert.rejects(openGate({ routes: routes(first, second) }), {
      message: `\`${second}\` would never be sold: \`${first}\` stands before it, and is the same`,
    });
  }
  await openGate({ routes: routes("GET /a/*", "GET /a/:id", "POST /a/:id", "/a/:id", "GET /a/b") });
});
