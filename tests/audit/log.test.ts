// The log of a warden: every decision is in it, in order, with it or not at all; nothing secret is.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { entriesForSession, totalSpent, verifyLog } from "../../js/audit/read.ts";
import { storedLog } from "../../js/audit.ts";
import { loadTools } from "../../js/core/tools.ts";
import { memoryStore, openWarden, type Store, sqliteStore, WardenUnavailable } from "../../js/index.ts";
import { audited, bytes, inFolder, keeping, lasting, POLICY, request, ticking } from "./support.ts";

interface Line {
  readonly kind: string;
  readonly [member: string]: unknown;
}

const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);
const kinds = (lines: readonly string[]): string[] => parsed(lines).map(({ kind }) => kind);

function replay(lines: readonly string[]): { same: boolean; records: number } {
  const replayer = new (loadTools().AuditReplayer)();
  for (const piece of bytes(lines)) replayer.push(piece);
  return JSON.parse(replayer.finish());
}

for (const [name, open] of [
  ["memory", async () => memoryStore({ now: ticking() })],
  ["sqlite", (folder: string) => sqliteStore(join(folder, "ledger.sqlite"), { now: ticking() })],
] as const) {
  test(`${name}: every decision is recorded, and the log verifies and replays`, () =>
    inFolder(async (folder) => {
      const store = lasting(await open(folder));
      const sink = keeping();
      const { warden, control } = await audited({ sinks: [sink], key: new Uint8Array(32).fill(7) }, store);
      await warden.authorize(request("p1"));
      await warden.check(request("p1b"));
      await warden.ticket("p1");
      await warden.settle("p1", { outcome: "captured" });
      await warden.authorize(request("p2", "2000000"));
      await warden.authorize(request("p3", "600000"));
      await control.approve("p3", "alice");
      await warden.authorize(request("p3", "600000"));
      await warden.settle("p3", { outcome: "failed" });
      await control.freeze("a\u2028drill\u001b[31m");
      await control.unfreeze();
      await assert.rejects(control.reload({ payment: { max_uds: "1" } } as never));
      await control.reload({ ...POLICY, payment: { max_usd: "2" } } as never);
      await control.refund("p1", "4000");
      await warden.budgets();
      await warden.close();

      assert.deepEqual(kinds(sink.lines), [
        "opened",
        "authorized",
        "ticketed",
        "captured",
        "denied",
        "approval_asked",
        "approval_given",
        "authorized",
        "voided",
        "frozen",
        "unfrozen",
        "policy_refused",
        "policy_changed",
        "refunded",
      ]);
      const verdict = await verifyLog(bytes(sink.lines), { key: new Uint8Array(32).fill(7) });
      assert.deepEqual([verdict.good, verdict.fault, verdict.tagged], [true, null, sink.lines.length]);
      assert.deepEqual(replay(sink.lines).same, true);
      assert.equal((await entriesForSession(bytes(sink.lines), "s1")).length, 9);
      assert.equal(await totalSpent(bytes(sink.lines), { agent: "a1" }), "0.006");
      assert.equal(await totalSpent(bytes(sink.lines), { agent: "a2" }), "0");
      // The store keeps nothing that the sink has.
      assert.deepEqual(await collected(store), []);
      assert.ok(sink.lines.every((line) => /^[ -~]+$/.test(line) && !line.includes("41111111")));
      await store.close();
    }));
}

test("numbers in any notation: what was decided is what a replay of the record decides", async () => {
  const sink = keeping();
  const { warden } = await audited({ sinks: [sink] });
  const { url, offer } = request("p");
  const text = typeof offer === "string" ? offer : JSON.stringify(offer);
  const actions = [];
  for (const [n, seconds] of ["60", "6e1", "60.0", "0.6E+2", "60.5", "6e-1", "-0", '"60"'].entries()) {
    const written = text.replace(/"maxTimeoutSeconds":\d+/, `"maxTimeoutSeconds":${seconds}`);
    assert.ok(written.includes(`:${seconds}`));
    actions.push((await warden.authorize({ id: `p${n}`, url: `${url}&n=${n}`, offer: written })).action);
  }
  await warden.close();
  assert.deepEqual(actions, ["allow", "allow", "allow", "allow", "deny", "deny", "deny", "deny"]);
  assert.ok((await verifyLog(bytes(sink.lines))).good && replay(sink.lines).same);
});

async function collected(store: Store): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of storedLog(store)) lines.push(line);
  return lines;
}

test("without a sink, or with `keep`, the store keeps the log; a restart goes on with it", async () => {
  const store = lasting(memoryStore());
  const now = ticking();
  for (const id of ["p1", "p2"]) {
    const { warden } = await audited({}, store, now);
    await warden.authorize(request(id));
    await warden.close();
  }
  const lines = await collected(store);
  assert.deepEqual(kinds(lines), ["opened", "authorized", "opened", "authorized"]);
  assert.ok((await verifyLog(bytes(lines))).good && replay(lines).same);
  // A policy is written down once.
  assert.deepEqual(
    parsed(lines).map((line) => "document" in line),
    [true, false, false, false],
  );
});

test("without an audit log no cell of one is read or written; with one, a ledger is not opened without it", async () => {
  const inner = memoryStore();
  const keys: string[] = [];
  const store: Store = {
    ...lasting(inner),
    load: (wanted) => {
      keys.push(...wanted);
      return inner.load(wanted);
    },
    commit: (commit) => {
      keys.push(...commit.write.map(({ key }) => key));
      return inner.commit(commit);
    },
  };
  const warden = await openWarden({ policy: POLICY as never, store, now: ticking() });
  keys.length = 0;
  await warden.authorize(request("p1"));
  await warden.authorize(request("p2", "9000000"));
  assert.ok(keys.length > 0 && keys.every((key) => key !== "audit" && !key.startsWith("log/")));
  await warden.close();

  const { warden: recorded } = await audited({}, store);
  await recorded.close();
  await assert.rejects(
    openWarden({ policy: POLICY as never, store, now: ticking() }),
    (error: unknown) => error instanceof WardenUnavailable && error.code === "audit_required",
  );
});

test("a sink that fails loses nothing, and with too long a queue nothing is paid", async () => {
  const sink = keeping();
  const errors: unknown[] = [];
  const { warden } = await audited({ sinks: [sink], maxBacklog: 3, onError: (error) => errors.push(error) });
  await warden.audit?.flush();
  sink.fail = "the disk is full";
  const actions: string[] = [];
  for (let index = 0; index < 8; index++) {
    actions.push((await warden.authorize(request(`p${index}`))).action);
    await warden.audit?.flush().catch(() => undefined);
  }
  assert.deepEqual(actions, [...Array(4).fill("allow"), ...Array(4).fill("deny")]);
  const denied = await warden.authorize(request("p9"));
  assert.deepEqual([denied.reason, /the disk is full/.test(denied.message ?? "")], ["audit_unavailable", true]);
  assert.ok(errors.length > 0);
  sink.fail = undefined;
  await warden.audit?.flush();
  assert.equal((await warden.authorize(request("p9"))).action, "allow");
  await warden.close();
  const last = sink.lines.length;
  assert.deepEqual(kinds(sink.lines), ["opened", ...Array(last - 1).fill("authorized")]);
  assert.ok((await verifyLog(bytes(sink.lines))).good);
});

test("with `flag` payments go on behind a sink that fails, flagged, and their records wait in the store", async () => {
  const sink = keeping();
  sink.fail = "the disk is full";
  const { warden } = await audited({ sinks: [sink], maxBacklog: 1, whenBehind: "flag" });
  const flags: (readonly string[] | undefined)[] = [];
  for (const [id, amount] of [
    ["p1", "10000"],
    ["p2", "10000"],
    ["p3", "9000000"],
  ] as const) {
    await warden.audit?.flush().catch(() => undefined);
    const decision = await warden.authorize(request(id, amount));
    flags.push(decision.flags);
    assert.equal(decision.action, id === "p3" ? "deny" : "allow");
  }
  assert.deepEqual(flags, [undefined, ["audit_behind"], ["audit_behind"]]);
  sink.fail = undefined;
  await warden.close();
  assert.deepEqual(kinds(sink.lines), ["opened", "authorized", "authorized", "denied"]);
});

test("a record that can't be written is a denial, and holds nothing", async () => {
  const inner = memoryStore();
  let full = false;
  const store: Store = {
    ...lasting(inner),
    commit: async (commit) => {
      if (full && commit.write.some(({ key }) => key.startsWith("log/"))) throw new Error("no space left");
      return inner.commit(commit);
    },
  };
  const { warden } = await audited({ sinks: [keeping()] }, store);
  full = true;
  const decision = await warden.authorize(request("p1"));
  assert.deepEqual([decision.action, decision.reason], ["deny", "store_unavailable"]);
  full = false;
  assert.deepEqual(
    (await warden.budgets()).map(({ held }) => held),
    ["0"],
  );
  await warden.close();
});

test("two wardens on one store write one log, in one order, to one sink each", async () => {
  const store = lasting(memoryStore());
  const now = ticking();
  const sinks = [keeping("one"), keeping("two")] as const;
  const wardens = await Promise.all(sinks.map((sink) => audited({ sinks: [sink] }, store, now)));
  await Promise.all(
    wardens.flatMap(({ warden }, who) => [1, 2, 3, 4].map((index) => warden.authorize(request(`p${who}-${index}`)))),
  );
  for (const { warden } of wardens) await warden.audit?.flush();
  for (const { warden } of wardens) await warden.close();
  assert.deepEqual(sinks[0].lines, sinks[1].lines);
  assert.equal(sinks[0].lines.length, 10);
  assert.ok((await verifyLog(bytes(sinks[0].lines))).good && replay(sinks[0].lines).same);
});

test("a log that begins on a ledger with a history says so, and is not taken for one that replays", async () => {
  const store = lasting(memoryStore());
  const now = ticking();
  const before = await openWarden({ policy: POLICY as never, store, now });
  await before.authorize(request("p0"));
  await before.close();
  const { warden } = await audited({}, store, now);
  await warden.authorize(request("p1"));
  await warden.close();
  const lines = await collected(store);
  assert.equal(parsed(lines)[0]?.history, true);
  assert.ok((await verifyLog(bytes(lines))).good);
  assert.equal(replay(lines).same, false);
});
