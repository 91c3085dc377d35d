/** The runner of the long tests, and what is said where Redis can't be had. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = (script: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(process.execPath, [join(root, "pkg-scripts", script), ...args], { cwd: root, env, encoding: "utf8" });

test("torture --help names the parts, each of them a file", () => {
  const { status, stdout } = run("torture.mjs", ["--help"]);
  assert.equal(status, 0);
  for (const part of ["concurrency", "crash", "network", "restart"]) assert.match(stdout, new RegExp(`\\b${part}\\b`));
});

for (const args of [["--only", "nothing"], ["--only"], ["--seed", "x"], ["--fast"]]) {
  test(`torture ${args.join(" ")} is an error that says what there is`, () => {
    const { status, stderr } = run("torture.mjs", args);
    assert.equal(status, 1);
    assert.ok(stderr.includes(args[0] ?? "") && stderr.includes("crash"), stderr);
  });
}

test("where there is no redis-server and none can be had, it is said loudly", (t) => {
  const cache = mkdtempSync(join(tmpdir(), "tollwarden-cache-"));
  t.after(() => rmSync(cache, { recursive: true, force: true }));
  // No program is found in there: neither redis-server nor apt-get.
  const { status, stderr } = run("redis.mjs", [], { PATH: cache, TOLLWARDEN_CACHE: cache });
  assert.equal(status, 1);
  assert.match(stderr, /!!!! THE TESTS OF THE REDIS STORE ARE SKIPPED: .*Install redis-server/);
});
