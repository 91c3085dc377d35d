// The suite as one file, for runtimes that have no modules of their own: by esbuild, with no plug-in but where a module of
// wasm has to stay a file.

import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../lib/paths.mjs";

/** @param options `entry`: the source; `conditions`: of the package's exports; `wasmApart`: leave `.wasm` to the runtime */
export async function bundle({ project, runtimes, entry, conditions = [], wasmApart = false }) {
  const { build } = await import(pathToFileURL(join(runtimes, "node_modules/esbuild/lib/main.js")).href);
  const apart = {
    name: "wasm-apart",
    setup: (builder) =>
      builder.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `./${basename(path)}`, external: true })),
  };
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: project, loader: "js" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions,
    // A relative name of the suite: it is not in the project.
    alias: { "tollwarden-suite": join(root, "tests/runtimes/cases.mjs") },
    plugins: wasmApart ? [apart] : [],
  });
  return outputFiles[0].text;
}
