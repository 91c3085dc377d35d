// Folders of packages for the tests of the package: kept in the cache, made again when what they hold changes. They stay out
// of the project's own dependencies: a bundler or a runtime that is only tested with is no part of it.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lib/child.mjs";
import { cache } from "../lib/paths.mjs";
import { step } from "../lib/report.mjs";

const platform = `${process.platform}-${process.arch}`;

/** Everything is pinned. A runtime is the package that holds its binary: no install script has to run. */
export const sets = {
  runtimes: {
    "@oven/bun": `npm:@oven/bun-${platform === "linux-arm64" ? "linux-aarch64" : platform}@1.4.5`,
    "@deno/deno": `npm:@deno/${platform}${process.platform === "linux" ? "-glibc" : ""}@2.9.6`,
    esbuild: "0.28.2",
    miniflare: "4.20260730.0",
    node20: `npm:node-${platform}@20.20.2`,
    node22: `npm:node-${platform}@22.23.3`,
    node24: `npm:node-${platform}@24.21.0`,
    "playwright-core": "1.65.1",
  },
  bundlers: {
    "@arethetypeswrong/cli": "0.18.5",
    "@rollup/plugin-node-resolve": "16.0.3",
    esbuild: "0.28.2",
    publint: "0.3.25",
    rollup: "4.68.7",
    typescript: "7.0.2",
    vite: "8.3.8",
    webpack: "5.112.2",
  },
  wrangler: { wrangler: "4.164.0" },
  next: {
    "@x402/core": "2.27.0",
    "@x402/evm": "2.27.0",
    next: "16.4.6",
    react: "19.3.1",
    "react-dom": "19.3.1",
    viem: "2.57.1",
  },
};

/** A folder with these packages installed in it. */
export async function folderOf(name) {
  const folder = join(cache, "package", name);
  const stamp = join(folder, "installed");
  const manifest = `${JSON.stringify({ private: true, type: "module", dependencies: sets[name] }, null, 2)}\n`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === manifest) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest);
  await step(`installing what the package is tested with: ${name}`, () =>
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], {
      cwd: folder,
      what: `npm could not install ${Object.keys(sets[name]).join(", ")}`,
    }),
  );
  writeFileSync(stamp, manifest);
  return folder;
}
