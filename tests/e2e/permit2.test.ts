// Payments through Permit2: `exact`, where the price is signed, and `upto`, where the most that may be charged is. What
// was charged in the end is a seller's word until a chain says so: only that lowers the books.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { type Chain, PERMIT2, startChain, USDC } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import type { Warden } from "../../js/index.ts";
import { controlOf, daily, deniedWith, guardedAgent, moved, policyFor, type Spy, spyOn, warden } from "./support.ts";

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

async function scene(more: object = {}): Promise<{ w: Warden; spy: Spy }> {
  return {
    w: await warden({ policy: policyFor([seller.url], more) }),
    spy: spyOn(chain.accounts.agent.account),
  };
}

for (const guarded of [true, false]) {
  const wallet = guarded ? "a guarded wallet" : "an unguarded wallet";

  test(`exact over Permit2 moves the price, with ${wallet}`, async () => {
    const { w, spy } = await scene();
    const pay = guardedAgent(chain, w, { signer: guarded, account: spy.account });
    const changes = await moved(chain, async () => {
      const response = await pay(`${seller.url}/permit2`);
      assert.deepEqual(await response.json(), { via: "Permit2" });
    });
    assert.deepEqual(changes, { agent: -10_000n, seller: 10_000n });
    assert.deepEqual(spy.signed, ["PermitWitnessTransferFrom"]);
    assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
  });

  test(`upto holds and books the most that may be charged; a chain's word lowers it, with ${wallet}`, async () => {
    const { w, spy } = await scene({ budgets: [{ name: "daily", limit_usd: "0.15", window: "24h" }] });
    let held = "";
    const inner: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      if (request.headers.has("payment-signature")) held = (await daily(w)).held;
      return fetch(request);
    };
    const pay = guardedAgent(chain, w, { signer: guarded, account: spy.account, inner });
    let receipt = "";
    const changes = await moved(chain, async () => {
      const response = await pay(`${seller.url}/metered`);
      assert.equal(response.status, 200);
      receipt = Buffer.from(response.headers.get("payment-response") ?? "", "base64").toString("utf8");
    });
    assert.deepEqual(changes, { agent: -30_000n, seller: 30_000n });
    assert.equal(held, "0.1");
    assert.equal((JSON.parse(receipt) as { amount: string }).amount, "30000");
    // The receipt is true this time. It is still only what the seller says.
    assert.deepEqual(await daily(w), { held: "0", spent: "0.1" });
    assert.deepEqual(spy.signed, ["PermitWitnessTransferFrom"]);
    await deniedWith("budget_exceeded", pay(`${seller.url}/metered`));
    assert.equal(spy.signed.length, 1);
  });

  test(`Permit2 to another spender, for more, or for another token is not signed, with ${wallet}`, async () => {
    const { w, spy } = await scene();
    const account = guarded ? w.signer(spy.account) : spy.account;
    const lie = (change: (message: { spender: string; permitted: { token: string; amount: unknown } }) => void) => {
      const lying = {
        address: account.address,
        signTypedData: (typed: Parameters<typeof account.signTypedData>[0]) => {
          const message = structuredClone(typed.message);
          change(message as never);
          return account.signTypedData({ ...typed, message } as typeof typed);
        },
      };
      return w.payingFetch({
        pay: async ({ accept }) =>
          (await new ExactEvmScheme(lying as never).createPaymentPayload(2, accept as never)).payload,
      });
    };
    const changes = await moved(chain, async () => {
      // A wallet that is guarded sees the lie. One that is not signs it, and the payment says what was held: nothing
      // but a chain could tell the two apart, and there the signature fits no payment.
      const ask = (change: Parameters<typeof lie>[0]) => lie(change)(`${seller.url}/permit2`);
      const spender = ask((message) => Object.assign(message, { spender: chain.accounts.attacker.address }));
      const amount = ask((message) => Object.assign(message.permitted, { amount: 10n ** 9n }));
      const token = ask((message) => Object.assign(message.permitted, { token: PERMIT2 }));
      if (guarded) {
        await deniedWith("spender_mismatch", spender);
        await deniedWith("amount_mismatch", amount);
        await deniedWith("asset_mismatch", token);
      } else {
        for (const response of await Promise.all([spender, amount, token])) assert.equal(response.status, 402);
      }
    });
    assert.deepEqual(changes, {});
    assert.equal(spy.signed.length, guarded ? 0 : 3);
    assert.equal((await daily(w)).held, "0.03");
  });
}

test("reconcile with the chain's amount lowers what upto has booked, and never twice", async () => {
  const { w, spy } = await scene();
  const signer = w.signer(spy.account);
  let id = "";
  const pay = w.payingFetch({
    async pay(request) {
      id = request.id;
      return (await new UptoEvmScheme(signer as never).createPaymentPayload(2, request.accept as never)).payload;
    },
  });
  const changes = await moved(chain, async () => assert.equal((await pay(`${seller.url}/metered`)).status, 200));
  assert.deepEqual(changes, { agent: -30_000n, seller: 30_000n });
  assert.deepEqual(await daily(w), { held: "0", spent: "0.1" });
  const proof = { authorization: "used", amount: -(changes.agent ?? 0n) } as const;
  const proven = await controlOf(w).reconcile(id, proof);
  assert.equal(proven.ok, true, JSON.stringify(proven));
  assert.deepEqual(await daily(w), { held: "0", spent: "0.03" });
  assert.equal((await controlOf(w).reconcile(id, proof)).ok, true);
  assert.equal((await controlOf(w).reconcile(id, { authorization: "used", amount: 1n })).ok, false);
  assert.deepEqual(await daily(w), { held: "0", spent: "0.03" });
});

test("the allowances that gas sponsoring asks for are never signed by a guarded wallet", async () => {
  const { w, spy } = await scene();
  const reads = {
    readContract: async () => 0n,
    getTransactionCount: async () => 0,
    estimateFeesPerGas: async () => ({}),
  };
  const signer = w.signer({ ...spy.account, ...reads });
  const info = { description: "free gas", version: "1" };
  for (const key of ["eip2612GasSponsoring", "erc20ApprovalGasSponsoring"]) {
    let reached = "";
    const pay = w.payingFetch({
      async pay({ accept }) {
        // The offer had no such extension; whoever drives the scheme pretends that it had.
        const context = { extensions: { [key]: { info, schema: {} } } };
        const made = new ExactEvmScheme(signer as never).createPaymentPayload(2, accept as never, context);
        return made.then(
          ({ payload, extensions }) => {
            reached = JSON.stringify(extensions ?? {});
            return payload;
          },
          (error: unknown) => {
            reached = String(error);
            throw error;
          },
        );
      },
    });
    const signed = spy.signed.length;
    const allowance = () =>
      chain.client.readContract({
        address: USDC,
        abi: [
          {
            type: "function",
            name: "allowance",
            stateMutability: "view",
            inputs: [{ type: "address" }, { type: "address" }],
            outputs: [{ type: "uint256" }],
          },
        ] as const,
        functionName: "allowance",
        args: [chain.accounts.agent.address, PERMIT2],
      });
    const before = await allowance();
    await pay(`${seller.url}/permit2`).catch(() => undefined);
    assert.ok(before - (await allowance()) <= 10_000n);
    assert.deepEqual(spy.signed.slice(signed), ["PermitWitnessTransferFrom"], reached);
    assert.ok(!spy.signed.includes("Permit") && !spy.signed.includes("signTransaction"));
  }
});
