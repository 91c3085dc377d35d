import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../pkg-scripts/lib/lock.mjs";
import { platformOf, tidyLock } from "../../pkg-scripts/lock.mjs";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));

test("the committed lock is tidy: complete for every platform, and without addresses", () => {
  const lock = read("package-lock.json");
  assert.deepEqual(tidyLock(lock), lock);
  assert.doesNotMatch(JSON.stringify(lock), /https?:\/\//);
});

test("the committed lock belongs to package.json", () => {
  const { dependencies, devDependencies } = read("package.json");
  const whole = read("package-lock.json").packages[""];
  assert.deepEqual({ dependencies, devDependencies }, pick(whole));
});

function pick({ dependencies, devDependencies }: Record<string, unknown>) {
  return { dependencies, devDependencies };
}

test("a platform is read from a package's name", () => {
  assert.deepEqual(platformOf("@foundry-rs/anvil-linux-amd64"), { os: ["linux"], cpu: ["x64"] });
  assert.deepEqual(platformOf("@biomejs/cli-linux-arm64-musl"), { os: ["linux"], cpu: ["arm64"], libc: ["musl"] });
  assert.equal(platformOf("fsevents"), undefined);
});

test("what npm left out is added; what has no known platform is an error", () => {
  const tool = { version: "1.0.0", dev: true, optionalDependencies: { "tool-darwin-arm64": "1.0.0" } };
  const { packages } = tidyLock({ packages: { "node_modules/tool": { ...tool, funding: { url: "https://a.b" } } } });
  assert.deepEqual(packages, {
    "node_modules/tool": tool,
    "node_modules/tool-darwin-arm64": { version: "1.0.0", os: ["darwin"], cpu: ["arm64"], dev: true, optional: true },
  });
  const odd = { packages: { "node_modules/tool": { optionalDependencies: { fsevents: "2.0.0" } } } };
  assert.throws(() => tidyLock(odd), /`fsevents` \(2.0.0\)/);
});

test("an optional dependency that is nested is found where npm finds it", () => {
  const lock = {
    packages: {
      "node_modules/a": { optionalDependencies: { x: "1.0.0" } },
      "node_modules/a/node_modules/x": { version: "1.0.0" },
    },
  };
  assert.deepEqual(tidyLock(lock), lock);
});

test("one build at a time: the second waits for the first", async (t) => {
  const file = lockFile(t);
  const order: string[] = [];
  const first = withLock(file, async () => {
    order.push("first begins");
    await sleep(150);
    order.push("first ends");
  });
  const second = withLock(file, async () => order.push("second"));
  await Promise.all([first, second]);
  assert.deepEqual(order, ["first begins", "first ends", "second"]);
  assert.equal(existsSync(file), false);
});

test("a lock whose holder is gone is taken over", async (t) => {
  const file = lockFile(t);
  const gone = spawnSync(process.execPath, ["--eval", ""]).pid;
  writeFileSync(file, String(gone));
  assert.equal(await withLock(file, async () => "done"), "done");
});

test("work that fails gives the lock back", async (t) => {
  const file = lockFile(t);
  await assert.rejects(
    withLock(file, async () => {
      throw new Error("no");
    }),
    /no/,
  );
  assert.equal(existsSync(file), false);
});

function lockFile(t: { after(work: () => void): void }): string {
  const base = mkdtempSync(join(tmpdir(), "tollwarden-lock-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  return join(base, "lock");
}
