// The first version's own client, `x402-fetch`, which has no hooks at all: the warden's fetch and its wallet are enough.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { wrapFetchWithPayment } from "x402-fetch";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Hostile, startHostile } from "../../examples/localnet/hostile.ts";
import { type SellerV1, startSellerV1 } from "../../examples/localnet/seller-v1.ts";
import { honest, lostResponse, offerV1, redirectPaid, withheld } from "../../examples/localnet/traps.ts";
import { PaymentUnresolved, type Warden } from "../../js/index.ts";
import { arrived, daily, deniedWith, moved, policyFor, type Spy, spyOn, warden } from "./support.ts";

let chain: Chain;
let seller: SellerV1;
let hostile: Hostile;
before(async () => {
  chain = await startChain();
  hostile = await startHostile(chain);
  seller = await startSellerV1({ chain, facilitator: createFacilitator(chain) });
});
after(async () => {
  await seller?.stop();
  await hostile?.stop();
  await chain?.stop();
});

const PAID = { agent: -10_000n, seller: 10_000n };

async function scene(guarded: boolean, more: object = {}, around = (inner: typeof fetch): typeof fetch => inner) {
  const policy = policyFor([seller.url, hostile.url, hostile.otherUrl], {
    breaker: { failure_threshold: 99 },
    ...more,
  });
  const w: Warden = await warden({ policy });
  const spy: Spy = spyOn(chain.accounts.agent.account);
  const account = guarded ? w.signer(spy.account) : spy.account;
  // The third argument is the client's own cap, in atomic units of whatever asset is asked for; here it is out of the way.
  const pay = wrapFetchWithPayment(around(w.fetch()) as never, account as never, 10n ** 9n) as unknown as typeof fetch;
  return { w, spy, pay };
}

for (const guarded of [true, false]) {
  const wallet = guarded ? "a guarded wallet" : "an unguarded wallet";

  test(`x402-fetch pays a version 1 seller, with ${wallet}`, async () => {
    const { w, spy, pay } = await scene(guarded);
    const changes = await moved(chain, async () => {
      const response = await pay(`${seller.url}/weather`);
      assert.deepEqual(await response.json(), { city: "Porto", celsius: 19 });
    });
    assert.deepEqual(changes, PAID);
    assert.deepEqual(spy.signed, ["TransferWithAuthorization"]);
    assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
  });

  test(`ten at once on a budget for four pay four, with ${wallet}`, async () => {
    const { spy, pay } = await scene(guarded, { budgets: [{ name: "daily", limit_usd: "0.04", window: "24h" }] });
    const changes = await moved(chain, async () => {
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => pay(`${seller.url}/weather`)));
      const paid = results.filter((result) => result.status === "fulfilled" && result.value.status === 200);
      assert.equal(paid.length, 4);
      for (const result of results) {
        if (result.status === "rejected") await deniedWith("budget_exceeded", Promise.reject(result.reason));
      }
    });
    assert.deepEqual(changes, { agent: -40_000n, seller: 40_000n });
    assert.equal(spy.signed.length, 4);
  });

  test(`different prices at the same time each find their own hold, with ${wallet}`, async () => {
    // The first to be asked is the last to sign.
    const { spy, pay } = await scene(guarded, {}, (fetch) => async (input, init) => {
      const response = await fetch(input, init);
      const price = Number(new URL(response.url).pathname.slice(1));
      if (response.status === 402) await new Promise((resolve) => setTimeout(resolve, 20 * (10_004 - price)));
      return response;
    });
    const amounts = Array.from({ length: 12 }, (_, i) => 10_000 + (i % 4));
    for (const amount of new Set(amounts)) {
      hostile.set(`/${amount}`, honest(offerV1(chain, { maxAmountRequired: String(amount) })));
    }
    const changes = await moved(chain, async () => {
      const all = await Promise.all(amounts.map((amount) => pay(`${hostile.url}/${amount}`)));
      assert.ok(all.every(({ status }) => status === 200));
    });
    const total = BigInt(amounts.reduce((sum, amount) => sum + amount, 0));
    assert.deepEqual(changes, { agent: -total, attacker: total });
    assert.equal(spy.signed.length, 12);
  });

  test(`what the policy denies is not signed, with ${wallet}`, async () => {
    const { w, spy, pay } = await scene(guarded, { payment: { max_usd: "2" } });
    hostile.set("/long", honest(offerV1(chain, { maxTimeoutSeconds: 86_400 })));
    const changes = await moved(chain, async () => {
      await deniedWith("payment_too_large", pay(`${seller.url}/dataset`));
      await deniedWith("lifetime_too_long", pay(`${hostile.url}/long`));
    });
    assert.deepEqual(changes, {});
    assert.deepEqual(spy.signed, []);
    assert.deepEqual(await daily(w), { held: "0", spent: "0" });
  });

  test(`redirects, lost answers and refusals leave it counted, with ${wallet}`, async () => {
    const { w, spy, pay } = await scene(guarded);
    const [away, lost, kept] = ["/away", "/lost", "/kept"].map((path) => `${path}-${guarded}`) as [
      string,
      string,
      string,
    ];
    hostile.set(away, redirectPaid(offerV1(chain)));
    hostile.set(lost, lostResponse(offerV1(chain), "reset"));
    hostile.set(kept, withheld(offerV1(chain)));
    const changes = await moved(chain, async () => {
      await assert.rejects(pay(`${hostile.url}${away}`), PaymentUnresolved);
      await assert.rejects(pay(`${hostile.url}${lost}`), PaymentUnresolved);
      assert.equal((await pay(`${hostile.url}${kept}`)).status, 500);
      for (const path of [away, lost, kept]) {
        await deniedWith("intent_unresolved", pay(`${hostile.url}${path}`));
        assert.equal(arrived(hostile, path), 1);
      }
    });
    assert.deepEqual(changes, { agent: -10_000n, attacker: 10_000n });
    assert.equal(spy.signed.length, 3);
    assert.deepEqual(await daily(w), { held: "0.03", spent: "0" });
  });
}

test("x402-fetch with a guarded wallet and a fetch that is not the warden's signs nothing", async () => {
  const { w, spy } = await scene(true);
  const pay = wrapFetchWithPayment(fetch as never, w.signer(spy.account) as never);
  const changes = await moved(chain, () => deniedWith("unticketed_signature", pay(`${seller.url}/weather`)));
  assert.deepEqual(changes, {});
  assert.deepEqual(spy.signed, []);
});
