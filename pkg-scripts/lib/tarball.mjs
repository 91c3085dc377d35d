// The package as npm would have it: built, packed, and its path.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "../build.mjs";
import { run } from "./child.mjs";
import { cache, root } from "./paths.mjs";

/** Builds and packs the package, and gives the tarball's path. */
export async function packed() {
  await build();
  const folder = join(cache, "package");
  mkdirSync(folder, { recursive: true });
  const listed = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const answer = JSON.parse(listed);
  // npm 10 gives a list, npm 11 and later an object by name.
  const [{ filename }] = Array.isArray(answer) ? answer : Object.values(answer);
  return join(folder, filename);
}
