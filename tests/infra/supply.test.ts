/** Where everything comes from: what the command can say on this machine, and that it can say no. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { attempt } from "../../pkg-scripts/lib/child.mjs";
import { cargoDeny, crateBill, crates, isAllowed } from "../../pkg-scripts/supply.mjs";

test("cargo deny: bans and sources of all crates", async (t) => {
  const { state, why } = await cargoDeny();
  if (state === "skipped") {
    console.error(`NO CARGO-DENY: ${why}, SKIPPED`);
    return t.skip(why);
  }
  assert.equal(state, "ok", why);
});

test("crates: each from the registry, under a licence that is allowed, and none that is banned", async () => {
  const { state, why } = await crates();
  assert.equal(state, "ok", why);
});

test("licences: each alternative counts, each part has to be allowed", () => {
  const allowed = new Set(["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]);
  for (const good of [
    "MIT",
    "MIT/Apache-2.0",
    "GPL-3.0-only OR MIT",
    "(MIT OR Apache-2.0) AND Unicode-3.0",
    "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
  ]) {
    assert.equal(isAllowed(good, allowed), true, good);
  }
  for (const bad of ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(GPL-3.0-only OR LGPL-3.0) AND MIT", "MIT)"]) {
    assert.equal(isAllowed(bad, allowed), false, bad);
  }
});

test("the bill of materials names what is compiled in, with checksums, and nothing of the tests", async () => {
  const args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"];
  const { stdout } = await attempt("cargo", args);
  const lock = readFileSync(new URL("../../Cargo.lock", import.meta.url), "utf8");
  const { components, dependencies } = crateBill(JSON.parse(stdout), lock);
  const names = components.map(({ name }: { name: string }) => name);
  for (const wanted of ["serde_json", "sha2", "wasm-bindgen"]) assert.ok(names.includes(wanted), wanted);
  for (const unwanted of ["proptest", "ct-merkle", "tollwarden"]) assert.ok(!names.includes(unwanted), unwanted);
  for (const { name, hashes } of components as { name: string; hashes?: { content: string }[] }[]) {
    assert.match(hashes?.[0]?.content ?? "", /^[0-9a-f]{64}$/, name);
  }
  assert.equal(dependencies.length, components.length + 1);
});
