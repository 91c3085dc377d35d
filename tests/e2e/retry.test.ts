// A hook of the official client asks once more with headers of its own before it pays, as `sign-in-with-x` does: one
// purchase is one hold, whatever the policy counts, and what needs no payment holds nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client, x402HTTPClient } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";
import { encodeBase64 } from "../../js/x402/wire.ts";
import { offer } from "../cli/support.ts";
import { controlOf, daily, policyFor, warden } from "./support.ts";

const ACCOUNT = privateKeyToAccount(`0x${"7".repeat(64)}`);
const URL = "https://api.example.com/weather";
const KEY = "sign-in-with-x";
const OFFER = { ...offer(), extensions: { [KEY]: {} } };
const HEADERS = { [KEY]: "signed in" };

/** How the hook came to the client. */
const WAYS = {
  "an extension of the x402Client": (client: x402Client) =>
    client.registerExtension({
      key: KEY,
      transportHooks: { http: { onPaymentRequired: async () => ({ headers: HEADERS }) } },
    } as Parameters<x402Client["registerExtension"]>[0]),
  "a hook of the x402HTTPClient": (client: x402Client) =>
    new x402HTTPClient(client).onPaymentRequired(async () => ({ headers: HEADERS })),
};

async function shop(way: keyof typeof WAYS, more: object, member = false) {
  const opened = await warden({ policy: policyFor([], more) });
  const asked: Headers[] = [];
  const seller: typeof fetch = async (input, init) => {
    const { headers } = new Request(input, init);
    asked.push(headers);
    if (headers.has("payment-signature") || (member && headers.has(KEY))) return Response.json({ paid: true });
    return new Response("{}", { status: 402, headers: { "payment-required": encodeBase64(JSON.stringify(OFFER)) } });
  };
  const client = new x402Client().register("eip155:*", new ExactEvmScheme(opened.signer(ACCOUNT)));
  const guarded = opened.client(WAYS[way](client)) as x402Client;
  return { opened, asked, pay: wrapFetchWithPayment(opened.fetch(seller), guarded) };
}

for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
  test(`${way}: one purchase is one hold`, async () => {
    const policies = {
      "a budget for one": { budgets: [{ name: "daily", limit_usd: "0.01", window: "24h" }] },
      "a gap": { rates: [{ name: "gap", min_gap: "1h" }] },
      "a rate": { rates: [{ name: "rate", max: 1, window: "1h" }] },
      "no replays": { replay: { mode: "strict" } },
    };
    for (const [name, more] of Object.entries(policies)) {
      const { opened, asked, pay } = await shop(way, more);
      assert.equal((await pay(URL)).status, 200, name);
      assert.deepEqual(await daily(opened), { held: "0", spent: "0.01" }, name);
      assert.deepEqual(
        asked.map((headers) => headers.has(KEY)),
        [false, true, false],
      );
      assert.ok(!asked.some((headers) => [...headers.keys()].some((key) => key.startsWith("tollwarden"))));
    }
  });

  test(`${way}: an approval is used for the purchase that it was given for`, async () => {
    const { opened, pay } = await shop(way, { payment: { max_usd: "1", approve_from_usd: "0.001" } });
    await assert.rejects(pay(URL), { code: "approval_required" });
    assert.equal(await controlOf(opened).approvals.approveAll(), 1);
    assert.equal((await pay(URL)).status, 200);
  });

  test(`${way}: who is let in without paying holds nothing, and the name of a hold is no way round the policy`, async () => {
    const { opened, pay } = await shop(way, {}, true);
    assert.equal((await pay(URL)).status, 200);
    assert.deepEqual(await daily(opened), { held: "0", spent: "0" });
    const unpaid = await shop(way, {});
    const response = unpaid.opened.fetch(async () => new Response("{}", { status: 402 }));
    assert.equal((await response(URL, { headers: { "tollwarden-hold": "x" } })).status, 402);
    await assert.rejects(unpaid.pay(URL, { headers: { "tollwarden-hold": "x" } }), { code: "unticketed_signature" });
  });
}
