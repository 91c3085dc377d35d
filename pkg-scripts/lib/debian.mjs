// Debian's Rust. It has no wasm target, but it has the sources of std: we build std for wasm once, and keep its
// libraries as a sysroot in the cache. After that, builds are as quick as with any other toolchain.

import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { probe, run } from "./child.mjs";
import { cache } from "./paths.mjs";
import { remapFlags } from "./remap.mjs";
import { Stop, step } from "./report.mjs";
import { clearStamp, isFresh, writeStamp } from "./stamp.mjs";

export const debianPackages = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

const cargo = "/usr/bin/cargo";
const rustc = "/usr/bin/rustc";
const wasmTarget = "wasm32-unknown-unknown";

export async function installDebianPackages() {
  await step(`installing Debian's Rust (${debianPackages.join(", ")})`, async () => {
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, todo: "check the network and apt's sources" };
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...debianPackages], options);
  });
}

/** The linker of lld-22, or any wasm-ld. rustc finds its own only in rustup's toolchains. */
function wasmLinker() {
  const found = ["wasm-ld-22", "wasm-ld", "rust-lld"].find((name) => probe(name, ["--version"]) !== undefined);
  if (found === undefined) {
    throw new Stop("no linker for WebAssembly was found", { todo: "as root: apt-get install lld-22" });
  }
  return [`-Clinker=${found}`, "-Clinker-flavor=wasm-ld"];
}

/** Debian's Rust with std for wasm, built on the first use. */
export async function debianToolchain() {
  const version = probe(rustc, ["--version"]);
  if (version === undefined) throw new Stop(`\`${rustc}\` does not start`, { todo: "reinstall the package rustc-web" });
  const env = { RUSTC: rustc };
  const sysroot = join(cache, "debian/sysroot");
  const stamp = join(cache, "debian/sysroot.stamp");
  if (!isFresh(stamp, version, [sysroot])) {
    clearStamp(stamp);
    await step("building std for wasm (once: about a minute)", () => buildStd(sysroot, env));
    writeStamp(stamp, version);
  }
  return { kind: "debian", cargo, env, rustflags: [`--sysroot=${sysroot}`, ...wasmLinker()] };
}

async function buildStd(sysroot, env) {
  // Cargo builds std as a dependency of some crate. This one is empty.
  const carrier = join(cache, "debian/carrier");
  rmSync(carrier, { recursive: true, force: true });
  mkdirSync(join(carrier, "src"), { recursive: true });
  writeFileSync(join(carrier, "src/lib.rs"), "#![no_std]\n");
  writeFileSync(join(carrier, "Cargo.toml"), '[package]\nname = "carrier"\nedition = "2021"\n\n[workspace]\n');

  await run(cargo, ["build", "--release", "--target", wasmTarget, "-Zbuild-std=std,panic_abort"], {
    cwd: carrier,
    env: {
      ...env,
      CARGO_TARGET_DIR: join(carrier, "target"),
      CARGO_ENCODED_RUSTFLAGS: ["-Cembed-bitcode=yes", ...remapFlags()].join("\x1f"),
      RUSTC_BOOTSTRAP: "1", // -Zbuild-std on a stable compiler
    },
    what: "std did not build for wasm",
  });
  const built = join(carrier, "target", wasmTarget, "release/deps");
  const library = join(sysroot, "lib/rustlib", wasmTarget, "lib");
  if (!existsSync(built)) throw new Stop("cargo left no std libraries", { where: built });
  rmSync(sysroot, { recursive: true, force: true });
  mkdirSync(library, { recursive: true });
  for (const name of readdirSync(built)) {
    if (name.endsWith(".rlib") && !name.startsWith("libcarrier-")) copyFileSync(join(built, name), join(library, name));
  }
  rmSync(carrier, { recursive: true, force: true });
}
