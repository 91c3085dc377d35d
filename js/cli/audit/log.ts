/** What the commands on a log have in common: its name, its pieces, and how far they have come. */

import { readFileSync, statSync } from "node:fs";
import { logBytes, logFiles, logPieces } from "../../audit/files.ts";

/** The one log that was named; `command` is for the message. */
export function namedLog(positionals: readonly string[], command: string): string {
  const [log, another] = positionals;
  if (log === undefined) throw new Error(`\`LOG\` is missing; see tollwarden ${command} --help`);
  if (another !== undefined) throw new Error(`one log at a time: \`${log}\` or \`${another}\``);
  return log;
}

/** How far a long run has come, on standard error when that is a terminal. */
export function progress(log: string): { step(bytes: number): void; done(): void } {
  const total = logBytes(log);
  if (process.stderr.isTTY !== true || total < 16 * 1024 * 1024)
    return { step: () => undefined, done: () => undefined };
  let [bytes, shown] = [0, -1];
  return {
    step(more) {
      bytes += more;
      const percent = Math.floor((bytes / total) * 100);
      if (percent === shown) return;
      shown = percent;
      process.stderr.write(`\r${percent} % of ${Math.ceil(total / 1e6)} MB`);
    },
    done: () => void process.stderr.write("\r\u001b[K"),
  };
}

/** Takes every piece of the log, in order, whatever is begun with it. */
export async function eachPiece(log: string, take: (piece: Uint8Array) => void): Promise<void> {
  const shown = progress(log);
  try {
    for await (const piece of logPieces(log)) {
      take(piece);
      shown.step(piece.length);
    }
  } finally {
    shown.done();
  }
}

/** A key as text: the option's own, or that of the file that it names. */
export function keyText(option: string): string {
  return isFile(option) ? readFileSync(option, "utf8").trim() : option;
}

/** The bytes of a file with a secret key. It is never given on the command line, where others could see it. */
export function keyBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The files of a log, for people. */
export function filesOf(log: string): string {
  const files = logFiles(log);
  return files.length === 1 ? log : `${log} (${files.length} files)`;
}
