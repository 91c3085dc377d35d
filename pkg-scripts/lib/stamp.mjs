// Is a step's result still good? A stamp holds the hash of what the step was made from; dates and folders don't matter.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Every file under the given paths (files, or folders taken whole), sorted. Paths that don't exist are left out. */
export function filesUnder(base, paths) {
  const found = [];
  for (const path of paths) {
    const full = join(base, path);
    if (!existsSync(full)) continue;
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full)) {
        if (name !== "target" && name !== "node_modules") found.push(...filesUnder(base, [join(path, name)]));
      }
    } else {
      found.push(path);
    }
  }
  return found.sort();
}

/** The hash of the names and bytes of all files under the given paths, and of `extra`. */
export function hashOf(base, paths, extra = "") {
  const hash = createHash("sha256").update(extra);
  for (const path of filesUnder(base, paths)) {
    const bytes = readFileSync(join(base, path));
    hash.update(`\0${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** Whether `file` says that its step was last done from `hash`, and everything that the step makes is there. */
export function isFresh(file, hash, results = []) {
  return existsSync(file) && readFileSync(file, "utf8").trim() === hash && results.every((path) => existsSync(path));
}

export function writeStamp(file, hash) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${hash}\n`);
}

/** To be called before a step starts: one that is cut short then leaves no stamp behind. */
export function clearStamp(file) {
  rmSync(file, { force: true });
}
