// Reconciliation by a chain: the local one. A payment that landed although its answer was lost, one that never did, one
// that was cancelled, what has too few confirmations, and what a node that fails or lies about its chain can't free.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authorizationTypes } from "@x402/evm";
import { type Hex, parseAbi } from "viem";
import { type Chain, NETWORK, PERMIT2, startChain, USDC } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import { type Control, memoryStore, openWardenWithControl, type Warden } from "../../js/index.ts";
import { type EvmProofClient, evmProof } from "../../js/proofs/evm.ts";
import { controlOf, daily, guardedAgent, policyFor, warden } from "../e2e/support.ts";

let chain: Chain;
let seller: Seller;
before(async () => {
  chain = await startChain();
  await chain.approvePermit2("agent", 10n ** 12n);
  seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
});
after(async () => {
  await seller?.stop();
  await chain?.stop();
});

const rpc = (method: string, params: readonly unknown[]) => chain.client.request({ method, params } as never);
const mine = (blocks: number) => rpc("anvil_mine", [`0x${blocks.toString(16)}`]);
const proofWith = (confirmations: number, client: EvmProofClient = chain.client) =>
  evmProof({ clients: { [NETWORK]: client }, confirmations, blockRange: 7 });

interface Signed {
  readonly w: Warden;
  readonly control: Control;
  readonly id: string;
  readonly authorization: Parameters<Chain["submit"]>[1];
  readonly signature: Hex;
}

/** A payment that was signed and bound, and of which nobody knows more. */
async function signed(amount = "10000"): Promise<Signed> {
  const now = Number((await chain.client.getBlock()).timestamp) * 1_000;
  // The chain's clock is moved on by the tests; the host's goes with it.
  const { warden: w, control } = await openWardenWithControl({
    policy: policyFor([]),
    store: memoryStore({ now: () => now }),
    now: () => now,
  });
  const accept = {
    scheme: "exact",
    network: NETWORK,
    amount,
    asset: USDC,
    payTo: chain.accounts.seller.address,
    maxTimeoutSeconds: 60,
    extra: { name: "USDC", version: "2" },
  };
  const offer = { x402Version: 2, resource: { url: "https://api.example.com/" }, accepts: [accept] };
  const { id } = await w.authorize({ url: "https://api.example.com/", offer });
  assert.ok((await w.ticket(id)).ok);
  const nonce: Hex = `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex")}`;
  const { account, address } = chain.accounts.agent;
  const message = {
    from: address,
    to: accept.payTo,
    value: amount,
    validAfter: "0",
    validBefore: String(now / 1_000 + 60),
    nonce,
  };
  const signature = await account.signTypedData({
    domain: { name: "USDC", version: "2", chainId: 84532, verifyingContract: USDC },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: { ...message, value: BigInt(amount), validAfter: 0n, validBefore: BigInt(message.validBefore) },
  });
  const payment = { x402Version: 2, payload: { signature, authorization: message }, accepted: accept };
  const bound = await w.sign(id, payment);
  assert.ok(bound.ok, bound.message ?? "");
  await w.settle(id, { outcome: "unknown" });
  return { w, control, id, authorization: message, signature };
}

/** Neither proven nor failed. */
async function provesNothing({ control, w }: Signed, confirmations = 0): Promise<void> {
  const done = await control.reconcile({ proof: proofWith(confirmations) });
  assert.deepEqual(
    done.map(({ proof, error }) => [proof, error]),
    [[undefined, undefined]],
  );
  assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
}

test("landed, and the reply was lost: spent, with its amount and transaction", async () => {
  const payment = await signed();
  await provesNothing(payment);
  const hash = await chain.submit("facilitator", payment.authorization, payment.signature);
  await mine(20);
  const [done] = await payment.control.reconcile({ proof: proofWith(0) });
  assert.deepEqual(done?.proof, { authorization: "used", amount: 10_000n, transaction: hash });
  assert.deepEqual(
    [done?.outcome?.state, done?.outcome?.captured, done?.outcome?.ground],
    ["captured", "10000", "chain"],
  );
  assert.deepEqual(await daily(payment.w), { held: "0", spent: "0.01" });
  assert.deepEqual(await payment.control.reconcile({ proof: proofWith(0) }), []);
});

test("too few confirmations prove nothing; a block that was replaced never happened", async () => {
  const payment = await signed();
  await chain.submit("facilitator", payment.authorization, payment.signature);
  await mine(2);
  await provesNothing(payment, 3);
  await rpc("anvil_reorg", [3, []]);
  assert.equal(await chain.authorizationUsed(payment.authorization.from, payment.authorization.nonce), false);
  await mine(20);
  await provesNothing(payment, 3);
  await chain.submit("facilitator", payment.authorization, payment.signature);
  await mine(3);
  const [done] = await payment.control.reconcile({ proof: proofWith(3) });
  assert.equal(done?.outcome?.state, "captured");
});

test("never landed: free once it has run out by the chain's own clock, with confirmations", async () => {
  const payment = await signed();
  await chain.advance(59);
  await provesNothing(payment);
  await chain.advance(40);
  await provesNothing(payment, 2);
  await mine(2);
  const [done] = await payment.control.reconcile({ proof: proofWith(2) });
  assert.equal(done?.proof?.authorization, "unused");
  assert.deepEqual([done?.outcome?.state, done?.outcome?.ground], ["voided", "chain"]);
  assert.deepEqual(await daily(payment.w), { held: "0", spent: "0" });
  await assert.rejects(chain.submit("facilitator", payment.authorization, payment.signature));
});

test("cancelled on the chain: free at once, although its state reads as used", async () => {
  const payment = await signed();
  const { account, address } = chain.accounts.agent;
  const { nonce } = payment.authorization;
  const signature = await account.signTypedData({
    domain: { name: "USDC", version: "2", chainId: 84532, verifyingContract: USDC },
    types: {
      CancelAuthorization: [
        { name: "authorizer", type: "address" },
        { name: "nonce", type: "bytes32" },
      ],
    },
    primaryType: "CancelAuthorization",
    message: { authorizer: address, nonce },
  });
  const hash = await chain.wallet("facilitator").writeContract({
    address: USDC,
    abi: parseAbi(["function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature)"]),
    functionName: "cancelAuthorization",
    args: [address, nonce, signature],
  });
  await chain.client.waitForTransactionReceipt({ hash });
  assert.equal(await chain.authorizationUsed(address, nonce), true);
  const [done] = await payment.control.reconcile({ proof: proofWith(0) });
  assert.deepEqual(done?.proof, { authorization: "cancelled", transaction: hash });
  assert.deepEqual([done?.outcome?.state, done?.outcome?.ground], ["voided", "chain"]);
  assert.deepEqual(await daily(payment.w), { held: "0", spent: "0" });
});

test("a node that fails, or is on another chain, proves nothing, and says so", async () => {
  const payment = await signed();
  await chain.advance(200);
  const failing = { ...chain.client, readContract: () => Promise.reject(new Error("429 too many requests")) };
  const elsewhere = { ...chain.client, getChainId: async () => 1 };
  for (const [client, words] of [
    [failing, /429/],
    [elsewhere, /the client for `eip155:84532` is on `eip155:1`/],
  ] as const) {
    const [done] = await payment.control.reconcile({ proof: proofWith(0, client as EvmProofClient) });
    assert.match(String(done?.error), words);
    assert.equal(done?.outcome, undefined);
    assert.deepEqual(await daily(payment.w), { held: "0.01", spent: "0" });
  }
  // No client for the network: left alone.
  const [left] = await payment.control.reconcile({ proof: evmProof({ clients: {} }) });
  assert.deepEqual([left?.proof, left?.error], [undefined, undefined]);
  const [done] = await payment.control.reconcile({ proof: proofWith(0) });
  assert.equal(done?.outcome?.state, "voided");
});

test("Permit2: what was charged in the end is found by the nonce's bit, and lowers the books", async () => {
  const w = await warden({ policy: policyFor([seller.url]) });
  const pay = guardedAgent(chain, w);
  assert.equal((await pay(`${seller.url}/metered`)).status, 200);
  const [hold] = await controlOf(w).holds("unresolved");
  assert.deepEqual([hold?.transfer, hold?.ground], ["permit2", "receipt"]);
  const booked = await daily(w);
  await mine(3);
  const [done] = await controlOf(w).reconcile({ proof: proofWith(2) });
  assert.equal(done?.proof?.authorization, "used");
  const charged = done.proof.authorization === "used" ? BigInt(done.proof.amount) : 0n;
  assert.ok(charged > 0n && charged < BigInt(hold?.amount ?? 0), `${charged} of ${hold?.amount}`);
  assert.equal(done.outcome?.captured, String(charged));
  assert.ok(Number((await daily(w)).spent) < Number(booked.spent));
  // A bit of somebody else's is none of ours.
  const bits = parseAbi(["function nonceBitmap(address owner, uint256 word) view returns (uint256)"]);
  const word = BigInt(hold?.nonce ?? 0) >> 8n;
  const args = [chain.accounts.seller.address, word] as const;
  assert.equal(await chain.client.readContract({ address: PERMIT2, abi: bits, functionName: "nonceBitmap", args }), 0n);
});
