/** What a command writes to, and what a command is. */

import type { Writable } from "node:stream";

export interface Terminal {
  /** A line of the result, to standard output. */
  print(line: string): void;
  /** A line for people, to standard error. */
  error(line: string): void;
  /** Waits until standard output takes more: a long run must not pile up in memory. */
  drained(): Promise<void>;
}

export interface Command {
  readonly name: string;
  /** What it does, in half a line. */
  readonly summary: string;
  readonly usage: string;
  /** Returns the exit status. */
  run(args: readonly string[], out: Terminal): Promise<number>;
}

export function terminal(stdout: Writable, stderr: Writable): Terminal {
  return {
    print: (line) => void stdout.write(`${line}\n`),
    error: (line) => void stderr.write(`${line}\n`),
    drained: () => {
      if (!stdout.writableNeedDrain) return Promise.resolve();
      return new Promise((resolve) => void stdout.once("drain", () => resolve()));
    },
  };
}

/** An error in the words of its message: a person at a terminal has no use for a stack. */
export function failure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
