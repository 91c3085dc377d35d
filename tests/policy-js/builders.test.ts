/** Small pieces of a policy, and what they make together. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allowAll,
  allowOnlyPayees,
  allowOnlyVendors,
  blockAbove,
  blockPayees,
  blockVendor,
  dailyBudget,
  memoryStore,
  openWarden,
  type PolicyDocument,
  policy,
  requireApprovalAbove,
} from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { refusalOf } from "./support.ts";

const ADDRESS = `0x${"1".repeat(40)}`;

test("parts are what one would write by hand", () => {
  const made: PolicyDocument = policy(
    blockAbove("1.00"),
    requireApprovalAbove("0.25"),
    blockVendor("evil.com", "*.evil.com"),
    blockVendor("worse.com"),
    allowOnlyPayees(ADDRESS),
    blockPayees(`0x${"2".repeat(40)}`),
    dailyBudget("5.00", { per: "agent" }),
    dailyBudget("20.00", { name: "all", when: { methods: ["POST"] } }),
    { rules: [{ name: "late", when: { hours: ["22:00-06:00"], time_zone: "Europe/Berlin" }, then: "deny" }] },
  );
  assert.deepEqual(made, {
    payment: { max_usd: "1.00", approve_from_usd: "0.25" },
    vendors: { block: ["evil.com", "*.evil.com", "worse.com"] },
    payees: { allow: [ADDRESS], block: [`0x${"2".repeat(40)}`] },
    budgets: [
      { name: "daily", limit_usd: "5.00", window: "24h", per: "agent" },
      { name: "all", limit_usd: "20.00", window: "24h", when: { methods: ["POST"] } },
    ],
    rules: [{ name: "late", when: { hours: ["22:00-06:00"], time_zone: "Europe/Berlin" }, then: "deny" }],
  });
});

test("allowing everything is no policy: a bound stands beside it", () => {
  assert.match(
    refusalOf(() => policy(allowAll())),
    /bounds nothing/,
  );
  assert.match(
    refusalOf(() => policy()),
    /bounds nothing/,
  );
  assert.match(
    refusalOf(() => policy(requireApprovalAbove("1"))),
    /bounds nothing/,
  );
  assert.deepEqual(policy(allowAll(), blockAbove("1")), { unmatched: "allow", payment: { max_usd: "1" } });
});

test("what is said twice, differently, is an error and not a guess", () => {
  const twice = refusalOf(() =>
    policy(blockAbove("1"), blockAbove("2"), allowOnlyVendors("a.com"), allowOnlyVendors("b.com")),
  );
  assert.equal(
    twice,
    'payment.max_usd: is said twice: `"1"` and `"2"`\nvendors.allow: is said twice: `["a.com"]` and `["b.com"]`',
  );
  assert.match(
    refusalOf(() => policy(dailyBudget("1"), dailyBudget("2"))),
    /^budgets\[1\]\.name: .*`daily` too$/,
  );
  assert.deepEqual(policy(blockAbove("1"), blockAbove("1")), { payment: { max_usd: "1" } });
});

test("what is wrong is told with its place, and all of it", () => {
  const message = refusalOf(() => policy(blockAbove("1.50"), blockVendor("a*b"), allowOnlyPayees("0x1")));
  assert.match(message, /^vendors\.block\[0\]: `a\*b`/m);
  assert.match(message, /^payees\.allow\[0\]: `0x1`/m);
});

test("a figure that is none is told with its place", () => {
  assert.match(
    refusalOf(() => policy(blockAbove("1,50"))),
    /^payment\.max_usd: .*"1,50"/,
  );
});

test("parts are not changed by being put together, and share nothing with what comes out", () => {
  const part = blockVendor("a.com");
  const made = policy(blockAbove("1"), part, blockVendor("b.com"));
  made.vendors?.block?.push("c.com");
  assert.deepEqual(part, { vendors: { block: ["a.com"] } });
});

test("a warden takes it", async () => {
  const warden = await openWarden({
    policy: policy(blockAbove("0.01"), blockVendor("evil.com")),
    store: memoryStore(),
  });
  const url = "https://api.example.com/x";
  assert.equal((await warden.authorize({ url, offer: offer() })).action, "allow");
  assert.equal((await warden.authorize({ url, offer: offer("10001") })).reason, "payment_too_large");
  assert.equal((await warden.authorize({ url: "https://evil.com/", offer: offer() })).reason, "vendor_blocked");
  await warden.close();
});
