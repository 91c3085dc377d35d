// A payment in two legs by the official client, over a request with personal data in it: both legs carry the redacted query,
// and what was offered for that is what is paid.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { startSeller } from "../../examples/localnet/seller.ts";
import { daily, deniedWith, guardedAgent, moved, policyFor, spyOn, warden } from "./support.ts";

let chain: Chain;
before(async () => {
  chain = await startChain();
});
after(async () => {
  await chain.stop();
});

/** A fetch that notes what leaves. */
function noted(): { readonly inner: typeof fetch; readonly sent: { readonly url: string; readonly paid: boolean }[] } {
  const sent: { readonly url: string; readonly paid: boolean }[] = [];
  return {
    sent,
    inner: (input, init) => {
      const request = new Request(input, init);
      const paid = request.headers.has("payment-signature") || request.headers.has("x-payment");
      sent.push({ url: decodeURIComponent(new URL(request.url).search), paid });
      return fetch(request);
    },
  };
}

for (const [action, written] of [
  ["redact", /^\?city=Lisbon&for=\[EMAIL_ADDRESS_1\]$/],
  ["hash", /^\?city=Lisbon&for=\[EMAIL_ADDRESS:[a-p]{16}\]$/],
] as const) {
  test(`both legs of a payment carry the query after ${action}, and it is paid for once`, async () => {
    const seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
    const w = await warden({ policy: policyFor([seller.url], { privacy: { action } }) });
    const { inner, sent } = noted();
    try {
      const pay = guardedAgent(chain, w, { inner });
      const changes = await moved(chain, async () => {
        const response = await pay(`${seller.url}/weather?city=Lisbon&for=jane%40example.com`);
        assert.equal(response.status, 200);
      });
      assert.deepEqual(changes, { agent: -10_000n, seller: 10_000n });
      assert.deepEqual(
        sent.map(({ paid }) => paid),
        [false, true],
      );
      for (const { url } of sent) assert.match(url, written);
      assert.equal(sent[0]?.url, sent[1]?.url);
      assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
    } finally {
      await w.close();
      await seller.stop();
    }
  });
}

test("what is blocked reaches neither the seller nor the key", async () => {
  const seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
  const privacy = { rules: [{ entities: ["CREDIT_CARD"], then: "block" }] };
  const w = await warden({ policy: policyFor([seller.url], { privacy }) });
  const { inner, sent } = noted();
  const { account, signed } = spyOn(chain.accounts.agent.account);
  try {
    const pay = guardedAgent(chain, w, { inner, account });
    await deniedWith("personal_data", pay(`${seller.url}/weather?card=4111111111111111`));
    await deniedWith("personal_data_bound", pay(`${seller.url}/weather/jane@example.com`));
    assert.deepEqual([sent, signed], [[], []]);
    assert.deepEqual(await daily(w), { held: "0", spent: "0" });
  } finally {
    await w.close();
    await seller.stop();
  }
});
