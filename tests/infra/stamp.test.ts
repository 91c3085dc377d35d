import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clearStamp, filesUnder, hashOf, isFresh, writeStamp } from "../../pkg-scripts/lib/stamp.mjs";

function folder(t: { after(work: () => void): void }): string {
  const base = mkdtempSync(join(tmpdir(), "tollwarden-stamp-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  mkdirSync(join(base, "src/deep"), { recursive: true });
  writeFileSync(join(base, "src/a"), "one");
  writeFileSync(join(base, "src/deep/b"), "two");
  return base;
}

test("folders are taken whole, and a path that is not there is none", (t) => {
  assert.deepEqual(filesUnder(folder(t), ["src", "missing"]), ["src/a", "src/deep/b"]);
});

test("the hash follows names and bytes, not dates", (t) => {
  const base = folder(t);
  const before = hashOf(base, ["src"]);
  utimesSync(join(base, "src/a"), 1, 1);
  assert.equal(hashOf(base, ["src"]), before);
  renameSync(join(base, "src/a"), join(base, "src/c"));
  const renamed = hashOf(base, ["src"]);
  assert.notEqual(renamed, before);
  writeFileSync(join(base, "src/c"), "one!");
  assert.notEqual(hashOf(base, ["src"]), renamed);
});

test("bytes that move from one file to the next change the hash", (t) => {
  const base = folder(t);
  const before = hashOf(base, ["src"]);
  writeFileSync(join(base, "src/a"), "onet");
  writeFileSync(join(base, "src/deep/b"), "wo");
  assert.notEqual(hashOf(base, ["src"]), before);
});

test("a stamp is good for its hash, and only while the results are there", (t) => {
  const base = folder(t);
  const stamp = join(base, "cache/stamp");
  const result = join(base, "src/a");
  assert.equal(isFresh(stamp, "h", [result]), false);
  writeStamp(stamp, "h");
  assert.equal(isFresh(stamp, "h", [result]), true);
  assert.equal(isFresh(stamp, "other", [result]), false);
  rmSync(result);
  assert.equal(isFresh(stamp, "h", [result]), false);
  writeFileSync(result, "");
  clearStamp(stamp);
  assert.equal(isFresh(stamp, "h", [result]), false);
});
