/** Prices, tiers, free calls; and that the price of the 402 is the price that is paid. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiKey, hashApiKey } from "../../js/gate/index.ts";
import { priceOf, toAtomic } from "../../js/gate/price.ts";
import { ALICE, books, entryOf, openGate, pay, refusedWith, sign, URL_OF_SELLER, withPayment } from "./support.ts";

const url = (path: string): string => `${URL_OF_SELLER}${path}`;

test("dollars become atomic units rounded up, and never nothing", () => {
  const unit = 1_000_000n;
  const cases: readonly (readonly [string, bigint])[] = [
    ["$0.01", 10_000n],
    ["0.0000001", 1n],
    ["$1.0000001", 1_000_001n],
    ["$2.50", 2_500_000n],
    ["0", 0n],
    ["999999999999", 999_999_999_999_000_000n],
  ];
  for (const [price, amount] of cases) assert.equal(toAtomic(price, unit), amount, price);
  assert.equal(toAtomic("0.000000000000000001", 10n ** 18n), 1n);
  for (const wrong of ["", "-1", "1e3", "1,000", "0x10", "$", "1.", ".5", "NaN", "１"]) {
    assert.throws(() => toAtomic(wrong, unit), /is no price/, wrong);
  }
});

test("a tier comes before a volume, that before the hour, and that before the price", async () => {
  const pricing = {
    price: "$0.10",
    tiers: { gold: "$0.01" },
    volume: [
      { from: 10, price: "$0.05" },
      { from: 100, price: "$0.02" },
    ],
    hours: [{ from: "22:00", to: "06:00", price: "$0.08" }],
  };
  const base = { route: "r", method: "GET", url: "u", client: "c", tier: undefined, volume: 0, bodyBytes: 0 };
  const noon = Date.parse("2026-01-05T12:00:00Z");
  const night = Date.parse("2026-01-05T23:30:00Z");
  assert.equal(await priceOf(pricing, { ...base, at: noon }), "$0.10");
  assert.equal(await priceOf(pricing, { ...base, at: night }), "$0.08");
  assert.equal(await priceOf(pricing, { ...base, at: night, volume: 10 }), "$0.05");
  assert.equal(await priceOf(pricing, { ...base, at: night, volume: 100 }), "$0.02");
  assert.equal(await priceOf(pricing, { ...base, at: night, volume: 100, tier: "gold" }), "$0.01");
  assert.equal(await priceOf(pricing, { ...base, at: noon, tier: "constructor" }), "$0.10");
  const named = { price: ({ bodyBytes }: { bodyBytes: number }) => `$${bodyBytes}` };
  assert.equal(await priceOf(named, { ...base, at: noon, bodyBytes: 7 }), "$7");
  await assert.rejects(priceOf({ price: () => Number.NaN as never }, { ...base, at: noon }), /is no price/);
});

test("a quote holds while the price changes, until it runs out", async () => {
  let at = 1_700_000_000_000;
  let price = "$0.01";
  const { gate, ask } = await openGate({
    now: () => at,
    quoteMs: 60_000,
    routes: { "GET /weather": { pay, price: () => price } },
  });
  const cheap = await entryOf(await ask("/weather"));
  price = "$0.05";
  assert.equal((await entryOf(await ask("/weather"))).amount, "50000");
  at += 59_000;
  assert.equal((await ask(new Request(url("/weather"), withPayment({}, sign(cheap))))).status, 200);
  assert.equal((await books(gate)).paid, "10000");
  at += 2_000;
  const late = await ask(new Request(url("/weather"), withPayment({}, sign(cheap))));
  assert.equal((await entryOf(late)).amount, "50000", "and the new price is told");
});

test("version 1 is held to its quote too", async () => {
  let price = "$0.01";
  const { ask } = await openGate({ routes: { "GET /weather": { pay, price: () => price } } });
  const response = await ask("/weather");
  const legacy = (await response.json()) as { x402Version: number; accepts: { maxAmountRequired: string }[] };
  assert.equal(legacy.x402Version, 1);
  assert.equal(legacy.accepts[0]?.maxAmountRequired, "10000");
  const { payload } = sign(await entryOf(await ask("/weather"))) as { payload: object };
  price = "$0.05";
  const payment = { x402Version: 1, scheme: "exact", network: "base-sepolia", payload };
  const paid = await ask(new Request(url("/weather"), withPayment({}, payment, "X-PAYMENT")));
  assert.equal(paid.status, 200, await paid.clone().text());
  assert.ok(paid.headers.has("X-PAYMENT-RESPONSE"));
  const other = sign({ ...(await entryOf(await ask("/weather"))), amount: "7" }, ALICE) as { payload: object };
  const cheap = { x402Version: 1, scheme: "exact", network: "base-sepolia", payload: other.payload };
  assert.equal((await ask(new Request(url("/weather"), withPayment({}, cheap, "X-PAYMENT")))).status, 402);
});

test("a client's tier and volume make its price; free calls come first, and a failed one does not count", async () => {
  const [gold, plain] = [createApiKey(), createApiKey()];
  const { gate, ask, buy } = await openGate({
    clients: [
      { id: "golden", keyHash: await hashApiKey(gold), tier: "gold" },
      { id: "plain", keyHash: [await hashApiKey(plain)] },
    ],
    routes: {
      "GET /weather": { pay, price: "$0.10", tiers: { gold: "$0.03" }, volume: [{ from: 1, price: "$0.07" }] },
      "GET /trial": { pay, price: "$0.10", free: { calls: 2, per: "day" } },
    },
  });
  const keyed = (key: string): RequestInit => ({ headers: { "x-api-key": key } });
  const price = async (path: string, init: RequestInit = {}): Promise<string> =>
    (await entryOf(await ask(new Request(url(path), init)))).amount;
  assert.equal(await price("/weather"), "100000");
  assert.equal(await price("/weather", keyed(gold)), "30000");
  assert.equal(await price("/weather", keyed(plain)), "100000");
  assert.equal((await buy("/weather", { init: keyed(plain) })).status, 200);
  assert.equal(await price("/weather", keyed(plain)), "70000");

  const free = (handler?: () => Response) => ask(new Request(url("/trial"), keyed(plain)), handler);
  assert.equal((await free(() => new Response("no", { status: 500 }))).status, 500);
  assert.equal((await free()).headers.get("Tollwarden-Payment"), "free");
  const both = await Promise.all([free(), free(), free()]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 402, 402]);
  assert.equal(await price("/trial"), "100000", "nobody's key, nothing free");
  assert.equal((await books(gate)).paid, "100000");
});

test("a client that is not on the policy's list is told so", async () => {
  const key = createApiKey();
  const { ask } = await openGate({
    policy: { payment: { max_usd: "1" }, clients: { block: ["spammer"] } },
    clients: [{ id: "spammer", keyHash: await hashApiKey(key) }],
  });
  const response = await ask(new Request(url("/weather"), { headers: { authorization: "x", "x-api-key": key } }));
  await refusedWith(403, "client_blocked", response);
});
