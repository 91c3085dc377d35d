/** `tollwarden approvals`, `freeze` and `unfreeze`, as programs, and at a pseudo-terminal. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ApprovalView, openWardenWithControl, sqliteStore, type Warden } from "../../js/index.ts";
import { main, offer, tollwarden } from "../cli/support.ts";
import { URL_ } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "tollwarden-approvals-cli-"));
const ledger = join(folder, "ledger.sqlite");
const at = (name: string): string => join(folder, name);
const SECRET = "the machine's own secret";
let warden: Warden;

const run = (...args: readonly string[]) => tollwarden([...args, "--store", ledger]);

before(async () => {
  const lines: string[] = [];
  for (const name of ["alice", "bob"]) {
    const made = await tollwarden(["approvals", "key", at(`${name}.pem`), "--as", name]);
    assert.equal(made.status, 0, made.stderr);
    lines.push(made.stdout);
  }
  writeFileSync(at("ci.key"), `${SECRET}\n`, { mode: 0o600 });
  const policy = `[payment]
max_usd = "10"
approve_from_usd = "0.01"

[approvals]
approvers = ["alice", "bob", "ci", "dave"]
max_prompts_per_agent = 100

[[approvals.keys]]
approver = "ci"
hmac = "file:${at("ci.key")}"

${lines.join("\n")}
[[budgets]]
name = "daily"
limit_usd = "5"
window = "24h"
`;
  writeFileSync(at("policy.toml"), policy);
  ({ warden } = await openWardenWithControl({
    policy: at("policy.toml"),
    agent: "bot",
    store: await sqliteStore(ledger),
  }));
});

after(async () => {
  await warden.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (id: string, description = "weather") =>
  warden.authorize({ id, url: `${URL_}?${id}`, offer: JSON.stringify(offer("10000", description)) });

describe("tollwarden approvals", () => {
  test("a key is its owner's alone, is never written over, and its public half is the policy's", async () => {
    assert.equal(statSync(at("alice.pem")).mode & 0o777, 0o600);
    const again = await tollwarden(["approvals", "key", at("alice.pem"), "--as", "alice"]);
    assert.equal(again.status, 1);
    assert.match(readFileSync(at("policy.toml"), "utf8"), /approver = "alice"\ned25519 = "[0-9a-f]{64}"/);
    const hex = /approver = "bob"\ned25519 = "([0-9a-f]{64})"/.exec(readFileSync(at("policy.toml"), "utf8"))?.[1];
    const openssl = spawnSync("openssl", ["pkey", "-in", at("bob.pem"), "-pubout", "-outform", "DER"]);
    if (openssl.status === 0) assert.equal(openssl.stdout.subarray(-32).toString("hex"), hex);
  });

  test("a word that is no command is told as that, and not as a ledger that is not there", async () => {
    const { status, stderr } = await tollwarden(["approvals", "nope", "--store", at("no-ledger.sqlite")]);
    assert.equal(status, 1);
    assert.match(stderr, /`nope` is none of list, show, approve, reject, watch, key/);
  });

  test("list and show, for people and as JSON", async () => {
    await ask("seen", "weather\u202e \u001b[31mfor you");
    const listed = await run("approvals");
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(
      listed.stdout,
      /^seen {2}pending {2}0\/1 {2}0\.01 USDC \(0\.01 USD\) {2}https:\/\/api\.example\.com {2}bot {2}until /m,
    );
    const shown = await run("approvals", "show", "seen");
    for (const line of [
      /^amount {3}0\.01 USDC \(0\.01 USD\)$/m,
      /^payee {4}0x1111111111111111111111111111111111111111 on eip155:84532$/m,
      /NEW: never paid before/,
      /^why {6}payment\.approve_from_usd: 0\.01 USD; from 0\.01 USD on people decide$/m,
      /^budget {3}daily \(1d\): 0 → 0\.01 of 5 USD$/m,
      /^seller {3}says: "weather⟨U\+202E⟩ ⟨U\+001B⟩\[31mfor you"$/m,
    ]) {
      assert.match(shown.stdout, line);
    }
    assert.ok(!shown.stdout.includes("\u001b") && !shown.stdout.includes("\u202e"));
    const view = JSON.parse((await run("approvals", "show", "seen", "--json")).stdout) as ApprovalView;
    assert.deepEqual([view.id, view.standing, view.payment.usd], ["seen", "pending", "0.01"]);
    assert.equal(JSON.parse((await run("approvals", "list", "--json")).stdout.split("\n")[0] ?? "").id, "seen");
    assert.equal((await run("approvals", "show", "nobody")).status, 2);
  });

  test("approving takes the approver's own key, and releases the payment", async () => {
    const { action } = await ask("pay");
    assert.equal(action, "require_approval");
    for (const [args, why] of [
      [["--as", "alice"], /name its file with --key/],
      [["--as", "alice", "--key", at("bob.pem")], /not the signature of `alice`/],
      [["--as", "mallory", "--key", at("bob.pem")], /`mallory` is not asked/],
      [["--as", "dave", "--key", at("bob.pem")], /`dave` has no key in the policy/],
      [["--as", "dave"], /`dave` has no key in the policy/],
      [["--as", "ci", "--key", at("alice.pem")], /not the signature of `ci`/],
    ] as const) {
      const refused = await run("approvals", "approve", "pay", ...args);
      assert.deepEqual([refused.status, refused.stdout], [2, ""], args.join(" "));
      assert.match(refused.stderr, why);
    }
    assert.equal((await ask("pay")).action, "require_approval");
    const done = await run("approvals", "approve", "pay", "--as", "alice", "--key", at("alice.pem"), "--note", "fine");
    assert.deepEqual([done.status, done.stdout], [0, "approved pay as alice\n"], done.stderr);
    assert.equal((await ask("pay")).action, "allow");
    const late = await run("approvals", "approve", "pay", "--as", "bob", "--key", at("bob.pem"), "--json");
    assert.equal(late.status, 2);
    assert.equal((JSON.parse(late.stdout) as { reason: string }).reason, "approval_void");
  });

  test("an HMAC's secret is a key too, and a refusal counts", async () => {
    await ask("machine");
    const done = await run("approvals", "approve", "machine", "--as", "ci", "--key", at("ci.key"));
    assert.equal(done.status, 0, done.stderr);
    assert.equal((await ask("machine")).action, "allow");
    await ask("no");
    for (const name of ["alice", "bob"]) {
      assert.equal((await run("approvals", "reject", "no", "--as", name, "--key", at(`${name}.pem`))).status, 0);
    }
    // One without a key may refuse by name: that loosens nothing.
    assert.equal((await run("approvals", "reject", "no", "--as", "dave")).status, 0);
    assert.equal((await run("approvals", "reject", "no", "--as", "ci", "--key", at("ci.key"))).status, 0);
    assert.equal((await ask("no")).reason, "approval_rejected");
  });

  test("a key that others can read is none; a ledger that is not there is not made", async () => {
    writeFileSync(at("open.pem"), readFileSync(at("alice.pem")));
    chmodSync(at("open.pem"), 0o644);
    const open = await run("approvals", "approve", "seen", "--as", "alice", "--key", at("open.pem"));
    assert.deepEqual([open.status, /others can read the key/.test(open.stderr)], [1, true]);
    const missing = await tollwarden(["approvals", "--store", at("none.sqlite")]);
    assert.deepEqual([missing.status, /there is no ledger/.test(missing.stderr)], [1, true]);
    assert.equal(existsSync(at("none.sqlite")), false);
    for (const args of [
      ["frobnicate"],
      ["approve"],
      ["show", "a", "b"],
      ["--odd"],
      ["list", "--key", at("alice.pem")],
    ]) {
      assert.equal((await run("approvals", ...args)).status, 1, args.join(" "));
    }
    assert.match((await tollwarden(["approvals", "--help"])).stdout, /usage: tollwarden approvals/);
  });

  test("an id of the agent's own making is one line of the list, and commands nothing", async () => {
    const id = "x\u001b[2J\nforged";
    await warden.authorize({ id, url: `${URL_}?forged`, offer: JSON.stringify(offer("10000", "weather")) });
    const listed = await run("approvals");
    assert.match(listed.stdout, /^x⟨U\+001B⟩\[2J⟨U\+000A⟩forged {2}pending/m);
    assert.ok(!listed.stdout.includes("\u001b"), listed.stdout);
    const { status } = await run("approvals", "reject", id, "--as", "alice", "--key", at("alice.pem"));
    assert.equal(status, 0);
  });
});

test("at a terminal, watch shows each question as it comes, and takes the answer that is typed", async () => {
  // Python's pty gives the program a terminal of its own, and passes on what is typed and what is shown.
  const python = [
    "import os, pty, select, sys",
    "pid, fd = pty.fork()",
    "if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])",
    "while True:",
    "    ready, _, _ = select.select([fd, 0], [], [])",
    "    if fd in ready:",
    "        try: data = os.read(fd, 4096)",
    "        except OSError: break",
    "        if not data: break",
    "        os.write(1, data)",
    "    if 0 in ready:",
    "        typed = os.read(0, 4096)",
    "        if not typed: break",
    "        os.write(fd, typed)",
    "os.close(fd)",
    "_, status = os.waitpid(pid, 0)",
    "sys.exit(os.waitstatus_to_exitcode(status))",
  ].join("\n");
  const args = ["approvals", "watch", "--as", "alice", "--key", at("alice.pem"), "--store", ledger];
  const child = spawn("python3", ["-c", python, process.execPath, main, ...args], {
    env: { ...process.env, TERM: "xterm" },
  });
  let screen = "";
  let read = 0;
  child.stdout.on("data", (part: Buffer) => {
    screen += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    screen += part.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  /** Waits for a text after those that were waited for before. */
  const sees = async (text: RegExp): Promise<void> => {
    const end = Date.now() + 60_000;
    for (;;) {
      const found = text.exec(screen.slice(read));
      if (found !== null) {
        read += found.index + found[0].length;
        return;
      }
      assert.ok(Date.now() < end && child.exitCode === null, `no ${text} in: ${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const type = (text: string): void => void child.stdin.write(`${text}\r`);
  try {
    // What the tests before left waiting comes first.
    await sees(/payment +seen[\s\S]*\[a\/r\/s\] /);
    type("s");
    await sees(/skipped/);
    await ask("typed", "weather\u202e");
    await sees(/payment +typed[\s\S]*weather⟨U\+202E⟩[\s\S]*\[a\/r\/s\] /);
    type("a");
    await sees(/approved/);
    assert.equal((await ask("typed", "weather\u202e")).action, "allow");
    await ask("unclear");
    await sees(/payment +unclear[\s\S]*\[a\/r\/s\] /);
    type("yes please");
    await sees(/skipped/);
    assert.equal((await ask("unclear")).action, "require_approval");
    await ask("refused");
    await sees(/payment +refused[\s\S]*\[a\/r\/s\] /);
    type("r");
    await sees(/refused/);
    child.stdin.write("\u0003");
    assert.equal(await ended, 0, screen);
  } finally {
    child.kill();
    await ended;
  }
});

describe("tollwarden freeze and unfreeze", () => {
  test("one agent: paused from another process, and lifted by a signature of an approver alone", async () => {
    const frozen = await run("freeze", "looks odd", "--agent", "bot");
    assert.match(frozen.stdout, /^bot \(paused\) is frozen since .*: looks odd$/m, frozen.stderr);
    assert.equal((await ask("frozen")).reason, "agent_paused");
    for (const args of [[], ["--as", "alice"]])
      assert.equal((await run("unfreeze", "--agent", "bot", ...args)).status, 1);
    // Signed by somebody else's key: it is written, and nobody believes it.
    await run("unfreeze", "--agent", "bot", "--as", "alice", "--key", at("bob.pem"));
    assert.equal((await ask("frozen")).reason, "agent_paused");
    const lifted = await run("unfreeze", "--agent", "bot", "--as", "alice", "--key", at("alice.pem"));
    assert.equal(lifted.status, 0, lifted.stderr);
    assert.equal((await ask("frozen")).action, "require_approval");
  });

  test("everything, with JSON", async () => {
    const frozen = await run("freeze", "stop", "--json");
    const lines = frozen.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { agent?: string; reason: string });
    assert.ok(
      lines.some(({ agent, reason }) => agent === undefined && reason === "stop"),
      frozen.stdout,
    );
    assert.equal((await ask("stopped")).reason, "frozen");
    assert.equal((await run("unfreeze", "--as", "bob", "--key", at("bob.pem"))).status, 0);
    assert.equal((await ask("stopped")).action, "require_approval");
    assert.equal((await run("unfreeze", "--agent", "nobody", "--as", "bob", "--key", at("bob.pem"))).status, 2);
    assert.equal((await run("freeze", "two", "reasons")).status, 1);
  });
});
