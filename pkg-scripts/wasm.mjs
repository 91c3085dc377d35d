// Builds the core for wasm and writes js/core/generated: `node pkg-scripts/wasm.mjs [--out <folder>]`.
// cargo → wasm-bindgen (by our helper crate) → wasm-opt → one patch → five files; once for each of three modules.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync, gzipSync } from "node:zlib";
import { run } from "./lib/child.mjs";
import { runTool } from "./lib/node24.mjs";
import { withNames } from "./lib/order.mjs";
import { cache, cargoTarget, generated, root } from "./lib/paths.mjs";
import { pathsIn, remapFlags } from "./lib/remap.mjs";
import { main, Stop, say, step } from "./lib/report.mjs";
import { clearStamp, hashOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { readyToolchain, wasmTarget } from "./lib/toolchain.mjs";

const bindgenSources = ["pkg-scripts/bindgen/Cargo.toml", "pkg-scripts/bindgen/Cargo.lock", "pkg-scripts/bindgen/src"];
const buildSources = ["wasm.mjs", "lib/order.mjs", "lib/toolchain.mjs", "lib/debian.mjs", "lib/remap.mjs"].map(
  (f) => `pkg-scripts/${f}`,
);

/** What the module is made from. */
export const coreSources = ["Cargo.toml", "Cargo.lock", "src", ...bindgenSources, ...buildSources];

const alone = (feature) => ["--no-default-features", "--features", feature];

/**
 * The module that decides, the one that finds personal data, and the one that has besides what only people ask for.
 * `label` is what is being built; `fast`: every request is looked through, so here speed is worth some kilobytes.
 */
export const modules = [
  { name: "core", label: "the core", folder: "", features: alone("engine") },
  {
    name: "privacy",
    label: "the detectors of personal data",
    folder: "privacy",
    features: alone("privacy"),
    fast: true,
  },
  { name: "tools", label: "the core with its tools", folder: "tools", features: [] },
];
const results = ({ name }) => [
  "bindings.js",
  "bindings.d.ts",
  `${name}.wasm`,
  "bytes.js",
  "bytes.d.ts",
  "digest.js",
  "digest.d.ts",
];
const pathsOf = (out, module) => results(module).map((file) => join(out, module.folder, file));
const paths = (out) => modules.flatMap((module) => pathsOf(out, module));
const stampIn = (out) => join(out, ".stamp");

/** Whether the module in `out` was built from the sources as they are. */
export const coreIsFresh = (out = generated) => isFresh(stampIn(out), hashOf(root, coreSources), paths(out));

// What rustc turns on for wasm32-unknown-unknown; binaryen has to be told.
const features = [
  "bulk-memory",
  "bulk-memory-opt",
  "nontrapping-float-to-int",
  "sign-ext",
  "mutable-globals",
  "reference-types",
  "multivalue",
].map((feature) => `--enable-${feature}`);

// Binaryen would put each function that has one caller into it. That saves 2 % of the bytes and costs 10 % of them once
// compressed, which is how they travel: in one huge function the same code reads differently at every place.
// The same holds for values that it would compute once and keep in a local (`local-cse`).
const small = ["--one-caller-inline-max-function-size=0", "-O3", "--skip-pass=local-cse", "--strip-producers"];

// A crate that is built to be small puts almost no function into its callers. A few more units of cost (the default for
// quick code is 225) make the module 3 % larger once compressed, and a decision twice as fast. For the last step alone,
// where all crates come together.
const inlining = ["-Cllvm-args=-inline-threshold=25"];

/**
 * Builds the module into `out`, whatever was there before.
 * @param ready settles when the npm packages are there: wasm-opt is one of them
 */
export async function buildCore(out = generated, ready = Promise.resolve()) {
  clearStamp(stampIn(out));
  const toolchain = await readyToolchain();
  const helper = await bindingsHelper(toolchain);
  await run(toolchain.cargo, ["fetch", "--target", wasmTarget], {
    env: toolchain.env,
    what: "cargo could not fetch the core's crates",
    todo: "check the network, then run the same command again",
  });
  const hash = hashOf(root, coreSources); // after the fetch: it may have completed Cargo.lock
  for (const module of modules) {
    const raw = await step(`building ${module.label}`, () => compile(toolchain, module));
    await ready;
    // An edit of a test or a comment leaves the module as it was. Then the rest, some 15 s, would come out the same too.
    const made = join(out, module.folder, ".made");
    const recipe = hashOf(root, [...bindgenSources, ...buildSources], readFileSync(raw).toString("latin1"));
    if (isFresh(made, recipe, pathsOf(out, module))) continue;
    clearStamp(made);
    await finish(raw, helper, module, join(out, module.folder));
    writeStamp(made, recipe);
  }
  writeStamp(stampIn(out), hash);
}

/** wasm-bindgen, wasm-opt, and the files in their place. */
async function finish(raw, helper, { name, fast }, out) {
  const work = join(cache, `wasm-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    await step("writing the bindings, making the module small", async () => {
      await run(helper, [raw, "bindings", work], { what: "wasm-bindgen refused the module" });
      const [before, after] = ["bindings_bg.wasm", `${name}.wasm`].map((file) => join(work, file));
      await runTool("binaryen/bin/wasm-opt", [before, ...(fast ? ["-O3"] : small), ...features, "-o", after]);
      writeFileSync(before, withNames(readFileSync(after)));
      await runTool("binaryen/bin/wasm-opt", [before, "--reorder-functions-by-name", ...features, "-o", after]);
    });
    place(work, name, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Our program around wasm-bindgen's library, built when its sources have changed. */
async function bindingsHelper({ cargo, env }) {
  const folder = join(cache, "bindgen");
  const binary = join(folder, "debug/tollwarden-bindgen");
  const stamp = join(folder, "stamp");
  const hash = hashOf(root, bindgenSources);
  if (isFresh(stamp, hash, [binary])) return binary;
  await step("building the bindings helper (once: about a minute)", () =>
    run(cargo, ["build", "--locked", "--manifest-path", join(root, "pkg-scripts/bindgen/Cargo.toml")], {
      env: { ...env, CARGO_TARGET_DIR: folder },
      what: "the bindings helper did not build",
    }),
  );
  writeStamp(stamp, hash);
  return binary;
}

async function compile({ kind, cargo, env, rustflags }, { features, fast }) {
  // A sysroot of our own makes other artefacts: they stay out of the folder that everybody else uses.
  const target = kind === "debian" ? join(cache, "debian/target") : cargoTarget;
  const form = ["--release", "--lib", "--crate-type", "cdylib", "--target", wasmTarget, ...features];
  await run(cargo, ["rustc", ...form, "--", ...(fast ? [] : inlining)], {
    env: {
      ...env,
      CARGO_TARGET_DIR: target,
      CARGO_ENCODED_RUSTFLAGS: [...rustflags, ...remapFlags()].join("\x1f"),
      ...(fast && { CARGO_PROFILE_RELEASE_OPT_LEVEL: "3" }),
    },
    what: "the core did not build for wasm",
  });
  return join(target, wasmTarget, "release/tollwarden.wasm");
}

const bytesTypes = `/** The module's length. */
export declare const size: number;
/** The module, as base64 of raw deflate: so packed it is as small in a package or on a page as the module itself. */
export declare const packed: string;
`;

/** Patches the bindings, checks the module, and puts the files in place one by one, each whole. */
function place(work, name, out) {
  const bindings = patch(readFileSync(join(work, "bindings.js"), "utf8"));
  const module = readFileSync(join(work, `${name}.wasm`));
  const leaked = pathsIn(module);
  if (leaked.length > 0) {
    throw new Stop(`the module holds paths of this machine: \`${leaked.join("`, `")}\``, {
      where: "pkg-scripts/lib/remap.mjs",
      todo: "add the missing prefix there",
    });
  }
  const packed = deflateRawSync(module, { level: 9 }).toString("base64");
  const bytes = `export const size = ${module.length};\nexport const packed =\n  "${packed}";\n`;
  const files = {
    "bindings.js": bindings,
    "bindings.d.ts": readFileSync(join(work, "bindings.d.ts")),
    [`${name}.wasm`]: module,
    "bytes.js": bytes,
    "bytes.d.ts": bytesTypes,
    "digest.js": `/** SHA-256 of the core's module, in hex. */\nexport const coreSha256 = "${createHash("sha256").update(module).digest("hex")}";\n`,
    "digest.d.ts": "/** SHA-256 of the core's module, in hex. */\nexport declare const coreSha256: string;\n",
  };
  mkdirSync(out, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    const partial = join(out, `.${file}.partial`);
    writeFileSync(partial, content);
    renameSync(partial, join(out, file));
  }
  const kilobytes = (size) => `${(size / 1000).toFixed(1)} kB`;
  say(`${name}.wasm: ${kilobytes(module.length)}, ${kilobytes(gzipSync(module, { level: 9 }).length)} gzipped`);
}

/** What the bindings lack, place by place. Each has to be there exactly as often as is said, or the build stops. */
const patches = [
  // A module that comes from another realm (Next's edge sandbox hands over such a one) is no `instanceof` ours, and would
  // be taken for bytes. Its tag is the same in every realm.
  {
    times: 1,
    before: "module instanceof WebAssembly.Module",
    after: "Object.prototype.toString.call(module) === '[object WebAssembly.Module]'",
  },
  // Where a call traps, nothing in the instance's memory can be relied on: see `watched` below.
  { times: 2, before: /(?<!let .*)wasm = (wasmInstance|instance)\.exports;/g, after: "wasm = watched($1.exports);" },
  // What was made in the old instance must not be freed in the new one.
  {
    before: "        const ptr = this.__destroy_into_raw();\n        __wbg_call_guard();\n",
    after:
      "        const ptr = this.__destroy_into_raw();\n        if (this.__wbg_inst !== undefined && this.__wbg_inst !== __wbg_instance_id) return;\n        __wbg_call_guard();\n",
  },
];

/**
 * The core says no by a value; what throws out of a call is a trap, or a stack that ran over. Then a new instance, empty,
 * takes the place of this one before anybody can call it again, and whatever was made in the old one is stale: each use of
 * it throws, until its owner makes it anew. Where no new instance can be had, every call throws.
 */
const watching = `
function watched(exports) {
    const all = {};
    let dead = false;
    const renew = () => {
        dead = true;
        if (wasm === all) __wbg_reset_state();
    };
    for (const [name, value] of Object.entries(exports)) {
        all[name] = typeof value !== 'function' ? value : (...given) => {
            if (dead) {
                renew();
                throw new Error('the module has trapped');
            }
            try {
                return value(...given);
            } catch (error) {
                try {
                    renew();
                } catch {
                    // The next call tries again, and throws.
                }
                throw error;
            }
        };
    }
    return all;
}
`;

function patch(bindings) {
  return patches.reduce((text, { before, after, times }) => {
    const found = typeof before === "string" ? text.split(before).length - 1 : [...text.matchAll(before)].length;
    if (times === undefined ? found === 0 : found !== times) {
      throw new Stop(`wasm-bindgen's output has \`${before}\` ${found} times`, {
        where: "pkg-scripts/wasm.mjs, patches",
        todo: "see how the new bindings do it, and adapt the replacement",
      });
    }
    return text.replaceAll(before, after);
  }, bindings + watching);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--out");
  const out = at < 0 ? generated : resolve(process.argv[at + 1] ?? dirname(generated));
  await main(() => buildCore(out));
}
