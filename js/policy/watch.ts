/**
 * Hot reload: a policy file that changes is the policy of the next payment. A file that is broken changes nothing: the
 * last good policy stays, and whoever watches is told.
 */

import { builtin } from "../builtin.ts";
import type { Control } from "../control.ts";
import type { PolicySummary } from "../core/ledger.ts";
import { PolicyInvalid } from "../errors.ts";
import { readPolicyFile } from "../policy-source.ts";

export interface WatchOptions {
  /** The policy was taken over. */
  readonly onReload?: (policy: PolicySummary) => void;
  /** It was not: it is broken, can't be read, or would forget what was spent. The one before stays in force. */
  readonly onError: (error: unknown) => void;
  /** How long after a change the file is read, in milliseconds: writing one takes a moment. Default 100. */
  readonly delayMs?: number;
}

export interface PolicyWatch {
  /** Stops watching. A reload that was begun is finished first. */
  close(): Promise<void>;
}

interface Watcher {
  on(event: "error", listener: (error: unknown) => void): void;
  close(): void;
}

interface FileSystem {
  watch(folder: string, options: { readonly persistent: boolean }, changed: () => void): Watcher;
}

/**
 * Reloads a policy when its file changes, or a file that it stands on. The folders are watched, not the files: editors
 * and deployments put another file in the place of the one that was.
 */
export function watchPolicy(path: string, control: Control, options: WatchOptions): PolicyWatch {
  const { onReload, onError, delayMs = 100 } = options;
  const files = builtin("node:fs") as FileSystem | undefined;
  const paths = builtin("node:path") as { dirname(path: string): string } | undefined;
  const urls = builtin("node:url") as { pathToFileURL(path: string): URL } | undefined;
  if (files === undefined || paths === undefined || urls === undefined) {
    throw new PolicyInvalid(path, [
      { path: "", message: "files can't be watched here; call `control.reload` yourself" },
    ]);
  }
  const url = urls.pathToFileURL(path);
  const watchers = new Map<string, Watcher>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: Promise<void> = Promise.resolve();
  let closed = false;
  /** What was read last, or what was wrong with it: a folder changes for many reasons. */
  let seen = "";

  function follow(read: readonly string[]): void {
    const folders = new Set(read.map((file) => paths?.dirname(file) ?? file));
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) {
      if (watchers.has(folder) || files === undefined) continue;
      const watcher = files.watch(folder, { persistent: false }, soon);
      watchers.set(folder, watcher);
      watcher.on("error", (error) => {
        watchers.delete(folder);
        onError(error);
      });
    }
  }

  /** Not put off by further changes: a folder that never rests must not keep the policy from being read. */
  function soon(): void {
    if (closed || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      last = last.then(look);
    }, delayMs);
  }

  async function look(): Promise<void> {
    if (closed) return;
    try {
      const read = readPolicyFile(path);
      if (read.json === seen) return;
      seen = read.json;
      follow(read.files ?? [path]);
      const before = control.policy.hash;
      const policy = await control.reload(url);
      if (policy.hash !== before) onReload?.(policy);
    } catch (error) {
      const told = String(error);
      if (told !== seen) onError(error);
      // What is wrong with the policy is told once. A store that failed may work again: the next look tries anew.
      seen = error instanceof PolicyInvalid ? told : "";
    }
  }

  follow(readPolicyFile(path).files ?? [path]);
  // It may have changed since the warden was opened.
  last = look();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
      await last;
    },
  };
}
