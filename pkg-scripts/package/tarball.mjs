// The package as a user gets it: packed, and installed into an empty project. Nothing is tested from the source tree.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootstrap } from "../bootstrap.mjs";
import { build } from "../build.mjs";
import { run } from "../lib/child.mjs";
import { withLock } from "../lib/lock.mjs";
import { root } from "../lib/paths.mjs";
import { step } from "../lib/report.mjs";
import { hashOf, isFresh, writeStamp } from "../lib/stamp.mjs";

const sources = ["js", "src", "package.json", "tsconfig.json", "tsconfig.build.json", "policy.schema.json"];

/**
 * Packs what the sources make, and gives the empty project that it is installed in, with the tarball beside it. Tests in
 * several processes may ask at once: one of them packs.
 */
export async function installedPackage() {
  // Of this checkout: a cache may be shared by several.
  const folder = join(root, ".cache/package/installed");
  return withLock(join(root, ".cache/package/lock"), () => packedInto(folder));
}

async function packedInto(folder) {
  const stamp = join(folder, "stamp");
  await bootstrap(); // what it generates lies under js too
  const hash = hashOf(root, sources);
  const tarball = join(folder, "tollwarden.tgz");
  if (isFresh(stamp, hash, [tarball, join(folder, "node_modules/tollwarden/package.json")])) return { folder, tarball };
  await build();
  await step("packing, and installing the package into an empty project", async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const packed = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: root,
    });
    const listed = JSON.parse(packed);
    // A list, or by name: that differs between versions of npm.
    const [{ filename }] = Array.isArray(listed) ? listed : Object.values(listed);
    cpSync(join(folder, filename), tarball);
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const plain = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
    await run("npm", ["install", ...plain, "./tollwarden.tgz"], { cwd: folder, what: "the package did not install" });
  });
  writeStamp(stamp, hash);
  return { folder, tarball };
}

/** Puts the installed package, and what it depends on, into another project. */
export function placeInto(project, { folder }) {
  const wanted = join(folder, "node_modules");
  for (const name of ["tollwarden", ...Object.keys(dependenciesOf(folder))]) {
    const place = join(project, "node_modules", name);
    rmSync(place, { recursive: true, force: true });
    if (existsSync(join(wanted, name))) cpSync(join(wanted, name), place, { recursive: true });
  }
}

function dependenciesOf(folder) {
  return JSON.parse(readFileSync(join(folder, "node_modules/tollwarden/package.json"), "utf8")).dependencies ?? {};
}
