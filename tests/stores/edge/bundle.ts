/** Test code and the sources under test as one script, for runtimes that can't read our files. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** workerd compiles no bytes: there the package's entry for it is taken, and the module lies beside the script. */
const forWorkerd: Plugin = {
  name: "for-workerd",
  setup({ onResolve }) {
    onResolve({ filter: /\/js\/index\.ts$/ }, () => ({ path: `${root}js/workerd.ts` }));
    onResolve({ filter: /\/core\.wasm$/ }, () => ({ path: "./core.wasm", external: true }));
  },
};

/** An ES module. `runtime` says how the core gets in: inlined, or imported. */
export async function bundle(file: string, runtime: "browser" | "workerd"): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: "neutral",
    mainFields: ["module", "main"],
    // `sideEffects` in package.json speaks of dist/, and these are the sources.
    ignoreAnnotations: true,
    // Optional peers that these tests do not use.
    external: ["viem", "viem/*", "yaml", "@x402/*"],
    plugins: runtime === "workerd" ? [forWorkerd] : [],
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

export const coreModule = (): Uint8Array<ArrayBuffer> => readFileSync(`${root}js/core/generated/core.wasm`);
