// The log as a file: rotation, a torn last line, one writer at a time, and a process that is killed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { logFiles } from "../../js/audit/files.ts";
import { verifyLog } from "../../js/audit/read.ts";
import { jsonlSink, SinkBusy, sqliteSink } from "../../js/audit.ts";
import { memoryStore, sqliteStore } from "../../js/index.ts";
import { audited, inFolder, keeping, lasting, request, ticking } from "./support.ts";

test("a file that has grown is put aside, and the log goes on in a new one", () =>
  inFolder(async (folder) => {
    const path = join(folder, "audit.jsonl");
    const store = lasting(memoryStore());
    const now = ticking();
    for (let run = 0; run < 3; run++) {
      const { warden } = await audited({ sinks: [jsonlSink(path, { rotateBytes: 4_000 })] }, store, now);
      for (let index = 0; index < 7; index++) await warden.authorize(request(`p${run}-${index}`));
      await warden.close();
    }
    assert.ok(logFiles(path).length > 3, String(readdirSync(folder)));
    const verdict = await verifyLog(path);
    assert.deepEqual([verdict.good, verdict.records], [true, 24]);
    assert.equal(existsSync(`${path}.lock`), false);
  }));

test("what a crash left of the last line is cut off, and the record comes again", () =>
  inFolder(async (folder) => {
    const path = join(folder, "audit.jsonl");
    const store = lasting(memoryStore());
    const now = ticking();
    // The store keeps the records: a crash came before it was told that the file has them.
    for (const cut of [1, 40, 700]) {
      const { warden } = await audited({ sinks: [jsonlSink(path)], keep: true }, store, now);
      await warden.authorize(request(`p${cut}`));
      await warden.close();
      truncateSync(path, readFileSync(path).length - cut);
    }
    const { warden } = await audited({ sinks: [jsonlSink(path)], keep: true }, store, now);
    await warden.close();
    const verdict = await verifyLog(path);
    assert.deepEqual([verdict.good, verdict.records, verdict.torn], [true, 7, 0]);
  }));

test("another log's file, and one that somebody else wrote to, are refused", () =>
  inFolder(async (folder) => {
    const path = join(folder, "audit.jsonl");
    const first = await audited({ sinks: [jsonlSink(path)] });
    await first.warden.authorize(request("p1"));
    await first.warden.close();
    const other = await audited({ sinks: [jsonlSink(path)] });
    await other.warden.authorize(request("p1"));
    await other.warden.authorize(request("p2"));
    await assert.rejects(other.warden.audit?.flush() ?? Promise.resolve(), /file of another log/);
    await other.warden.close();

    const next = join(folder, "next.jsonl");
    const { warden } = await audited({ sinks: [jsonlSink(next)] });
    await warden.audit?.flush();
    appendFileSync(next, "{}\n");
    await warden.authorize(request("p1"));
    await assert.rejects(
      warden.audit?.flush() ?? Promise.resolve(),
      /something else has written|goes on with|not a record/,
    );
    await warden.close();
  }));

test("a file that is ahead of the ledger's log is refused, not taken for written: a new ledger beside an old file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "audit.jsonl");
    const first = await audited({ sinks: [jsonlSink(path)] });
    for (const id of ["p1", "p2", "p3", "p4", "p5"]) await first.warden.authorize(request(id));
    await first.warden.close();
    const written = readFileSync(path, "utf8");
    const store = lasting(memoryStore());
    for (const id of ["q1", "q2"]) {
      const { warden } = await audited({ sinks: [jsonlSink(path)] }, store);
      await warden.authorize(request(id));
      const { audit } = warden;
      await assert.rejects(
        audit?.flush() ?? Promise.resolve(),
        /it has 6 records, and this ledger's log [24]: .* another log/,
      );
      assert.equal(audit?.failures.size, 1);
      assert.ok((audit?.behind ?? 0) >= 2, String(audit?.behind));
      await warden.close();
    }
    assert.equal(readFileSync(path, "utf8"), written);
    // The ledger has its records still, and a file of its own gets them.
    const { warden } = await audited({ sinks: [jsonlSink(join(folder, "own.jsonl"))] }, store);
    await warden.close();
    const verdict = await verifyLog(join(folder, "own.jsonl"));
    assert.deepEqual([verdict.good, verdict.records], [true, 5]);
  }));

test("two writers of one file: the second waits, and takes over when the first ends or is gone", () =>
  inFolder(async (folder) => {
    const path = join(folder, "audit.jsonl");
    const store = lasting(memoryStore());
    const now = ticking();
    const first = await audited({ sinks: [jsonlSink(path)] }, store, now);
    await first.warden.audit?.flush();
    const second = await audited({ sinks: [jsonlSink(path)] }, store, now);
    await second.warden.authorize(request("p1"));
    await assert.rejects(second.warden.audit?.flush() ?? Promise.resolve(), /is written by process/);
    await first.warden.close();
    await second.warden.audit?.flush();
    await second.warden.authorize(request("p2"));
    await second.warden.close();
    assert.deepEqual([(await verifyLog(path)).good, (await verifyLog(path)).records], [true, 4]);

    // A lock whose process is gone: no process has this number.
    writeFileSync(
      `${path}.lock`,
      JSON.stringify({ pid: 2 ** 22 + 1, host: (await import("node:os")).hostname(), began: "1", token: "x" }),
    );
    const third = await audited({ sinks: [jsonlSink(path)] }, store, now);
    await third.warden.close();
    assert.equal((await verifyLog(path)).records, 5);
    // One of another host may be alive.
    writeFileSync(`${path}.lock`, JSON.stringify({ pid: 1, host: "elsewhere", began: "1", token: "x" }));
    await assert.rejects(jsonlSink(path).next?.() ?? Promise.resolve(), SinkBusy);
  }));

test("a warden that is killed while it works loses no record", { timeout: 120_000 }, () =>
  inFolder(async (folder) => {
    const path = join(folder, "audit.jsonl");
    const child = fileURLToPath(new URL("./child.ts", import.meta.url));
    let told = 0;
    for (let run = 0; run < 3; run++) {
      const worker = spawn(process.execPath, [child, folder, String(run)], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise<void>((resolve) => {
        worker.stdout.on("data", (chunk: Buffer) => {
          told += chunk.toString().split("\n").length - 1;
          if (told >= (run + 1) * 15) worker.kill("SIGKILL");
        });
        worker.once("close", () => resolve());
      });
    }
    const store = await sqliteStore(join(folder, "ledger.sqlite"));
    const { warden } = await audited({ sinks: [jsonlSink(path)] }, store, Date.now);
    await warden.close();
    const verdict = await verifyLog(path);
    assert.deepEqual([verdict.good, verdict.fault], [true, null]);
    const answered = readFileSync(join(folder, "answered"), "utf8").trim().split("\n");
    const lines = logFiles(path).flatMap((file) => readFileSync(file, "utf8").trim().split("\n"));
    const recorded = new Set(lines.map((line) => (JSON.parse(line) as { event: { id?: string } }).event.id));
    assert.ok(answered.length >= 45);
    for (const id of answered) assert.ok(recorded.has(id), id);
  }),
);

test("SQLite beside the store: the same records, once", () =>
  inFolder(async (folder) => {
    const { DatabaseSync } = await import("node:sqlite");
    const handle = new DatabaseSync(join(folder, "log.sqlite"));
    const kept = keeping();
    const store = lasting(memoryStore());
    const now = ticking();
    for (let run = 0; run < 2; run++) {
      const { warden } = await audited({ sinks: [sqliteSink(handle), kept] }, store, now);
      await warden.authorize(request(`p${run}`));
      await warden.close();
    }
    const rows = handle
      .prepare("SELECT line FROM audit ORDER BY seq")
      .all()
      .map((row) => row.line);
    assert.deepEqual(rows, kept.lines);
    // Another process may have brought a record already; the log of another ledger is refused.
    const records = kept.lines.map((line, seq) => ({ seq, line }));
    await sqliteSink(handle).write(records);
    assert.equal(handle.prepare("SELECT count(*) AS n FROM audit").get()?.n, rows.length);
    const other = await audited({ sinks: [sqliteSink(handle)] });
    for (let index = 0; index < rows.length; index++) await other.warden.authorize(request(`other-${index}`));
    await assert.rejects(other.warden.audit?.flush() ?? Promise.resolve(), /is the table of another log/);
    await other.warden.close();
    assert.equal(handle.prepare("SELECT count(*) AS n FROM audit").get()?.n, rows.length);
    assert.throws(() => sqliteSink(handle, "a; DROP TABLE audit"), /not the name of a table/);
    handle.close();
  }));
