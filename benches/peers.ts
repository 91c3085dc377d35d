/** The peers that can be had from PyPI, in one Python beside: each pass is asked for, so that they take turns with the rest. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { attempt } from "../pkg-scripts/lib/child.mjs";
import { cache } from "../pkg-scripts/lib/paths.mjs";
import type { Effort, Task } from "./measure.ts";

export const PEERS = ["presidio-hardened-x402==0.13.0", "x402-firewall==0.1.0"];

export interface Peers {
  presidio(what: { readonly history?: number; readonly parts: readonly string[] }): Task;
  firewall(vendors: number): Task;
  close(): void;
}

/** Nothing where they can't be had: no Python, or no network. */
export async function openPeers(): Promise<Peers | undefined> {
  const python = await installed();
  if (python === undefined) return undefined;
  const child = spawn(python, [fileURLToPath(new URL("./peers.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: object): Promise<{ p50: number; p99: number }> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error("the peers' process has ended; run benches/peers.py by hand to see why");
    return JSON.parse(value) as { p50: number; p99: number };
  };
  const task = (who: string, what: object): Task => ({
    name: who,
    // Some of them take a tenth of a second each.
    sample: ({ ms, least }: Effort) => ask({ who, what, ms, least: Math.min(least, 5) }),
  });
  return {
    presidio: ({ history = 0, parts }) => task("presidio", { history, parts }),
    firewall: (vendors) => task("x402-firewall", { vendors }),
    close: () => end(child),
  };
}

function end(child: ChildProcess): void {
  child.stdin?.end();
  child.kill();
}

async function installed(): Promise<string | undefined> {
  const folder = join(cache, "peers");
  const [python, marker] = [join(folder, "bin/python"), join(folder, ".installed")];
  if (existsSync(marker)) return python;
  const made = await attempt("python3", ["-m", "venv", folder]).catch(() => undefined);
  if (made?.status !== 0) return undefined;
  const brought = await attempt(python, ["-m", "pip", "install", "--quiet", ...PEERS]);
  if (brought.status !== 0) return undefined;
  writeFileSync(marker, PEERS.join("\n"));
  return python;
}
