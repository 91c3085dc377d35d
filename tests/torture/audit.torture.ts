// The long form of the audit log's tests: 10,000 tamperings of each kind and 10,000 honest histories (natively, by
// cargo), a million records verified with the time and the memory that it takes, what a record costs, and what a peer's
// costs in the same run.
//
//     node tests/torture/audit.torture.ts
//
// TOLLWARDEN_AUDIT_RECORDS for another number than a million, TOLLWARDEN_CASES for another than 10,000.

import assert from "node:assert/strict";
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { leafHash } from "../../js/audit/line.ts";
import { verifyLog } from "../../js/audit/read.ts";
import { jsonlSink } from "../../js/audit.ts";
import { loadTools } from "../../js/core/tools.ts";
import { memoryStore, openWarden, type Store, sqliteStore } from "../../js/index.ts";
import { attempt } from "../../pkg-scripts/lib/child.mjs";
import { cache } from "../../pkg-scripts/lib/paths.mjs";
import { offer } from "../cli/support.ts";

const PRESIDIO = "presidio-hardened-x402==0.13.0";
const records = Number(process.env.TOLLWARDEN_AUDIT_RECORDS ?? 1_000_000);
const policy = { payment: { max_usd: "1" }, budgets: [{ name: "daily", limit_usd: "100000", window: "24h" }] };
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A log of so many records in a file: payments that are allowed and captured, and payments that are denied. */
async function makeLog(path: string): Promise<void> {
  const core = loadTools();
  const json = JSON.stringify(policy);
  const engine = new core.Engine(json, true);
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

/** Python with the peer in it, kept in the cache; nothing where it can't be had. */
async function peer(): Promise<string | undefined> {
  const python = join(cache, "presidio/bin/python");
  const marker = join(cache, "presidio/.installed");
  if (existsSync(marker)) return python;
  const made = await attempt("python3", ["-m", "venv", join(cache, "presidio")]).catch(() => undefined);
  if (made?.status !== 0) return undefined;
  const installed = await attempt(python, ["-m", "pip", "install", "--quiet", PRESIDIO]);
  if (installed.status !== 0) return undefined;
  writeFileSync(marker, PRESIDIO);
  return python;
}

/** A record of 600 bytes to a file without fsync, against the peer's, in turn. */
async function appending(folder: string): Promise<void> {
  const [count, passes] = [5_000, 7];
  const path = join(folder, "append.jsonl");
  const sink = jsonlSink(path, { fsync: "never", rotateBytes: 1e12 });
  let [prev, seq, ours] = ["0".repeat(64), 0, Number.POSITIVE_INFINITY];
  const ourPass = async (): Promise<void> => {
    const made = Array.from({ length: count }, () => {
      const line = JSON.stringify({ event: "q".repeat(500), prev, seq });
      prev = leafHash(line);
      return [{ seq: seq++, line }];
    });
    const since = performance.now();
    for (const record of made) await sink.write(record);
    ours = Math.min(ours, ((performance.now() - since) / count) * 1_000);
  };
  for (let pass = 0; pass < passes; pass++) await ourPass();
  const python = await peer();
  if (python === undefined) {
    process.stderr.write(`SKIPPED: ${PRESIDIO} can't be had here, so nothing is compared with it\n`);
    say(`append: ${ours.toFixed(1)} µs for ${(statSync(path).size / seq).toFixed(0)} bytes`);
    return;
  }
  const script = fileURLToPath(new URL("./presidio.py", import.meta.url));
  const args = [script, join(folder, "presidio.jsonl"), String(count), String(passes)];
  const { status, stdout, output } = await attempt(python, args);
  assert.equal(status, 0, output);
  const [bytes = 0, theirs = 0] = stdout.trim().split(" ").map(Number);
  // Both before and after: whatever else the machine does meanwhile.
  for (let pass = 0; pass < passes; pass++) await ourPass();
  await sink.close?.();
  say(
    `append: ${ours.toFixed(1)} µs for ${(statSync(path).size / seq).toFixed(0)} bytes; ` +
      `${PRESIDIO} ${theirs.toFixed(1)} µs for ${bytes.toFixed(0)}; ${((ours / theirs) * 100).toFixed(0)} %`,
  );
  assert.ok(ours <= theirs / 2, "a record costs more than half of the peer's");
}

async function natively(): Promise<void> {
  const env = { TOLLWARDEN_CASES: process.env.TOLLWARDEN_CASES ?? "10000" };
  const args = ["test", "--profile", "sim", "--test", "audit", "--", "--nocapture"];
  const { status, output } = await attempt("cargo", args, { env });
  assert.equal(status, 0, output);
  for (const line of output.match(/^.*\d+ (of \d+ seen|cells|honest histories).*$/gm) ?? []) say(line);
}

const folder = mkdtempSync(join(tmpdir(), "tollwarden-torture-"));
try {
  await appending(folder);
  await costs(folder);
  await verified(folder);
  await natively();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
