// Builds the module in each of the three ways, on this machine, and calls it: `npm run test:toolchains`. Takes some
// minutes and downloads a Rust toolchain, so it is no part of `npm test`. Nothing that is installed is changed, save
// that Debian's packages are added where they are missing (Debian, as root).

import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bootstrap } from "./bootstrap.mjs";
import { attempt, probe, run } from "./lib/child.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop, say, seconds, step } from "./lib/report.mjs";
import { gatherFacts } from "./lib/toolchain.mjs";

const wasmScript = join(root, "pkg-scripts/wasm.mjs");

/** Builds with that environment and checks that it was done in that way. Gives the hash of the module. */
async function build(folder, env, sign) {
  const since = Date.now();
  const out = join(folder, "out");
  const { status, output } = await attempt(process.execPath, [wasmScript, "--out", out], {
    env: { TOLLWARDEN_CACHE: join(folder, "cache"), CARGO_TARGET_DIR: join(folder, "target"), ...env },
  });
  if (status !== 0) throw new Stop("the build failed", { output });
  if (!sign(output)) throw new Stop("the build did not take the branch it was to take", { output });
  const call = `import("${pathToFileURL(join(out, "bindings.js")).href}").then((core) => {
    core.initSync({ module: require("node:fs").readFileSync(${JSON.stringify(join(out, "core.wasm"))}) });
    console.log(core.coreVersion());
  })`;
  const version = (await run(process.execPath, ["--eval", call], { what: "the module did not answer" })).trim();
  const wanted = readFileSync(join(root, "Cargo.toml"), "utf8").match(/^version = "(.+)"/m)?.[1];
  if (version !== wanted) throw new Stop(`the module says it is \`${version}\`, and not \`${wanted}\``);
  const hash = createHash("sha256")
    .update(readFileSync(join(out, "core.wasm")))
    .digest("hex");
  say(`  ${seconds(since)}, sha256 ${hash.slice(0, 16)}`);
  return hash;
}

const adds = (output) => output.includes("adding Rust's wasm target");
const buildsStd = (output) => output.includes("building std for wasm");

async function installed(folder) {
  return await build(folder, { TOLLWARDEN_WASM_TOOLCHAIN: "installed" }, (o) => !adds(o) && !buildsStd(o));
}

/** A toolchain of the same version in a folder of its own, which has no wasm target until the build adds it. */
async function rustup(folder) {
  const version = probe("rustc", ["--version"])?.split(" ")[1];
  const env = { RUSTUP_HOME: join(folder, "rustup"), RUSTUP_TOOLCHAIN: version, TOLLWARDEN_WASM_TOOLCHAIN: "" };
  await step(`  downloading Rust ${version}`, () =>
    run("rustup", ["toolchain", "install", version, "--profile", "minimal", "--no-self-update"], { env }),
  );
  return await build(folder, env, adds);
}

/** Debian's packages, with rustup out of sight. */
async function debian(folder) {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((part) => !existsSync(join(part, "rustup")))
    .join(delimiter);
  return await build(folder, { PATH: path, TOLLWARDEN_WASM_TOOLCHAIN: "" }, buildsStd);
}

await main(async () => {
  await bootstrap();
  const facts = gatherFacts();
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-toolchains-"));
  const hashes = {};
  const ways = [
    { name: "installed", work: installed, can: facts.target, needs: "an installed wasm target" },
    { name: "rustup", work: rustup, can: facts.rustup, needs: "rustup" },
    { name: "debian", work: debian, can: facts.packages || (facts.debian && facts.root), needs: "Debian, as root" },
  ];
  try {
    for (const { name, work, can, needs } of ways) {
      say(can ? name : `${name}: skipped, it needs ${needs}`);
      if (can) hashes[name] = await work(join(folder, name));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (hashes.installed && hashes.rustup && hashes.installed !== hashes.rustup) {
    throw new Stop("two folders and the same compiler gave different modules", {
      where: "pkg-scripts/lib/remap.mjs",
      todo: "compare the two with `strings`: a path of the machine is left in one",
    });
  }
  say(`built and called: ${Object.keys(hashes).join(", ")}`);
});
