/** A line of the log: its hash, and where the last one of a file ends. */

import { node } from "./node.ts";

/** The leaf hash of RFC 6962, in hex: what the next record names as the one before it. */
export function leafHash(line: string): string {
  return node("node:crypto").createHash("sha256").update(Uint8Array.of(0)).update(line).digest("hex");
}

/** What the first record of a log names as the one before it. */
export const NO_RECORD = "0".repeat(64);

/** What a record names as the one before it. */
export function prevOf(line: string): unknown {
  return (JSON.parse(line) as { prev: unknown }).prev;
}

const PIECE = 64 * 1024;

/**
 * The last whole line of a file, and where it ends: what follows was being written when something crashed. Read from
 * the end, whatever the size of the file.
 */
export function lastRecord(fd: number): { readonly line: string | undefined; readonly end: number } {
  let tail = Buffer.alloc(0);
  let from = node("node:fs").fstatSync(fd).size;
  for (;;) {
    const end = tail.lastIndexOf(0x0a);
    const start = end < 0 ? -1 : tail.lastIndexOf(0x0a, end - 1);
    if (end >= 0 && (start >= 0 || from === 0)) {
      return { line: tail.subarray(start + 1, end).toString(), end: from + end + 1 };
    }
    if (from === 0) return { line: undefined, end: 0 };
    const length = Math.min(PIECE, from);
    const piece = Buffer.alloc(length);
    node("node:fs").readSync(fd, piece, 0, length, from - length);
    tail = Buffer.concat([piece, tail]);
    from -= length;
  }
}
