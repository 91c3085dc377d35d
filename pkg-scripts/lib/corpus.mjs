// A fuzzer's corpus as one file: fuzz/corpus/<target>.gz, a gzipped JSON list of inputs in base64. As a folder it would be
// hundreds of files with hashes for names.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

/** Writes the inputs of a packed corpus into a folder, a file each; none where it is missing. */
export function unpack(file, folder) {
  if (!existsSync(file)) return;
  const inputs = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
  for (const [place, input] of inputs.entries()) {
    writeFileSync(join(folder, `kept-${place}`), Buffer.from(input, "base64"));
  }
}

/** Packs the smallest `most` files of a folder but for those named. Gives how many, and the packed size in bytes. */
export function pack(file, folder, { most, without }) {
  const names = readdirSync(folder).filter((name) => !without.has(name));
  const sizes = new Map(names.map((name) => [name, statSync(join(folder, name)).size]));
  const chosen = names.sort((a, b) => sizes.get(a) - sizes.get(b) || (a < b ? -1 : 1)).slice(0, most);
  const packed = gzipSync(JSON.stringify(chosen.map((name) => readFileSync(join(folder, name)).toString("base64"))), {
    level: 9,
  });
  writeFileSync(file, packed);
  return { inputs: chosen.length, bytes: packed.length };
}
