import assert from "node:assert/strict";
import { test } from "node:test";
import { cargoCounts, nodeCounts, nodeFailures, nodeSkips, summary } from "../../pkg-scripts/lib/counts.mjs";

test("cargo's lines are summed over all test programs", () => {
  const output = [
    "running 3 tests",
    "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
  ].join("\n");
  assert.deepEqual(cargoCounts(output), { passed: 6, failed: 2, skipped: 1 });
  assert.deepEqual(cargoCounts("error: could not compile"), { passed: 0, failed: 0, skipped: 0 });
});

test("node's totals are read, and a cancelled test has failed", () => {
  const tap = "# tests 9\n# suites 1\n# pass 5\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n";
  assert.deepEqual(nodeCounts(tap), { passed: 5, failed: 2, skipped: 2 });
});

test("what was skipped is named, with its reason", () => {
  const tap = [
    "    ok 1 - in a suite # SKIP no disk",
    "ok 2 - without a reason # SKIP",
    "ok 3 - \\# SKIP in its name",
    "ok 4 - passed",
  ].join("\n");
  assert.deepEqual(nodeSkips(tap), ["in a suite: no disk", "without a reason"]);
});

test("what failed is named, with its file", () => {
  const told = (name: string, type: string, at: string, indent = ""): string =>
    [
      `not ok 1 - ${name}`,
      "  ---",
      `  location: '${at}:2:3'`,
      `  failureType: '${type}'`,
      "  error: |-",
      "    ...",
      "  ...",
    ]
      .map((line) => `${indent}${line}\n`)
      .join("");
  const tap = [
    "ok 1 - passed\n  ---\n  type: 'test'\n  ...\n",
    told("inner", "testCodeFailure", "/a:b/one.test.ts", "    "),
    told("outer", "subtestsFailed", "/a:b/one.test.ts"),
    told("slow", "testTimeoutFailure", "/two.test.ts"),
    told("later # TODO", "testCodeFailure", "/three.test.ts"),
  ].join("");
  assert.deepEqual(nodeFailures(tap), [
    { name: "inner", file: "/a:b/one.test.ts" },
    { name: "slow", file: "/two.test.ts" },
  ]);
  assert.deepEqual(nodeFailures("ok 1 - passed\n"), []);
});

test("the last line", () => {
  const good = { passed: 2, failed: 0, skipped: 0 };
  assert.deepEqual(summary([good, good]), { line: "4 passed, 0 failed", ok: true });
  assert.deepEqual(summary([good, { passed: 0, failed: 1, skipped: 3 }]), {
    line: "2 passed, 1 failed, 3 skipped",
    ok: false,
  });
  assert.equal(summary([{ passed: 0, failed: 0, skipped: 0 }]).ok, false);
  assert.deepEqual(summary([good, { ...good, flaky: 1 }]), { line: "4 passed, 0 failed, 1 FLAKY", ok: true });
});
