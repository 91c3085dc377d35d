/**
 * The attacks on sellers that have been published (arXiv 2605.30998: F1–F5, and 2605.11781: I–IV), on the local chain, with
 * the official facilitator and payments that were really signed.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authorizationTypes } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { ExactEvmScheme as ServerScheme } from "@x402/evm/exact/server";
import { x402Client } from "@x402/fetch";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { type Chain, NETWORK, startChain, USDC } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { createApiKey, createGate, type Gate, type GateOptions, hashApiKey } from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";
import { entryOf, listed, refusedWith, URL_OF_SELLER } from "./support.ts";

let chain: Chain;
before(async () => {
  chain = await startChain();
});
after(async () => {
  await chain?.stop();
});

const url = (path: string): string => `${URL_OF_SELLER}${path}`;

async function scene(options: Partial<GateOptions> = {}) {
  const pay = { network: NETWORK, payTo: chain.accounts.seller.address };
  const price = "$0.01";
  let calls = 0;
  const gate: Gate = await createGate({
    policy: { payment: { max_usd: "1" } },
    store: memoryStore(),
    url: URL_OF_SELLER,
    routes: { "GET /a": { pay, price }, "GET /b": { pay, price }, "POST /work": { pay, price } },
    facilitator: createFacilitator(chain) as never,
    schemes: [{ network: "eip155:*", server: new ServerScheme() }],
    ...options,
  });
  const ask = (
    path: string,
    init: RequestInit = {},
    handler: (request: Request) => Response | Promise<Response> = () => new Response("goods"),
  ): Promise<Response> =>
    gate.handle(new Request(url(path), init), (request) => {
      calls += 1;
      return handler(request);
    });
  const before = await chain.balanceOf(pay.payTo);
  return {
    gate,
    ask,
    calls: () => calls,
    moved: async () => (await chain.balanceOf(pay.payTo)) - before,
    /** The header of a payment that the official client has signed for a 402. */
    async signed(path: string, init: RequestInit = {}, account = chain.accounts.agent.account): Promise<string> {
      const response = await ask(path, init);
      await entryOf(response);
      const offer = JSON.parse(Buffer.from(response.headers.get("PAYMENT-REQUIRED") ?? "", "base64").toString());
      const client = new x402Client().register(NETWORK, new ExactEvmScheme(account));
      return Buffer.from(JSON.stringify(await client.createPaymentPayload(offer))).toString("base64");
    },
  };
}

const paid = (header: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { ...(init.headers as Record<string, string>), "PAYMENT-SIGNATURE": header },
});

test("F1, substitution: a payment for one resource buys no other of the same price", async () => {
  const { ask, signed, calls, moved } = await scene();
  const header = await signed("/a?item=cheap");
  for (const path of ["/b", "/a?item=dear", "/A/?item=cheap"]) {
    await refusedWith(409, "payment_bound_elsewhere", await ask(path, paid(header)));
  }
  await refusedWith(409, "payment_bound_elsewhere", await ask("/work", paid(header, { method: "POST", body: "x" })));
  assert.equal(calls(), 0);
  assert.equal((await ask("/a?item=cheap", paid(header))).status, 200);
  assert.equal(await moved(), 10_000n);
});

test("F2, the race of settlements: fifty at once reach the upstream once, and are settled once; so do two processes", async () => {
  const store = memoryStore();
  const key = new Uint8Array(32).fill(7);
  const one = await scene({ store, quoteSecret: key });
  const two = await scene({ store, quoteSecret: key });
  const header = await one.signed("/a");
  const slowly = async (): Promise<Response> => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return new Response("goods");
  };
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? one : two).ask("/a", paid(header), slowly)),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(one.calls() + two.calls(), 1);
  assert.equal(await one.moved(), 10_000n);
});

test("F3, overdraft: ten payments on money for one deliver one", async () => {
  const { ask, signed, gate, moved } = await scene();
  const poor = privateKeyToAccount(generatePrivateKey());
  await chain.mint(poor.address, 10_000n);
  const headers = await Promise.all(Array.from({ length: 10 }, (_, i) => signed(`/a?n=${i}`, {}, poor)));
  const answers = await Promise.all(headers.map((header, i) => ask(`/a?n=${i}`, paid(header))));
  const goods = await Promise.all(answers.map(async (answer) => (await answer.text()) === "goods"));
  assert.equal(goods.filter(Boolean).length, 1);
  assert.equal(await moved(), 10_000n);
  assert.equal((await listed(gate.payments({ state: "captured" }))).length, 1);
});

test("F4, denial of settlement: money that is gone when it is to be taken gets nothing; after some of it, no work is done", async () => {
  const { ask, signed, calls, moved } = await scene({ breaker: { failureThreshold: 3 } });
  const thief = privateKeyToAccount(generatePrivateKey());
  let refused = 0;
  for (let i = 0; i < 5; i++) {
    await chain.mint(thief.address, 10_000n);
    const header = await signed(`/a?n=${i}`, {}, thief);
    const answer = await ask(`/a?n=${i}`, paid(header), async () => {
      // Between verification and settlement the payer moves its money away.
      const authorization = {
        from: thief.address,
        to: chain.accounts.attacker.address,
        value: "10000",
        validAfter: "0",
        validBefore: "4102444800",
        nonce: `0x${(i + 1).toString(16).padStart(64, "0")}`,
      } as const;
      const signature = await thief.signTypedData({
        domain: { name: "USDC", version: "2", chainId: 84532, verifyingContract: USDC },
        types: authorizationTypes,
        primaryType: "TransferWithAuthorization",
        message: { ...authorization, value: 10_000n, validAfter: 0n, validBefore: 4_102_444_800n },
      });
      await chain.submit("facilitator", authorization, signature);
      return new Response("goods");
    });
    const text = await answer.text();
    assert.notEqual(text, "goods");
    if (answer.headers.get("Tollwarden-Refusal") === "payer_suspended") refused += 1;
  }
  assert.equal(await moved(), 0n);
  assert.equal(calls(), 3);
  assert.equal(refused, 2);
});

test("F5, hidden work: the price follows what is asked, and what is asked is bounded", async () => {
  const pay = { network: NETWORK, payTo: chain.accounts.seller.address };
  const price = ({ bodyBytes }: { readonly bodyBytes: number }) => `$${(0.001 * Math.max(1, bodyBytes)).toFixed(3)}`;
  const { ask, signed } = await scene({ routes: { "POST /work": { pay, price, maxRequestBytes: 100 } } });
  const small = { method: "POST", body: "x" };
  const big = { method: "POST", body: "x".repeat(50) };
  assert.equal((await entryOf(await ask("/work", small))).amount, "1000");
  assert.equal((await entryOf(await ask("/work", big))).amount, "50000");
  await refusedWith(409, "payment_bound_elsewhere", await ask("/work", paid(await signed("/work", small), big)));
  await refusedWith(413, "request_too_large", await ask("/work", { method: "POST", body: "x".repeat(101) }));
});

test("I, a grant before finality: a settlement that the chain does not show delivers nothing", async () => {
  const real = createFacilitator(chain);
  const liar = {
    verify: real.verify,
    getSupported: real.getSupported,
    settle: async () => ({ success: true, transaction: `0x${"0".repeat(64)}`, network: NETWORK }),
  };
  const { ask, signed, gate, moved } = await scene({
    facilitator: liar as never,
    confirm: async ({ transaction }) => {
      const receipt = await chain.client.getTransactionReceipt({ hash: transaction as `0x${string}` });
      return receipt.status === "success";
    },
  });
  await refusedWith(502, "payment_unresolved", await ask("/a", paid(await signed("/a"))));
  assert.equal(await moved(), 0n);
  const [line] = await gate.books();
  assert.deepEqual([line?.delivered, line?.unresolved], ["0", "10000"]);
});

test("I, a settlement that is not bound to the caller: a payment made with one client's key is no other's", async () => {
  const [mine, theirs] = [createApiKey(), createApiKey()];
  const { ask, signed, calls } = await scene({
    clients: [
      { id: "mine", keyHash: await hashApiKey(mine) },
      { id: "theirs", keyHash: await hashApiKey(theirs) },
    ],
  });
  const header = await signed("/a", { headers: { "x-api-key": mine } });
  for (const headers of [{ "x-api-key": theirs }, {}]) {
    await refusedWith(409, "payment_bound_elsewhere", await ask("/a", paid(header, { headers })));
  }
  assert.equal(calls(), 0);
  assert.equal((await ask("/a", paid(header, { headers: { "x-api-key": mine } }))).status, 200);
  // A payment in somebody else's name does not verify at all.
  const other = JSON.parse(Buffer.from(await signed("/b"), "base64").toString());
  other.payload.authorization.from = chain.accounts.attacker.address;
  const forged = Buffer.from(JSON.stringify(other)).toString("base64");
  assert.equal((await ask("/b", paid(forged))).status, 402);
});

test("II, replay: one payment, 248 times, is one grant", async () => {
  const { ask, signed, calls, moved } = await scene();
  const header = await signed("/a");
  const statuses: number[] = [];
  for (let i = 0; i < 248; i++) statuses.push((await ask("/a", paid(header))).status);
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.equal(calls(), 1);
  assert.equal(await moved(), 10_000n);
});

test("III, headers and caches: what was paid for is no shared cache's, and two payments are none", async () => {
  const { ask, signed } = await scene();
  const unpaid = await ask("/a");
  assert.equal(unpaid.headers.get("cache-control"), "no-store");
  const header = await signed("/a");
  const answer = await ask(
    "/a",
    paid(header),
    () =>
      new Response("goods", {
        headers: { "cache-control": "public, s-maxage=3600, max-age=60, immutable", "surrogate-control": "max-age=60" },
      }),
  );
  assert.equal(answer.headers.get("cache-control"), "private, max-age=60");
  assert.equal(answer.headers.get("surrogate-control"), null);
  assert.match(answer.headers.get("vary") ?? "", /PAYMENT-SIGNATURE/);
  const headers = new Headers([
    ["PAYMENT-SIGNATURE", header],
    ["PAYMENT-SIGNATURE", await signed("/b")],
  ]);
  await refusedWith(400, "several_payments", await ask("/a", { headers }));
});

test("somebody who settles the payment before the gate does gets its goods to nobody, and it is not lost", async () => {
  const { ask, signed, gate, moved } = await scene();
  const header = await signed("/a");
  const { payload } = JSON.parse(Buffer.from(header, "base64").toString());
  const answer = await ask("/a", paid(header), async () => {
    await chain.submit("attacker", payload.authorization, payload.signature);
    return new Response("goods");
  });
  await refusedWith(502, "payment_unresolved", answer);
  assert.equal(await moved(), 10_000n);
  const [line] = await gate.books();
  assert.equal(line?.unresolved, "10000", "it is not taken for unpaid");
});
