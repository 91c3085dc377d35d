// Prometheus and promtool, unpacked from Debian's package into the cache: nothing is installed, and nothing is started.

import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt, probe } from "./child.mjs";
import { cache } from "./paths.mjs";

/** Where they are: `{ prometheus, promtool }`, or undefined where they can't be had. */
export async function bringPrometheus() {
  const found = (folder) => ({ prometheus: join(folder, "prometheus"), promtool: join(folder, "promtool") });
  if (probe("promtool", ["--version"]) && probe("prometheus", ["--version"])) {
    return { prometheus: "prometheus", promtool: "promtool" };
  }
  const place = join(cache, "prometheus");
  const binaries = found(join(place, "usr/bin"));
  if (existsSync(binaries.promtool) && existsSync(binaries.prometheus)) return binaries;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const options = { cwd: place };
  const download = () => attempt("apt-get", ["download", "prometheus"], options);
  let { status } = await download();
  if (status !== 0) {
    await attempt("apt-get", ["update"], options);
    ({ status } = await download());
  }
  const archive = readdirSync(place).find((name) => name.endsWith(".deb"));
  if (status !== 0 || archive === undefined) return undefined;
  await attempt("dpkg", ["-x", archive, "."], options);
  rmSync(join(place, archive), { force: true });
  return existsSync(binaries.promtool) ? binaries : undefined;
}
