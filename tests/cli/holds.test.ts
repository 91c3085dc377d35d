// `tollwarden holds`: lists, shows and resolves, on a ledger in a file.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { memoryStore, openWardenWithControl, sqliteStore } from "../../js/index.ts";
import { AT, writeLedger } from "./ledger.ts";
import { offer, POLICY, tollwarden, withFiles } from "./support.ts";

interface Line {
  readonly id: string;
  readonly state: string;
  readonly ground?: string;
  readonly note?: string;
  readonly captured?: string;
}

const json = async <T>(folder: string, ...args: readonly string[]): Promise<{ status: unknown; value: T }> => {
  const { status, stdout, stderr } = await tollwarden(["holds", ...args, "--json"], { cwd: folder });
  assert.equal(stderr, "");
  return { status, value: JSON.parse(stdout) as T };
};
const states = (lines: readonly Line[]) => lines.map(({ id, state }) => `${id} ${state}`);

test("lists what is open, what is unresolved, and all; shows one", async () => {
  await withFiles({}, async (folder) => {
    await writeLedger(folder);
    const open = await json<Line[]>(folder);
    assert.deepEqual(states(open.value), ["3f9a0c51 unknown", "c04d1e22 unknown", "e815aa90 held"]);
    const unresolved = await json<Line[]>(folder, "--unresolved");
    assert.deepEqual(states(unresolved.value), ["3f9a0c51 unknown", "c04d1e22 unknown"]);
    const all = await json<Line[]>(folder, "--all");
    assert.equal(all.value.length, 4);
    assert.equal(all.status, 0);
    const one = await json<Line>(folder, "show", "77b2e4d8", "--store", join(folder, "tollwarden.sqlite"));
    assert.deepEqual([one.value.state, one.value.captured, one.value.ground], ["captured", "250000", "operator"]);
  });
});

test("an id of the agent's own making is one line, and commands no terminal", async () => {
  await withFiles({}, async (folder) => {
    const store = await sqliteStore(join(folder, "tollwarden.sqlite"));
    const { warden } = await openWardenWithControl({ policy: POLICY, store });
    const id = "x\u001b[2J\nforged";
    await warden.authorize({ id, url: "https://api.example.com/", offer: offer("10000") });
    await warden.ticket(id);
    await warden.close();
    for (const args of [[], ["show", id]]) {
      const { stdout } = await tollwarden(["holds", ...args], { cwd: folder });
      assert.match(stdout, /x\\u\{1b\}\[2J\\u\{a\}forged/);
      assert.ok(!stdout.includes("\u001b") && !/^forged/m.test(stdout), stdout);
    }
  });
});

test("resolves by hand: the reason is kept, the budget follows, and what has been said stands", async () => {
  await withFiles({}, async (folder) => {
    await writeLedger(folder);
    const spent = await json<{ readonly hold: Line }>(
      folder,
      ...["resolve", "c04d1e22", "--spent", "30000", "--reason", "the seller's invoice 17"],
    );
    assert.equal(spent.status, 0);
    const { state, captured, note } = spent.value.hold;
    assert.deepEqual([state, captured, note], ["captured", "30000", "the seller's invoice 17"]);

    const early = await tollwarden(["holds", "resolve", "3f9a0c51", "--free", "--reason", "x"], { cwd: folder });
    assert.deepEqual([early.status, early.stdout], [2, ""]);
    assert.match(
      early.stderr,
      /not resolved: wrong_state, the signature can still be used, until 2099-01-05T10:05:30Z/,
    );
    const other = await tollwarden(["holds", "resolve", "c04d1e22", "--free", "--reason", "x"], { cwd: folder });
    assert.equal(other.status, 2);
    assert.match(other.stderr, /conflict/);

    const now = () => AT + 3_600_000;
    const store = await sqliteStore(join(folder, "tollwarden.sqlite"), { now });
    const { warden, control } = await openWardenWithControl({ policy: POLICY, store, now, agent: "researcher" });
    assert.equal((await warden.budgets())[0]?.spent, "0.23");
    await warden.check({ url: "https://api.example.com/", offer: offer() });
    const freed = await control.resolve("3f9a0c51", { free: true }, "asked the facilitator");
    assert.deepEqual([freed.ok, freed.state, freed.ground], [true, "voided", "operator"]);
    await warden.close();
  });
});

test("what is wrong is said in one line, and nothing is made or changed", async () => {
  await withFiles({}, async (folder) => {
    const none = await tollwarden(["holds"], { cwd: folder });
    assert.equal(none.status, 1);
    assert.match(none.stderr, /there is no ledger `tollwarden.sqlite`; name it with --store/);
    assert.equal(existsSync(join(folder, "tollwarden.sqlite")), false);
    await writeLedger(folder);
    const before = (await json<Line[]>(folder, "--all")).value;
    for (const [args, words] of [
      [["show"], /`ID` is missing/],
      [["show", "nobody"], /no hold `nobody`/],
      [["drop", "3f9a0c51"], /`drop` is neither/],
      [["resolve", "3f9a0c51", "--reason", "x"], /say what became of it/],
      [["resolve", "3f9a0c51", "--reason", "x", "--free", "--spent", "1"], /say what became of it/],
      [["resolve", "3f9a0c51", "--spent", "1"], /say how you know/],
      [["resolve", "3f9a0c51", "--spent", "1", "--reason", " "], /say how you know/],
      [["resolve", "3f9a0c51", "--spent", "0.01", "--reason", "x"], /`0.01` is not an amount in atomic units/],
      [["resolve", "nobody", "--free", "--reason", "x"], /unknown_id/],
      [["show", "3f9a0c51", "--free"], /are for `resolve`/],
      [["--stoer", "x"], /unknown option `--stoer`/],
    ] as const) {
      const { status, stdout, stderr } = await tollwarden(["holds", ...args], { cwd: folder });
      assert.deepEqual([status, stdout], [1, ""], args.join(" "));
      assert.match(stderr, words);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    }
    assert.deepEqual((await json<Line[]>(folder, "--all")).value, before);
  });
});

test("text that others wrote can't drive the terminal", async () => {
  await withFiles({}, async (folder) => {
    await writeLedger(folder);
    const reason = "fine\u001b[2J\u202e";
    const args = ["holds", "resolve", "c04d1e22", "--spent", "1", "--reason", reason];
    const { status, stdout } = await tollwarden(args, { cwd: folder });
    assert.equal(status, 0);
    assert.ok(!stdout.includes("\u001b") && !stdout.includes("\u202e"), stdout);
    assert.match(stdout, /reason +fine\\u\{1b\}\[2J\\u\{202e\}/);
  });
});

test("an agent's warden has no way to it", async () => {
  const { warden, control } = await openWardenWithControl({ policy: POLICY, store: memoryStore() });
  for (const name of ["resolve", "reconcile", "refund", "approve", "acceptClock"]) {
    assert.ok(name in control && !(name in warden), name);
  }
  await warden.close();
});
