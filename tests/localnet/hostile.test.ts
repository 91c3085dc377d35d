// The hostile seller does what its traps promise, shown on an official client without a warden. What is asserted
// here is the damage; that a warden prevents it is for other tests.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { unguardedFetch } from "../../examples/localnet/client.ts";
import { type Hostile, type SeenPayment, startHostile } from "../../examples/localnet/hostile.ts";
import {
  always,
  baitAndSwitch,
  honest,
  lostResponse,
  lyingReceipt,
  offerV1,
  offerV2,
  pretendSettled,
  redirectPaid,
  starve,
  withheld,
} from "../../examples/localnet/traps.ts";

let chain: Chain;
let hostile: Hostile;
let pay: typeof fetch;

before(async () => {
  chain = await startChain();
  hostile = await startHostile(chain);
  pay = unguardedFetch(chain);
});

after(async () => {
  await hostile?.stop();
  await chain?.stop();
});

/** By how much the attacker's balance grows while `action` runs. */
async function taken(action: () => Promise<void>): Promise<bigint> {
  const before = await chain.balanceOf(chain.accounts.attacker.address);
  await action();
  return (await chain.balanceOf(chain.accounts.attacker.address)) - before;
}

function lastPayment(): SeenPayment {
  const payment = hostile.payments().at(-1);
  assert.ok(payment, "no payment arrived");
  return payment;
}

async function used(payment: SeenPayment): Promise<boolean> {
  assert.ok(payment.signed, "not an EIP-3009 payment");
  return chain.authorizationUsed(payment.signed.authorization.from, payment.signed.authorization.nonce);
}

for (const [version, offer, header] of [
  ["version 2", offerV2, "PAYMENT-SIGNATURE"],
  ["version 1", offerV1, "X-PAYMENT"],
] as const) {
  test(`an honest answer is possible, in ${version}`, async () => {
    hostile.set("/honest", honest(offer(chain)));
    const profit = await taken(async () => {
      const response = await pay(`${hostile.url}/honest`);
      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), { goods: "as promised" });
    });
    assert.equal(profit, 10_000n);
    const payment = lastPayment();
    assert.equal(payment.header, header);
    assert.equal(payment.signed?.authorization.from, chain.accounts.agent.address);
    assert.equal(payment.signed?.authorization.value, "10000");
    assert.equal(await used(payment), true);
  });
}

test("bait and switch: the retry is asked for fifty times as much", async () => {
  hostile.set("/bait", baitAndSwitch(offerV2(chain), offerV2(chain, { amount: "500000" })));
  const response = await pay(`${hostile.url}/bait`);
  assert.equal(response.status, 402);
  const offered = JSON.parse(Buffer.from(response.headers.get("payment-required") ?? "", "base64").toString("utf8"));
  assert.equal(offered.accepts[0].amount, "500000");
  assert.equal(lastPayment().signed?.authorization.value, "10000");
  // Whoever calls again, as agents do, signs the dear one without a question.
  await pay(`${hostile.url}/bait`);
  assert.equal(lastPayment().signed?.authorization.value, "500000");
});

test("a redirect hands the payment to another origin", async () => {
  for (const status of [307, 302] as const) {
    hostile.set("/redirect", redirectPaid(offerV2(chain), status));
    const response = await pay(`${hostile.url}/redirect`);
    assert.deepEqual(await response.json(), { caught: true });
    const caught = hostile.requests.at(-1);
    assert.equal(caught?.origin, "other");
    assert.equal(caught?.path, "/caught");
    assert.equal(caught?.payment?.raw, hostile.payments().at(-2)?.raw);
  }
});

test("the offer itself can come from another origin", async () => {
  const location = `${hostile.otherUrl}/hop`;
  hostile.set("/front", always({ kind: "redirect", status: 307, location }, { settle: false, reply: "fail" }));
  hostile.set("/hop", honest(offerV2(chain)));
  const before = hostile.requests.length;
  await pay(`${hostile.url}/front`).then((response) => response.body?.cancel());
  const seen = hostile.requests.slice(before).map(({ origin, path, payment }) => [origin, path, payment !== undefined]);
  assert.deepEqual(seen, [
    ["main", "/front", false],
    ["other", "/hop", false],
    ["main", "/front", true],
  ]);
});

test("a reset after settling takes the money and loses the answer", async () => {
  hostile.set("/reset", lostResponse(offerV2(chain), "reset"));
  const profit = await taken(async () => {
    await assert.rejects(pay(`${hostile.url}/reset`), TypeError);
  });
  assert.equal(profit, 10_000n);
});

test("a hang after settling takes the money and never answers", async () => {
  hostile.set("/hang", lostResponse(offerV2(chain), "hang"));
  const profit = await taken(async () => {
    await assert.rejects(pay(`${hostile.url}/hang`, { signal: AbortSignal.timeout(500) }), { name: "TimeoutError" });
  });
  assert.equal(profit, 10_000n);
});

test("a withheld authorization is settled after the failure was reported", async () => {
  hostile.set("/withheld", withheld(offerV2(chain)));
  const duringCall = await taken(async () => {
    assert.equal((await pay(`${hostile.url}/withheld`)).status, 500);
  });
  assert.equal(duringCall, 0n);
  const payment = lastPayment();
  assert.equal(await used(payment), false);
  const later = await taken(async () => {
    await hostile.collect(payment);
  });
  assert.equal(later, 10_000n);
  assert.equal(await used(payment), true);
});

test("success is said, and nothing delivered", async () => {
  hostile.set("/starve", starve(offerV2(chain)));
  const profit = await taken(async () => {
    const response = await pay(`${hostile.url}/starve`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {});
  });
  assert.equal(profit, 10_000n);
});

test("a receipt lies: settled but denied, not settled but claimed, and no receipt at all", async () => {
  const denied = { success: false, errorReason: "insufficient_funds", transaction: "", network: "eip155:84532" };
  hostile.set("/denies", lyingReceipt(offerV2(chain), denied));
  hostile.set("/claims", pretendSettled(offerV2(chain)));
  hostile.set("/silent", always(offerV2(chain), { settle: true, reply: "serve", receipt: null }));
  const receiptOf = async (path: string) => {
    const header = (await pay(hostile.url + path)).headers.get("payment-response");
    return header === null ? null : JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  };
  assert.equal(await taken(async () => assert.deepEqual(await receiptOf("/denies"), denied)), 10_000n);
  assert.equal(await taken(async () => assert.equal((await receiptOf("/claims")).success, true)), 0n);
  assert.equal(await taken(async () => assert.equal(await receiptOf("/silent"), null)), 10_000n);
});

test("an offer can be anything: a text as lifetime is signed for five thousand years", async () => {
  hostile.set("/forever", withheld(offerV2(chain, { maxTimeoutSeconds: "60" })));
  await pay(`${hostile.url}/forever`);
  const validBefore = Number(lastPayment().signed?.authorization.validBefore);
  assert.ok(validBefore > Date.now() / 1000 + 5000 * 365 * 86_400, `valid before ${validBefore}`);
});

test("a header that is no offer is passed on as it is", async () => {
  hostile.set("/noise", always({ kind: "raw", header: "%%%", body: "<html>" }, { settle: false, reply: "fail" }));
  const response = await fetch(`${hostile.url}/noise`);
  assert.equal(response.status, 402);
  assert.equal(response.headers.get("payment-required"), "%%%");
  assert.equal(await response.text(), "<html>");
});

test("a payment that is no payment is recorded all the same", async () => {
  hostile.set("/junk", withheld(offerV2(chain)));
  await fetch(`${hostile.url}/junk`, { headers: { "PAYMENT-SIGNATURE": "!!!" } });
  const payment = lastPayment();
  assert.deepEqual(payment, { header: "PAYMENT-SIGNATURE", raw: "!!!", payload: undefined });
  await assert.rejects(hostile.collect(payment), /not an EIP-3009 payment: `!!!`/);
});

test("a path without a trap is not for sale", async () => {
  assert.equal((await fetch(`${hostile.url}/nothing`)).status, 404);
});
