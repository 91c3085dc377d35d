import assert from "node:assert/strict";
import { test } from "node:test";
import { Stop } from "../../pkg-scripts/lib/report.mjs";
import { chooseToolchain, isAtLeast } from "../../pkg-scripts/lib/toolchain.mjs";

const machine = {
  forced: undefined as string | undefined,
  rustc: "rustc 1.95.0 (59807616e 2026-04-14)" as string | undefined,
  wanted: "1.90",
  target: true,
  rustup: true,
  debian: true,
  packages: false,
  root: true,
};

test("the Rust in use is taken when it has the target", () => {
  assert.equal(chooseToolchain(machine), "installed");
});

test("rustup adds a missing target", () => {
  assert.equal(chooseToolchain({ ...machine, target: false }), "rustup");
});

test("without rustup, Debian's packages are taken, or installed as root", () => {
  const bare = { ...machine, target: false, rustup: false };
  assert.equal(chooseToolchain(bare), "debian");
  assert.equal(chooseToolchain({ ...bare, root: false, packages: true }), "debian");
  assert.equal(chooseToolchain({ ...bare, rustc: undefined }), "debian");
});

test("a Rust that is too old is not taken, even with its target", () => {
  assert.equal(chooseToolchain({ ...machine, rustc: "rustc 1.63.0" }), "debian");
});

test("a person who is not root is told what to install", () => {
  const facts = { ...machine, target: false, rustup: false, root: false };
  assert.throws(
    () => chooseToolchain(facts),
    (error) => error instanceof Stop && /as root: apt-get install .*rustc-web.*lld-22/.test(String(error.todo)),
  );
});

test("off Debian, what is missing is named", () => {
  const elsewhere = { ...machine, debian: false, target: false, rustup: false };
  assert.throws(() => chooseToolchain(elsewhere), /no `wasm32-unknown-unknown` target/);
  assert.throws(() => chooseToolchain({ ...elsewhere, rustc: undefined }), /no Rust compiler/);
  assert.throws(() => chooseToolchain({ ...elsewhere, rustc: "rustc 1.63.0" }), /`rustc 1.63.0` is too old: 1.90/);
});

test("a branch can be forced, by its right name alone", () => {
  for (const forced of ["installed", "rustup", "debian"]) {
    assert.equal(chooseToolchain({ ...machine, forced }), forced);
  }
  assert.throws(() => chooseToolchain({ ...machine, forced: "Debian" }), /unknown toolchain `Debian`/);
});

test("versions compare as numbers", () => {
  assert.equal(isAtLeast("rustc 1.100.0", "1.90"), true);
  assert.equal(isAtLeast("rustc 1.90.0", "1.90"), true);
  assert.equal(isAtLeast("rustc 1.89.9", "1.90"), false);
  assert.equal(isAtLeast("rustc 2.0.0", "1.90"), true);
});
