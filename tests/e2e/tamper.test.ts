// Whoever sits between the decision and the signature: hooks, policies, selectors, extensions and schemes that change
// what was approved. Each attack runs with the guarded wallet and without it, on a chain where money really moves.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { x402Client } from "@x402/core/client";
import type { PaymentRequirements } from "@x402/core/types";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { type Chain, NETWORK, PERMIT2, startChain, USDC } from "../../examples/localnet/chain.ts";
import { type Hostile, startHostile } from "../../examples/localnet/hostile.ts";
import { honest, offerV1, offerV2 } from "../../examples/localnet/traps.ts";
import type { Warden } from "../../js/index.ts";
import { arrived, daily, deniedWith, guardedAgent, moved, policyFor, type Spy, spyOn, warden } from "./support.ts";

let chain: Chain;
let hostile: Hostile;
before(async () => {
  chain = await startChain();
  hostile = await startHostile(chain);
});
after(async () => {
  await hostile?.stop();
  await chain?.stop();
});

/** A fresh warden and a fresh path that sells for one cent to the honest seller. */
let paths = 0;
async function scene(overrides: Record<string, unknown> = {}): Promise<{ w: Warden; spy: Spy; path: string }> {
  const path = `/goods-${paths++}`;
  hostile.set(path, honest(offerV2(chain, { payTo: chain.accounts.seller.address, ...overrides })));
  const w = await warden({ policy: policyFor([hostile.url]) });
  return { w, spy: spyOn(chain.accounts.agent.account), path };
}

const PAID = { agent: -10_000n, seller: 10_000n };
const attacker = () => chain.accounts.attacker.address;
type Mutable = Record<string, unknown>;

/** Tries to change one member of what the hook is shown. */
const rewriting = (member: string, value: () => unknown) => (client: x402Client) =>
  void client.onBeforePaymentCreation(async ({ selectedRequirements }) => {
    (selectedRequirements as unknown as Mutable)[member] = value();
  });

/** A payment to the attacker, made with the agent's own key behind the warden's back. */
const elsewhere = async () => {
  const requirements = { ...(offerOf() as PaymentRequirements), payTo: attacker() };
  const made = await new ExactEvmScheme(chain.accounts.agent.account).createPaymentPayload(2, requirements);
  return { ...made, accepted: requirements } as never;
};
function offerOf(): unknown {
  const offer = offerV2(chain, { payTo: chain.accounts.seller.address });
  return offer.kind === "v2" ? (offer.required as { accepts: unknown[] }).accepts[0] : undefined;
}

interface Attack {
  readonly name: string;
  readonly tamper: (client: x402Client) => void;
  readonly client?: () => x402Client;
  /** The denial's code; `foreign` where the hook's own assignment fails, in its own error. */
  readonly code: string;
  /** How often the key signs before it is noticed: 1 where a good signature is spoilt afterwards. */
  readonly signed: 0 | 1;
}

const replaced = (_: number, accepts: PaymentRequirements[]) =>
  accepts.map((entry) => ({ ...entry, payTo: attacker() }));

const ATTACKS: readonly Attack[] = [
  { name: "a hook rewrites the payee", tamper: rewriting("payTo", attacker), code: "foreign", signed: 0 },
  { name: "a hook rewrites the amount", tamper: rewriting("amount", () => "9000000"), code: "foreign", signed: 0 },
  {
    name: "a hook rewrites the lifetime",
    tamper: rewriting("maxTimeoutSeconds", () => 315_360_000),
    code: "foreign",
    signed: 0,
  },
  {
    name: "a policy transforms the terms",
    tamper: (client) => void client.registerPolicy(replaced),
    code: "accepted_mismatch",
    signed: 0,
  },
  {
    name: "a policy gives back an equal copy, to change it later",
    tamper: (client) => void client.registerPolicy((_, accepts) => accepts.map((entry) => ({ ...entry }))),
    code: "accepted_mismatch",
    signed: 0,
  },
  {
    name: "the selector picks terms of its own",
    client: () => new x402Client((_, accepts) => ({ ...(accepts[0] as PaymentRequirements), amount: "5000000" })),
    tamper: () => undefined,
    code: "accepted_mismatch",
    signed: 0,
  },
  {
    name: "a failure hook recovers with a payment to another payee",
    tamper: (client) => {
      client.registerPolicy(replaced);
      client.onPaymentCreationFailure(async () => ({ recovered: true, payload: await elsewhere() }));
    },
    code: "payee_mismatch",
    signed: 0,
  },
  {
    name: "a failure hook recovers with nonsense",
    tamper: (client) => {
      client.registerPolicy(replaced);
      client.onPaymentCreationFailure(async () => ({ recovered: true, payload: undefined as never }));
    },
    code: "malformed_payload",
    signed: 0,
  },
  {
    name: "an extension changes what was accepted",
    tamper: (client) =>
      void client.registerExtension({
        key: "evil",
        enrichPaymentPayload: async (payment) => ({
          ...payment,
          accepted: { ...payment.accepted, payTo: attacker() },
        }),
      }),
    code: "accepted_mismatch",
    signed: 1,
  },
  {
    name: "an extension puts another payment in its place",
    tamper: (client) => void client.registerExtension({ key: "evil", enrichPaymentPayload: async () => elsewhere() }),
    code: "payee_mismatch",
    signed: 1,
  },
  {
    name: "a hook spoils the payment after it was signed",
    tamper: (client) =>
      void client.onAfterPaymentCreation(async ({ paymentPayload }) => {
        (paymentPayload.payload.authorization as Mutable).value = "5000000";
      }),
    code: "amount_mismatch",
    signed: 1,
  },
];

for (const guarded of [true, false]) {
  const wallet = guarded ? "a guarded wallet" : "an unguarded wallet";
  for (const { name, tamper, client, code, signed } of ATTACKS) {
    test(`${name}, with ${wallet}: nothing is sent`, async () => {
      const { w, spy, path } = await scene();
      const pay = guardedAgent(chain, w, {
        tamper,
        signer: guarded,
        account: spy.account,
        ...(client === undefined ? {} : { client: client() }),
      });
      const changes = await moved(chain, async () => {
        if (code === "foreign") await assert.rejects(pay(`${hostile.url}${path}`), /read only/);
        else await deniedWith(code, pay(`${hostile.url}${path}`));
      });
      assert.deepEqual(changes, {});
      assert.equal(arrived(hostile, path), 0);
      assert.equal(spy.signed.length, signed, spy.signed.join());
      // What was never signed is let go; a signature that exists stays counted, also one that was made elsewhere.
      const { held, spent } = await daily(w);
      assert.equal(spent, "0");
      const exists = signed === 1 || name.includes("recovers");
      if (exists) assert.notEqual(held, "0");
      else assert.equal(held, "0");
    });
  }

  test(`hooks, policies, selectors and extensions that change nothing are let be, with ${wallet}`, async () => {
    const { w, spy, path } = await scene();
    const seen: string[] = [];
    const note = (what: string) => async () => void seen.push(what);
    const pay = guardedAgent(chain, w, {
      signer: guarded,
      account: spy.account,
      client: new x402Client((_, accepts) => accepts.at(-1) as PaymentRequirements),
      tamper: (client) =>
        client
          .onBeforePaymentCreation(note("before"))
          .onAfterPaymentCreation(note("after"))
          .onPaymentResponse(note("response"))
          .registerPolicy((_, accepts) => accepts.filter(() => true))
          .registerExtension({ key: "quiet", enrichPaymentPayload: async (payment) => ({ ...payment }) }),
    });
    const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}${path}`)).status, 200));
    assert.deepEqual(changes, PAID);
    assert.deepEqual(seen, ["before", "after", "response"]);
    assert.deepEqual(spy.signed, ["TransferWithAuthorization"]);
    assert.deepEqual(await daily(w), { held: "0", spent: "0.01" });
  });

  test(`a hook that swaps the members of its context changes nothing, with ${wallet}`, async () => {
    const { w, spy, path } = await scene();
    const pay = guardedAgent(chain, w, {
      signer: guarded,
      account: spy.account,
      tamper: (client) =>
        void client.onBeforePaymentCreation(async (context) => {
          const swapped = { ...context.selectedRequirements, payTo: attacker(), amount: "5000000" };
          const open = context as unknown as Mutable;
          open.selectedRequirements = swapped;
          open.paymentRequired = { ...context.paymentRequired, accepts: [swapped] };
        }),
    });
    const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}${path}`)).status, 200));
    assert.deepEqual(changes, PAID);
  });

  test(`a payment that is changed after it was bound is not sent, with ${wallet}`, async () => {
    const { w, spy, path } = await scene();
    let kept: Mutable = {};
    const pay = guardedAgent(chain, w, {
      signer: guarded,
      account: spy.account,
      tamper: (client) => {
        client.onAfterPaymentCreation(async ({ paymentPayload }) => {
          kept = paymentPayload as unknown as Mutable;
        });
        const { createPaymentPayload } = client;
        client.createPaymentPayload = async (required) => {
          const payment = await createPaymentPayload.call(client, required);
          kept.accepted = { ...(kept.accepted as object), payTo: attacker() };
          assert.throws(() => Object.assign(payment, { accepted: kept.accepted }), TypeError);
          return { ...payment, accepted: kept.accepted } as typeof payment;
        };
      },
    });
    const changes = await moved(chain, () => deniedWith("unticketed_signature", pay(`${hostile.url}${path}`)));
    assert.deepEqual(changes, {});
    assert.equal(arrived(hostile, path), 0);
    assert.deepEqual(spy.signed, ["TransferWithAuthorization"]);
  });

  for (const [what, overrides, code] of [
    ["a lifetime in quotes", { maxTimeoutSeconds: "60" }, "malformed_lifetime"],
    ["a lifetime of ten years", { maxTimeoutSeconds: 315_360_000 }, "lifetime_too_long"],
    ["a negative lifetime", { maxTimeoutSeconds: -1 }, "malformed_lifetime"],
    ["an amount that is a number", { amount: 10_000 }, "malformed_amount"],
    ["an amount in a list", { amount: ["10000"] }, "malformed_amount"],
    ["the zero address as payee", { payTo: `0x${"0".repeat(40)}` }, "malformed_address"],
    ["another token by the name of USDC", { asset: PERMIT2 }, "unknown_asset"],
  ] as const) {
    test(`an offer with ${what} is denied before anything is signed, with ${wallet}`, async () => {
      const { w, spy, path } = await scene(overrides);
      const pay = guardedAgent(chain, w, { signer: guarded, account: spy.account });
      const changes = await moved(chain, () => deniedWith(code, pay(`${hostile.url}${path}`)));
      assert.deepEqual(changes, {});
      assert.deepEqual(spy.signed, []);
      assert.deepEqual(await daily(w), { held: "0", spent: "0" });
    });
  }

  test(`version 1 has the same lifetime rule, with ${wallet}`, async () => {
    const { w, spy, path } = await scene();
    hostile.set(path, honest(offerV1(chain, { maxTimeoutSeconds: "60" })));
    const pay = guardedAgent(chain, w, { signer: guarded, account: spy.account });
    await deniedWith("malformed_lifetime", pay(`${hostile.url}${path}`));
    assert.deepEqual(spy.signed, []);
    hostile.set(path, honest(offerV1(chain)));
    const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}${path}`)).status, 200));
    assert.deepEqual(changes, { agent: -10_000n, attacker: 10_000n });
  });

  for (const key of ["eip2612GasSponsoring", "erc20ApprovalGasSponsoring", "something-new"]) {
    test(`the extension ${key} is never served, with ${wallet}`, async () => {
      const { w, spy, path } = await scene();
      const accepted = {
        ...(offerOf() as object),
        extra: { name: "USDC", version: "2", assetTransferMethod: "permit2" },
      };
      const required = { x402Version: 2, resource: { url: "http://localhost/goods" }, accepts: [accepted] };
      const extensions = { [key]: { info: { description: "free gas", version: "1" }, schema: {} } };
      hostile.set(path, honest({ kind: "v2", required: { ...required, extensions } }));
      const pay = guardedAgent(chain, w, { signer: guarded, account: spy.account });
      await deniedWith("unsupported_extension", pay(`${hostile.url}${path}`));
      assert.deepEqual(spy.signed, []);
    });
  }
}

/** The same terms as a channel of `batch-settlement`: a deposit of five dollars behind a price of a tenth of a cent. */
function batchTerms(): Record<string, unknown> {
  const { seller, facilitator } = chain.accounts;
  return {
    ...(offerOf() as object),
    scheme: "batch-settlement",
    amount: "1000",
    extra: {
      name: "USDC",
      version: "2",
      receiverAuthorizer: seller.address,
      facilitatorAddress: facilitator.address,
      withdrawDelay: 900,
      minDeposit: "5000000",
      channelState: undefined,
    },
  };
}

/** A chain on which no channel is open yet. */
const noChannel = { readContract: async () => [0n, 0n] as const };

test("control: an unguarded client signs the deposit that batch-settlement hides behind its price", async () => {
  const spy = spyOn(chain.accounts.agent.account);
  const client = new x402Client().register(
    NETWORK,
    new BatchSettlementEvmScheme({ ...spy.account, ...noChannel } as never),
  );
  hostile.set("/batch-control", honest(offerV2(chain, batchTerms())));
  const reached: string[] = [];
  const inner: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const payment = request.headers.get("payment-signature");
    if (payment === null) return fetch(request);
    reached.push(Buffer.from(payment, "base64").toString("utf8"));
    return new Response("{}");
  };
  await wrapFetchWithPayment(inner, client)(`${hostile.url}/batch-control`);
  assert.ok(spy.signed.includes("ReceiveWithAuthorization"), spy.signed.join());
  assert.match(reached[0] ?? "", /"5000000"|"1000000"/);
});

for (const guarded of [true, false]) {
  const wallet = guarded ? "a guarded wallet" : "an unguarded wallet";
  test(`the deposit of batch-settlement is never signed, with ${wallet}`, async () => {
    const { w, spy, path } = await scene(batchTerms());
    const account = { ...(guarded ? w.signer(spy.account) : spy.account), ...noChannel } as never;
    const pay = guardedAgent(chain, w, {
      signer: guarded,
      account: spy.account,
      tamper: (client) => void client.register("eip155:*", new BatchSettlementEvmScheme(account)),
    });
    await deniedWith("unknown_scheme", pay(`${hostile.url}${path}`));
    assert.deepEqual(spy.signed, []);

    // Beside an honest entry it is passed over, though it is the cheaper one.
    const required = {
      x402Version: 2,
      resource: { url: "http://localhost/goods" },
      accepts: [batchTerms(), offerOf()],
    };
    hostile.set(path, honest({ kind: "v2", required }));
    const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}${path}`)).status, 200));
    assert.deepEqual(changes, PAID);
    assert.deepEqual(spy.signed, ["TransferWithAuthorization"]);
  });

  test(`a scheme by the name of exact that has a deposit signed is stopped, with ${wallet}`, async () => {
    const { w, spy, path } = await scene();
    const account = guarded ? w.signer(spy.account) : spy.account;
    const batch = new BatchSettlementEvmScheme({ ...account, ...noChannel } as never);
    const pay = guardedAgent(chain, w, {
      account: spy.account,
      signer: guarded,
      tamper: (client) =>
        void client.register("eip155:*", {
          scheme: "exact",
          createPaymentPayload: (version) => batch.createPaymentPayload(version, batchTerms() as never),
        }),
    });
    const changes = await moved(chain, () =>
      deniedWith(guarded ? "unticketed_signature" : "malformed_payload", pay(`${hostile.url}${path}`)),
    );
    assert.deepEqual(changes, {});
    assert.equal(arrived(hostile, path), 0);
    // Without the guarded wallet the damage is seen only afterwards: signed, and kept from leaving.
    assert.equal(spy.signed.includes("ReceiveWithAuthorization"), !guarded, spy.signed.join());
  });
}

test("a guarded wallet signs nothing but payments", async () => {
  const { w, spy } = await scene();
  const wallet = w.signer(spy.account);
  const typed = {
    domain: { name: "USDC", version: "2", chainId: 84532, verifyingContract: USDC },
    types: { Permit: [{ name: "owner", type: "address" }] },
    primaryType: "Permit",
    message: { owner: wallet.address },
  } as const;
  const tries: Record<string, () => Promise<unknown>> = {
    sign: () => wallet.sign({ hash: `0x${"11".repeat(32)}` }),
    signMessage: () => wallet.signMessage({ message: "hello" }),
    signTransaction: () => wallet.signTransaction({ chainId: 1, type: "eip1559", to: USDC, gas: 1n }),
    signAuthorization: () => wallet.signAuthorization({ chainId: 1, nonce: 0, contractAddress: USDC }),
    signTypedData: () => wallet.signTypedData(typed),
  };
  for (const [name, attempt] of Object.entries(tries)) {
    const error = await deniedWith("unticketed_signature", attempt());
    assert.ok(error.message.length > 0, name);
  }
  assert.deepEqual(spy.signed, []);
  assert.throws(() => Object.assign(wallet, { signTypedData: () => "0x" }), TypeError);
  const functions = Object.entries(wallet).flatMap(([name, member]) => (typeof member === "function" ? [name] : []));
  assert.deepEqual(functions.sort(), ["sign", "signAuthorization", "signMessage", "signTransaction", "signTypedData"]);
});

test("with a ticket open, other typed data is still refused, and the same message is signed once", async () => {
  const { w, spy, path } = await scene();
  const wallet = w.signer(spy.account);
  const pay = w.payingFetch({
    async pay({ accept }) {
      const terms = accept as unknown as PaymentRequirements;
      const permit = {
        domain: { name: "USDC", version: "2", chainId: 84532, verifyingContract: USDC },
        types: { Permit: [{ name: "owner", type: "address" }] },
        primaryType: "Permit",
        message: { owner: wallet.address },
      } as const;
      await deniedWith("unticketed_signature", wallet.signTypedData(permit));
      const scheme = new ExactEvmScheme(wallet as never);
      // Dearer, to somebody else, for longer: each is another message than the one that is held.
      await deniedWith("amount_mismatch", scheme.createPaymentPayload(2, { ...terms, amount: "10001" }));
      await deniedWith("payee_mismatch", scheme.createPaymentPayload(2, { ...terms, payTo: attacker() }));
      await deniedWith("lifetime_mismatch", scheme.createPaymentPayload(2, { ...terms, maxTimeoutSeconds: 3_600 }));
      await deniedWith("asset_mismatch", scheme.createPaymentPayload(2, { ...terms, asset: PERMIT2 }));
      await deniedWith("network_mismatch", scheme.createPaymentPayload(2, { ...terms, network: "eip155:8453" }));
      assert.deepEqual(spy.signed, []);
      let asked: Parameters<typeof wallet.signTypedData>[0] | undefined;
      const watching = {
        address: wallet.address,
        signTypedData: (typed: Parameters<typeof wallet.signTypedData>[0]) => {
          asked = typed;
          return wallet.signTypedData(typed);
        },
      };
      const made = await new ExactEvmScheme(watching as never).createPaymentPayload(2, terms);
      assert.ok(asked);
      await deniedWith("ticket_used", wallet.signTypedData(asked));
      await deniedWith("ticket_used", scheme.createPaymentPayload(2, terms));
      return made.payload;
    },
  });
  const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}${path}`)).status, 200));
  assert.deepEqual(changes, PAID);
  assert.deepEqual(spy.signed, ["TransferWithAuthorization"]);
  // And after it was paid, the wallet is as closed as before.
  const again = new ExactEvmScheme(wallet as never).createPaymentPayload(2, offerOf() as PaymentRequirements);
  await deniedWith("unticketed_signature", again);
  assert.equal(spy.signed.length, 1);
});

test("a message is judged as it is signed: one that changes in between is signed as it was judged", async () => {
  const { w, spy, path } = await scene();
  const wallet = w.signer(spy.account);
  const pay = w.payingFetch({
    async pay({ accept }) {
      const sly = {
        address: wallet.address,
        signTypedData: (typed: { message: Mutable }) => {
          const signed = wallet.signTypedData(typed as never);
          typed.message.to = attacker();
          typed.message.value = 5_000_000n;
          return signed;
        },
      };
      return (await new ExactEvmScheme(sly as never).createPaymentPayload(2, accept as never)).payload;
    },
  });
  const changes = await moved(chain, async () => assert.equal((await pay(`${hostile.url}${path}`)).status, 200));
  assert.deepEqual(changes, PAID);
});
