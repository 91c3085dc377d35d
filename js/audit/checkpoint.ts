/**
 * Checkpoints: every so many records, or seconds, the root of the log's tree is signed and brought where whoever can
 * write the log can't. Only such a copy shows a tail that was cut, or a log that was written anew.
 */

import { loadCore } from "../core/load.ts";
import type { Signer } from "./keys.ts";
import { node } from "./node.ts";

/** Takes a signed checkpoint, and resolves when it is safe. */
export type CheckpointTarget = (note: string) => Promise<void> | void;

export interface CheckpointOptions {
  readonly signer: Signer;
  readonly to: CheckpointTarget | readonly CheckpointTarget[];
  /** After so many records. 1,000 unless given. */
  readonly everyRecords?: number;
  /** After so many seconds, if there is a new record. 60 unless given. */
  readonly everySeconds?: number;
  /** The first line: which log it is. `tollwarden/` and the log's own name unless given. */
  readonly origin?: string;
}

/** The latest checkpoint in a file, which is replaced in one step. */
export function checkpointFile(path: string): CheckpointTarget {
  return (note) => {
    const partial = `${path}.${crypto.randomUUID()}.partial`;
    node("node:fs").writeFileSync(partial, note, { mode: 0o644, flush: true });
    node("node:fs").renameSync(partial, path);
  };
}

/** Each checkpoint to a service of your own, by POST. Anything but a 2xx is a failure, and is tried again. */
export function checkpointUrl(url: string, { fetch: send = fetch, timeoutMs = 10_000 } = {}): CheckpointTarget {
  return async (note) => {
    const answer = await send(url, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: note,
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`${new URL(url).origin} answered ${answer.status} to a checkpoint`);
  };
}

export interface Checkpoints {
  /** A new head of the log; signs it if it is time. */
  reached(head: string, last?: boolean): Promise<void>;
}

export function checkpoints(options: CheckpointOptions, now: () => number): Checkpoints {
  const { signer, to, everyRecords = 1_000, everySeconds = 60, origin = "" } = options;
  const targets = typeof to === "function" ? [to] : to;
  let [size, at] = [0, now()];

  return {
    async reached(head, last = false) {
      const made = JSON.parse(loadCore().checkpointText(head, origin)) as { size: number; text: string };
      const due = last || made.size - size >= everyRecords || now() - at >= everySeconds * 1_000;
      if (made.size === size || !due) return;
      const note = await signer.sign(made.text);
      for (const target of targets) await target(note);
      // Only then: one that a target did not take is made again with the next record.
      [size, at] = [made.size, now()];
    },
  };
}
