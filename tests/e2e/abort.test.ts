// A caller that wants the answer no more: where nothing is signed yet nothing is signed from then on, and the money is
// free again; what was signed stays counted. The seller is a function; the wallet and the client are the official ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";
import { memoryStore, PaymentUnresolved, type Store, type Warden } from "../../js/index.ts";
import { encodeBase64 } from "../../js/x402/wire.ts";
import { offer } from "../cli/support.ts";
import { controlOf, daily, policyFor, type Spy, spyOn, warden } from "./support.ts";

const ACCOUNT = privateKeyToAccount(`0x${"7".repeat(64)}`);
const URL = "https://api.example.com/weather";
const OFFER = offer();

interface Shop {
  readonly warden: Warden;
  readonly spy: Spy;
  /** The payments that went out. */
  readonly sent: string[];
  readonly caller: AbortController;
  readonly pay: (init?: RequestInit) => Promise<Response>;
}

type Moment = "offered" | "held" | "signed";

/** `when` the caller gives up; `way` is how it pays. */
async function shop(way: string, when?: Moment, more: object = {}): Promise<Shop> {
  const caller = new AbortController();
  const inner = memoryStore();
  const store: Store = {
    ...inner,
    commit: async (commit) => {
      const done = await inner.commit(commit);
      if (when === "held" && commit.write.some(({ key }) => key.startsWith("hold/"))) caller.abort();
      return done;
    },
  };
  const opened = await warden({ policy: policyFor([], more), store });
  const spy = spyOn(ACCOUNT);
  const sent: string[] = [];
  const seller: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const payment = request.headers.get("payment-signature");
    if (payment === null) {
      if (when === "offered") caller.abort();
      return new Response("{}", { status: 402, headers: { "payment-required": encodeBase64(JSON.stringify(OFFER)) } });
    }
    sent.push(payment);
    return Response.json({ paid: true });
  };
  const signing = new ExactEvmScheme(way === "payingFetch" ? spy.account : opened.signer(spy.account));
  const scheme = {
    scheme: "exact",
    createPaymentPayload: async (...asked: Parameters<ExactEvmScheme["createPaymentPayload"]>) => {
      const payload = await signing.createPaymentPayload(...asked);
      if (when === "signed") caller.abort();
      return payload;
    },
  };
  const pay =
    way === "payingFetch"
      ? opened.payingFetch({
          fetch: seller,
          pay: async ({ accept }) => (await scheme.createPaymentPayload(2, accept as never)).payload,
        })
      : wrapFetchWithPayment(
          opened.fetch(seller),
          opened.client(new x402Client().register("eip155:*", scheme as ExactEvmScheme)),
        );
  return { warden: opened, spy, sent, caller, pay: (init) => pay(URL, { signal: caller.signal, ...init }) };
}

for (const way of ["the official client", "payingFetch"]) {
  test(`with ${way}: a call that ends before the signature is not signed for, and holds nothing`, async () => {
    for (const when of ["offered", "held"] as const) {
      const { warden, spy, sent, pay } = await shop(way, when);
      await assert.rejects(pay(), { name: "AbortError" });
      assert.deepEqual([spy.signed, sent], [[], []], when);
      assert.deepEqual(await daily(warden), { held: "0", spent: "0" });
      // It was no payment: the same request can be paid at once.
      assert.equal((await pay({ signal: null })).status, 200);
    }
  });

  test(`with ${way}: a call that ends after the signature stays counted, and is not the seller's failure`, async () => {
    const breaker = { failure_threshold: 1 };
    const { warden, sent, pay } = await shop(way, "signed", { breaker });
    const error = await pay().then(
      () => assert.fail("it went through"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PaymentUnresolved, String(error));
    assert.match(error.message, /was signed, and the call was aborted; the money stays held/);
    assert.deepEqual(sent, []);
    assert.deepEqual(await daily(warden), { held: "0.01", spent: "0" });
    // What was signed is of use: it is sent now, and the breaker has not opened.
    const again: typeof fetch = async () => Response.json({ paid: true });
    assert.equal((await warden.present(error.id, { fetch: again })).status, 200);
    assert.deepEqual(await daily(warden), { held: "0", spent: "0.01" });
    assert.equal((await pay({ signal: null })).status, 200);
  });
}

test("of a call that has ended nobody is asked", async () => {
  const { warden, pay } = await shop("payingFetch", "offered", {
    payment: { max_usd: "1", approve_from_usd: "0.001" },
  });
  await assert.rejects(pay(), { name: "AbortError" });
  assert.deepEqual(await controlOf(warden).approvals.list(), []);
});

test("a probe that is aborted before it goes out leaves its place to the next call", async () => {
  let at = Date.now();
  const breaker = { failure_threshold: 1, recovery_timeout: "30s" };
  const caller = new AbortController();
  const opened = await warden({ policy: policyFor([], { breaker }), now: () => at });
  let works = false;
  const scheme = new ExactEvmScheme(ACCOUNT);
  const pay = opened.payingFetch({
    fetch: async (input, init) => {
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      if (request.headers.has("payment-signature")) return new Response("{}", { status: works ? 200 : 500 });
      return new Response("{}", { status: 402, headers: { "payment-required": encodeBase64(JSON.stringify(OFFER)) } });
    },
    pay: async ({ accept }) => {
      const { payload } = await scheme.createPaymentPayload(2, accept as never);
      if (works) caller.abort();
      return payload;
    },
  });
  assert.equal((await pay(`${URL}/1`)).status, 500);
  await assert.rejects(pay(`${URL}/2`), { code: "circuit_open" });
  at += 30_001;
  works = true;
  await assert.rejects(pay(`${URL}/3`, { signal: caller.signal }), PaymentUnresolved);
  assert.equal((await pay(`${URL}/4`)).status, 200);
});
