// The demo as a user runs it: what it prints, that it adds up, and that nothing is left of it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { atomicOfUsd, type Report, usdOfAtomic } from "../../pkg-scripts/demo/report.ts";

const main = fileURLToPath(new URL("../../pkg-scripts/demo/main.ts", import.meta.url));

interface Run {
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
  /** What it left: processes of its group, and files in its own temporary folder. */
  readonly left: { readonly processes: boolean; readonly files: readonly string[] };
}

/** `until`: a text; once it is printed, the demo gets SIGINT. */
async function runDemo(args: readonly string[], until?: string): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "demo-test-"));
  try {
    const since = Date.now();
    // FORCE_COLOR is what a test runner may set; a pipe gets no colours even so.
    const env = { ...process.env, TMPDIR: folder, FORCE_COLOR: "1" };
    // A process group of its own: whatever the demo starts belongs to it.
    const child = spawn(process.execPath, [main, ...args], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      // Once: a second one, while it clears up, ends it as it would any program.
      if (until !== undefined && !child.killed && stdout.includes(until)) child.kill("SIGINT");
    });
    const status = await new Promise<Run["status"]>((resolve) =>
      child.once("close", (code, signal) => resolve(code ?? signal)),
    );
    const milliseconds = Date.now() - since;
    const processes = await livesOn(child.pid ?? 0);
    return { status, stdout, stderr, milliseconds, left: { processes, files: readdirSync(folder) } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether any process of the group stays: ten seconds later one that was about to end has ended. */
async function livesOn(group: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      process.kill(-group, 0);
    } catch {
      return false;
    }
    await sleep(50);
  }
  return true;
}

function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
  });
}

test("the demo as JSON: one object, three denials, and money that adds up", async () => {
  const run = await runDemo(["--json"]);
  assert.equal(run.status, 0, run.stderr);
  assert.ok(run.milliseconds < 20_000, `${run.milliseconds} ms`);
  assert.deepEqual(run.left, { processes: false, files: [] });
  assert.equal(run.stdout.trimEnd().split("\n").length, 1);
  const { payments, balances, budgets } = JSON.parse(run.stdout) as Report;

  const members = ["id", "url", "action", "reason", "rules", "amount", "captured", "bound"];
  for (const payment of payments) {
    assert.deepEqual(Object.keys(payment), members);
    assert.match(payment.id, /^[0-9a-f]{32}$/);
    assert.match(payment.amount, /^[1-9]\d*$/);
    assert.equal(await isListening(payment.url), false, payment.url);
  }
  assert.equal(new Set(payments.map(({ id }) => id)).size, payments.length);

  const denied = payments.filter(({ action }) => action !== "allow");
  assert.deepEqual(
    denied.map(({ action, reason, rules, captured, bound }) => ({ action, reason, rules, captured, bound })),
    [
      { action: "deny", reason: "payment_too_large", rules: ["payment.max_usd"], captured: false, bound: null },
      { action: "deny", reason: "amount_mismatch", rules: [], captured: false, bound: false },
      { action: "deny", reason: "budget_exceeded", rules: ["daily"], captured: false, bound: null },
    ],
  );
  const captured = payments.filter((payment) => payment.captured);
  assert.ok(captured.length >= 4, String(captured.length));
  assert.equal(captured.length + denied.length, payments.length);
  assert.ok(
    captured.every(({ action, reason, bound }) => action === "allow" && reason === "allowed" && bound === true),
  );

  const paid = captured.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  assert.equal(BigInt(balances.agent.before) - BigInt(balances.agent.after), paid);
  assert.equal(BigInt(balances.seller.after) - BigInt(balances.seller.before), paid);

  assert.deepEqual(
    budgets.map(({ name, window }) => [name, window]),
    [
      ["daily", "1d"],
      ["purse", "lifetime"],
    ],
  );
  for (const { limit, spent, held, available } of budgets) {
    assert.equal(BigInt(spent), paid);
    assert.equal(BigInt(limit), BigInt(spent) + BigInt(held) + BigInt(available));
  }
});

test("the demo for people: every act, no escape codes in a pipe, lines that fit", async () => {
  const run = await runDemo([]);
  assert.equal(run.status, 0, run.stderr + run.stdout);
  assert.equal(run.stderr, "");
  assert.ok(!run.stdout.includes("\x1b"));
  assert.deepEqual(run.left, { processes: false, files: [] });
  const lines = run.stdout.split("\n");
  assert.ok(lines.every((line) => line.length < 110));
  assert.equal(lines.filter((line) => /^\d · /.test(line)).length, 4);
  for (const reason of ["payment_too_large", "amount_mismatch", "budget_exceeded"]) {
    assert.equal(lines.filter((line) => line.includes(` ${reason} `)).length, 1, reason);
  }
  assert.match(run.stdout, /everything adds up, to the atomic unit/);
  assert.doesNotMatch(run.stdout, /does not hold/);
});

test("Ctrl-C in the middle leaves nothing behind either", async () => {
  const run = await runDemo([], "1 · ");
  assert.equal(run.status, 130);
  assert.deepEqual(run.left, { processes: false, files: [] });
  assert.doesNotMatch(run.stdout, /everything adds up/);
});

test("the demo's options", async () => {
  const help = await runDemo(["--help"]);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^usage: npm run demo/);
  const wrong = await runDemo(["--jsno"]);
  assert.equal(wrong.status, 1);
  assert.equal(wrong.stdout, "");
  assert.match(wrong.stderr, /--jsno/);
});

test("figures of the demo are exact", () => {
  assert.equal(atomicOfUsd("0.6"), "600000");
  assert.equal(atomicOfUsd("5"), "5000000");
  assert.equal(atomicOfUsd("0"), "0");
  assert.equal(atomicOfUsd("0.000001"), "1");
  for (const wrong of ["0.0000001", "1e3", "", "-1", ".5", "1.x"]) assert.throws(() => atomicOfUsd(wrong), /dollars/);
  assert.equal(usdOfAtomic("600000"), "0.60");
  assert.equal(usdOfAtomic("1"), "0.000001");
  assert.equal(usdOfAtomic(-490_000n), "-0.49");
  assert.equal(usdOfAtomic("0"), "0.00");
  assert.equal(usdOfAtomic("1234500000"), "1234.50");
});
