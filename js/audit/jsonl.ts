/**
 * The log as a file, a line for each record. What a crash left of a last line is cut off when it is opened; a file that
 * has grown past a size is put aside, under the number of its first record; two processes never write it at once.
 */

import { rotatedFiles, rotatedName } from "./files.ts";
import { lastRecord, leafHash, NO_RECORD, prevOf } from "./line.ts";
import { type Lock, lockFile } from "./lock.ts";
import { node } from "./node.ts";
import type { AuditRecord, Sink } from "./sink.ts";

export interface JsonlOptions {
  /** From this size on the file is put aside and a new one begun, in bytes. 64 MiB unless given. */
  readonly rotateBytes?: number;
  /**
   * When what was written is forced to the disk: `batch`, before the store may forget the records, or `never`, which
   * leaves it to the system: then a loss of power can lose records that the store no longer has. `batch` unless given.
   */
  readonly fsync?: "batch" | "never";
}

interface Open {
  readonly lock: Lock;
  fd: number;
  size: number;
  first: number | undefined;
  next: number;
  /** The leaf hash of the last record, in hex. */
  last: string;
}

const fs = () => node("node:fs");

/** A file. It is opened with the first record, and its name is that of the file that is written now. */
export function jsonlSink(path: string, { rotateBytes = 64 * 1024 * 1024, fsync = "batch" }: JsonlOptions = {}): Sink {
  let open: Open | undefined;

  function opened(): Open {
    open?.lock.mustHold();
    open ??= openLog(path);
    return open;
  }

  function rotate(log: Open): void {
    fs().fsyncSync(log.fd);
    fs().closeSync(log.fd);
    fs().renameSync(path, rotatedName(path, log.first ?? 0));
    log.fd = fs().openSync(path, "ax", 0o600);
    syncFolder(path);
    log.size = 0;
    log.first = undefined;
  }

  function append(log: Open, records: readonly AuditRecord[]): void {
    for (const record of records) {
      const { seq, line } = record;
      if (seq !== log.next) throw new Error(`\`${path}\` goes on with record ${log.next}, not with ${seq}`);
      const before = prevOf(line);
      if (before !== log.last) {
        throw new Error(`\`${path}\` is the file of another log: its last record is not the one before record ${seq}`);
      }
      if (log.size > 0 && log.size >= rotateBytes) rotate(log);
      const bytes = Buffer.from(`${line}\n`);
      // What another program appended meanwhile is not ours to mend.
      if (fs().fstatSync(log.fd).size !== log.size) throw new Error(`something else has written to \`${path}\``);
      writeAll(log.fd, bytes);
      log.size += bytes.length;
      log.first ??= seq;
      log.next = seq + 1;
      log.last = leafHash(line);
    }
  }

  return {
    name: `file:${path}`,
    next: async () => opened().next,
    async write(records) {
      const log = opened();
      try {
        append(log, records);
        if (fsync === "batch") fs().fsyncSync(log.fd);
      } catch (error) {
        // Half a line may stand there: it is opened, and mended, again.
        shut();
        throw error;
      }
    },
    close: async () => shut(),
  };

  function shut(): void {
    if (open === undefined) return;
    const { fd, lock } = open;
    open = undefined;
    try {
      fs().closeSync(fd);
    } finally {
      lock.release();
    }
  }
}

function openLog(path: string): Open {
  const lock = lockFile(path);
  try {
    const fd = fs().openSync(path, "a+", 0o600);
    try {
      const tail = lastRecord(fd);
      if (tail.end < fs().fstatSync(fd).size) {
        fs().ftruncateSync(fd, tail.end);
        fs().fsyncSync(fd);
      }
      syncFolder(path);
      if (tail.line !== undefined) {
        const first = firstSeq(fd);
        return { lock, fd, size: tail.end, first, next: seqOf(tail.line) + 1, last: leafHash(tail.line) };
      }
      // Nothing in it yet: it goes on where the last one that was put aside ends.
      const before = lastOf(rotatedFiles(path).at(-1));
      const next = before === undefined ? 0 : seqOf(before) + 1;
      return { lock, fd, size: 0, first: undefined, next, last: before === undefined ? NO_RECORD : leafHash(before) };
    } catch (error) {
      fs().closeSync(fd);
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lastOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const fd = fs().openSync(file, "r");
  try {
    return lastRecord(fd).line;
  } finally {
    fs().closeSync(fd);
  }
}

function firstSeq(fd: number): number {
  const bytes = Buffer.alloc(Math.min(fs().fstatSync(fd).size, 1024 * 1024));
  fs().readSync(fd, bytes, 0, bytes.length, 0);
  return seqOf(bytes.subarray(0, bytes.indexOf(0x0a)).toString());
}

function seqOf(line: string): number {
  const { seq } = JSON.parse(line) as { seq: unknown };
  if (!Number.isSafeInteger(seq)) throw new Error(`not a record of an audit log: \`${line.slice(0, 80)}\``);
  return seq as number;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += fs().writeSync(fd, bytes, written);
}

/** A new name is on the disk only when its folder is. Not every system lets a folder be opened. */
function syncFolder(path: string): void {
  try {
    const fd = fs().openSync(node("node:path").dirname(path), "r");
    try {
      fs().fsyncSync(fd);
    } finally {
      fs().closeSync(fd);
    }
  } catch {
    // Windows. Its file system keeps names in order by itself.
  }
}
