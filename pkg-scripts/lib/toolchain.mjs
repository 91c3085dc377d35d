// Which Rust builds the wasm module. In order: the one in use, if it has the wasm target; the same, after rustup has
// added the target; Debian's packages, which bring no wasm target but the sources of std (lib/debian.mjs).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { probe, run } from "./child.mjs";
import { debianPackages, debianToolchain, installDebianPackages } from "./debian.mjs";
import { root } from "./paths.mjs";
import { Stop, step } from "./report.mjs";

export const wasmTarget = "wasm32-unknown-unknown";

const debianTodo = `as root: apt-get install --no-install-recommends ${debianPackages.join(" ")}; then run the same command again`;
const rustupTodo = "install Rust from https://rustup.rs, then run the same command again";

/** `rustc 1.95.0 (…)` is at least `1.90`? */
export function isAtLeast(version, wanted) {
  const numbers = (text) => (text.match(/\d+/g) ?? []).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(version);
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/**
 * Picks the branch from plain facts, so that every case can be tested without its machine.
 * @param facts `forced`: a branch by name; `rustc`: its version line; `wanted`: the lowest version that will do;
 *   `target`: its wasm target is there; `rustup`; `debian`: apt-get is there; `packages`: Debian's are installed; `root`
 * @returns {"installed" | "rustup" | "debian"}
 * @throws {Stop} when nothing here can build the module
 */
export function chooseToolchain({ forced, rustc, wanted, target, rustup, debian, packages, root: isRoot }) {
  if (forced !== undefined && !["installed", "rustup", "debian"].includes(forced)) {
    throw new Stop(`unknown toolchain \`${forced}\``, {
      where: "the variable TOLLWARDEN_WASM_TOOLCHAIN",
      todo: "set it to `installed`, `rustup` or `debian`, or leave it out",
    });
  }
  if (forced === "installed" || forced === "rustup") return forced;

  const recent = rustc !== undefined && isAtLeast(rustc, wanted);
  if (forced === undefined && recent && target) return "installed";
  if (forced === undefined && recent && rustup) return "rustup";
  if (packages || (debian && isRoot)) return "debian";

  if (debian) throw new Stop("no Rust here can build for WebAssembly", { todo: `${debianTodo} (or ${rustupTodo})` });
  if (rustc === undefined) throw new Stop("no Rust compiler was found", { todo: rustupTodo });
  if (!recent) {
    const todo = rustup ? "run `rustup update`, then the same command again" : rustupTodo;
    throw new Stop(`\`${rustc}\` is too old: ${wanted} or later is needed`, { todo });
  }
  throw new Stop(`this Rust has no \`${wasmTarget}\` target, and no rustup to add it`, { todo: rustupTodo });
}

/** Whether the rustc in use has the wasm target's core library. */
function targetInstalled() {
  const folder = probe("rustc", ["--print", "target-libdir", "--target", wasmTarget]);
  return folder !== undefined && existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("libcore-"));
}

export function gatherFacts() {
  const manifest = readFileSync(join(root, "Cargo.toml"), "utf8");
  return {
    forced: process.env.TOLLWARDEN_WASM_TOOLCHAIN || undefined,
    rustc: probe("cargo", ["--version"]) && probe("rustc", ["--version"]),
    wanted: manifest.match(/^rust-version = "([\d.]+)"/m)?.[1] ?? "1.90",
    target: targetInstalled(),
    rustup: probe("rustup", ["--version"]) !== undefined,
    debian: existsSync("/etc/debian_version") && probe("apt-get", ["--version"]) !== undefined,
    packages: existsSync("/usr/bin/cargo") && existsSync("/usr/lib/rustlib/src/rust/library/std"),
    root: process.getuid?.() === 0,
  };
}

/**
 * Makes a toolchain ready for the wasm target.
 * @returns `{ kind, cargo, env, rustflags }`: how to call cargo for the core
 */
export async function readyToolchain() {
  const facts = gatherFacts();
  const kind = chooseToolchain(facts);
  const plain = { kind, cargo: "cargo", env: {}, rustflags: [] };
  if (kind === "installed") {
    if (!facts.target) throw new Stop(`this Rust has no \`${wasmTarget}\` target`, { todo: rustupTodo });
    return plain;
  }
  if (kind === "rustup") {
    await step("adding Rust's wasm target", () =>
      run("rustup", ["target", "add", wasmTarget], {
        what: "rustup could not add the wasm target",
        todo: "check the network; or set TOLLWARDEN_WASM_TOOLCHAIN=debian to use Debian's packages",
      }),
    );
    return plain;
  }
  if (!facts.packages) await installDebianPackages();
  return debianToolchain();
}
