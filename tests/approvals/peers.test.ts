/**
 * Every way in which the approvals of x402-firewall, presidio, PaySentry and smart402 were seen to break, tried here. Those
 * that need a server of their own are in `webhooks.test.ts`, thousands of forgeries in `core.test.ts`.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { askApprovers, createWebhookSecret, openApprovals, signWebhook, webhookKey } from "../../js/approvals/index.ts";
import { type ApprovalView, sqliteStore } from "../../js/index.ts";
import { inFolder } from "../audit/support.ts";
import { offer } from "../cli/support.ts";
import {
  NEEDS_PEOPLE,
  opened,
  pay,
  type Seller,
  seller,
  settled,
  signatureOf,
  signer,
  timers,
  URL_,
} from "./support.ts";

/** Another endpoint for each number. */
const url = (n: number): string => `${URL_}/${n}`;
const dollars = (usd: number): object => offer(String(Math.round(usd * 1_000_000)));

async function ends(call: Promise<Response>): Promise<string> {
  return call.then(
    ({ status }) => (status === 200 ? "paid" : String(status)),
    (error: { code?: string }) => error.code ?? String(error),
  );
}

const fetching = ({ payingFetch }: Awaited<ReturnType<typeof opened>>["warden"], shop: Seller) =>
  payingFetch({ pay: pay as never, fetch: shop.fetch });

describe("x402-firewall", () => {
  test("five approvals of 8 dollars on a budget of 10 pay one of them, not five", async () => {
    const policy = {
      payment: { max_usd: "10", approve_from_usd: "5" },
      budgets: [{ name: "all", limit_usd: "10", window: "lifetime" }],
    };
    const { warden, control } = await opened({ policy, approvalWaitMs: 20_000 });
    const shop = seller(dollars(8));
    const calls = [1, 2, 3, 4, 5].map((n) => ends(fetching(warden, shop)(url(n))));
    while ((await control.approvals.pending()).length < 5) await settled();
    assert.equal(await control.approvals.approveAll(), 5);
    assert.deepEqual((await Promise.all(calls)).sort(), [
      "budget_exceeded",
      "budget_exceeded",
      "budget_exceeded",
      "budget_exceeded",
      "paid",
    ]);
    assert.equal(shop.paid(), 1);
    assert.deepEqual(
      (await warden.budgets()).map(({ spent, held }) => [spent, held]),
      [["8", "0"]],
    );
  });

  test("an approval from another thread is seen when it is given, not at the timeout", () =>
    inFolder(async (folder) => {
      const path = join(folder, "ledger.sqlite");
      const waitMs = 60_000;
      const { warden, control } = await opened({ store: await sqliteStore(path), approvalWaitMs: waitMs });
      const shop = seller();
      const since = performance.now();
      const call = ends(fetching(warden, shop)(URL_));
      while ((await control.approvals.pending()).length < 1) await settled();
      const id = (await control.approvals.pending())[0]?.id ?? "";
      const thread = new Worker(
        `const { workerData } = require("node:worker_threads");
        (async () => {
          await import(workerData.main);
          const { sqliteStore } = await import(workerData.sqlite);
          const { openApprovals } = await import(workerData.approvals);
          const desk = openApprovals({ store: await sqliteStore(workerData.path) });
          await desk.approve(workerData.id, "alice");
          await desk.close();
        })();`,
        {
          eval: true,
          workerData: {
            path,
            id,
            main: new URL("../../js/index.ts", import.meta.url).href,
            sqlite: new URL("../../js/stores/sqlite.ts", import.meta.url).href,
            approvals: new URL("../../js/approvals/index.ts", import.meta.url).href,
          },
        },
      );
      const died = new Promise<never>((_, reject) => thread.once("error", reject));
      assert.equal(await Promise.race([call, died]), "paid");
      assert.ok(performance.now() - since < waitMs / 2);
      await thread.terminate();
      await warden.close();
    }));

  test("the threshold can't be dodged by splitting: a budget asks from its own figure on", async () => {
    const policy = {
      payment: { max_usd: "10", approve_from_usd: "5" },
      budgets: [{ name: "daily", limit_usd: "100", window: "24h", approve_from_usd: "5" }],
    };
    const { warden } = await opened({ policy });
    const shop = seller(dollars(2));
    const all: string[] = [];
    for (const n of [1, 2, 3]) all.push(await ends(fetching(warden, shop)(url(n))));
    assert.deepEqual(all, ["paid", "paid", "approval_required"]);
  });

  test("a question and its answer outlive the process that asked", () =>
    inFolder(async (folder) => {
      const path = join(folder, "ledger.sqlite");
      const first = await opened({ store: await sqliteStore(path) });
      await first.warden.authorize({ id: "p", url: URL_, offer: offer() });
      await first.warden.close();
      const desk = openApprovals({ store: await sqliteStore(path) });
      assert.equal((await desk.approve("p", "alice")).ok, true);
      await desk.close();
      const second = await opened({ store: await sqliteStore(path) });
      assert.equal((await second.warden.authorize({ id: "p", url: URL_, offer: offer() })).action, "allow");
      await second.warden.close();
    }));

  test("people who could not be told are no approval, and no silent one: the call says so, and holds nothing", async () => {
    const { warden } = await opened({ onApproval: () => Promise.reject(new Error("no network")) });
    const shop = seller();
    assert.equal(await ends(fetching(warden, shop)(URL_)), "approval_not_sent");
    assert.deepEqual([shop.paid(), (await warden.budgets())[0]?.held], [0, "0"]);
  });
});

test("x402-firewall of the same name: what has to be asked about is capped and counted first, and again when it is approved", async () => {
  const policy = {
    payment: { max_usd: "5", approve_from_usd: "0.01" },
    budgets: [{ name: "d", limit_usd: "6", window: "24h" }],
  };
  const { warden, control } = await opened({ policy });
  const ask = (id: string, usd: number) => warden.authorize({ id, url: `${URL_}?${id}`, offer: dollars(usd) });
  assert.deepEqual(
    [(await ask("over", 5.01)).reason, (await control.approvals.list()).length],
    ["payment_too_large", 0],
  );
  await ask("first", 4);
  await ask("second", 4);
  await control.approvals.approveAll();
  assert.deepEqual([(await ask("first", 4)).action, (await ask("second", 4)).reason], ["allow", "budget_exceeded"]);
});

describe("presidio", () => {
  const secret = "a secret of the machine's own";
  const [alice, bob] = [signer(), signer()];
  const policy = {
    ...NEEDS_PEOPLE,
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
  const secrets = () => secret;
  const hmac = (digest: string, approver = "ci", verb = "approve") => {
    const signedAt = Date.now();
    const text = `tollwarden 1\n${verb}\n${digest}\n${signedAt}\n${approver}`;
    return { signedAt, signature: createHmac("sha256", secret).update(text).digest("hex") };
  };
  const ed25519 = (digest: string, approver = "alice") => {
    const signedAt = Date.now();
    return { signedAt, signature: signatureOf(alice.key, "approve", digest, signedAt, approver) };
  };
  const asked = async (id = "p", more: object = {}) => {
    const both = await opened({ policy, secrets });
    const request = { id, url: URL_, offer: offer(), ...more };
    const decision = await both.warden.authorize(request);
    return { ...both, request, digest: decision.approval?.digest ?? assert.fail(JSON.stringify(decision)) };
  };

  test('the answer `"approved": "false"` approves nothing, nor does any other text', async () => {
    for (const approved of ["false", "true", "no", "", 0, 1, [], {}, null]) {
      const { warden } = await opened({ onApproval: () => ({ approver: "alice", approved }) as never });
      const shop = seller();
      assert.equal(await ends(fetching(warden, shop)(URL_)), "approval_not_sent", JSON.stringify(approved));
      assert.equal(shop.paid(), 0);
    }
  });

  test("a signature is bound to the request: one for another payee or amount is none", async () => {
    const { control, digest } = await asked();
    for (const other of [
      offer("20000"),
      { ...offer(), accepts: [{ ...(offer() as { accepts: object[] }).accepts[0], payTo: `0x${"33".repeat(20)}` }] },
    ]) {
      const foreign = await asked("p", { offer: other });
      assert.notEqual(foreign.digest, digest);
      for (const proof of [hmac(foreign.digest), hmac(foreign.digest, "ci", "reject")]) {
        assert.equal((await control.approve("p", "ci", proof)).reason, "bad_countersignature");
      }
    }
    assert.equal((await control.approve("p", "ci", hmac(digest))).ok, true);
  });

  test("two of three are enough when two have answered: the third is not waited for", async () => {
    const { warden, control, request, digest } = await asked();
    assert.equal((await control.approve("p", "ci", hmac(digest))).ok, true);
    assert.equal((await control.approve("p", "alice", ed25519(digest))).ok, true);
    assert.equal((await warden.authorize(request)).action, "allow");
  });

  test("one signature is not two approvers, whichever of them it is given for", async () => {
    const { warden, control, request, digest } = await asked();
    const one = ed25519(digest);
    assert.equal((await control.approve("p", "alice", one)).ok, true);
    for (const name of ["bob", "ci"]) {
      assert.equal((await control.approve("p", name, one)).reason, "bad_countersignature", name);
      const countersignatures = { [name]: one };
      assert.equal((await warden.authorize({ ...request, countersignatures })).reason, "bad_countersignature", name);
    }
    assert.equal((await warden.authorize(request)).approval?.approved, 1);
  });

  test("a signature is used once: the same payment again needs new ones", async () => {
    const { warden, request, digest } = await asked();
    const countersignatures = { alice: ed25519(digest), ci: hmac(digest) };
    assert.equal((await warden.authorize({ ...request, countersignatures })).action, "allow");
    await warden.ticket("p");
    const next = await warden.authorize({ ...request, id: "q", countersignatures });
    assert.deepEqual([next.action, next.reason], ["deny", "bad_countersignature"]);
    await warden.authorize({ ...request, id: "r" });
    const replayed = await warden.authorize({ ...request, id: "r", countersignatures });
    assert.deepEqual([replayed.action, replayed.reason], ["deny", "bad_countersignature"]);
  });

  test("an approver that breaks in the middle leaves no money booked", async () => {
    const onApproval = () => {
      throw new TypeError("undefined is not a function");
    };
    const { warden } = await opened({ onApproval });
    await assert.rejects(warden.authorize({ url: URL_, offer: offer() }), /undefined is not a function/);
    assert.deepEqual(
      (await warden.budgets()).map(({ held, spent }) => [held, spent]),
      [["0", "0"]],
    );
  });

  test("approvers and their secrets in a policy file are not dropped: they are asked, and believed", () =>
    inFolder(async (folder) => {
      const file = join(folder, "policy.toml");
      writeFileSync(join(folder, "ci.key"), secret);
      writeFileSync(
        file,
        `[payment]\nmax_usd = "10"\napprove_from_usd = "0.01"\n[approvals]\nthreshold = 1\napprovers = ["ci"]\n[[approvals.keys]]\napprover = "ci"\nhmac = "file:${join(folder, "ci.key")}"\n`,
      );
      const { warden, control } = await opened({ policy: file });
      const { approval } = await warden.authorize({ id: "p", url: URL_, offer: offer() });
      assert.deepEqual(approval?.approvers, ["ci"]);
      assert.equal((await control.approve("p", "ci")).reason, "bad_countersignature");
      assert.equal((await control.approve("p", "ci", hmac(approval?.digest ?? ""))).ok, true);
      assert.equal((await warden.authorize({ id: "p", url: URL_, offer: offer() })).action, "allow");
    }));
});

describe("PaySentry", () => {
  test("what needs an approval can be approved and paid through the guarded fetch, and only through it", async () => {
    const { warden, control } = await opened();
    const shop = seller();
    assert.equal(await ends(fetching(warden, shop)(URL_)), "approval_required");
    await control.approvals.approveAll();
    assert.equal(await ends(fetching(warden, shop)(URL_)), "paid");
  });

  test("an approval that is given leaves no timer behind, nor does a refusal, or an end of the wait", async () => {
    const before = timers();
    const { warden, control } = await opened({
      policy: { ...NEEDS_PEOPLE, approvals: { timeout: "1h" } },
      approvalWaitMs: 300_000,
    });
    const shop = seller();
    const stop = new AbortController();
    const calls = [0, 1, 2].map((n) => ends(fetching(warden, shop)(url(n), { signal: stop.signal })));
    while ((await control.approvals.pending()).length < 3) await settled();
    const [first, second] = await control.approvals.pending();
    await control.approve(first?.id ?? "", "alice");
    await control.reject(second?.id ?? "", "alice");
    await Promise.race(calls);
    await control.approvals.decided(second?.id ?? "", { timeoutMs: 1_000 });
    stop.abort(new Error("enough"));
    assert.deepEqual((await Promise.all(calls)).map((end) => (end.startsWith("Error") ? "stopped" : end)).sort(), [
      "approval_rejected",
      "paid",
      "stopped",
    ]);
    await settled();
    assert.equal(timers(), before);
  });

  test("the agent's handle has nothing that approves, resolves, unfreezes, or changes the policy", async () => {
    const { warden } = await opened();
    for (const name of ["approve", "reject", "approvals", "resolve", "refund", "unfreeze", "reload"]) {
      assert.equal(name in warden, false, name);
    }
  });
});

describe("smart402", () => {
  /** A machine whose answer is a signed yes, under this status. */
  async function asking(status: number, made?: (view: ApprovalView) => string): Promise<string> {
    const secret = createWebhookSecret();
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += String(part);
      const { data } = JSON.parse(body) as { data: { approval: ApprovalView } };
      const yes = JSON.stringify({ approver: "risk", approved: true, digest: data.approval.digest });
      const text = made?.(data.approval) ?? yes;
      const headers = { ...(await signWebhook(await webhookKey(secret), "a", text, Date.now())) };
      response.writeHead(status, headers).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { warden } = await opened({ onApproval: askApprovers({ approvers: [{ name: "risk", url: at, secret }] }) });
      const shop = seller();
      const end = await ends(fetching(warden, shop)(URL_));
      assert.equal(shop.paid(), end === "paid" ? 1 : 0);
      return end;
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test("an approver that answers 401, 403, 404, 422, 429 or 500 has not approved, whatever the body says", async () => {
    for (const status of [201, 202, 401, 403, 404, 422, 429, 500, 503]) {
      assert.equal(await asking(status), "approval_not_sent", String(status));
    }
    assert.equal(await asking(200), "paid");
  });

  test("nor has one that answers with a page, or leaves a member out of its refusal", async () => {
    for (const made of [
      () => "<html><body>approved: true</body></html>",
      ({ digest }: ApprovalView) => JSON.stringify({ approver: "risk", digest }),
      () => JSON.stringify({ approved: false }),
      ({ digest }: ApprovalView) => JSON.stringify({ approved: true, digest }),
    ]) {
      assert.equal(await asking(200, made), "approval_not_sent");
    }
  });

  test("an answer that is meant for another payment is booked on none", async () => {
    const { warden, control } = await opened();
    await warden.authorize({ id: "cheap", url: `${URL_}?1`, offer: dollars(0.01) });
    await warden.authorize({ id: "dear", url: `${URL_}?2`, offer: dollars(4) });
    const digest = (await control.approvals.get("cheap"))?.digest ?? "";
    assert.equal((await control.approve("dear", "alice", { digest })).reason, "conflict");
    assert.equal((await control.approvals.get("dear"))?.standing, "pending");
  });
});
