/**
 * The ledger in a Durable Object, in workerd: 2,000 attempts on each limit, by one isolate and by 8; then workerd is
 * killed again and again while others write, and nothing that was acknowledged may be gone.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommitResult } from "../../js/stores/store.ts";
import { paysExactly } from "../stores/edge/exactly.ts";
import { pairOf, pairsAreWhole } from "../stores/edge/pairs.ts";
import type { Limit, Spent } from "../stores/edge/spend.ts";
import { startWorkerd, type Workerd } from "../stores/edge/workerd.ts";

const ATTEMPTS = 2_000;
const JITTER = 8;
const LIVES = 25;
const WRITERS = 8;

async function spendTogether(): Promise<void> {
  const workerd = await startWorkerd({ others: 8 });
  try {
    for (const limit of ["budget", "session", "rate"] satisfies Limit[]) {
      for (const spenders of [1, 8]) {
        const scope = `${limit}-${spenders}`;
        const figures = await paysExactly({
          limit,
          spenders,
          attempts: ATTEMPTS,
          spend: (spending, i) =>
            workerd.ask<Spent>(
              { do: "spend", scope, spending: { ...spending, jitterMs: spenders > 1 ? JITTER : 0 } },
              i + 1,
            ),
          counted: (policy) => workerd.ask({ do: "counted", scope, policy }),
        });
        console.log(figures);
      }
    }
  } finally {
    await workerd.dispose();
  }
}

async function dieOften(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-objects-"));
  const acknowledged: string[] = [];
  const look = async (workerd: Workerd) => {
    const found = await workerd.ask<[string, number][]>({ do: "scan", scope: "kept", prefix: "" });
    pairsAreWhole(acknowledged, found.map(([key]) => key)); // biome-ignore format: one line
  };
  try {
    for (let life = 0; life < LIVES; life++) {
      const workerd = await startWorkerd({ folder });
      await look(workerd);
      let alive = true;
      const before = acknowledged.length;
      const writing = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let i = 0; alive; i++) {
          const pair = `${life}/${writer}/${i}`;
          const commit = { read: [], write: pairOf(pair) };
          const done = await workerd.ask<CommitResult>({ do: "commit", scope: "kept", commit }).catch(() => undefined);
          if (done?.ok) acknowledged.push(pair);
        }
      });
      while (acknowledged.length < before + 20) await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, (life * 7) % 50));
      alive = false;
      // It ends workerd with SIGKILL.
      await workerd.dispose();
      await Promise.all(writing);
    }
    const last = await startWorkerd({ folder });
    await look(last);
    await last.dispose();
    console.log(`${LIVES} times killed in the middle of commits: all of ${acknowledged.length} acknowledged are there`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await spendTogether();
await dieOften();
console.log("ok");
