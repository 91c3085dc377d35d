/** Python with what the clients and the fuzzer need, kept in the cache; nothing where it can't be had. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../pkg-scripts/lib/child.mjs";
import { cache } from "../../pkg-scripts/lib/paths.mjs";

const WANTED = ["httpx==0.28.1", "schemathesis==4.32.5"];

/** The path of a `python3`. */
export async function pythonWithClients(): Promise<string | undefined> {
  const folder = join(cache, "service-python");
  const python = join(folder, "bin/python3");
  const marker = join(folder, ".installed");
  if (existsSync(marker) && readFileSync(marker, "utf8") === WANTED.join(" ")) return python;
  const made = await attempt("python3", ["-m", "venv", folder]).catch(() => undefined);
  if (made?.status !== 0) return undefined;
  const installed = await attempt(python, ["-m", "pip", "install", "--quiet", ...WANTED]).catch(() => undefined);
  if (installed?.status !== 0) return undefined;
  writeFileSync(marker, WANTED.join(" "));
  return python;
}
