// The long form of the audit log's tests: 10,000 tamperings of each kind and 10,000 honest histories (natively, by
// cargo), a million records verified with the time and the memory that it takes, and what a record costs.
//
//     node tests/torture/audit.torture.ts [RECORDS]

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyLog } from "../../js/audit/read.ts";
import { loadTools } from "../../js/core/tools.ts";
import { memoryStore, openWarden, type Store, sqliteStore } from "../../js/index.ts";
import { offer } from "../cli/support.ts";

const records = Number(process.argv[2] ?? 1_000_000);
const policy = { payment: { max_usd: "1" }, budgets: [{ name: "daily", limit_usd: "100000", window: "24h" }] };
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A log of so many records in a file: payments that are allowed and captured, and payments that are denied. */
async function makeLog(path: string): Promise<void> {
  const core = loadTools();
  const json = JSON.stringify(policy);
  let engine = new core.Engine(json, true);
  engine.audit("torture", core.drawId(), core.drawId(), new Uint8Array(32).fill(1), json);
  const file = createWriteStream(path);
  let [made, at, number] = [0, 1_767_607_200_000, 0];
  while (made < records) {
    number += 1;
    at += 50;
    const ask = { type: "authorize", id: `p${number}`, at, agent: `a${number % 7}`, url: "https://api.example.com/v1" };
    const events = [{ ...ask, offer: offer(number % 3 === 0 ? "9000000" : "10000") }];
    if (number % 3 !== 0) events.push({ type: "settle", id: ask.id, at, outcome: "captured" } as never);
    for (const event of events) {
      const answer = engine.handle(JSON.stringify(event));
      assert.ok(!answer.startsWith('{"error"'), answer);
    }
    for (const line of engine.takeRecords()) {
      made += 1;
      if (!file.write(`${line}\n`)) await new Promise<void>((resolve) => file.once("drain", () => resolve()));
    }
  }
  await new Promise((resolve) => file.end(resolve));
  engine.free();
  engine = undefined as never;
}

async function verified(folder: string): Promise<void> {
  const path = join(folder, "log.jsonl");
  await makeLog(path);
  const memory: number[] = [];
  let step = 0;
  const since = performance.now();
  const verdict = await verifyLog(createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>, {
    key: new Uint8Array(32).fill(1),
    progress: () => {
      step += 1;
      if (step % 16 === 0) memory.push(process.memoryUsage().rss);
    },
  });
  const seconds = (performance.now() - since) / 1_000;
  assert.deepEqual([verdict.good, verdict.records >= records], [true, true]);
  const [early, late] = [memory[Math.floor(memory.length / 4)] ?? 0, memory.at(-1) ?? 0];
  say(
    `verify: ${verdict.records} records, ${megabytes(statSync(path).size)}, ${seconds.toFixed(1)} s ` +
      `(${((seconds / verdict.records) * 1e6).toFixed(1)} µs each); memory ${megabytes(early)} after a quarter, ${megabytes(late)} at the end`,
  );
  // A quarter's worth of records more must not show.
  assert.ok(late < early * 1.25 + 32e6, "the memory grows with the log");
}

async function costs(folder: string): Promise<void> {
  const stores: readonly [string, (name: string) => Promise<Store>][] = [
    ["memory", async () => memoryStore()],
    ["sqlite", (name) => sqliteStore(join(folder, `${name}.sqlite`))],
  ];
  for (const [name, open] of stores) {
    const count = name === "memory" ? 4_000 : 600;
    const time: Record<string, number> = {};
    for (const [how, audit] of [
      ["off", undefined],
      ["on", {}],
    ] as const) {
      for (const [what, amount] of [
        ["allowed", "10000"],
        ["denied", "9000000"],
      ] as const) {
        const warden = await openWarden({
          policy: policy as never,
          store: await open(`${how}-${what}`),
          ...(audit === undefined ? {} : { audit }),
        });
        const since = performance.now();
        for (let index = 0; index < count; index++) {
          const id = `p${index}`;
          await warden.authorize({ id, url: "https://api.example.com/v1", offer: offer(amount) });
          // Else a thousand holds are open at once, which is refused.
          if (what === "allowed") await warden.settle(id, { outcome: "captured" });
        }
        time[`${what} ${how}`] = ((performance.now() - since) / count) * 1_000;
        await warden.close();
      }
    }
    const shown = (key: string): string => `${(time[key] ?? 0).toFixed(0)} µs`;
    for (const what of ["allowed", "denied"]) {
      say(
        `${name}: ${what} (${what === "allowed" ? "and captured, " : ""}off ${shown(`${what} off`)}, on ${shown(`${what} on`)})`,
      );
    }
  }
}

function natively(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const env = { ...process.env, TOLLWARDEN_CASES: "10000" };
  const args = ["test", "--release", "--test", "audit", "--", "--nocapture"];
  const { status } = spawnSync("cargo", args, { cwd: root, env, stdio: "inherit" });
  assert.equal(status, 0);
}

const folder = mkdtempSync(join(tmpdir(), "tollwarden-torture-"));
try {
  await costs(folder);
  await verified(folder);
  if (process.argv[3] !== "quick") natively();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
