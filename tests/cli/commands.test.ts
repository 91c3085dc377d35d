// The command line around its commands, and `tollwarden reasons`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { coreVersion } from "../../js/index.ts";
import { reasons } from "../../js/tools.ts";
import { tollwarden } from "./support.ts";

test("--help tells the commands, and each command's help its options and exit status", async () => {
  const help = await tollwarden(["--help"]);
  assert.deepEqual([help.status, help.stderr], [0, ""]);
  for (const name of ["check", "explain", "test", "import", "simulate", "holds", "guardrail", "reasons"]) {
    assert.match(help.stdout, new RegExp(`^ {2}${name} `, "m"));
    const own = await tollwarden([name, "--help"]);
    assert.deepEqual([own.status, own.stderr], [0, ""]);
    assert.ok(own.stdout.startsWith(`usage: tollwarden ${name}`), own.stdout);
    assert.match(own.stdout, /exit status: 0/);
  }
});

test("no command and an unknown command: status 1, and what there is", async () => {
  const none = await tollwarden([]);
  assert.deepEqual([none.status, none.stdout], [1, ""]);
  assert.match(none.stderr, /usage: tollwarden <command>/);
  const unknown = await tollwarden(["simulat", "--policy", "p.toml"]);
  assert.deepEqual([unknown.status, unknown.stdout], [1, ""]);
  assert.equal(
    unknown.stderr,
    "tollwarden: `simulat` is not a command; the commands are check, explain, test, import, approvals, freeze, unfreeze, simulate, holds, verify, replay, backtest, report, scan, serve, keys, gateway, guardrail, refunds, reasons\n",
  );
});

test("--version is the core's", async () => {
  const { status, stdout } = await tollwarden(["--version"]);
  assert.deepEqual([status, stdout], [0, `${coreVersion()}\n`]);
});

test("reasons: all, one, as JSON, and none", async () => {
  const all = await tollwarden(["reasons", "--json"]);
  assert.equal(all.status, 0);
  assert.deepEqual(JSON.parse(all.stdout), reasons());
  const text = await tollwarden(["reasons"]);
  assert.equal(text.stdout.split("\n").filter((line) => /^[a-z_]+$/.test(line)).length, reasons().length);
  const one = await tollwarden(["reasons", "budget_exceeded"]);
  assert.match(one.stdout, /^budget_exceeded\n {2}\S.*\n {2}\S.*\n$/);
  for (const args of [["nope"], ["allowed", "frozen"], ["--jso"]]) {
    const wrong = await tollwarden(["reasons", ...args]);
    assert.deepEqual([wrong.status, wrong.stdout], [1, ""]);
    assert.equal(wrong.stderr.trimEnd().split("\n").length, 1);
  }
});

test("every reason has a code, a meaning and a remedy, in sentences", () => {
  const rows = reasons();
  assert.ok(rows.length > 40);
  assert.equal(new Set(rows.map(({ code }) => code)).size, rows.length);
  for (const { code, meaning, remedy } of rows) {
    assert.match(code, /^[a-z]+(_[a-z0-9]+)*$/);
    assert.match(meaning, /^[A-Z].*\.$/);
    assert.match(remedy, /^[A-Z].*\.$/);
  }
});
