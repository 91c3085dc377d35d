// A panic's message names its source file, so the module holds paths. Replaced here, they tell nothing about the
// machine that built it, and two machines get the same module.

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "./paths.mjs";

const cargoHome = () => process.env.CARGO_HOME ?? join(homedir(), ".cargo");

/** Flags for rustc. Cargo must have fetched the crates before: a registry's folder carries a hash in its name. */
export function remapFlags() {
  const sources = join(cargoHome(), "registry/src");
  const registries = existsSync(sources) ? readdirSync(sources).map((name) => join(sources, name)) : [];
  // The last prefix that fits is the one that counts.
  return [
    [cargoHome(), "/cargo"],
    ...registries.map((folder) => [folder, "/crates"]),
    ["/usr/lib/rustlib/src/rust", "/rust"],
    [root, "/tollwarden"],
  ].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/** The machine's own paths that are in the module after all. */
export function pathsIn(bytes) {
  const text = Buffer.from(bytes).toString("latin1");
  return [root, homedir(), cargoHome(), "/usr/lib/rustlib"].filter((path) => path.length > 1 && text.includes(path));
}
