/** Test code and the sources under test as one script, for runtimes that can't read our files. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** workerd compiles no bytes: there the module is imported, beside the script, as `./core.wasm`. */
const importedCore: Plugin = {
  name: "imported-core",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/load\.ts$/ }, ({ resolveDir, path }) =>
      `${resolveDir}/${path}`.includes("/js/core/") || path.includes("core/load.ts")
        ? { path: "core", namespace: "imported-core" }
        : undefined,
    );
    onResolve({ filter: /^\.\/core\.wasm$/ }, () => ({ path: "./core.wasm", external: true }));
    onLoad({ filter: /.*/, namespace: "imported-core" }, () => ({
      resolveDir: `${root}js/core`,
      contents: `
        import * as bindings from "./generated/bindings.js";
        import module from "./core.wasm";
        let loaded = false;
        export function loadCore() {
          if (!loaded) bindings.initSync({ module });
          loaded = true;
          return bindings;
        }`,
    }));
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
    // Optional peers that these tests do not use.
    external: ["viem", "viem/*", "yaml", "@x402/*"],
    plugins: runtime === "workerd" ? [importedCore] : [],
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

export const coreModule = (): Uint8Array<ArrayBuffer> => readFileSync(`${root}js/core/generated/core.wasm`);
