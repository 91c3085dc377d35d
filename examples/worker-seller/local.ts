// Runs the Worker that wrangler.jsonc names in workerd, as `wrangler dev` does, without wrangler: esbuild bundles it, and
// Miniflare runs it. `wrangler deploy` takes the same two files to Cloudflare.

import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

interface Config {
  readonly name: string;
  readonly main: string;
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
}

const here = new URL(".", import.meta.url);
const nodes = new RegExp(`^(${builtinModules.join("|")})$`);
const text = readFileSync(new URL("wrangler.jsonc", here), "utf8");
const config = JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, "")) as Config;

/** `bindings` are what on Cloudflare are variables and secrets. */
export async function startWorker(bindings: Readonly<Record<string, string>>): Promise<Miniflare> {
  const { name, main, compatibility_date, compatibility_flags, vars } = config;
  const { outputFiles } = await build({
    entryPoints: [new URL(main, here).pathname],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker"],
    // What Node has is workerd's business, under the name that it knows it by.
    plugins: [
      {
        name: "node",
        setup: ({ onResolve }) =>
          onResolve({ filter: nodes }, ({ path }) => ({ path: `node:${path}`, external: true })),
      },
    ],
    external: ["node:*"],
  });
  return new Miniflare({
    name,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: compatibility_date,
    compatibilityFlags: [...compatibility_flags],
    modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" }],
    bindings: { ...vars, ...bindings },
  });
}
