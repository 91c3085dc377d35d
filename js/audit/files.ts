/** The files of one log: those that were put aside, in the order of their records, and the one that is written. */

import { node } from "./node.ts";

/** The name that a file is put aside under: that of its first record, so that the names sort as the records do. */
export function rotatedName(path: string, first: number): string {
  return `${path}.${String(first).padStart(16, "0")}`;
}

/** The files that were put aside, in order. */
export function rotatedFiles(path: string): readonly string[] {
  const [folder, name] = [node("node:path").dirname(path), node("node:path").basename(path)];
  const aside = new RegExp(`^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\.\\d{16}$`);
  return node("node:fs")
    .readdirSync(folder)
    .filter((file) => aside.test(file))
    .sort()
    .map((file) => node("node:path").join(folder, file));
}

/** All files of a log, in order. */
export function logFiles(path: string): readonly string[] {
  const files = [...rotatedFiles(path), ...(node("node:fs").existsSync(path) ? [path] : [])];
  if (files.length === 0) throw new Error(`${path} can't be read: there is no such file`);
  return files;
}

/** How many bytes a log has. */
export function logBytes(path: string): number {
  return logFiles(path).reduce((sum, file) => sum + node("node:fs").statSync(file).size, 0);
}

/** The bytes of a log, in pieces. */
export async function* logPieces(path: string): AsyncGenerator<Uint8Array> {
  for (const file of logFiles(path)) {
    yield* node("node:fs").createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
  }
}
