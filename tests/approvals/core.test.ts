/** The core, driven by events: who is believed, for what, and for how long. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { loadCore } from "../../js/core/load.ts";
import type { ApprovalView, Decision, Outcome } from "../../js/core/types.ts";
import { offer } from "../cli/support.ts";
import { signatureOf, signer, URL_ } from "./support.ts";

const START = Date.UTC(2026, 0, 5, 10);
const alice = signer();
const bob = signer();
const SECRET = Buffer.from("a secret of the machine's own");

const POLICY = {
  payment: { max_usd: "10", approve_from_usd: "0.01" },
  budgets: [{ name: "daily", limit_usd: "5", window: "24h" }],
  approvals: {
    threshold: 2,
    approvers: ["alice", "bob", "ci"],
    keys: [
      { approver: "alice", ed25519: alice.publicHex },
      { approver: "bob", ed25519: bob.publicHex },
      { approver: "ci", hmac: "env:CI_KEY" },
    ],
  },
};

interface Answer extends Record<string, unknown> {
  readonly id: string;
  readonly approver: string;
}

/** An engine with all its state, and its questions and answers in short. */
function engineOf(policy: object = POLICY) {
  const engine = new (loadCore().Engine)(JSON.stringify(policy), true);
  if (JSON.stringify(policy).includes("env:CI_KEY")) engine.keepSecret("env:CI_KEY", SECRET);
  const send = <T>(event: object): T => JSON.parse(engine.handle(JSON.stringify(event))) as T;
  return {
    engine,
    send,
    ask: (id: string, at = START, more: object = {}): Decision =>
      send({ type: "authorize", id, at, agent: "bot", url: URL_, offer: offer(), ...more }),
    say: (type: "approve" | "reject", answer: Answer): Outcome => send({ at: START + 1_000, ...answer, type }),
    view: (id: string, at = START): ApprovalView =>
      send<{ approvals: ApprovalView[] }>({ type: "approvals", ids: [id], at }).approvals[0] ?? assert.fail(id),
  };
}

function byEd25519(who: "alice" | "bob", digest: string, verb = "approve", signedAt = START + 500) {
  const { key } = who === "alice" ? alice : bob;
  return { approver: who, signed_at: signedAt, signature: signatureOf(key, verb, digest, signedAt, who) };
}

function byHmac(digest: string, verb = "approve", signedAt = START + 500, secret = SECRET) {
  const text = `tollwarden 1\n${verb}\n${digest}\n${signedAt}\nci`;
  return { approver: "ci", signed_at: signedAt, signature: createHmac("sha256", secret).update(text).digest("hex") };
}

describe("n of m", () => {
  test("two of three are enough, the third is not waited for, and it is used once", () => {
    const { ask, say, view } = engineOf();
    const { approval } = ask("p");
    assert.deepEqual([approval?.threshold, approval?.approved, approval?.new], [2, 0, true]);
    const digest = approval?.digest ?? "";
    assert.equal(say("approve", { id: "p", ...byEd25519("alice", digest) }).ok, true);
    assert.equal(view("p").standing, "pending");
    assert.equal(say("approve", { id: "p", ...byHmac(digest) }).ok, true);
    assert.equal(view("p").standing, "approved");
    assert.equal(ask("p", START + 2_000).action, "allow");
    assert.equal(view("p").standing, "used");
    // The hold is that one payment's; nothing is approved any more.
    assert.equal(say("approve", { id: "p", ...byEd25519("bob", digest) }).reason, "approval_void");
    assert.equal(ask("q", START + 3_000).action, "require_approval");
  });

  test("one voice each: one signature is not two, and one key is not two approvers", () => {
    const { ask, say, view } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    const given = byEd25519("alice", digest);
    for (let n = 0; n < 5; n++) assert.equal(say("approve", { id: "p", ...given }).ok, true);
    assert.equal(view("p").answers.length, 1);
    assert.equal(say("approve", { id: "p", ...given, approver: "bob" }).reason, "bad_countersignature");
    assert.equal(ask("p", START + 1).action, "require_approval");
    const keys = ["alice", "bob"].map((approver) => ({ approver, ed25519: alice.publicHex }));
    const errors = loadCore().checkPolicy(JSON.stringify({ ...POLICY, approvals: { ...POLICY.approvals, keys } }));
    assert.match(errors, /one key would be two approvers/);
    const { engine } = engineOf();
    assert.throws(() => engine.keepSecret("env:OTHER", SECRET), /one key would be two approvers/);
    assert.throws(() => engine.keepSecret("env:OTHER", Buffer.from("short")), /16 are the least/);
  });

  test("two refusals of three end it early; one does not", () => {
    const { ask, say } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    say("reject", { id: "p", ...byEd25519("alice", digest, "reject") });
    assert.equal(ask("p", START + 2).action, "require_approval");
    say("reject", { id: "p", ...byEd25519("bob", digest, "reject") });
    const denied = ask("p", START + 3);
    assert.deepEqual(
      [denied.action, denied.reason, denied.message],
      ["deny", "approval_rejected", "refused by alice, bob"],
    );
  });

  test("who approved may still refuse, and a refusal stands against an approval that is played again", () => {
    const { ask, say, view } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    const approval = byEd25519("alice", digest);
    say("approve", { id: "p", ...approval });
    say("approve", { id: "p", ...byHmac(digest) });
    assert.equal(say("reject", { id: "p", ...byEd25519("alice", digest, "reject") }).ok, true);
    assert.equal(view("p").standing, "pending");
    assert.equal(say("approve", { id: "p", ...approval }).reason, "conflict");
    assert.equal(ask("p", START + 2).action, "require_approval");
  });

  test("the agent is no approver, and where too few are left it is said at once", () => {
    const { ask, say, send } = engineOf({
      payment: POLICY.payment,
      approvals: { threshold: 2, approvers: ["bot", "bob"] },
    });
    assert.equal(ask("p").reason, "approval_impossible");
    assert.equal(ask("p", START, { agent: "BOT" }).reason, "approval_impossible");
    assert.equal(ask("q", START, { agent: "other" }).action, "require_approval");
    assert.equal(say("approve", { id: "q", approver: "mallory" }).reason, "not_an_approver");
    assert.equal(say("approve", { id: "nobody", approver: "bob" }).reason, "unknown_id");
    const anybody = engineOf({ payment: POLICY.payment });
    anybody.ask("p");
    assert.equal(anybody.say("approve", { id: "p", approver: "bot" }).reason, "not_an_approver");
    assert.equal(send<{ error: { code: string } }>({ type: "approve", id: "q" }).error.code, "malformed_event");
  });
});

describe("what an approval is bound to", () => {
  test("the payee, the amount, the asset, the network, the request, the agent: change one, and it is another question", () => {
    const changes: readonly (readonly [string, object])[] = [
      ["amount", { offer: offer("10001") }],
      ["payTo", { offer: withEntry({ payTo: "0x3333333333333333333333333333333333333333" }) }],
      [
        "network",
        { offer: withEntry({ network: "eip155:8453", asset: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913" }) },
      ],
      ["lifetime", { offer: withEntry({ maxTimeoutSeconds: 301 }) }],
      ["url", { url: `${URL_}?b` }],
      ["method", { method: "POST" }],
      ["body", { body_digest: "ab".repeat(32) }],
      ["agent", { agent: "other" }],
      ["client", { client: "c" }],
      ["session", { session: "s" }],
    ];
    for (const [what, change] of changes) {
      const { ask, say } = engineOf();
      const digest = ask("p").approval?.digest ?? "";
      say("approve", { id: "p", ...byEd25519("alice", digest) });
      say("approve", { id: "p", ...byHmac(digest) });
      assert.equal(ask("p", START + 1, change).reason, "conflict", what);
      // Nor does another call that goes on with a question go on with this one.
      const other = ask("q", START + 1, { ...change, resume: true });
      assert.deepEqual([other.action, other.id], ["require_approval", "q"], what);
      assert.notEqual(other.approval?.digest, digest, what);
      // Unchanged, it is good, under the id that people were asked about.
      const same = ask("q2", START + 2, { resume: true });
      assert.deepEqual([same.action, same.id], ["allow", "p"], what);
    }
  });

  test("another policy makes it void, and it is never used under the new one", () => {
    const { ask, say, send } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    say("approve", { id: "p", ...byEd25519("alice", digest) });
    say("approve", { id: "p", ...byHmac(digest) });
    const document = { ...POLICY, version: 2 };
    assert.equal(send<{ ok: boolean }>({ type: "policy", document }).ok, true);
    assert.equal(ask("p", START + 1).reason, "approval_void");
    assert.equal(ask("q", START + 1, { resume: true }).id, "q");
  });

  test("an answer names what it answers: a digest of another question does not count", () => {
    const { ask, say } = engineOf({ payment: POLICY.payment });
    const digest = ask("p").approval?.digest ?? "";
    assert.equal(say("approve", { id: "p", approver: "alice", digest: "00".repeat(32) }).reason, "conflict");
    assert.equal(say("approve", { id: "p", approver: "alice", digest }).ok, true);
    assert.equal(say("approve", { id: "p", approver: "alice", digest, once: true }).reason, "conflict");
  });

  test("it is judged again when used: an approval lifts no budget, and asking held none", () => {
    const { ask, say, send } = engineOf({ ...POLICY, approvals: { approvers: ["alice"] } });
    const five = { offer: offer("4000000") };
    ask("p", START, five);
    ask("q", START, { ...five, url: `${URL_}?q` });
    const budgets = send<{ budgets: { held: string }[] }>({ type: "budgets", at: START }).budgets;
    assert.deepEqual(
      budgets.map(({ held }) => held),
      ["0"],
    );
    for (const id of ["p", "q"]) assert.equal(say("approve", { id, approver: "alice" }).ok, true);
    assert.equal(ask("p", START + 1, five).action, "allow");
    const second = ask("q", START + 2, { ...five, url: `${URL_}?q` });
    assert.deepEqual([second.action, second.reason], ["deny", "budget_exceeded"]);
  });

  test("silence is a denial, and what is late does not count", () => {
    const { ask, say } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    const end = START + 300_000;
    const last = byEd25519("alice", digest, "approve", end - 1_000);
    assert.equal(say("approve", { id: "p", at: end - 1, ...last }).ok, true);
    const late = byHmac(digest, "approve", end - 500);
    assert.equal(say("approve", { id: "p", at: end, ...late }).reason, "approval_expired");
    assert.equal(ask("p", end).reason, "approval_expired");
    assert.equal(ask("q", end, { resume: true }).id, "q");
  });
});

test("forged, replayed, re-targeted, old and cut answers: none of thousands counts", () => {
  const { ask, say, view } = engineOf({ ...POLICY, approvals: { ...POLICY.approvals, timeout: "1h" } });
  const digest = ask("p").approval?.digest ?? "";
  const other = ask("other", START, { url: `${URL_}?other` }).approval?.digest ?? "";
  const good = { alice: byEd25519("alice", digest), ci: byHmac(digest) };
  const random = seeded(7);
  const hex = (length: number): string => Array.from({ length }, () => "0123456789abcdef"[random(16)]).join("");
  const flipped = (text: string): string => {
    const at = random(text.length);
    return (
      text.slice(0, at) +
      ((Number.parseInt(text[at] ?? "0", 16) ^ (1 << random(4))) & 15).toString(16) +
      text.slice(at + 1)
    );
  };
  const forgeries: readonly (() => object)[] = [
    () => ({ ...good.alice, signature: flipped(good.alice.signature) }),
    () => ({ ...good.ci, signature: flipped(good.ci.signature) }),
    () => ({ ...good.alice, signature: hex(128) }),
    () => ({ ...good.ci, signature: hex(64) }),
    () => ({ ...good.ci, signature: good.ci.signature.slice(0, random(64)) }),
    () => ({ ...good.alice, signature: good.alice.signature.slice(0, random(128)) }),
    () => ({ ...good.ci, signature: good.ci.signature + hex(2) }),
    () => ({ ...good.ci, signature: good.ci.signature.toUpperCase().replace(/^[^A-F]*$/, "A") }),
    // Replayed for somebody else, with another time, for another question, as another answer.
    () => ({ ...good.alice, approver: "bob" }),
    () => ({ ...good.ci, approver: "alice" }),
    () => ({ ...good.alice, signed_at: good.alice.signed_at + 1 + random(100_000) }),
    () => ({ ...good.ci, signed_at: good.ci.signed_at - 1 - random(1_000) }),
    () => byEd25519("alice", other),
    () => byHmac(other),
    () => byEd25519("alice", digest, "reject"),
    () => byHmac(digest, "reject"),
    () => byHmac(digest, "unfreeze"),
    // By another key.
    () => ({ ...byEd25519("bob", digest), approver: "alice" }),
    () => byHmac(digest, "approve", START + 500, Buffer.from(hex(32))),
    () => byHmac(digest, "approve", START + 500, Buffer.from(alice.publicHex, "hex")),
    // Signed before it was asked, or at a time that has not come; or long before it comes in.
    () => byEd25519("alice", digest, "approve", START - 30_001 - random(1_000_000)),
    () => byHmac(digest, "approve", START + 31_001 + random(1_000_000)),
    // No signature at all, or not a text.
    () => ({ approver: "alice" }),
    () => ({ approver: "ci", signed_at: START, signature: "" }),
    () => ({ approver: "alice", signed_at: START, signature: "true" }),
    () => ({ ...good.alice, digest: other }),
  ];
  const rounds = 160;
  let refused = 0;
  for (let n = 0; n < forgeries.length * rounds; n++) {
    const forgery = forgeries[n % forgeries.length]?.() ?? {};
    // Ed25519 costs milliseconds; a part of those rounds is enough.
    if ("approver" in forgery && forgery.approver !== "ci" && n >= forgeries.length * 20) continue;
    const outcome = say("approve", { id: "p", ...forgery } as Answer);
    assert.notEqual(outcome.ok, true, JSON.stringify(forgery));
    refused += 1;
  }
  assert.ok(refused > 2_000, String(refused));
  assert.deepEqual(view("p").answers, []);
  // Long before it comes in. (The ledger's time moves on with each.)
  for (let n = 0; n < 100; n++) {
    const old = { ...byHmac(digest, "approve", START + n), at: START + 330_001 + n };
    assert.equal(say("approve", { id: "p", ...old }).reason, "bad_countersignature");
  }
  assert.deepEqual(view("p").answers, []);
  // What is good and in time still counts.
  const now = START + 332_000;
  assert.equal(say("approve", { id: "p", at: now, ...byEd25519("alice", digest, "approve", now) }).ok, true);
  assert.equal(say("approve", { id: "p", at: now, ...byHmac(digest, "approve", now) }).ok, true);
  assert.equal(ask("p", now).action, "allow");
});

test("what somebody wrote into the store is not believed when it is used", () => {
  const { ask, say, engine, send } = engineOf();
  const digest = ask("p").approval?.digest ?? "";
  say("approve", { id: "p", ...byEd25519("alice", digest) });
  say("approve", { id: "p", ...byHmac(digest) });
  // A policy of one's own that believes anybody can write answers; the cells are the same.
  const thief = engineOf({ payment: POLICY.payment });
  thief.ask("p");
  thief.say("approve", { id: "p", approver: "alice" });
  thief.say("approve", { id: "p", approver: "bob" });
  const store = new (loadCore().Engine)(JSON.stringify(POLICY), false);
  const asked = { type: "authorize", id: "p", at: START, agent: "bot", url: URL_, offer: offer() };
  const cells = new Map<string, string>();
  // An engine on a store, with the honest question and forged answers in it.
  for (let round = 0; round < 16; round++) {
    const [answer = "", plan = "", ...texts] = store.step(JSON.stringify(asked), false);
    const reply = JSON.parse(answer) as { missing?: string[]; action?: string };
    if (reply.missing === undefined) {
      for (const [at, { key }] of (JSON.parse(plan) as { write: { key: string }[] }).write.entries())
        cells.set(key, texts[at] ?? "");
      break;
    }
    store.load(
      JSON.stringify(
        reply.missing.map((key) => ({ key, version: cells.has(key) ? 1 : 0, value: cells.get(key) ?? null })),
      ),
    );
  }
  store.forget();
  const cell = JSON.parse(cells.get("approval/p") ?? "{}") as {
    approval: { approvers: object[]; answers: object[]; threshold: number };
  };
  cell.approval.answers = ["alice", "bob", "ci"].map((approver) => ({
    approver,
    approved: true,
    at: START,
    note: null,
    proof: null,
  }));
  cell.approval.approvers = [
    { name: "alice", key: null },
    { name: "bob", key: null },
  ];
  cells.set("approval/p", JSON.stringify(cell));
  for (let round = 0; round < 16; round++) {
    const reply = JSON.parse(store.handle(JSON.stringify({ ...asked, at: START + 5 }))) as {
      missing?: string[];
      action?: string;
    };
    if (reply.missing === undefined) {
      assert.equal(reply.action, "require_approval");
      engine.free();
      assert.ok(send !== undefined);
      return;
    }
    store.load(
      JSON.stringify(
        reply.missing.map((key) => ({ key, version: cells.has(key) ? 1 : 0, value: cells.get(key) ?? null })),
      ),
    );
  }
  assert.fail("the core kept asking");
});

describe("fatigue", () => {
  test("so many questions of one agent, those that were refused among them", () => {
    const { ask, say } = engineOf({
      payment: POLICY.payment,
      approvals: { approvers: ["alice"], max_prompts_per_agent: 2 },
    });
    const at = (id: string, time = START): Decision => ask(id, time, { url: `${URL_}?${id}` });
    assert.equal(at("1").action, "require_approval");
    say("reject", { id: "1", approver: "alice" });
    assert.equal(at("2").action, "require_approval");
    assert.equal(at("3").reason, "too_many_prompts");
    assert.equal(ask("4", START, { agent: "other" }).action, "require_approval");
    assert.equal(at("3", START + 300_000).action, "require_approval");
  });

  test("so many that wait for one approver: who has as many is not asked", () => {
    const approvals = {
      threshold: 1,
      approvers: ["alice", "bob"],
      max_prompts_per_agent: 100,
      max_prompts_per_approver: 2,
    };
    const { ask, say, view } = engineOf({ payment: POLICY.payment, approvals });
    const at = (id: string): Decision => ask(id, START, { url: `${URL_}?${id}` });
    at("1");
    at("2");
    assert.equal(at("3").reason, "too_many_prompts");
    say("approve", { id: "1", approver: "alice" });
    // Decided: neither waits for it any more.
    assert.deepEqual(at("4").approval?.approvers, ["alice", "bob"]);
    say("reject", { id: "2", approver: "alice" });
    assert.deepEqual(at("5").approval?.approvers, ["alice"]);
    assert.equal(say("approve", { id: "5", approver: "bob" }).reason, "not_an_approver");
    assert.equal(view("5").standing, "pending");
  });
});

describe("countersignatures on the request", () => {
  test("a machine signs what it was asked, and the same step answers and pays", () => {
    const { ask } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    const { approver: _a, ...first } = byEd25519("alice", digest);
    const { approver: _c, ...second } = byHmac(digest);
    const one = ask("p", START + 1_000, { countersignatures: { alice: first } });
    assert.deepEqual([one.action, one.approval?.approved], ["require_approval", 1]);
    assert.equal(ask("p", START + 1_000, { countersignatures: { ci: second } }).action, "allow");
  });

  test("one that is not good refuses it all, and a name without a key is not believed from a request", () => {
    const { ask } = engineOf();
    const digest = ask("p").approval?.digest ?? "";
    const { approver: _c, ...second } = byHmac(digest);
    const forged = { ...second, signature: "00".repeat(32) };
    assert.equal(ask("p", START + 1, { countersignatures: { ci: forged } }).reason, "bad_countersignature");
    assert.equal(ask("p", START + 1, { countersignatures: { mallory: second } }).reason, "not_an_approver");
    assert.equal(
      ask("p", START + 1, { countersignatures: { ci: { ...second, approved: true } } }).reason,
      "malformed_request",
    );
    assert.equal(ask("p", START + 1, { countersignatures: [second] }).reason, "malformed_request");
    const named = engineOf({ payment: POLICY.payment });
    named.ask("p");
    assert.equal(named.ask("p", START + 1, { countersignatures: { alice: second } }).reason, "bad_countersignature");
  });
});

describe("freezing", () => {
  test("one agent, and not the others; also after the money was held", () => {
    const { ask, send } = engineOf({ payment: { max_usd: "1" } });
    assert.equal(ask("held").action, "allow");
    send({ type: "freeze", agent: "bot", reason: "odd", at: START + 1 });
    assert.deepEqual([ask("p", START + 2).reason, ask("p", START + 2).field], ["agent_paused", "agent"]);
    assert.equal(send<Outcome>({ type: "ticket", id: "held", at: START + 2 }).reason, "agent_paused");
    assert.equal(ask("q", START + 2, { agent: "other" }).action, "allow");
    send({ type: "freeze", agent: "bot", disable: true, at: START + 3 });
    assert.equal(ask("p", START + 4).reason, "agent_disabled");
    assert.equal(send<{ ok: boolean }>({ type: "unfreeze", agent: "bot", at: START + 5 }).ok, true);
    assert.equal(ask("p", START + 6).action, "allow");
  });

  test("where the policy names keys, lifting it takes a signature for this very freeze", () => {
    const { ask, send } = engineOf();
    const freezes = () => send<{ freezes: { digest: string; lifted_by?: string }[] }>({ type: "freezes" }).freezes;
    send({ type: "freeze", reason: "first", at: START });
    assert.equal(send<Outcome>({ type: "unfreeze", at: START + 1 }).reason, "bad_countersignature");
    const lift = (digest: string, more: object = {}) => ({
      type: "unfreeze",
      at: START + 1_000,
      ...byEd25519("bob", digest, "unfreeze"),
      ...more,
    });
    const first = lift(freezes()[0]?.digest ?? "");
    assert.equal(send<Outcome>(lift("00".repeat(32))).reason, "bad_countersignature");
    assert.equal(send<Outcome>({ ...first, approver: "alice" }).reason, "bad_countersignature");
    assert.equal(ask("p", START + 2).reason, "frozen");
    assert.equal(send<Outcome>(first).ok, true);
    assert.equal(ask("p", START + 2_000).action, "require_approval");
    // Frozen again: the signature of before lifts nothing.
    send({ type: "freeze", reason: "second", at: START + 3_000 });
    assert.equal(send<Outcome>(first).reason, "bad_countersignature");
    assert.equal(ask("q", START + 4_000, { url: `${URL_}?q` }).reason, "frozen");
  });
});

test("what an approver sees, with what hides written out", () => {
  const { ask, view } = engineOf();
  ask("p", START, {
    offer: offer("2000000", "weather\u202e\u200b for \u001b[2Jyou"),
    agent: "bot\u200b",
    client: "acme",
  });
  const { payment, approvers } = view("p");
  assert.equal(payment.description, "weather⟨U+202E⟩⟨U+200B⟩ for ⟨U+001B⟩[2Jyou");
  assert.equal(payment.agent, "bot⟨U+200B⟩");
  assert.deepEqual(
    [payment.amount, payment.usd, payment.symbol, payment.payee_prior_payments],
    ["2000000", "2", "USDC", 0],
  );
  assert.deepEqual([payment.origin, payment.method, payment.client], ["https://api.example.com", "GET", "acme"]);
  assert.deepEqual(payment.why, ["payment.approve_from_usd: 2 USD; from 0.01 USD on people decide"]);
  assert.deepEqual(payment.budgets, [
    { name: "daily", window: "1d", unit: "usd", limit: "5", before: "0", after: "2" },
  ]);
  assert.deepEqual(
    approvers?.map(({ key }) => key),
    ["ed25519", "ed25519", "env:CI_KEY"],
  );
});

function withEntry(more: object): object {
  const whole = offer() as { accepts: object[] };
  return { ...whole, accepts: whole.accepts.map((entry) => ({ ...entry, ...more })) };
}

/** The same numbers in each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % below;
  };
}
