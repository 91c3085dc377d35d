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

interface Stat {
  readonly dev: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly size: number;
}

interface FileSystem {
  watch(folder: string, options: { readonly persistent: boolean }, changed: () => void): Watcher;
  statSync(path: string): Stat;
}

/** How often it is looked whether the names stand for something else, in milliseconds. */
const LOOKED_EVERY = 1_000;

/**
 * Reloads a policy when its file changes, or a file that it stands on. The folders are watched, not the files: editors
 * and deployments put another file in the place of the one that was. Of another folder in the place of one, and of a file
 * behind a link, nothing is told: what the names stand for is looked at every second, too.
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
  /** The files that were read last. */
  let followed: readonly string[] = [];
  /** What names stood for when they were looked at last: files, and folders that are watched. */
  const stood = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: Promise<void> = Promise.resolve();
  let closed = false;
  /** What was read last, or what was wrong with it: a folder changes for many reasons. */
  let seen = "";

  const folderOf = (file: string): string => paths?.dirname(file) ?? file;

  function follow(read: readonly string[]): void {
    followed = read;
    const folders = new Set(read.map(folderOf));
    for (const folder of watchers.keys()) if (!folders.has(folder)) unwatch(folder);
    for (const folder of folders) {
      if (watchers.has(folder) || files === undefined) continue;
      stood.set(
        folder,
        standing(folder, ({ dev, ino }) => [dev, ino]),
      );
      const watcher = files.watch(folder, { persistent: false }, soon);
      watchers.set(folder, watcher);
      watcher.on("error", (error) => {
        unwatch(folder);
        onError(error);
      });
    }
  }

  function unwatch(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
    stood.delete(folder);
  }

  function standing(name: string, tell: (stat: Stat) => readonly number[]): string {
    try {
      return files === undefined ? "" : tell(files.statSync(name)).join(" ");
    } catch {
      return ""; // It is not there.
    }
  }

  /** What the platform does not tell. A watcher stays with the folder that it was made for, whatever has its name now. */
  function check(): void {
    for (const file of followed) {
      const folder = folderOf(file);
      const now = standing(folder, ({ dev, ino }) => [dev, ino]);
      if (stood.get(folder) !== now) {
        unwatch(folder);
        stood.set(folder, now);
        soon();
      }
      const written = standing(file, ({ dev, ino, mtimeMs, size }) => [dev, ino, mtimeMs, size]);
      if (stood.get(file) !== written) soon();
      stood.set(file, written);
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
      follow(read.files ?? [path]);
      if (read.json === seen) return;
      seen = read.json;
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
  const checks = setInterval(check, LOOKED_EVERY);
  // As the watchers, it keeps no process running.
  (checks as { unref?: () => void }).unref?.();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(checks);
      for (const folder of [...watchers.keys()]) unwatch(folder);
      await last;
    },
  };
}
