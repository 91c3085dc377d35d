/** Policies that stand on others: what each section becomes, what can't be put together, and how files are found. */

import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import "../../js/core/inline.ts";
import { loadTools } from "../../js/core/tools.ts";
import { zoneTable } from "../../js/policy/zones.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { inFolder, refusalOf } from "./support.ts";

type Policy = Readonly<Record<string, unknown>>;

function merged(base: Policy, child: Policy): Policy {
  const answer = JSON.parse(loadTools().mergePolicies(JSON.stringify(base), JSON.stringify(child), "base", "child"));
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.document as Policy;
}

function clash(base: Policy, child: Policy): string {
  const answer = JSON.parse(loadTools().mergePolicies(JSON.stringify(base), JSON.stringify(child), "base", "child"));
  assert.notEqual(answer.errors, undefined, JSON.stringify(answer.document));
  return (answer.errors as { path: string; message: string }[]).map((e) => `${e.path}: ${e.message}`).join("\n");
}

const ADDRESS = `0x${"1".repeat(40)}`;
const ASSET = { network: "base", address: `0x${"9".repeat(40)}`, decimals: 6, usd: "1.08" };
const DAILY = { name: "daily", limit_usd: "5", window: "24h" };
const BERLIN = { "Europe/Berlin": zoneTable("Europe/Berlin") };

/** What the base says, what the child says, what holds. */
const MERGED: readonly (readonly [string, Policy, Policy, Policy])[] = [
  ["nothing on nothing", {}, {}, {}],
  ["the child's name and version", { name: "a", version: 7 }, { name: "b" }, { name: "b", version: 7 }],
  [
    "the smaller figure",
    { payment: { max_usd: "1", max_first_usd: "0.50", approve_from_usd: "0.2" } },
    { payment: { max_usd: 2, max_first_usd: "0.5", approve_from_usd: "0.10" } },
    { payment: { max_usd: "1", max_first_usd: "0.50", approve_from_usd: "0.10" } },
  ],
  [
    "a figure of one alone",
    { payment: { max_usd: "1" } },
    { payment: { approve_from_usd: "2" } },
    { payment: { max_usd: "1", approve_from_usd: "2" } },
  ],
  ["a longer life than the default is for the base to say", {}, { payment: { max_lifetime_seconds: 900 } }, {}],
  ["which it may", { payment: { max_lifetime_seconds: 900 } }, {}, { payment: { max_lifetime_seconds: 900 } }],
  [
    "and a shorter one for anybody",
    {},
    { payment: { max_lifetime_seconds: 60 } },
    { payment: { max_lifetime_seconds: 60 } },
  ],
  [
    "networks and assets by what they are",
    { payment: { networks: ["base", "polygon"], block_networks: ["avalanche"] } },
    { payment: { networks: ["eip155:8453", "eip155:1"], block_networks: ["polygon"] } },
    { payment: { networks: ["eip155:8453"], block_networks: ["avalanche", "polygon"] } },
  ],
  [
    "flows that the base lets through",
    { payment: { flows: ["authorization", "upfront"] } },
    {},
    { payment: { flows: ["authorization", "upfront"] } },
  ],
  [
    "flows that only the child wants",
    {},
    { payment: { flows: ["authorization", "upfront"] } },
    { payment: { flows: ["authorization"] } },
  ],
  [
    "vendors: the narrower of what both allow, and all that one blocks",
    { vendors: { allow: ["*.example.com", "other.org"], block: ["bad.example.com"] } },
    { vendors: { allow: ["api.example.com/v1", "third.net"], block: ["worse.com"] } },
    { vendors: { allow: ["api.example.com/v1"], block: ["bad.example.com", "worse.com"] } },
  ],
  [
    "what one allows and the other blocks is blocked",
    { vendors: { allow: ["a.com", "b.com"] } },
    { vendors: { block: ["a.com"] } },
    { vendors: { allow: ["b.com"], block: ["a.com"] } },
  ],
  [
    "payees on one network and on any; the stricter pin",
    { payees: { allow: [ADDRESS], pin: "warn" } },
    { payees: { allow: [`base/${ADDRESS}`], pin: "deny" } },
    { payees: { allow: [`eip155:8453/${ADDRESS}`], pin: "deny" } },
  ],
  [
    "names and patterns",
    { agents: { allow: ["team-*"] } },
    { agents: { allow: ["team-a", "other"] } },
    { agents: { allow: ["team-a"] } },
  ],
  [
    "origins and assets of the base",
    { origins: ["http://localhost:1"], assets: [ASSET] },
    {},
    { origins: ["http://localhost:1"], assets: [ASSET] },
  ],
  ["origins that the child leaves out", { origins: ["http://localhost:1"] }, { origins: [] }, { origins: [] }],
  [
    "the same asset in both",
    { assets: [ASSET] },
    { assets: [{ ...ASSET, network: "eip155:8453", symbol: "X" }] },
    { assets: [ASSET] },
  ],
  [
    "budgets, rates and rules are added; the same twice is once",
    { budgets: [DAILY], rules: [{ name: "r", then: "flag" }] },
    { budgets: [DAILY, { ...DAILY, name: "more" }], rates: [{ name: "slow", min_gap: "1s" }] },
    {
      budgets: [DAILY, { ...DAILY, name: "more" }],
      rates: [{ name: "slow", min_gap: "1s" }],
      rules: [{ name: "r", then: "flag" }],
    },
  ],
  ["unmatched: deny wins", { unmatched: "deny" }, { unmatched: "allow" }, { unmatched: "deny" }],
  [
    "unmatched: the child may deny",
    {},
    { unmatched: "deny", rules: [{ name: "ok", then: "allow" }] },
    { unmatched: "deny", rules: [{ name: "ok", then: "allow" }] },
  ],
  [
    "schedules: both hold",
    { schedule: { hours: ["22:00-06:00", "12:00-13:00"], days: ["mon", "tue"] } },
    { schedule: { hours: ["05:00-12:30"], days: ["tue", "wed"], time_zone: "UTC" } },
    { schedule: { hours: ["05:00-06:00", "12:00-12:30"], days: ["tue"], time_zone: "UTC" } },
  ],
  [
    "schedules: hours here, days there, of the same zone",
    { schedule: { hours: ["09:00-17:00"], time_zone: "Europe/Berlin" }, zones: BERLIN },
    { schedule: { days: ["mon"], time_zone: "Europe/Berlin" }, zones: BERLIN },
    { schedule: { hours: ["09:00-17:00"], days: ["mon"], time_zone: "Europe/Berlin" }, zones: BERLIN },
  ],
  [
    "counterparties: each figure the stricter way",
    { counterparty: { allow_contracts: false, min_wallet_age_days: 3, max_risk: "high", on_missing: "allow" } },
    { counterparty: { allow_contracts: true, min_wallet_age_days: 30, max_risk: "low", min_prior_payments: 2 } },
    {
      counterparty: {
        allow_contracts: false,
        min_wallet_age_days: 30,
        max_risk: "low",
        min_prior_payments: 2,
        on_missing: "deny",
      },
    },
  ],
  [
    "a missing fact may pass where all who ask say so",
    { counterparty: { max_risk: "low", on_missing: "allow" } },
    {},
    { counterparty: { max_risk: "low", on_missing: "allow" } },
  ],
  [
    "prices: the smaller drift, the stricter answer",
    { prices: { max_drift_percent: 10, then: "warn" } },
    { prices: { max_drift_percent: "12.5" } },
    { prices: { max_drift_percent: 10, then: "deny" } },
  ],
  [
    "approvals: more people, of those that both name",
    { approvals: { threshold: 1, approvers: ["a", "b", "c"] } },
    { approvals: { threshold: 2, approvers: ["b", "c", "d"] } },
    { approvals: { threshold: 2, approvers: ["b", "c"] } },
  ],
  [
    "the breaker opens earlier and stays open longer",
    { breaker: { failure_threshold: 3 } },
    { breaker: { failure_threshold: 9, recovery_timeout: "1m" } },
    { breaker: { failure_threshold: 3, recovery_timeout: "1m" } },
  ],
  ["and not later than by default", {}, { breaker: { failure_threshold: 9, recovery_timeout: "1s" } }, {}],
];

for (const [note, base, child, want] of MERGED) {
  test(`put together: ${note}`, () => assert.deepEqual(merged(base, child), want));
}

const CLASHES: readonly (readonly [string, Policy, Policy, RegExp])[] = [
  [
    "an origin of the child alone",
    {},
    { origins: ["http://localhost:1"] },
    /^origins\[0\]: `child` lets `http:\/\/localhost:1` through, and `base` does not/,
  ],
  ["an asset of the child alone", {}, { assets: [ASSET] }, /^assets\[0\]: .*`base` does not know it/],
  [
    "an asset that costs another price",
    { assets: [ASSET] },
    { assets: [{ ...ASSET, usd: "0.01" }] },
    /^assets\[0\]: .*describes it otherwise/,
  ],
  [
    "one name for two things",
    { budgets: [DAILY] },
    { budgets: [{ ...DAILY, limit_usd: "50" }] },
    /^budgets\[0\]: `daily` of `child` and of `base` \(budgets\) are not the same/,
  ],
  [
    "one name in two sections",
    { budgets: [DAILY] },
    { rules: [{ name: "daily", then: "deny" }] },
    /^rules\[0\]: `daily` .*\(budgets\)/,
  ],
  [
    "a rule that is switched off",
    { rules: [{ name: "r", then: "deny" }] },
    { rules: [{ name: "r", then: "deny", enabled: false }] },
    /^rules\[0\]: `r`/,
  ],
  [
    "a rule that allows what the base denies",
    { unmatched: "deny" },
    { rules: [{ name: "all", then: "allow" }] },
    /^rules: `all` of `child` would allow what `base` denies/,
  ],
  [
    "a rule of the base that the child has not got",
    { rules: [{ name: "all", then: "allow" }] },
    { unmatched: "deny" },
    /^rules: `all` of `base` would allow what `child` denies/,
  ],
  [
    "two time zones",
    { schedule: { days: ["mon"] } },
    { schedule: { days: ["mon"], time_zone: "Europe/Berlin" }, zones: BERLIN },
    /^schedule: `base` goes by `UTC` and `child` by `Europe\/Berlin`/,
  ],
  [
    "no day in common",
    { schedule: { days: ["mon"] } },
    { schedule: { days: ["tue"] } },
    /^schedule: .*no day in common/,
  ],
  [
    "no hours in common",
    { schedule: { hours: ["09:00-10:00"] } },
    { schedule: { hours: ["10:00-09:00"] } },
    /^schedule: .*no hours in common/,
  ],
  [
    "nothing in common",
    { vendors: { allow: ["a.com"] } },
    { vendors: { allow: ["b.com"] } },
    /^vendors\.allow: nothing is in this list of `child` and in that of `base`/,
  ],
  [
    "two patterns of which nobody can say what both cover",
    { agents: { allow: ["a*"] } },
    { agents: { allow: ["*b"] } },
    /^agents\.allow: nobody can say what both `a\*` of `base` and `\*b` of `child` cover/,
  ],
  [
    "different agreed prices",
    { prices: { max_drift_percent: 1, agreed: [{ vendor: "a.com", usd: "1" }] } },
    { prices: { max_drift_percent: 1 } },
    /^prices\.agreed: .*one reference/,
  ],
  [
    "more approvers than are left",
    { approvals: { threshold: 2, approvers: ["a", "b"] } },
    { approvals: { approvers: ["b", "c"] } },
    /^approvals\.threshold: `2` can't be reached .*`child` with `base`/,
  ],
  ["an error in the base", { payment: { max_usd: "x" } }, {}, /^payment\.max_usd: .*\(in `base`\)$/],
  ["errors in both", { paymnt: {} }, { budgets: [{}] }, /paymnt.*\(in `base`\)\n(.*\n)*.*budgets\[0\].*\(in `child`\)/],
];

for (const [note, base, child, want] of CLASHES) {
  test(`can't be put together: ${note}`, () => assert.match(clash(base, child), want));
}

const read = (path: string): Policy => JSON.parse(readPolicy(path).json) as Policy;

test("files: relative to the file that names them, in any format, one or a list, over several steps", async () => {
  const files = {
    "team/agent.toml": 'extends = ["../company.yaml", "limits.json"]\n[payment]\napprove_from_usd = "0.10"\n',
    "company.yaml":
      "extends: base/root.toml\norigins: []\nbudgets:\n  - {name: company, limit_usd: '100', window: month, time_zone: Europe/Berlin}\n",
    "base/root.toml": '[payment]\nmax_usd = "10"\n[vendors]\nblock = ["evil.com"]\n',
    "team/limits.json": '{"payment":{"max_usd":"3"}}',
  };
  await inFolder(files, (at) => {
    const policy = read(join(at, "team/agent.toml"));
    assert.deepEqual(policy, {
      origins: [],
      payment: { max_usd: "3", approve_from_usd: "0.10" },
      vendors: { block: ["evil.com"] },
      budgets: [{ name: "company", limit_usd: "100", window: "month", time_zone: "Europe/Berlin" }],
      zones: BERLIN,
    });
    assert.deepEqual(read(String(pathToFileURL(join(at, "team/agent.toml"))).slice(7)), policy);
    assert.deepEqual(JSON.parse(readPolicy(pathToFileURL(join(at, "team/agent.toml"))).json), policy);
    const names = readPolicy(join(at, "team/agent.toml")).files?.map((file) => file.slice(at.length + 1));
    assert.deepEqual(names, ["team/agent.toml", "company.yaml", "base/root.toml", "team/limits.json"]);
  });
});

test("files: a base that bounds nothing, and a child that bounds nothing, bound something together or not", async () => {
  const files = {
    "a.toml": 'extends = "b.toml"\n[vendors]\nblock = ["evil.com"]\n',
    "b.toml": '[payment]\nmax_usd = "1"\n',
    "c.toml": 'extends = "d.toml"\n',
    "d.toml": 'vendors.block = ["evil.com"]\n',
    "e.toml": 'extends = []\npayment.max_usd = "1"\n',
  };
  await inFolder(files, (at) => {
    assert.deepEqual(read(join(at, "a.toml")), { payment: { max_usd: "1" }, vendors: { block: ["evil.com"] } });
    assert.match(
      refusalOf(() => read(join(at, "c.toml"))),
      /bounds nothing/,
    );
    assert.deepEqual(read(join(at, "e.toml")), { payment: { max_usd: "1" } });
  });
});

test("files: two that stand on the same one", async () => {
  const files = {
    "a.toml": 'extends = ["b.toml", "c.toml"]\n',
    "b.toml": 'extends = "d.toml"\npayment.max_usd = "2"\n',
    "c.toml": 'extends = "d.toml"\npayment.max_usd = "1"\n',
    "d.toml": '[[budgets]]\nname = "daily"\nlimit_usd = "5"\nwindow = "24h"\n',
  };
  await inFolder(files, (at) =>
    assert.deepEqual(read(join(at, "a.toml")), { payment: { max_usd: "1" }, budgets: [DAILY] }),
  );
});

test("files: one that is missing, broken, or stands on itself, by whatever name", async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => [
      `${n}.toml`,
      n === 8 ? 'payment.max_usd = "1"\n' : `extends = "${n + 1}.toml"\n`,
    ]),
  );
  const files = {
    "missing.toml": 'extends = "nowhere.toml"\n',
    "broken.toml": 'extends = "typo.toml"\n',
    "typo.toml": "[paymnt]\n",
    "twice.toml": 'extends = "twice.json"\n',
    "twice.json": '{"payment":{"max_usd":"1","max_usd":"9"}}',
    "self.toml": 'extends = "./self.toml"\n',
    "one.toml": 'extends = "two.toml"\n',
    "two.toml": 'extends = "link.toml"\n',
    "number.toml": "extends = 5\n",
    "empty.toml": 'extends = ""\n',
    ...chain,
  };
  await inFolder(files, (at) => {
    symlinkSync(join(at, "one.toml"), join(at, "link.toml"));
    const refused = (name: string): string => refusalOf(() => read(join(at, name))).replaceAll(`${at}/`, "");
    assert.match(refused("missing.toml"), /ENOENT.*nowhere\.toml/);
    assert.match(
      refused("broken.toml"),
      /^paymnt: unknown key `paymnt`; did you mean `payment`\? \(in `typo\.toml`\)$/,
    );
    assert.match(refused("twice.toml"), /duplicate key `max_usd`.*\(in `twice\.json`\)/);
    assert.equal(refused("self.toml"), "extends: `./self.toml` stands on this file itself");
    assert.equal(refused("one.toml"), "extends: `link.toml` stands on this file itself");
    assert.match(refused("number.toml"), /^extends: expected a text/);
    assert.match(refused("empty.toml"), /^extends: expected a text that is not empty/);
    assert.match(refused("0.toml"), /^extends: more than 8 files stand on one another/);
    assert.deepEqual(read(join(at, "1.toml")), { payment: { max_usd: "1" } });
  });
});

test("only a file can name files", () => {
  const message = /^extends: names files beside this one, and only a policy that is read from a file has any$/;
  assert.match(
    refusalOf(() => readPolicy({ extends: "b.toml", payment: { max_usd: "1" } })),
    message,
  );
  assert.match(
    refusalOf(() => readPolicy('extends = "b.toml"\npayment.max_usd = "1"\n')),
    message,
  );
});
