// The local net does what the other tests rely on: an official client without a warden pays, balances move by the
// exact amount, and nothing is left running.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { FacilitatorClient } from "@x402/core/server";
import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import { wrapFetchWithPayment as wrapLegacyFetch } from "x402-fetch";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { officialClient, unguardedFetch } from "../../examples/localnet/client.ts";
import { createFacilitator, serveFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import { type SellerV1, startSellerV1 } from "../../examples/localnet/seller-v1.ts";

let chain: Chain;
let facilitator: FacilitatorClient;
let seller: Seller;
let legacy: SellerV1;

before(async () => {
  chain = await startChain();
  facilitator = createFacilitator(chain);
  seller = await startSeller({ chain, facilitator });
  legacy = await startSellerV1({ chain, facilitator });
});

after(async () => {
  await legacy?.stop();
  await seller?.stop();
  await chain?.stop();
});

/** By how much the two balances change while `action` runs. */
async function moved(action: () => Promise<void>): Promise<{ agent: bigint; seller: bigint }> {
  const read = () =>
    Promise.all([chain.balanceOf(chain.accounts.agent.address), chain.balanceOf(chain.accounts.seller.address)]);
  const [agent, payee] = await read();
  await action();
  const [agentAfter, payeeAfter] = await read();
  return { agent: agentAfter - agent, seller: payeeAfter - payee };
}

function fromBase64(text: string | null): unknown {
  return JSON.parse(Buffer.from(text ?? "", "base64").toString("utf8"));
}

test("an official client pays one cent to a version 2 seller", async () => {
  const change = await moved(async () => {
    const response = await unguardedFetch(chain)(`${seller.url}/weather`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { city: "Lisbon", celsius: 21 });
    const receipt = fromBase64(response.headers.get("payment-response")) as SettleResponse;
    assert.equal(receipt.success, true);
    assert.equal(receipt.payer, chain.accounts.agent.address);
  });
  assert.deepEqual(change, { agent: -10_000n, seller: 10_000n });
  assert.deepEqual(seller.hits("GET /weather"), { asked: 2, served: 1 });
});

test("the 402 of a version 2 seller names the real Base Sepolia USDC", async () => {
  const response = await fetch(`${seller.url}/report`);
  assert.equal(response.status, 402);
  const { accepts } = fromBase64(response.headers.get("payment-required")) as { accepts: unknown };
  assert.deepEqual(accepts, [
    {
      scheme: "exact",
      network: "eip155:84532",
      amount: "50000",
      asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
      payTo: chain.accounts.seller.address,
      maxTimeoutSeconds: 300,
      extra: { name: "USDC", version: "2" },
    },
  ]);
});

test("the legacy client pays one cent to a version 1 seller", async () => {
  const change = await moved(async () => {
    const response = await wrapLegacyFetch(fetch, chain.accounts.agent.account)(`${legacy.url}/weather`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { city: "Porto", celsius: 19 });
    assert.equal((fromBase64(response.headers.get("x-payment-response")) as SettleResponse).success, true);
  });
  assert.deepEqual(change, { agent: -10_000n, seller: 10_000n });
});

test("the current client pays a version 1 seller too", async () => {
  const change = await moved(async () => {
    const response = await unguardedFetch(chain)(`${legacy.url}/weather`);
    assert.equal(response.status, 200);
  });
  assert.deepEqual(change, { agent: -10_000n, seller: 10_000n });
});

test("ten payments at the same time all settle", async () => {
  const change = await moved(async () => {
    const pay = unguardedFetch(chain);
    const responses = await Promise.all(Array.from({ length: 10 }, () => pay(`${seller.url}/report`)));
    assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
  });
  assert.deepEqual(change, { agent: -500_000n, seller: 500_000n });
});

test("a request with a body is paid and served", async () => {
  const change = await moved(async () => {
    const response = await unguardedFetch(chain)(`${seller.url}/translate`, { method: "POST", body: "good day" });
    assert.deepEqual(await response.json(), { text: "bom dia" });
  });
  assert.deepEqual(change, { agent: -20_000n, seller: 20_000n });
});

test("without an allowance for Permit2 a payment through it gets 412", async () => {
  for (const path of ["/metered", "/permit2"]) {
    assert.equal((await unguardedFetch(chain)(seller.url + path)).status, 412);
  }
});

test("with an allowance, `upto` charges less than was signed for, and Permit2 the exact amount", async () => {
  await chain.approvePermit2("agent", 10_000_000n);
  const metered = await moved(async () => {
    const response = await unguardedFetch(chain)(`${seller.url}/metered`);
    assert.deepEqual(await response.json(), { tokens: 3000 });
    const receipt = fromBase64(response.headers.get("payment-response")) as SettleResponse;
    assert.equal(receipt.amount, "30000");
  });
  assert.deepEqual(metered, { agent: -30_000n, seller: 30_000n });
  const exact = await moved(async () => {
    assert.equal((await unguardedFetch(chain)(`${seller.url}/permit2`)).status, 200);
  });
  assert.deepEqual(exact, { agent: -10_000n, seller: 10_000n });
});

test("a route that fails is signed for, but not settled", async () => {
  const change = await moved(async () => {
    const response = await unguardedFetch(chain)(`${seller.url}/broken`);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("payment-response"), null);
  });
  assert.deepEqual(change, { agent: 0n, seller: 0n });
  assert.equal(seller.hits("GET /broken").served, 1);
});

test("above a dollar the official client refuses by itself", async () => {
  const change = await moved(async () => {
    await assert.rejects(unguardedFetch(chain)(`${seller.url}/jackpot`), /spendControls\.maxAmountPerPayment/);
  });
  assert.deepEqual(change, { agent: 0n, seller: 0n });
});

test("an agent without money is told so", async () => {
  const response = await unguardedFetch(chain, "attacker")(`${seller.url}/weather`);
  assert.equal(response.status, 402);
  const { error } = fromBase64(response.headers.get("payment-required")) as { error: string };
  assert.equal(error, "invalid_exact_evm_insufficient_balance");
});

test("the facilitator refuses a changed payment and a used one", async () => {
  const { accepts, ...rest } = fromBase64((await fetch(`${seller.url}/weather`)).headers.get("payment-required")) as {
    x402Version: 2;
    resource: { url: string };
    accepts: PaymentRequirements[];
  };
  const [requirements] = accepts;
  assert.ok(requirements);
  const payload: PaymentPayload = await officialClient(chain).createPaymentPayload({ ...rest, accepts });

  const dearer = { ...requirements, amount: "20000" };
  assert.deepEqual(await facilitator.verify({ ...payload, accepted: dearer }, dearer), {
    isValid: false,
    invalidReason: "invalid_exact_evm_payload_authorization_value_mismatch",
    payer: chain.accounts.agent.address,
  });
  assert.equal((await facilitator.settle(payload, requirements)).success, true);
  const again = await facilitator.verify(payload, requirements);
  assert.equal(again.invalidReason, "invalid_exact_evm_nonce_already_used");
});

test("the facilitator answers over HTTP, and says so when it can't", async () => {
  const served = await serveFacilitator(facilitator);
  try {
    const supported = (await (await fetch(`${served.url}/supported`)).json()) as { kinds: unknown };
    assert.deepEqual(supported.kinds, [
      { x402Version: 2, scheme: "exact", network: "eip155:84532" },
      {
        x402Version: 2,
        scheme: "upto",
        network: "eip155:84532",
        extra: { facilitatorAddress: chain.accounts.facilitator.address },
      },
      { x402Version: 1, scheme: "exact", network: "base-sepolia" },
    ]);
    assert.equal((await fetch(`${served.url}/verify`, { method: "POST", body: "not json" })).status, 500);
    assert.equal((await fetch(`${served.url}/elsewhere`)).status, 404);
  } finally {
    await served.stop();
  }
});

test("the chain goes down with a parent that is killed", async () => {
  const chainModule = new URL("../../examples/localnet/chain.ts", import.meta.url).href;
  const script = `const { startChain } = await import(${JSON.stringify(chainModule)});
    console.log((await startChain()).rpcUrl); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const rpcUrl = line.toString().trim();
  assert.equal(await answers(rpcUrl), true);
  parent.kill("SIGKILL");
  for (let tries = 0; (await answers(rpcUrl)) && tries < 100; tries += 1) await sleep(20);
  assert.equal(await answers(rpcUrl), false);
});

async function answers(rpcUrl: string): Promise<boolean> {
  try {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
    return (await fetch(rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body })).ok;
  } catch {
    return false;
  }
}
