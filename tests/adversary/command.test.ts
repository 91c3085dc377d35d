// `npm run adversary` as a command: what it prints, what it writes, and how it ends.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SCENARIOS } from "./scenarios/index.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const run = (...args: readonly string[]) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });

test("--help tells the options, --list the scenarios", () => {
  const help = run("--help");
  assert.equal(help.status, 0);
  for (const option of ["--only", "--list", "--json", "--out", "exit status"])
    assert.ok(help.stdout.includes(option), option);
  const listed = run("--list");
  assert.equal(listed.stdout.trimEnd().split("\n").length, SCENARIOS.length);
});

test("what is no option, and no scenario, ends with 1 and runs nothing", () => {
  for (const args of [
    ["--onyl", "T1"],
    ["--only", "T99"],
  ]) {
    const wrong = run(...args);
    assert.deepEqual([wrong.status, wrong.stdout], [1, ""], args.join(" "));
    assert.match(wrong.stderr, /^adversary: /);
  }
});

test("one scenario and its forms: a table, and three files", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-adversary-"));
  try {
    const shown = run("--only", "T1", "--out", folder);
    assert.equal(shown.status, 0, shown.stdout + shown.stderr);
    assert.match(shown.stdout, /^T1 .*\n.*without: 0\.01 USD gone · with: nothing · payee_not_allowed/m);
    assert.match(
      shown.stdout,
      /2 scenarios: 0\.00 USD moved or delivered without authority, 0 honest purchases failed/,
    );
    assert.match(readFileSync(join(folder, "adversary.md"), "utf8"), /^\| T1\.pin \|/m);
    assert.equal(JSON.parse(readFileSync(join(folder, "adversary.json"), "utf8")).score.unauthorized, "0");
    assert.equal(JSON.parse(readFileSync(join(folder, "adversary.sarif"), "utf8")).runs[0].results.length, 2);
    const asJson = run("--only", "T1.pin", "--json", "--out", folder);
    assert.equal(JSON.parse(asJson.stdout).rows.length, 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
