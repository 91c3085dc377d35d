// Makes package-lock.json good for every machine: `npm run lock`, after a change to the dependencies in package.json.
// npm leaves out the binaries of platforms that its registry lacks (`npm ci` then refuses the file), and writes the
// addresses of sponsors' pages into it. Both are put right here.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./lib/child.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop } from "./lib/report.mjs";

const lockFile = join(root, "package-lock.json");

// How packages for one platform spell it in their names, and how npm does.
const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "sunos", "win32"];
const processors = { amd64: "x64", x64: "x64", arm64: "arm64", arm: "arm", ia32: "ia32" };

/** The `os`, `cpu` and `libc` that a name such as `cli-linux-x64-musl` means. */
export function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = words.find((word) => systems.includes(word));
  const cpu = words.map((word) => processors[word]).find((word) => word !== undefined);
  if (os === undefined || cpu === undefined) return undefined;
  return { os: [os], cpu: [cpu], ...(words.includes("musl") ? { libc: ["musl"] } : {}) };
}

/** Where npm finds `name` when the package at `from` asks for it, or undefined. */
function resolveIn(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === "") return undefined;
  }
}

/**
 * The same lock, complete and without addresses.
 * @throws {Stop} if something optional is missing whose platform its name does not tell
 */
export function tidyLock(lock) {
  const packages = { ...lock.packages };
  for (const [from, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (resolveIn(packages, from, name) !== undefined) continue;
      const platform = platformOf(name);
      if (platform === undefined || !/^\d/.test(version)) {
        throw new Stop(`\`${name}\` (${version}), an optional dependency of \`${from}\`, is not in the lock`, {
          where: "pkg-scripts/lock.mjs, platformOf()",
          todo: "teach it the platform that the name stands for",
        });
      }
      packages[`node_modules/${name}`] = { version, ...platform, ...(entry.dev ? { dev: true } : {}), optional: true };
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...lock,
    packages: Object.fromEntries(sorted.map(([path, { funding, resolved, ...rest }]) => [path, rest])),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await run("npm", ["install", "--package-lock-only", "--no-audit"], { what: "npm could not resolve the packages" });
    const lock = JSON.parse(readFileSync(lockFile, "utf8"));
    writeFileSync(lockFile, `${JSON.stringify(tidyLock(lock), null, 2)}\n`);
  });
}
