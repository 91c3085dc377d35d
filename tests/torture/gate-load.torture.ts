/**
 * Ten minutes of paid requests through the gate and through the official middleware, in turns, with a facilitator that answers
 * at once: what a request takes in each, how many there are in a second, and that the heap does not grow.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memoryStore, sqliteStore } from "../../js/index.ts";
import { type LoadFigures, load } from "../gate/load.ts";

setFlagsFromString("--expose-gc");
(globalThis as { gc?: () => void }).gc = runInNewContext("gc") as () => void;

const seconds = Number(process.env.TOLLWARDEN_GATE_SECONDS ?? "600");
const folder = mkdtempSync(join(tmpdir(), "tollwarden-load-"));

function tell(name: string, { requests, official, gate, perSecond, officialPerSecond, heap }: LoadFigures): void {
  const [early, late] = heap;
  console.log(
    `${name}: ${requests} requests; the median of a paid one ${Math.round(gate)} µs, official middleware ${Math.round(official)} µs: ${(gate / official).toFixed(2)} times`,
  );
  console.log(
    `${name}: ${Math.round(perSecond)} a second, official ${Math.round(officialPerSecond)}; heap ${early.toFixed(1)} → ${late.toFixed(1)} MB`,
  );
}

try {
  tell("memory", await load({ store: memoryStore(), seconds: Math.min(seconds, 30) }));
  const figures = await load({ store: await sqliteStore(join(folder, "gate.sqlite")), seconds });
  tell("sqlite", figures);
  const [early, late] = figures.heap;
  // What is kept is in the file: the heap of a process that sells all day is that of one that has just begun.
  if (late > early * 1.2 + 8) throw new Error(`the heap grew from ${early.toFixed(1)} to ${late.toFixed(1)} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
