/** What agents ask of the service, and what no agent gets by asking. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { privateKeyToAccount } from "viem/accounts";
import { memoryStore } from "../../js/index.ts";
import { evmSigner } from "../../js/service/signers.ts";
import { offer } from "../cli/support.ts";
import { type Calls, running, WEATHER } from "./support.ts";

const SECRET = `0x${"22".repeat(32)}` as const;
const ASK = { url: `${WEATHER}?key=secret#part`, offer: offer() };

const authorize = (call: Calls, key: string, more: object = {}) =>
  call(key, "POST", "/v1/authorize", { ...ASK, ...more });

test("an agent is what its key says, and its payments are nobody else's", async (t) => {
  const { call, agent, admin, service } = await running(t);
  const [one, other] = [await agent("one"), await agent("other", { client: "c1", session: "s1", max_usd: "0.02" })];
  assert.equal((await authorize(call, one, { id: "p1" })).body.action, "allow");
  // The same id is another payment to another agent.
  assert.equal((await authorize(call, other, { id: "p1" })).body.action, "allow");
  const held = async (): Promise<string[]> =>
    (await service.control.holds("all")).map(({ id, state }) => `${id} ${state}`).sort();
  assert.deepEqual(await held(), ["one~p1 held", "other~p1 held"]);
  assert.equal((await call(other, "POST", "/v1/payments/p1/settle", { outcome: "failed" })).body.state, "voided");
  assert.deepEqual(await held(), ["one~p1 held", "other~p1 voided"]);
  for (const id of ["one~p1", "one%7Ep1", "..%2Fone~p1"]) {
    for (const step of ["ticket", "sent"]) {
      assert.equal((await call(other, "POST", `/v1/payments/${id}/${step}`)).status, 400, `${id} ${step}`);
    }
    assert.notEqual((await call(other, "GET", `/v1/payments/${id}`)).status, 200, id);
  }
  assert.equal((await call(one, "GET", "/v1/payments/p1")).body.id, "p1");
  // A key's own limit holds beside the caller's, and neither lifts the other.
  const dear = { offer: offer("30000") };
  assert.equal((await authorize(call, other, dear)).body.reason, "caller_limit");
  assert.equal((await authorize(call, other, { ...dear, max_usd: "5" })).body.reason, "caller_limit");
  assert.equal((await authorize(call, one, { ...dear, max_usd: "0.02" })).body.reason, "caller_limit");
  const { rows } = (await call(admin, "GET", "/v1/decisions?agent=other")).body;
  assert.deepEqual(
    [rows.at(-1).client, rows.at(-1).session, rows.at(-1).url],
    ["c1", "s1", WEATHER],
    "no query in the history",
  );
  const budgets = (await call(one, "GET", "/v1/budgets?agent=other")).body.budgets;
  assert.deepEqual(
    budgets.map(({ key }: { key: string }) => key),
    ["one"],
    "an agent sees its own budgets alone",
  );
});

test("questions are seen by the agent that raised them, and answered by the approver of the key", async (t) => {
  const { call, agent, key } = await running(t);
  const [one, other] = [await agent("one"), await agent("other")];
  const alice = await key({ scopes: ["approve"], approver: "alice" });
  const film = { offer: offer("600000"), id: "film" };
  const asked = (await authorize(call, one, film)).body;
  assert.deepEqual([asked.action, asked.approval.id], ["require_approval", "film"]);
  assert.equal((await call(one, "GET", "/v1/approvals")).body.approvals[0].id, "film");
  assert.deepEqual((await call(other, "GET", "/v1/approvals?agent=one")).body.approvals, []);
  assert.equal((await call(other, "GET", "/v1/approvals/film")).status, 404);
  assert.equal((await call(one, "GET", "/v1/approvals/film")).body.payment.agent, "one");
  const path = `/v1/approvals/${encodeURIComponent("one~film")}/approve`;
  assert.equal((await call(one, "POST", path, { digest: asked.approval.digest })).status, 403);
  assert.equal(
    (await call(alice, "POST", path, {})).body.error.where,
    "body.digest",
    "what was not shown is not approved",
  );
  assert.equal((await call(alice, "POST", path, { digest: asked.approval.digest, approver: "bob" })).status, 400);
  assert.equal((await call(alice, "POST", path, { digest: "0".repeat(64) })).body.ok, false);
  assert.equal((await call(alice, "POST", path, { digest: asked.approval.digest, note: "fine" })).body.ok, true);
  assert.equal(
    (await call(alice, "GET", `/v1/approvals/${encodeURIComponent("one~film")}`)).body.answers[0].approver,
    "alice",
  );
  assert.equal((await authorize(call, one, film)).body.action, "allow");
});

test("an agent's word frees nothing: not a failure after the ticket, not a small amount", async (t) => {
  const { call, agent, admin } = await running(t);
  const key = await agent("a");
  const spent = async (): Promise<string> => {
    const [line] = (await call(admin, "GET", "/v1/budgets")).body.budgets;
    return `${line.held} ${line.spent}`;
  };
  await authorize(call, key, { id: "p1" });
  assert.equal((await call(key, "POST", "/v1/payments/p1/ticket")).body.ok, true);
  assert.equal((await call(key, "POST", "/v1/payments/p1/ticket")).body.reason, "ticket_used");
  assert.equal((await call(key, "POST", "/v1/payments/p1/settle", { outcome: "failed" })).body.state, "unknown");
  assert.equal(await spent(), "0.01 0");
  await authorize(call, key, { id: "p2", url: `${WEATHER}/2` });
  await call(key, "POST", "/v1/payments/p2/ticket");
  const settled = await call(key, "POST", "/v1/payments/p2/settle", { outcome: "captured", amount: "1" });
  assert.equal(settled.body.captured, "10000");
  assert.equal(await spent(), "0.01 0.01");
  // The operator's word does, once nothing can be signed any more; here it still can.
  const freed = await call(admin, "POST", `/v1/holds/${encodeURIComponent("a~p1")}/resolve`, {
    free: true,
    reason: "seen on the chain",
  });
  assert.equal(freed.body.ok, false);
  const known = await call(admin, "POST", `/v1/holds/${encodeURIComponent("a~p1")}/resolve`, {
    spent: "10000",
    reason: "seen on the chain",
  });
  assert.equal(known.body.state, "captured");
  assert.equal(await spent(), "0 0.02");
  assert.equal(
    (await call(key, "POST", `/v1/holds/${encodeURIComponent("a~p1")}/refund`, { amount: "1" })).status,
    403,
  );
  assert.equal(
    (await call(admin, "POST", `/v1/holds/${encodeURIComponent("a~p1")}/refund`, { amount: "4000" })).body.refunded,
    "4000",
  );
});

test("the service's signer signs what is held, once, and gives the same header again", async (t) => {
  const { url, call, agent, service } = await running(t, { signer: await evmSigner(SECRET) });
  const key = await agent("a");
  const pay = (more: object) => call(key, "POST", "/v1/pay", { ...ASK, ...more });
  const first = (await pay({ id: "p1" })).body;
  assert.deepEqual(
    [first.decision.action, first.payment.outcome.state, first.payment.header[0]],
    ["allow", "signed", "PAYMENT-SIGNATURE"],
  );
  const { authorization } = first.payment.payload.payload;
  assert.deepEqual(
    [authorization.to, authorization.value, authorization.from],
    ["0x1111111111111111111111111111111111111111", "10000", privateKeyToAccount(SECRET).address],
  );
  assert.deepEqual((await pay({ id: "p1" })).body.payment.header, first.payment.header);
  assert.equal((await pay({ id: "p1", method: "POST" })).body.decision.reason, "conflict");
  const several = await Promise.all(Array.from({ length: 8 }, () => pay({ id: "p2" })));
  const headers = new Set(several.map(({ body }) => body.payment?.header[1]).filter((header) => header !== undefined));
  assert.equal(headers.size, 1, "however often and at once it is asked, there is one signature");
  assert.equal((await pay({ offer: offer("2000000") })).body.payment, undefined);
  assert.ok(!(await service.control.holds("all")).some(({ id }) => !id.startsWith("a~")));

  const without = await running(t);
  const refused = await without.call(await without.agent("a"), "POST", "/v1/pay", ASK);
  assert.deepEqual([refused.status, refused.body.error.code], [409, "no_signer"]);
  assert.ok(url);
});

test("a signer that signs something else is found out, and nothing is given away", async (t) => {
  const account = privateKeyToAccount(SECRET);
  const scheme = new ExactEvmScheme(account);
  const signer = {
    pay: async ({ accept }: { accept: object }) =>
      (await scheme.createPaymentPayload(2, { ...accept, payTo: account.address } as never)).payload as never,
  };
  const { call, agent, admin } = await running(t, { signer });
  const { body } = await call(await agent("a"), "POST", "/v1/pay", { ...ASK, id: "p1" });
  assert.deepEqual([body.payment, body.refused.reason], [undefined, "payee_mismatch"]);
  assert.equal((await call(admin, "GET", "/v1/holds")).body.holds[0].state, "unknown");
});

test("an agent's breaker opens by its own reports, and stops no other agent", async (t) => {
  const policy = {
    payment: { max_usd: "1" },
    budgets: [{ name: "all", limit_usd: "9", window: "24h" }],
    breaker: { failure_threshold: 2 },
  };
  const { call, agent, admin } = await running(t, { policy });
  const [bad, good] = [await agent("bad"), await agent("good")];
  for (const id of ["p1", "p2"]) {
    await authorize(call, bad, { id, url: `${WEATHER}/${id}` });
    await call(bad, "POST", `/v1/payments/${id}/ticket`);
    await call(bad, "POST", `/v1/payments/${id}/settle`, { outcome: "unknown" });
  }
  assert.equal((await authorize(call, bad)).body.reason, "circuit_open");
  assert.equal((await call(bad, "POST", "/v1/check", ASK)).body.reason, "circuit_open");
  assert.equal((await authorize(call, good)).body.action, "allow");
  const { breakers } = (await call(admin, "GET", "/v1/breakers")).body;
  assert.deepEqual(
    breakers.map(({ agent, name, state }: Record<string, string>) => [agent, name, state]),
    [["bad", "https://api.example.com", "open"]],
  );
  assert.equal(
    (await authorize(call, good, { circuit_open_until: Date.now() + 60_000 })).body.reason,
    "circuit_open",
    "a caller may tighten",
  );
  const { sellers } = (await call(admin, "GET", "/v1/sellers")).body;
  assert.deepEqual([sellers[0].payments, sellers[0].failures, sellers[0].breaker], [2, 2, "open"]);
});

test("an agent freezes itself; the operator freezes all, and lifts both", async (t) => {
  const { call, agent, admin } = await running(t);
  const [one, other] = [await agent("one"), await agent("other")];
  assert.equal((await call(one, "POST", "/v1/freeze", { reason: "odd", agent: "other" })).status, 200);
  assert.equal((await authorize(call, one)).body.reason, "agent_paused");
  assert.equal((await authorize(call, other)).body.action, "allow");
  assert.equal((await call(one, "POST", "/v1/unfreeze", { agent: "one" })).status, 403);
  assert.equal((await call(admin, "POST", "/v1/freeze", { reason: "all of it" })).body.freezes.length, 2);
  assert.equal((await authorize(call, other)).body.reason, "frozen");
  assert.ok(
    (await call(admin, "GET", "/v1/alerts")).body.alerts.some(({ level }: { level: string }) => level === "critical"),
  );
  await call(admin, "POST", "/v1/unfreeze", {});
  assert.deepEqual((await call(admin, "POST", "/v1/unfreeze", { agent: "one" })).body.freezes, []);
  assert.equal((await authorize(call, one)).body.action, "allow");
  const { agents } = (await call(admin, "GET", "/v1/agents")).body;
  assert.deepEqual(
    agents.map(({ name, status }: Record<string, string>) => [name, status]),
    [
      ["one", "active"],
      ["other", "active"],
    ],
  );
});

test("a request under the same idempotency key is done once; another one under it is refused", async (t) => {
  const { call, agent, admin } = await running(t);
  const key = await agent("a");
  const ask = (body: object) => call(key, "POST", "/v1/authorize", { ...ASK, ...body }, { "idempotency-key": "k1" });
  const [first, second] = await Promise.all([ask({}), ask({})]);
  assert.equal(first.body.id, second.body.id);
  assert.equal((await call(admin, "GET", "/v1/holds")).body.holds.length, 1);
  assert.equal((await ask({ url: `${WEATHER}/other` })).status, 409);
  assert.equal((await call(await agent("b"), "POST", "/v1/authorize", ASK, { "idempotency-key": "k1" })).status, 200);
});

test("facts are the service's own", async (t) => {
  const policy = {
    payment: { max_usd: "1" },
    budgets: [{ name: "all", limit_usd: "9", window: "24h" }],
    counterparty: { max_risk: "low" },
  };
  let risk: "low" | "high" = "high";
  const { call, agent } = await running(t, { policy, store: memoryStore(), facts: () => ({ payee_risk: risk }) });
  const key = await agent("a");
  assert.equal((await authorize(call, key)).body.reason, "counterparty_not_allowed");
  assert.equal((await authorize(call, key, { facts: { payee_risk: "low" } })).status, 400);
  risk = "low";
  assert.equal((await authorize(call, key)).body.action, "allow");
});
