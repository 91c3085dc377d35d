import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = (name: string) => fileURLToPath(new URL(`../../pkg-scripts/${name}`, import.meta.url));

test("a checkout that is up to date says nothing, and is quick", () => {
  // The first call may find that a source has just been edited.
  assert.equal(spawnSync(process.execPath, [script("bootstrap.mjs")]).status, 0);
  const took = (args: string[]): number => {
    const since = performance.now();
    const child = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.deepEqual([child.status, child.stdout, child.stderr], [0, "", ""]);
    return performance.now() - since;
  };
  const least = (args: string[]): number => Math.min(took(args), took(args), took(args));
  const [bootstrap, node] = [least([script("bootstrap.mjs")]), least(["-e", ""])];
  assert.ok(bootstrap < node * 20, `${bootstrap} ms, and ${node} ms for Node to start`);
});

test("a problem is told as what, where and what to do, and the status is 1", () => {
  const env = { ...process.env, TOLLWARDEN_WASM_TOOLCHAIN: "nightly" };
  const child = spawnSync(process.execPath, [script("wasm.mjs"), "--out", "/nonexistent"], { encoding: "utf8", env });
  assert.equal(child.status, 1);
  assert.match(child.stderr, /^error: unknown toolchain `nightly`$/m);
  assert.match(child.stderr, /^ {2}where: the variable TOLLWARDEN_WASM_TOOLCHAIN$/m);
  assert.match(child.stderr, /^ {2}what to do: set it to/m);
});

test("a file that runs through the bootstrap keeps stdout to itself, and its status", () => {
  const child = spawnSync(process.execPath, [script("run.mjs"), "js/cli/main.ts", "--version"], { encoding: "utf8" });
  assert.equal(child.status, 0);
  assert.match(child.stdout, /^\d+\.\d+\.\d+\n$/);
});
