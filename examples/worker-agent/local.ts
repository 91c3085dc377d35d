// Runs the Worker that wrangler.jsonc names in workerd, as `wrangler dev` does, without wrangler: esbuild bundles it, and
// Miniflare runs it. `wrangler deploy` takes the same two files to Cloudflare.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

interface Config {
  readonly name: string;
  readonly main: string;
  readonly compatibility_date: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly migrations: readonly { readonly new_sqlite_classes: readonly string[] }[];
}

const here = new URL(".", import.meta.url);
const text = readFileSync(new URL("wrangler.jsonc", here), "utf8");
const config = JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, "")) as Config;

/** `bindings` are what on Cloudflare are variables and secrets; `folder` is where Durable Objects are kept. */
export async function startWorker(bindings: Readonly<Record<string, string>>, folder: string): Promise<Miniflare> {
  const { name, main, compatibility_date, vars, durable_objects, migrations } = config;
  const { outputFiles } = await build({
    entryPoints: [new URL(main, here).pathname],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker"],
    // Workers compile no bytes at run time: the module stays a file, and workerd loads it.
    plugins: [
      {
        name: "wasm",
        setup: ({ onResolve }) => onResolve({ filter: /\.wasm$/ }, () => ({ path: "./core.wasm", external: true })),
      },
    ],
  });
  const core = readFileSync(createRequire(import.meta.url).resolve("tollwarden/core.wasm"));
  const sqlite = migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes);
  return new Miniflare({
    name,
    host: "127.0.0.1",
    cf: false,
    compatibilityDate: compatibility_date,
    modules: [
      { type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" },
      { type: "CompiledWasm", path: "core.wasm", contents: core },
    ],
    bindings: { ...vars, ...bindings },
    durableObjects: Object.fromEntries(
      durable_objects.bindings.map((bound) => [
        bound.name,
        { className: bound.class_name, useSQLite: sqlite.includes(bound.class_name) },
      ]),
    ),
    durableObjectsPersist: folder,
  });
}
