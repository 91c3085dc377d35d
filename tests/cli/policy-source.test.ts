// Where a policy can come from, and that nothing in it is lost or changed on the way to the core.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";
import { memoryStore, openWarden, PolicyInvalid } from "../../js/index.ts";
import { type PolicySource, readPolicy, readPolicyFile } from "../../js/policy-source.ts";
import { withFiles } from "./support.ts";

const JSON_TEXT = '{"payment":{"max_usd":"1.50"}}';

function policyOf(source: PolicySource): unknown {
  return JSON.parse(readPolicy(source).json);
}

function refused(source: PolicySource, ...patterns: readonly RegExp[]): void {
  assert.throws(
    () => readPolicy(source),
    (error: unknown) => {
      assert.ok(error instanceof PolicyInvalid, String(error));
      assert.equal(error.code, "policy_invalid");
      for (const pattern of patterns) assert.match(error.message, pattern);
      return true;
    },
  );
}

test("a path, a URL, TOML text, JSON text and an object are the same policy", async () => {
  const wanted = { payment: { max_usd: "1.50" } };
  const toml = '[payment]\nmax_usd = "1.50"\n';
  const files = { "p.toml": toml, "p.json": JSON_TEXT, noext: toml, "a=b.toml": toml, "P.TOML": toml };
  await withFiles(files, (folder) => {
    for (const name of Object.keys(files)) assert.deepEqual(policyOf(join(folder, name)), wanted, name);
    assert.deepEqual(policyOf(pathToFileURL(join(folder, "a=b.toml"))), wanted);
    assert.deepEqual(JSON.parse(readPolicyFile(join(folder, "noext")).json), wanted);
  });
  assert.deepEqual(policyOf(toml), wanted);
  assert.deepEqual(policyOf(toml.replaceAll("\n", "\r\n")), wanted);
  assert.deepEqual(policyOf('payment.max_usd = "1.50"'), wanted);
  assert.deepEqual(policyOf('payment = { max_usd = "1.50" }'), wanted);
  const budget = { name: "daily", limit_usd: "5", window: "24h" };
  // Two brackets open a TOML table, and could open a JSON list.
  assert.deepEqual(policyOf('[[budgets]]\nname = "daily"\nlimit_usd = "5"\nwindow = "24h"\n'), { budgets: [budget] });
  assert.deepEqual(policyOf(JSON_TEXT), wanted);
  assert.deepEqual(policyOf(`\u{feff}${JSON_TEXT}`), wanted);
  assert.deepEqual(policyOf(wanted), wanted);
  assert.deepEqual(
    policyOf(Object.freeze({ payment: Object.assign(Object.create(null), { max_usd: "1.50" }) })),
    wanted,
  );
  // An object of another realm, as test runners and sandboxes make them.
  assert.deepEqual(policyOf(runInContext(`(${JSON_TEXT})`, createContext()) as object), wanted);
});

test("a text that looks like a path is one, and a missing or empty file opens nothing", async () => {
  refused("policy.toml", /the policy policy\.toml is not valid/, /ENOENT/);
  refused("payment.max_usd", /ENOENT/);
  refused("a=b.json", /ENOENT/);
  refused("", /it is empty/);
  refused(" \n\t", /it is empty/);
  await withFiles({ "empty.toml": "", "blank.json": "\n", "marked.json": "\u{feff}" }, (folder) => {
    for (const name of ["empty.toml", "blank.json", "marked.json"]) refused(join(folder, name), /it is empty/);
  });
  await assert.rejects(openWarden({ policy: "no-such-policy.toml", store: memoryStore() }), PolicyInvalid);
});

test("a key that stands there twice is refused, in JSON and in TOML", () => {
  refused('{"payment":{"max_usd":"1","max_usd":"1000"}}', /duplicate key `max_usd`/);
  refused('{"payment":{"max_usd":"1"},"payment":{"max_usd":"1000"}}', /duplicate key `payment`/);
  refused('[payment]\nmax_usd = "1"\nmax_usd = "1000"\n', /line 3/);
  refused('[payment]\nmax_usd = "1"\n[payment]\nmax_usd = "1000"\n', /line 3/);
});

test("a .json file is read as JSON alone, a .toml file as TOML alone", async () => {
  const files = { "t.json": '[payment]\nmax_usd = "1"\n', "j.toml": JSON_TEXT };
  await withFiles(files, (folder) => {
    refused(join(folder, "t.json"), /line 1 column/);
    refused(join(folder, "j.toml"), /line 1, column/);
  });
});

test("a figure may be a text or a plain number; anything that JSON can't carry exactly is refused", () => {
  for (const figure of ["1.5", "0.1", "5", '"1.5"', '"0.000001"']) {
    assert.ok(readPolicy(`payment.max_usd = ${figure}`).json.includes(figure), figure);
  }
  // Past 2^53 a number would be rounded: it goes on as a text.
  assert.ok(readPolicy("payment.max_usd = 9007199254740993").json.includes('"9007199254740993"'));
  for (const figure of ["nan", "inf", "-inf"]) refused(`payment.max_usd = ${figure}`, /`max_usd` is (NaN|-?Infinity)/);
  for (const figure of ["1e30", "1e-9", "-1", "true", "2026-01-05", "[1]"]) {
    refused(`payment.max_usd = ${figure}`, /payment\.max_usd: expected US dollars/);
  }
  refused('{"payment":{"max_usd":1e999}}', /out of range/);
  refused({ payment: { max_usd: Number.NaN } }, /`max_usd` is NaN/);
  refused({ payment: { max_usd: Number.POSITIVE_INFINITY } }, /`max_usd` is Infinity/);
  assert.deepEqual(policyOf({ payment: { max_usd: 2n } }), { payment: { max_usd: "2" } });
});

test("what JSON would drop from an object in silence is refused: a limit must not vanish", () => {
  const budgets = [{ name: "daily", limit_usd: "5", window: "24h" }];
  refused({ payment: { max_usd: undefined }, budgets }, /`max_usd` is undefined/);
  refused({ payment: undefined, budgets }, /`payment` is undefined/);
  refused({ payment: new Map([["max_usd", "1"]]), budgets }, /`payment` is neither a plain object nor a list/);
  refused({ vendors: { allow: new Set(["api.example.com"]) }, budgets }, /`allow` is neither/);
  refused({ payment: { max_usd: () => "1" }, budgets }, /`max_usd` is a function/);
  refused({ payment: { max_usd: Symbol("1") }, budgets }, /`max_usd` is a symbol/);
  const self: Record<string, unknown> = { budgets };
  self.payment = self;
  refused(self, /circular/i);
  const throwing = {
    get payment(): never {
      throw new Error("no policy today");
    },
  };
  refused(throwing, /no policy today/);
});

test("no policy at all is no policy", () => {
  for (const nothing of [undefined, null, 5, true]) refused(nothing as unknown as object, /the policy \(object\)/);
  for (const wrong of [[], {}, "[1, 2]", "{}", '{"__proto__":{}}', '"text" = ']) refused(wrong);
  refused("__proto__ = 1\npayment.max_usd = 1", /__proto__: unknown key/);
});

test("a large policy is refused in words, not cut", () => {
  refused(`payment.max_usd = 1\n# ${"x".repeat(1024 * 1024)}`, /longer than 1 MiB/);
});
