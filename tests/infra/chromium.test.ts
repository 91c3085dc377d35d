import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { findChromium } from "../../pkg-scripts/lib/chromium.mjs";

const library = new URL("../../pkg-scripts/lib/chromium.mjs", import.meta.url).href;
const root = new URL("../../", import.meta.url);
const none = { ...process.env, TOLLWARDEN_CHROMIUM: "", NODE_TEST_CONTEXT: undefined };

test("without a chromium it is said loudly, and the store's tests are skipped, not passed", () => {
  const script = `const { bringChromium } = await import(${JSON.stringify(library)}); await bringChromium();`;
  const told = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { env: none, encoding: "utf8" });
  assert.equal(told.status, 0);
  assert.match(told.stderr, /NO CHROMIUM.*SKIPPED/);
  const args = ["--test", "--test-reporter=tap", "tests/stores/indexeddb.test.ts"];
  const run = spawnSync(process.execPath, args, { cwd: root, env: none, encoding: "utf8" });
  assert.equal(run.status, 0, run.stdout);
  assert.match(run.stdout, /SKIP there is no chromium here/);
  assert.match(run.stdout, /# fail 0/);
});

test("the one that is named is taken", (t) => {
  const before = process.env.TOLLWARDEN_CHROMIUM;
  t.after(() => {
    if (before === undefined) delete process.env.TOLLWARDEN_CHROMIUM;
    else process.env.TOLLWARDEN_CHROMIUM = before;
  });
  process.env.TOLLWARDEN_CHROMIUM = "/opt/some/chrome";
  assert.equal(findChromium(), "/opt/some/chrome");
});
