// After a payment was sent: the response knows its payment, and one that nobody knows the end of is presented again, with
// the signature that it has. Nothing that could be used to pay is shown anywhere.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { authorizationTypes } from "@x402/evm";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import { callbackSink } from "../../js/audit.ts";
import {
  memoryStore,
  type PaymentInfo,
  PaymentUnresolved,
  paymentOf,
  sqliteStore,
  type Warden,
} from "../../js/index.ts";
import { controlOf, daily, deniedWith, guardedAgent, moved, policyFor, spyOn, warden } from "../e2e/support.ts";

let chain: Chain;
let seller: Seller;
before(async () => {
  chain = await startChain();
  seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
});
after(async () => {
  await seller?.stop();
  await chain?.stop();
});

/** A network that fails once with the paid request: before it arrives, or after the answer left. */
function cut(when: "before" | "after"): { readonly fetch: typeof fetch; readonly headers: string[] } {
  const headers: string[] = [];
  return {
    headers,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const payment = request.headers.get("payment-signature");
      if (payment === null) return fetch(request);
      headers.push(payment);
      if (when === "after") await (await fetch(request)).arrayBuffer();
      throw new TypeError("the connection was cut");
    },
  };
}

async function unresolved(work: Promise<unknown>): Promise<PaymentUnresolved> {
  const error = await work.then(
    () => assert.fail("it went through"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PaymentUnresolved, String(error));
  return error;
}

const WEATHER = { id: "", method: "GET", state: "captured", amount: "10000", usd: "0.01" };

test("a paid response knows its payment, through the official client, and who listens is told", async () => {
  const told: PaymentInfo[] = [];
  const onPayment = (payment: PaymentInfo): void => {
    told.push(payment);
    throw new Error("a listener that fails");
  };
  const w = await warden({ policy: policyFor([seller.url]), onPayment });
  const response = await guardedAgent(chain, w)(`${seller.url}/weather`);
  const payment = paymentOf(response);
  assert.deepEqual({ ...WEATHER, ...payment, id: "", transaction: "" }, { ...payment, ...WEATHER, transaction: "" });
  assert.match(payment?.transaction ?? "", /^0x[0-9a-f]{64}$/);
  assert.deepEqual(told, [payment]);
  const refunded = await controlOf(w).refund(payment?.id ?? "", "10000");
  assert.equal(refunded.ok, true);
  assert.equal(paymentOf(new Response("never paid")), undefined);
});

test("a payment that never arrived is presented again: one signature, one charge", async () => {
  const told: PaymentInfo[] = [];
  const w = await warden({ policy: policyFor([seller.url]), onPayment: (payment) => void told.push(payment) });
  const spy = spyOn(chain.accounts.agent.account);
  const lost = cut("before");
  const pay = guardedAgent(chain, w, { inner: lost.fetch, account: spy.account });
  const changes = await moved(chain, async () => {
    const { id } = await unresolved(pay(`${seller.url}/weather`));
    assert.equal(told[0]?.state, "unknown");
    assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
    // Asked again, nothing new is signed; the denial names the payment that is still out.
    const denied = await deniedWith(
      "intent_unresolved",
      guardedAgent(chain, w, { account: spy.account })(`${seller.url}/weather`),
    );
    assert.equal("hold" in denied.decision ? denied.decision.hold : undefined, id);
    // Cut again: nothing is lost.
    await unresolved(w.present(id, { fetch: lost.fetch }));
    const response = await w.present(id);
    assert.equal(response.status, 200);
    assert.deepEqual([paymentOf(response)?.id, paymentOf(response)?.state], [id, "captured"]);
    assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
    // It is settled, and its payment is gone.
    await deniedWith("unknown_id", w.present(id));
  });
  assert.deepEqual(changes, { agent: -10_000n, seller: 10_000n });
  assert.equal(spy.signed.length, 1);
  assert.equal(new Set(lost.headers).size, 1);
});

test("nothing is sent again while everything is frozen, or this agent; when it is lifted, it goes out", async () => {
  const w = await warden({ policy: policyFor([seller.url]), agent: "a1" });
  const lost = cut("before");
  const { id } = await unresolved(guardedAgent(chain, w, { inner: lost.fetch })(`${seller.url}/weather`));
  const control = controlOf(w);
  await w.freeze("the key may be lost");
  const error = await deniedWith("frozen", w.present(id, { fetch: lost.fetch }));
  assert.match(error.message, /the key may be lost/);
  await control.unfreeze();
  await control.freeze("look at it", { agent: "a1" });
  await deniedWith("agent_paused", w.present(id, { fetch: lost.fetch }));
  await control.freeze("gone for good", { agent: "a1", disable: true });
  await deniedWith("agent_disabled", w.present(id, { fetch: lost.fetch }));
  assert.equal(lost.headers.length, 1);
  await control.unfreeze({ agent: "a1" });
  await control.freeze("somebody else's", { agent: "a2" });
  assert.equal((await w.present(id)).status, 200);
});

test("one that was charged already is not charged twice; its seller's refusal leaves it unknown", async () => {
  const w = await warden({ policy: policyFor([seller.url]) });
  const pay = guardedAgent(chain, w, { inner: cut("after").fetch });
  const changes = await moved(chain, async () => {
    const { id } = await unresolved(pay(`${seller.url}/weather`));
    const again = await w.present(id);
    assert.notEqual(again.status, 200);
    assert.equal(paymentOf(again)?.state, "unknown");
    assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
  });
  assert.deepEqual(changes, { agent: -10_000n, seller: 10_000n });
});

test("it is kept until it runs out or is settled, and only for the request that it was for", async () => {
  const at = { now: Date.now() };
  const now = () => at.now;
  const w = await warden({ policy: policyFor([seller.url]), now, store: memoryStore({ now }) });
  const pay = guardedAgent(chain, w, { inner: cut("before").fetch });
  const other = await unresolved(pay(`${seller.url}/report`));
  await controlOf(w).reconcile(other.id, { authorization: "used", amount: "50000" });
  await deniedWith("wrong_state", w.present(other.id));
  const { id } = await unresolved(pay(`${seller.url}/weather`));
  await deniedWith("unknown_id", w.present("somebody-else"));
  const [hold] = await controlOf(w).holds();
  // 30 s before the hold ends the signature does.
  at.now = Date.parse(hold?.until ?? "") - 30_000;
  await deniedWith("unknown_id", w.present(id));
});

test("with a key it outlives the process, encrypted; without the key it is of no use", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-present-"));
  try {
    const path = join(folder, "ledger.sqlite");
    const keepKey = crypto.getRandomValues(new Uint8Array(32));
    const open = async (key?: Uint8Array): Promise<Warden> =>
      warden({ policy: policyFor([seller.url]), store: await sqliteStore(path), ...(key && { keepKey: key }) });
    const first = await open(keepKey);
    const lost = cut("before");
    const { id } = await unresolved(guardedAgent(chain, first, { inner: lost.fetch })(`${seller.url}/weather`));
    await first.close();

    const payment = lost.headers[0] ?? assert.fail("nothing was sent");
    const { signature } = JSON.parse(atob(payment)).payload as { readonly signature: string };
    for (const file of [path, `${path}-wal`]) {
      const stored = readOr(file);
      assert.ok(!stored.includes(payment) && !stored.includes(signature.slice(2)), `${file} holds the payment`);
    }
    const keyless = await open();
    await deniedWith("unknown_id", keyless.present(id));
    await keyless.close();
    const stranger = await open(new Uint8Array(32));
    await deniedWith("unknown_id", stranger.present(id));
    await stranger.close();
    const second = await open(keepKey);
    assert.equal((await second.present(id)).status, 200);
    await deniedWith("unknown_id", second.present(id));
    await second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function readOr(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

test("a key that is too short is refused when the warden opens", async () => {
  await assert.rejects(
    warden({ policy: policyFor([]), keepKey: new Uint8Array(16) }),
    /`keepKey` has 16 bytes, not 32/,
  );
});

test("a key that can't encrypt is refused when the warden opens, and not found out when it is needed", async () => {
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const oneWay = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  for (const keepKey of [hmac, oneWay, "a password" as never]) {
    await assert.rejects(warden({ policy: policyFor([]), keepKey }), { code: "bad_key" });
  }
});

test("each sending is in the audit log before it goes out, also the second one", async () => {
  const kinds: string[] = [];
  const sink = callbackSink("kinds", (records) => void kinds.push(...records.map(({ line }) => JSON.parse(line).kind)));
  const w = await warden({ policy: policyFor([seller.url]), audit: { sinks: [sink] } });
  const error = await unresolved(guardedAgent(chain, w, { inner: cut("before").fetch })(`${seller.url}/weather`));
  await w.present(error.id);
  await w.close();
  assert.deepEqual(kinds.slice(-4), ["sent", "unknown", "sent", "captured"]);
});

test("the body has to be the same; nothing that pays is in an error, a decision or a hold", async () => {
  const policy = policyFor(["https://shop.example.com"]);
  const seen: string[] = [];
  const offer = {
    x402Version: 1,
    accepts: [
      {
        scheme: "exact",
        network: "base-sepolia",
        maxAmountRequired: "10000",
        resource: "https://shop.example.com/order",
        description: "",
        mimeType: "",
        payTo: chain.accounts.seller.address,
        maxTimeoutSeconds: 60,
        asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        extra: { name: "USDC", version: "2" },
      },
    ],
  };
  const shop: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const payment = request.headers.get("x-payment");
    if (payment === null) return Response.json(offer, { status: 402 });
    seen.push(payment);
    if (seen.length === 1) throw new TypeError("the connection was cut");
    return new Response("paid, and broken", { status: 500 });
  };
  const w = await warden({ policy });
  const { legacyPay } = legacy();
  const pay = w.payingFetch({ pay: legacyPay, fetch: shop });
  const order = { method: "POST", body: JSON.stringify({ item: 7 }) };
  const error = await unresolved(pay("https://shop.example.com/order", order));
  await deniedWith("conflict", w.present(error.id, { fetch: shop }));
  await deniedWith("conflict", w.present(error.id, { fetch: shop, body: JSON.stringify({ item: 8 }) }));
  assert.equal(seen.length, 1);
  const response = await w.present(error.id, {
    fetch: shop,
    body: order.body,
    headers: { "content-type": "application/json" },
  });
  // Paid, and not delivered: the response names the hold that can be settled by hand.
  assert.deepEqual([response.status, paymentOf(response)?.id, paymentOf(response)?.state], [500, error.id, "unknown"]);
  assert.equal(new Set(seen).size, 1);
  const told = [error, paymentOf(response), await controlOf(w).holds("all"), w, controlOf(w)];
  const text = told.map((value) => inspect(value, { depth: 12, showHidden: true })).join("\n");
  const { signature } = JSON.parse(atob(seen[0] ?? "")).payload as { readonly signature: string };
  assert.ok(!text.includes(signature) && !text.includes(seen[0] ?? ""));
});

/** A signer of one's own, by hand. */
function legacy() {
  const { account, address } = chain.accounts.agent;
  return {
    legacyPay: async ({ accept }: { readonly accept: { readonly [key: string]: unknown } }) => {
      const now = Math.floor(Date.now() / 1_000);
      const nonce = `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex")}` as const;
      const to = accept.payTo as `0x${string}`;
      const message = { from: address, to, value: 10_000n, validAfter: 0n, validBefore: BigInt(now + 60), nonce };
      const signature = await account.signTypedData({
        domain: { name: "USDC", version: "2", chainId: 84532, verifyingContract: accept.asset as `0x${string}` },
        types: authorizationTypes,
        primaryType: "TransferWithAuthorization",
        message,
      });
      return {
        signature,
        authorization: { ...message, value: "10000", validAfter: "0", validBefore: String(now + 60) },
      };
    },
  };
}
