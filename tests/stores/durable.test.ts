/** The ledger in a Durable Object, in real workerd. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { storeCases } from "../../js/stores/conformance.ts";
import { durableObjectStore } from "../../js/stores/durable.ts";
import { LEDGER_URL, type Question } from "../../js/stores/durable-object.ts";
import { memoryStore } from "../../js/stores/memory.ts";
import type { CommitResult, StoredCell } from "../../js/stores/store.ts";
import { paysExactly } from "./edge/exactly.ts";
import { pairOf, pairsAreWhole } from "./edge/pairs.ts";
import type { Limit, Spent } from "./edge/spend.ts";
import { startWorkerd, type Workerd } from "./edge/workerd.ts";

const OTHERS = 8;
const ATTEMPTS = 96;
const JITTER = 8;

let workerd: Workerd;
before(async () => {
  workerd = await startWorkerd({ others: OTHERS });
});
after(() => workerd?.dispose());

let scopes = 0;
const freshScope = () => `scope-${scopes++}`;

const put = (key: string, value: string | null, expires: number | null = null) => ({ key, value, expires });
const write = (scope: string, ...cells: ReturnType<typeof put>[]) =>
  workerd.ask<CommitResult>({ do: "commit", scope, commit: { read: [], write: cells } });
const load = (scope: string, ...keys: string[]) => workerd.ask<StoredCell[]>({ do: "load", scope, keys });

interface Inside {
  readonly rows: readonly Record<string, unknown>[];
  readonly alarm: number | null;
}
const inside = (scope: string, what: { sql?: string; silent?: boolean; alarm?: boolean }) =>
  workerd.ask<Inside>({ do: "inside", scope, ...what });

describe("durable objects: what every store does, in workerd", () => {
  for (const { name } of storeCases) {
    it(name, async () => {
      await workerd.ask({ do: "case", name });
    });
  }
});

describe("durable objects: who spends at the same time", () => {
  for (const limit of ["budget", "session", "rate"] satisfies Limit[]) {
    it(`${OTHERS} isolates and one ${limit}: exactly what fits is paid`, async (t) => {
      const scope = freshScope();
      const figures = await paysExactly({
        limit,
        spenders: OTHERS,
        attempts: ATTEMPTS,
        spend: (spending, i) =>
          workerd.ask<Spent>({ do: "spend", scope, spending: { ...spending, jitterMs: JITTER } }, i + 1),
        counted: (policy) => workerd.ask({ do: "counted", scope, policy }),
      });
      t.diagnostic(figures);
    });
  }

  it("two scopes share nothing", async () => {
    const [one, two] = [freshScope(), freshScope()];
    await write(one, put("a", "1"));
    assert.equal((await load(two, "a"))[0]?.version, 0);
  });
});

describe("durable objects: what is stored", () => {
  const folder = (t: TestContext) => {
    const made = mkdtempSync(join(tmpdir(), "tollwarden-objects-"));
    t.after(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };

  it("outlives workerd, which is killed while others still write; on an old compatibility date too", async (t) => {
    const persisted = folder(t);
    const acknowledged: string[] = [];
    let first: Workerd | undefined = await startWorkerd({ folder: persisted, compatibilityDate: "2022-03-21" });
    const writing = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; first !== undefined; i++) {
        const commit = { read: [], write: pairOf(`${writer}/${i}`) };
        const done = await first.ask<CommitResult>({ do: "commit", scope: "kept", commit }).catch(() => undefined);
        if (done?.ok) acknowledged.push(`${writer}/${i}`);
      }
    });
    while (acknowledged.length < 40) await new Promise((resolve) => setTimeout(resolve, 5));
    const running = first;
    first = undefined;
    await running.dispose();
    await Promise.all(writing);

    const second = await startWorkerd({ folder: persisted });
    t.after(() => second.dispose());
    const found = await second.ask<[string, number][]>({ do: "scan", scope: "kept", prefix: "" });
    pairsAreWhole(acknowledged, found.map(([key]) => key)); // biome-ignore format: one line
  });

  it("is cleared of expired cells a few at each commit, and by an alarm where nobody writes", async () => {
    const scope = freshScope();
    const count = async () =>
      Number((await inside(scope, { sql: "SELECT count(*) AS n FROM tollwarden_cell" })).rows[0]?.n);
    const soon = Date.now() + 1_500;
    await write(scope, ...Array.from({ length: 100 }, (_, i) => put(`x/${i}`, "1", soon)), put("kept", "1"));
    const { alarm } = await inside(scope, {});
    assert.ok(alarm !== null && alarm > soon && alarm <= soon + 60_000, `alarm at ${alarm}, expiry at ${soon}`);
    assert.equal(alarm % 60_000, 0);
    assert.equal(await count(), 101);
    await new Promise((resolve) => setTimeout(resolve, soon + 50 - Date.now()));
    await write(scope, put("kept", "2"));
    const left = await count();
    assert.ok(left < 101 && left > 101 - 33, `one commit left ${left} of 101`);
    // As the runtime would, when the minute is full.
    const later = await inside(scope, { alarm: true });
    assert.equal(await count(), 1);
    assert.ok(later.alarm === null || later.alarm === alarm, `an alarm for nothing: ${later.alarm}`);
  });

  it("moves its alarm to an earlier expiry, and not to a later one", async () => {
    const scope = freshScope();
    const now = Date.now();
    const alarmAfter = async (ms: number) => {
      await write(scope, put(`at/${ms}`, "1", now + ms));
      return Number((await inside(scope, {})).alarm) - now;
    };
    // The trial at opening set one, which finds nothing.
    await load(scope, "a");
    await inside(scope, { alarm: true });
    const first = await alarmAfter(600_000);
    assert.ok(first > 600_000 && first <= 660_000);
    assert.equal(await alarmAfter(900_000), first);
    const earlier = await alarmAfter(300_000);
    assert.ok(earlier > 300_000 && earlier <= 360_000);
    assert.ok((await alarmAfter(Number.MAX_SAFE_INTEGER - now)) === earlier);
    // A new instance knows of no alarm, and still must not push the one there is behind.
    await inside(scope, { silent: true });
    await assert.rejects(load(scope, "a"));
    assert.equal(await alarmAfter(800_000), earlier);
  });

  it("comes back in pages that an isolate can hold", async () => {
    const scope = freshScope();
    const cells = Array.from({ length: 12 }, (_, i) => ({ key: `big/${String(i).padStart(2, "0")}`, units: 1 << 20 }));
    for (const cell of cells) await workerd.ask({ do: "big", scope, cells: [cell] });
    const found = await workerd.ask<[string, number][]>({ do: "scan", scope, prefix: "big/" });
    assert.deepEqual(found, cells.map(({ key, units }) => [key, units])); // biome-ignore format: one line
    const body = JSON.stringify({ ask: "scan", prefix: "big/", after: null });
    const page = await workerd.ask<{ value: { cells: unknown[] } }>({ do: "raw", scope, url: LEDGER_URL, method: "POST", body }); // biome-ignore format: one line
    assert.ok(page.value.cells.length > 1 && page.value.cells.length < 6, `${page.value.cells.length} in a page`);
  });
});

describe("durable objects: what fails is an error, and never half a commit", () => {
  it("a value that the database does not take", async () => {
    const scope = freshScope();
    await write(scope, put("b", "1"));
    const cells = ["a", "b", "c"].map((key) => ({ key, units: key === "b" ? 3 << 20 : 10 }));
    await assert.rejects(workerd.ask({ do: "big", scope, cells }), { code: "unavailable", message: /too big/i });
    const found = await load(scope, "a", "b", "c");
    assert.deepEqual(found.map(({ value }) => value), [null, "1", null]); // biome-ignore format: one line
  });

  it("an object that is reset before its answer is out", async () => {
    const scope = freshScope();
    await write(scope, put("a", "1"));
    await inside(scope, { silent: true });
    await assert.rejects(write(scope, put("a", "2")), { code: "unavailable", message: /did not answer/ });
    const [cell] = await load(scope, "a");
    assert.ok(cell?.value === "1" || cell?.value === "2");
    assert.equal((await write(scope, put("a", "3"))).ok, true);
  });

  it("a version counter at its end, which does not start again", async () => {
    const scope = freshScope();
    await write(scope, put("a", "1"));
    await inside(scope, { sql: `UPDATE tollwarden_ledger SET version = ${Number.MAX_SAFE_INTEGER}` });
    await assert.rejects(write(scope, put("a", "2")), { code: "unavailable", message: /CHECK/ });
    assert.equal((await load(scope, "a"))[0]?.value, "1");
  });

  it("a ledger of a later release", async () => {
    const scope = freshScope();
    await write(scope, put("a", "1"));
    await inside(scope, { sql: "UPDATE tollwarden_ledger SET schema = 2", silent: true });
    await assert.rejects(load(scope, "a"), { code: "unavailable" });
    await assert.rejects(load(scope, "a"), { code: "schema", message: /version `2`/ });
  });

  it("a visitor's request that a Worker passes on", async () => {
    const scope = freshScope();
    const body = JSON.stringify({ ask: "commit", read: [], write: [put("a", "1")] });
    for (const [url, method] of [
      ["https://shop.example/v1", "POST"],
      [LEDGER_URL, "PUT"],
      [`${LEDGER_URL}/`, "POST"],
    ] as const) {
      // biome-ignore format: one line
      const answer = await workerd.ask<{ error: { code: string } }>({ do: "raw", scope, url, method, body });
      assert.equal(answer.error.code, "input");
    }
    assert.equal((await load(scope, "a"))[0]?.value, null);
  });

  it("a question that breaks the contract, whoever asks it", async () => {
    const scope = freshScope();
    const questions = [
      { ask: "commit", read: [{ key: "a", version: -1 }], write: [] },
      { ask: "commit", read: [], write: [put("", "1")] },
      { ask: "commit", read: [], write: [{ key: "a", value: 1, expires: null }] },
      { ask: "load", keys: ["\ud800"] },
      { ask: "scan", prefix: 7, after: null },
      { ask: "forget" },
    ];
    for (const question of questions) {
      const body = JSON.stringify(question);
      const answer = await workerd.ask<{ error: { code: string } }>({ do: "raw", scope, url: LEDGER_URL, method: "POST", body }); // biome-ignore format: one line
      assert.equal(answer.error.code, "input", body);
    }
    assert.deepEqual(await workerd.ask({ do: "scan", scope, prefix: "" }), []);
  });
});

describe("durable objects: opening", () => {
  it("takes a namespace, with a scope or without, and a stub", async () => {
    await workerd.ask({ do: "open", binding: "LEDGER" });
    await workerd.ask({ do: "open", binding: "LEDGER", scope: "é 😀" });
    await workerd.ask({ do: "open", binding: "LEDGER", scope: "stub", stub: true });
    await write("ledger", put("a", "in the default scope"));
    const [cell] = await workerd.ask<StoredCell[]>({ do: "open", binding: "LEDGER" });
    assert.equal(cell?.value, "in the default scope");
  });

  it("is refused by a class that was declared without SQLite, and by one that is no ledger", async () => {
    await assert.rejects(workerd.ask({ do: "open", binding: "PLAIN" }), { code: "unavailable", message: /SQL/ });
    await assert.rejects(workerd.ask({ do: "open", binding: "OTHER" }), { code: "schema" });
  });

  it("is refused without a binding, without a name, and with a name for a stub", async () => {
    for (const target of [undefined, null, {}, "LEDGER"]) {
      await assert.rejects(durableObjectStore(target as never), { code: "input", message: /env\.LEDGER/ });
    }
    const namespace = { idFromName: () => 1, get: () => assert.fail("it was asked") };
    await assert.rejects(durableObjectStore(namespace, { scope: "" }), { code: "input" });
    const stub = { fetch: () => assert.fail("it was asked") };
    await assert.rejects(durableObjectStore(stub, { scope: "a" }), { code: "input", message: /no scope/ });
  });

  it("notices an object that answers nonsense, whatever it was asked", async () => {
    const cells = memoryStore({ now: () => 1 });
    let nonsense: { readonly ask: string; readonly value: unknown } | undefined;
    const stub = {
      async fetch(_: string, { body }: { body: string }) {
        const question = JSON.parse(body) as Question;
        const honest = () => {
          if (question.ask === "load") return cells.load(question.keys);
          if (question.ask === "commit") return cells.commit(question);
          return question.ask === "now" ? 1 : { cells: [], next: null };
        };
        const value = nonsense?.ask === question.ask ? nonsense.value : await honest();
        return { json: async () => ({ value }) };
      },
    };
    const store = await durableObjectStore(stub);
    const asked: Record<Question["ask"], () => Promise<unknown>> = {
      load: () => store.load(["a"]),
      commit: () => store.commit({ read: [], write: [] }),
      scan: () => store.scan("")[Symbol.asyncIterator]().next(),
      now: async () => store.now?.(),
    };
    const answers: readonly [Question["ask"], readonly unknown[]][] = [
      [
        "load",
        [null, [], "yes", [null], [{ key: "b", version: 0, value: null }], [{ key: "a", version: 1, value: null }]],
      ],
      ["commit", [null, "yes", { ok: "yes" }, { ok: false }]],
      ["scan", [null, [], { cells: [1], next: null }, { cells: [] }]],
      ["now", [null, "1", 1.5]],
    ];
    for (const [ask, values] of answers) {
      nonsense = undefined;
      await asked[ask]();
      for (const value of values) {
        nonsense = { ask, value };
        await assert.rejects(asked[ask], { code: "schema" }, `${ask}: ${JSON.stringify(value)}`);
      }
    }
  });

  it("says that others ask too much, where the runtime does", async () => {
    const overloaded = Object.assign(new Error("Durable Object is overloaded."), { overloaded: true });
    const stub = { fetch: () => Promise.reject(overloaded) };
    await assert.rejects(durableObjectStore(stub), { code: "busy" });
  });
});
