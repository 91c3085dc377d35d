/** Facts of a chain, from the local one: code or none, and what no node can say. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Chain, NETWORK, PERMIT2, startChain, USDC } from "../../examples/localnet/chain.ts";
import { type EvmClient, evmFacts } from "../../js/facts/evm.ts";
import { type FactName, type FactQuestion, memoryStore, openWarden } from "../../js/index.ts";

let chain: Chain;
before(async () => {
  chain = await startChain();
});
after(async () => {
  await chain?.stop();
});

const question = (
  payee: string,
  wanted: readonly FactName[] = ["payee_is_contract"],
  network = NETWORK,
): FactQuestion => ({
  network,
  payee,
  asset: USDC,
  url: "https://api.example.com/",
  wanted,
  signal: new AbortController().signal,
});

test("an address with code is a contract, one without is none, however it is written", async () => {
  const facts = evmFacts({ clients: { [NETWORK]: chain.client } });
  const { address } = chain.accounts.seller;
  for (const payee of [USDC, USDC.toLowerCase(), PERMIT2]) {
    assert.deepEqual(await facts(question(payee)), { payee_is_contract: true }, payee);
  }
  for (const payee of [address, address.toLowerCase(), `0x${"0".repeat(39)}9`]) {
    const told = await facts(question(payee));
    // The last is a precompile: it has no code, and a node does not say more.
    assert.deepEqual(told, { payee_is_contract: false }, payee);
  }
});

test("a wallet that delegates to code has code", async () => {
  const address = `0x${"7".repeat(40)}`;
  const facts = evmFacts({ clients: { [NETWORK]: chain.client } });
  assert.deepEqual(await facts(question(address)), { payee_is_contract: false });
  const params = [address, `0xef0100${PERMIT2.slice(2)}`] as const;
  await chain.client.request({ method: "anvil_setCode", params } as never);
  assert.deepEqual(await facts(question(address)), { payee_is_contract: true });
});

test("what is not wanted is not asked; what only others know comes from them, and is missing without", async () => {
  const asked: string[] = [];
  const client: EvmClient = {
    getChainId: () => chain.client.getChainId(),
    getCode: (parameters) => {
      asked.push(parameters.address);
      return chain.client.getCode(parameters);
    },
  };
  const all: readonly FactName[] = [
    "payee_contract_verified",
    "payee_is_contract",
    "payee_risk",
    "payee_wallet_age_days",
  ];
  const facts = evmFacts({ clients: { [NETWORK]: client } });
  assert.deepEqual(await facts(question(USDC, ["payee_prior_payments", "payee_risk"])), {});
  assert.deepEqual(asked, []);
  assert.deepEqual(await facts(question(USDC, all)), { payee_is_contract: true });

  const more = evmFacts({
    clients: { [NETWORK]: client },
    isVerified: async ({ payee }) => payee === USDC,
    walletAgeDays: async () => 400,
    risk: () => Promise.reject(new Error("down")),
  });
  const told = { payee_is_contract: true, payee_contract_verified: true, payee_wallet_age_days: 400 };
  assert.deepEqual(await more(question(USDC, all)), told, "one that fails leaves the others as they are");
  const throws = evmFacts({
    clients: { [NETWORK]: client },
    isVerified: () => {
      throw new Error("down");
    },
  });
  assert.deepEqual(await throws(question(USDC, all)), { payee_is_contract: true });
});

test("another network, an address of another kind, a client of another chain, a node that is gone: nothing is known", async () => {
  const clients = { [NETWORK]: chain.client, "eip155:8453": chain.client };
  const facts = evmFacts({ clients });
  assert.deepEqual(await facts(question(USDC, undefined, "eip155:1")), {});
  assert.deepEqual(await facts(question(USDC, undefined, "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp")), {});
  assert.deepEqual(await facts(question("9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin")), {});
  assert.deepEqual(await facts(question(USDC, undefined, "eip155:8453")), {}, "it is not on that chain");
  const gone: EvmClient = {
    getChainId: () => Promise.reject(new Error("ECONNREFUSED")),
    getCode: () => Promise.reject(new Error("ECONNREFUSED")),
  };
  assert.deepEqual(await evmFacts({ clients: { [NETWORK]: gone } })(question(USDC)), {});
  assert.throws(() => evmFacts({ clients: { base: chain.client } }), /`base` is not the CAIP-2 name/);
});

test("a warden pays a wallet, and no contract", async () => {
  const warden = await openWarden({
    policy: { payment: { max_usd: "1" }, counterparty: { allow_contracts: false } },
    store: memoryStore(),
    facts: evmFacts({ clients: { [NETWORK]: chain.client } }),
  });
  const reason = async (payTo: string): Promise<string> => {
    const extra = { name: "USDC", version: "2" };
    const entry = {
      scheme: "exact",
      network: NETWORK,
      amount: "10000",
      asset: USDC,
      payTo,
      maxTimeoutSeconds: 60,
      extra,
    };
    return (
      await warden.authorize({ url: `https://api.example.com/${payTo}`, offer: { x402Version: 2, accepts: [entry] } })
    ).reason;
  };
  assert.equal(await reason(chain.accounts.seller.address), "allowed");
  assert.equal(await reason(PERMIT2), "counterparty_not_allowed");
});
