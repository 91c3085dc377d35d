// The checks that run no test: formatting, lints, types. `npm run check`; a part of `npm test`.

import { fileURLToPath } from "node:url";
import { bootstrap } from "./bootstrap.mjs";
import { attempt, probe } from "./lib/child.mjs";
import { nodeBinary } from "./lib/node24.mjs";
import { main, Stop, say, seconds } from "./lib/report.mjs";
import { readyToolchain, wasmTarget } from "./lib/toolchain.mjs";
import { checkPolicySchema } from "./policy-schema.mjs";
import { canGenerateTypes, checkTypes } from "./types.mjs";

const tool = (file, ...args) => ({ command: nodeBinary, args: [`node_modules/${file}`, ...args] });
const cargo = (...args) => ({ command: "cargo", args });
const denyWarnings = ["--", "-D", "warnings"];

async function checks() {
  const list = [
    { name: "biome", ...tool("@biomejs/biome/bin/biome", "check", "--error-on-warnings") },
    { name: "tsc", ...tool("typescript/bin/tsc", "--noEmit") },
  ];
  // Debian's cargo comes without these two; then the machine can't judge, and says so.
  if (probe("cargo", ["fmt", "--version"])) {
    list.push(
      { name: "cargo fmt", ...cargo("fmt", "--check") },
      { name: "cargo fmt (bindgen)", ...cargo("fmt", "--check", "--manifest-path", "pkg-scripts/bindgen/Cargo.toml") },
    );
  } else {
    say("cargo fmt: skipped, it is not installed here");
  }
  if (probe("cargo", ["clippy", "--version"])) {
    const { kind } = await readyToolchain();
    list.push({ name: "clippy", ...cargo("clippy", "--quiet", "--all-targets", "--all-features", ...denyWarnings) });
    if (kind !== "debian") {
      const wasm = ["--lib", "--target", wasmTarget];
      list.push({ name: "clippy (wasm)", ...cargo("clippy", "--quiet", ...wasm, ...denyWarnings) });
      for (const feature of ["engine", "privacy"]) {
        const alone = [...wasm, "--no-default-features", "--features", feature];
        list.push({
          name: `clippy (wasm, ${feature} alone)`,
          ...cargo("clippy", "--quiet", ...alone, ...denyWarnings),
        });
      }
    }
  } else {
    say("clippy: skipped, it is not installed here");
  }
  return list;
}

/** Runs every check, telling each with its time, and gives the names of those that failed. */
export async function runChecks() {
  const failed = [];
  const told = (name, since, output) => {
    say(`${name} … ${seconds(since)}${output === undefined ? "" : ", FAILED"}`);
    if (output === undefined) return;
    failed.push(name);
    say(output.trimEnd());
  };
  for (const { name, command, args } of await checks()) {
    const since = Date.now();
    const { status, output } = await attempt(command, args);
    told(name, since, status === 0 ? undefined : output);
  }
  const generated = { types: checkTypes, "policy schema": checkPolicySchema };
  for (const [name, check] of Object.entries(canGenerateTypes() ? generated : {})) {
    const since = Date.now();
    try {
      await check();
      told(name, since);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      told(name, since, [error.output, error.message, error.where, error.todo].filter(Boolean).join("\n"));
    }
  }
  if (!canGenerateTypes()) say("types: skipped, pkg-scripts/schema.rs has no main yet");
  return failed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await bootstrap();
    const failed = await runChecks();
    if (failed.length > 0) throw new Stop(`failed: ${failed.join(", ")}`);
  });
}
