import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { startSeller } from "../../examples/localnet/seller.ts";
import { startSellerV1 } from "../../examples/localnet/seller-v1.ts";
import { PaymentDenied } from "../../js/index.ts";
import { guardedAgent, policyFor, warden } from "./support.ts";

let chain: Chain;
before(async () => {
  chain = await startChain();
});
after(async () => {
  await chain.stop();
});

async function balances(): Promise<readonly [agent: bigint, seller: bigint]> {
  const { agent, seller } = chain.accounts;
  return Promise.all([chain.balanceOf(agent.address), chain.balanceOf(seller.address)]);
}

for (const version of [2, 1] as const) {
  test(`a guarded agent pays a version ${version} seller, and the tokens move by exactly the price`, async () => {
    const start = version === 2 ? startSeller : startSellerV1;
    const seller = await start({ chain, facilitator: createFacilitator(chain) });
    const w = await warden({ policy: policyFor([seller.url]) });
    try {
      const [agentBefore, sellerBefore] = await balances();
      const response = await guardedAgent(chain, w)(`${seller.url}/weather`);
      assert.equal(response.status, 200);
      const [agentAfter, sellerAfter] = await balances();
      assert.equal(agentBefore - agentAfter, 10_000n);
      assert.equal(sellerAfter - sellerBefore, 10_000n);
      const [daily] = await w.budgets();
      assert.deepEqual(
        { ...daily, key: "" },
        {
          name: "daily",
          key: "",
          unit: "usd",
          limit: "20",
          held: "0",
          spent: "0.01",
          available: "19.99",
          window: "1d",
        },
      );
    } finally {
      await w.close();
      await seller.stop();
    }
  });
}

test("20 concurrent fetches against a budget for 7 pay exactly 7", async () => {
  const seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
  const policy = policyFor([seller.url], { budgets: [{ name: "seven", limit_usd: "0.07", window: "24h" }] });
  const w = await warden({ policy });
  try {
    const [agentBefore, sellerBefore] = await balances();
    const agent = guardedAgent(chain, w);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => agent(`${seller.url}/weather`)));
    const paid = results.filter((r) => r.status === "fulfilled" && r.value.status === 200);
    const refused = results.filter((r) => r.status === "rejected");
    assert.equal(paid.length, 7, String(refused[0]?.status === "rejected" ? refused[0].reason : ""));
    for (const result of refused) {
      assert.ok(result.status === "rejected" && result.reason instanceof PaymentDenied, String(result.status));
      assert.equal(result.reason.code, "budget_exceeded");
    }
    const [agentAfter, sellerAfter] = await balances();
    assert.equal(agentBefore - agentAfter, 70_000n);
    assert.equal(sellerAfter - sellerBefore, 70_000n);
  } finally {
    await w.close();
    await seller.stop();
  }
});

test("of an offer for several networks, the entry is chosen that the client can pay", async () => {
  const seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
  const w = await warden({ policy: policyFor([seller.url]) });
  try {
    // The seller asks for the same price on Solana first; the agent has a wallet for EVM alone.
    const solana = {
      scheme: "exact",
      network: "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
      amount: "10000",
      asset: "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU",
      payTo: "CmGgLQL36Y9ubtTsy2zmE46TAxwCBm66onZmPPhUWNqv",
      maxTimeoutSeconds: 60,
      extra: { feePayer: "L2mexwZ7CTTZj4VyGyBbR6xFBkyhvdwQWe8XtwvxgvM" },
    };
    const inner: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const header = response.headers.get("payment-required");
      if (header === null) return response;
      const offer = JSON.parse(Buffer.from(header, "base64").toString());
      offer.accepts.unshift(solana);
      const both = Buffer.from(JSON.stringify(offer)).toString("base64");
      return new Response("{}", { status: 402, headers: { "payment-required": both } });
    };
    const [agentBefore] = await balances();
    const response = await guardedAgent(chain, w, { inner })(`${seller.url}/weather`);
    assert.equal(response.status, 200);
    const [agentAfter] = await balances();
    assert.equal(agentBefore - agentAfter, 10_000n);
  } finally {
    await w.close();
    await seller.stop();
  }
});
