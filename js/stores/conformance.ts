/**
 * What every store has to do, case by case; exported as `tollwarden/conformance` for authors of further stores. No test
 * runner and no Node built-in in here, so that the same cases run in a browser or in a worker. Under node:test:
 *
 *     for (const { name, run } of storeCases) {
 *       test(name, async () => {
 *         const fresh = await openFresh();
 *         await run(fresh).finally(() => fresh.dispose());
 *       });
 *     }
 *
 * A case throws when the store is wrong.
 */

import { type CellWrite, type CommitResult, compareKeys, MAX_KEY_BYTES, type Store } from "./store.ts";

/** A store with nothing in it, and the means to try it. */
export interface Fresh {
  readonly store: Store;
  /** Another store on the same data: a second connection, or the same store where there is no such thing. */
  peer(): Promise<Store>;
  /** The time that the store goes by. */
  now(): number | Promise<number>;
  /** Lets that time pass: sets a clock, or waits. */
  pass(ms: number): void | Promise<void>;
  /** Closes what was opened and removes what was made. */
  dispose(): Promise<void>;
}

export interface StoreCase {
  readonly name: string;
  run(fresh: Fresh): Promise<void>;
}

class Failed extends Error {}

function same(got: unknown, want: unknown, what: string): void {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g !== w) throw new Failed(`${what}: got ${g?.slice(0, 500)}, want ${w?.slice(0, 500)}`);
}

async function rejects(action: () => Promise<unknown>, code: string, what: string): Promise<void> {
  try {
    await action();
  } catch (error) {
    return same((error as { code?: unknown }).code, code, `${what}: the error's code`);
  }
  throw new Failed(`${what}: no error`);
}

const put = (key: string, value: string | null, expires: number | null = null): CellWrite => ({ key, value, expires });
const write = (store: Store, ...cells: CellWrite[]) => store.commit({ read: [], write: cells });
const conflicts = (result: CommitResult) => (result.ok ? [] : [...result.conflicts].sort());

async function cell(store: Store, key: string) {
  const [found] = await store.load([key]);
  if (found === undefined) throw new Failed(`load gave no entry for ${key}`);
  return found;
}

async function all(store: Store, prefix: string) {
  const found = [];
  for await (const one of store.scan(prefix)) found.push(one);
  return found;
}

const keys = async (store: Store, prefix: string) => (await all(store, prefix)).map(({ key }) => key);

/** Adds to a number in a cell, as often as others get in between. */
async function add(store: Store, key: string, amount: number): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    const { version, value } = await cell(store, key);
    const result = await store.commit({
      read: [{ key, version }],
      write: [put(key, String(Number(value ?? "0") + amount))],
    });
    if (result.ok) return;
  }
  throw new Failed("ten thousand conflicts in a row");
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; waited < 2_000; waited += 10) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Failed(`${what}: not within 2 s`);
}

const ODD_KEYS = [
  " ",
  "a ",
  "A",
  "a",
  "'; DROP TABLE cell; --",
  '"\\\n\r\t\u0001\u007f',
  "__proto__",
  "constructor",
  "{tag}:*?[a]",
  "\u00e9",
  "e\u0301",
  "\u202e\u200b",
  "\ufeff",
  "\uffff",
  "😀",
  "k".repeat(MAX_KEY_BYTES),
  "é".repeat(MAX_KEY_BYTES / 2),
];

export const storeCases: readonly StoreCase[] = [
  {
    name: "a fresh store is empty: version 0, null, nothing to scan",
    async run({ store }) {
      same(await store.load(["a"]), [{ key: "a", version: 0, value: null }], "load");
      same(await store.load([]), [], "load of nothing");
      same(await all(store, ""), [], "scan");
    },
  },
  {
    name: "load answers each key asked, in that order, repeated ones too",
    async run({ store }) {
      await write(store, put("a", "1"), put("b", "2"));
      const got = (await store.load(["b", "none", "a", "b"])).map(({ key, value }) => [key, value]);
      same(got, [["b", "2"], ["none", null], ["a", "1"], ["b", "2"]], "load"); // biome-ignore format: a table
    },
  },
  {
    name: "a commit names the version that its cells get",
    async run({ store }) {
      const result = await write(store, put("a", "1"), put("b", ""));
      const [a, b] = await store.load(["a", "b"]);
      same([a?.value, b?.value], ["1", ""], "values; an empty one is not an absent one");
      if (!a || !b || a.version <= 0 || b.version <= 0) throw new Failed("a written cell has version 0");
      if (result.ok && result.version !== undefined)
        same([a.version, b.version], [result.version, result.version], "v");
      const next = await store.commit({ read: [a, b], write: [put("a", "2")] });
      same(next.ok, true, "a commit with those versions");
    },
  },
  {
    name: "a conflict on one key writes none of them, and is named alone",
    async run({ store }) {
      await write(store, put("a", "1"), put("b", "1"), put("gone", "1"));
      const before = await all(store, "");
      const [a, b] = await store.load(["a", "b"]);
      const result = await store.commit({
        read: [
          { key: "a", version: a?.version ?? -1 },
          { key: "b", version: (b?.version ?? 0) + 1 },
          { key: "new", version: 0 },
        ],
        write: [put("a", "2"), put("b", "2"), put("new", "2"), put("gone", null)],
      });
      same(conflicts(result), ["b"], "conflicts");
      same(await all(store, ""), before, "cells");
    },
  },
  {
    name: "every key in conflict is named, once",
    async run({ store }) {
      await write(store, put("a", "1"), put("b", "1"));
      const read = ["a", "b", "c", "a"].map((key) => ({ key, version: 0 }));
      same(conflicts(await store.commit({ read, write: [] })), ["a", "b"], "conflicts");
    },
  },
  {
    name: "absence is checked like a version",
    async run({ store }) {
      const absent = [{ key: "a", version: 0 }];
      same((await store.commit({ read: absent, write: [put("a", "1")] })).ok, true, "created");
      same(conflicts(await store.commit({ read: absent, write: [put("a", "2")] })), ["a"], "created twice");
      const { version } = await cell(store, "a");
      await write(store, put("a", null));
      same(conflicts(await store.commit({ read: [{ key: "a", version }], write: [put("a", "2")] })), ["a"], "deleted");
      same((await cell(store, "a")).value, null, "value");
    },
  },
  {
    name: "a commit without writes still checks what it read",
    async run({ store }) {
      await write(store, put("a", "1"));
      const { version } = await cell(store, "a");
      same((await store.commit({ read: [{ key: "a", version }], write: [] })).ok, true, "right version");
      await write(store, put("a", "1"));
      same(conflicts(await store.commit({ read: [{ key: "a", version }], write: [] })), ["a"], "old version");
    },
  },
  {
    name: "a key created again never has an old version (ABA)",
    async run({ store }) {
      const seen = new Set<number>();
      for (let round = 0; round < 5; round++) {
        await write(store, put("a", "same"));
        const { version } = await cell(store, "a");
        same(seen.has(version), false, "a version came back");
        for (const old of seen) {
          const result = await store.commit({ read: [{ key: "a", version: old }], write: [put("a", "stolen")] });
          same(result.ok, false, "a commit with an old version");
        }
        seen.add(version);
        await write(store, put("a", null));
      }
    },
  },
  {
    name: "a key written again with the same text has another version",
    async run({ store }) {
      await write(store, put("a", "1"));
      const { version } = await cell(store, "a");
      await write(store, put("a", "1"));
      same((await cell(store, "a")).version === version, false, "version unchanged");
    },
  },
  {
    name: "a deleted key is absent, and a check for absence passes again",
    async run({ store }) {
      await write(store, put("a", "1"), put("b", "1"));
      await write(store, put("a", null), put("never", null));
      same(await store.load(["a", "never"]), [put0("a"), put0("never")], "load");
      same(await keys(store, ""), ["b"], "scan");
      same((await store.commit({ read: [{ key: "a", version: 0 }], write: [put("a", "2")] })).ok, true, "commit");
    },
  },
  {
    name: "from its expiry on, a cell is absent for load, commit and scan",
    async run({ store, now, pass }) {
      const at = await now();
      await write(store, put("short", "1", at + 1_000), put("long", "1", at + 1_000_000), put("ever", "1"));
      const { version } = await cell(store, "short");
      same((await cell(store, "short")).value, "1", "before");
      await pass(1_000);
      same(await cell(store, "short"), put0("short"), "from then on");
      same(await keys(store, ""), ["ever", "long"], "scan");
      same(conflicts(await store.commit({ read: [{ key: "short", version }], write: [] })), ["short"], "its version");
      same((await store.commit({ read: [{ key: "short", version: 0 }], write: [] })).ok, true, "0");
      await write(store, put("short", "2"));
      await pass(400);
      same((await cell(store, "short")).value, "2", "written again without an expiry");
      same((await cell(store, "short")).version === version, false, "an old version came back");
    },
  },
  {
    name: "an expiry can be moved or taken back, and one in the past is at once",
    async run({ store, now, pass }) {
      const at = await now();
      const soon = [put("a", "1", at + 400), put("ever", "1", at + 400), put("gone", "1", at + 400)];
      await write(store, ...soon, put("b", "1", at + 1_000_000), put("past", "1", at - 1));
      await write(store, put("a", "2", at + 1_000_000), put("b", "2", at + 400), put("ever", "2"), put("gone", null));
      same((await cell(store, "past")).value, null, "past");
      await pass(400);
      await write(store, put("gone", "2"));
      // Clearing up goes by the new expiries too.
      for (let i = 0; i < 10; i++) await write(store, put("y", String(i)));
      const names = ["a", "b", "ever", "gone"];
      same((await store.load(names)).map(({ value }) => value), ["2", null, "2", "2"], "moved"); // biome-ignore format: one line
    },
  },
  {
    name: "clearing up behind expired cells takes none that lives",
    async run({ store, now, pass }) {
      const at = await now();
      const names = Array.from({ length: 300 }, (_, i) => `x/${String(i).padStart(3, "0")}`);
      const expiries = [null, at + 400, at + 1_000_000];
      await write(store, ...names.map((name, i) => put(name, "1", expiries[i % 3] ?? null)));
      await pass(400);
      for (let i = 0; i < 40; i++) await write(store, put("y", String(i)));
      same(await keys(store, "x/"), names.filter((_, i) => i % 3 !== 1), "after the first expiry"); // biome-ignore format: one line
      // Counted from now: a store with a real clock may have been slow.
      const later = (await now()) + 400;
      await write(store, ...names.filter((_, i) => i % 3 === 2).map((name) => put(name, "1", later)));
      await pass(400);
      for (let i = 0; i < 40; i++) await write(store, put("y", String(i)));
      same(await keys(store, "x/"), names.filter((_, i) => i % 3 === 0), "after the second expiry"); // biome-ignore format: one line
      same((await cell(store, "y")).value, "39", "the cell that was written all along");
    },
  },
  {
    name: "a scan takes its prefix literally",
    async run({ store }) {
      const names = ["a%b", "a_b", "axb", "a*b", "a[x]b", "a?b", "A%b", "a%", "a", "b", "a\\b"];
      await write(store, ...names.map((name) => put(name, "1")));
      same(await keys(store, "a%"), ["a%", "a%b"], "%");
      same(await keys(store, "a_"), ["a_b"], "_");
      same(await keys(store, "a["), ["a[x]b"], "[");
      same(await keys(store, "a\\"), ["a\\b"], "\\");
      same(await keys(store, "A"), ["A%b"], "case");
      same(await keys(store, "a%bc"), [], "longer than any key");
      same(await keys(store, "b"), ["b"], "the last key of all");
      same((await keys(store, "")).length, names.length, "the empty prefix");
    },
  },
  {
    name: "a scan is in the order of code points, up to the last prefix there is",
    async run({ store }) {
      const names = ["z", "é", "\ue000", "\ufffd", "\uffff", "\uffff!", "\uffff😀", "😀", "\u{10ffff}", "\u{10ffff}a", "Z", "~", "z\u0001"]; // biome-ignore format: one line
      await write(store, ...names.map((name) => put(name, name)));
      same(await keys(store, ""), [...names].sort(compareKeys), "all");
      same(names.indexOf("\uffff") < names.indexOf("😀") && compareKeys("\uffff", "😀") < 0, true, "the order itself");
      same(await keys(store, "\uffff"), ["\uffff", "\uffff!", "\uffff😀"], "\\uffff");
      same(await keys(store, "\u{10ffff}"), ["\u{10ffff}", "\u{10ffff}a"], "\\u{10ffff}");
      same(await keys(store, "z"), ["z", "z\u0001"], "z");
      for (const { key, value } of await all(store, "")) same(value, key, "value");
    },
  },
  {
    name: "a scan goes through many cells, and can be left early",
    async run({ store }) {
      const names = Array.from({ length: 700 }, (_, i) => `m/${String(i).padStart(4, "0")}`);
      await write(store, ...names.toReversed().map((name) => put(name, name)), put("l", "1"), put("n", "1"));
      same(await keys(store, "m/"), names, "all of them");
      const first: string[] = [];
      for await (const { key } of store.scan("m/")) {
        first.push(key);
        if (first.length === 3) break;
      }
      same(first, names.slice(0, 3), "the first three");
      same((await write(store, put("m/0000", "2"))).ok, true, "a commit after a scan that was left");
    },
  },
  {
    name: "a scan under way allows commits, and gives each cell that stays once",
    async run({ store }) {
      const names = Array.from({ length: 200 }, (_, i) => `s/${String(i).padStart(3, "0")}`);
      await write(store, ...names.map((name) => put(name, "1")));
      const got: string[] = [];
      for await (const { key, value } of store.scan("s/")) {
        if (value === null) throw new Failed("a scan gave an absent cell");
        if (!names.includes(key)) continue;
        got.push(key);
        await write(store, put(`s/${key}/new`, "1"), put(names[0] ?? "", "2"));
      }
      same(got, names, "cells");
    },
  },
  {
    name: "a value of 1 MiB comes back whole",
    async run({ store }) {
      const value = 'aé😀\n"\\'.repeat(90_000);
      await write(store, put("mixed", value), put("full", "x".repeat(1 << 20)));
      same((await cell(store, "mixed")).value === value, true, "equal");
      same((await cell(store, "full")).value?.length, 1 << 20, "length");
    },
  },
  {
    name: "a commit of a thousand cells is one step",
    async run({ store }) {
      const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
      const read = names.map((key) => ({ key, version: 0 }));
      same((await store.commit({ read, write: names.map((key) => put(key, "1")) })).ok, true, "first");
      same(
        (await store.load(names)).every(({ value }) => value === "1"),
        true,
        "values",
      );
      const again = await store.commit({ read: read.slice(-1), write: names.map((key) => put(key, "2")) });
      same(conflicts(again), ["k999"], "second");
      same(
        (await store.load(names)).every(({ value }) => value === "1"),
        true,
        "values afterwards",
      );
    },
  },
  {
    name: "20 racers add 200 times, and none is lost",
    async run({ store, peer }) {
      const other = await peer();
      const racers = Array.from({ length: 20 }, async (_, i) => {
        for (let n = 0; n < 10; n++) await add(i % 2 === 0 ? store : other, "sum", 1);
      });
      await Promise.all(racers);
      same((await cell(store, "sum")).value, "200", "sum");
    },
  },
  {
    name: "racers who move money between three cells make none and lose none",
    async run({ store, peer }) {
      const other = await peer();
      const names = ["acc/0", "acc/1", "acc/2"];
      await write(store, ...names.map((name) => put(name, "100")));
      const move = async (on: Store, from: string, to: string) => {
        for (;;) {
          const cells = await on.load([from, to]);
          const [a, b] = cells;
          if (!a || !b || Number(a.value) === 0) return;
          const moved = [put(from, String(Number(a.value) - 1)), put(to, String(Number(b.value) + 1))];
          if ((await on.commit({ read: cells, write: moved })).ok) return;
        }
      };
      const racers = Array.from({ length: 60 }, (_, i) =>
        move(i % 2 === 0 ? store : other, names[i % 3] ?? "", names[(i + 1 + (i % 2)) % 3] ?? ""),
      );
      await Promise.all(racers);
      const values = (await store.load(names)).map(({ value }) => Number(value));
      same(values.reduce((a, b) => a + b), 300, "sum"); // biome-ignore format: one line
    },
  },
  {
    name: "what one connection has committed, the other reads",
    async run({ store, peer }) {
      const other = await peer();
      await write(store, put("a", "1"));
      same((await cell(other, "a")).value, "1", "load");
      const { version } = await cell(store, "a");
      await write(other, put("a", "2"));
      same(conflicts(await store.commit({ read: [{ key: "a", version }], write: [] })), ["a"], "conflict");
    },
  },
  {
    name: "watch fires for a write and a deletion of that key, by either connection, until it is stopped",
    async run({ store, peer }) {
      const other = await peer();
      let fired = 0;
      let elsewhere = 0;
      const stop = store.watch("a", () => fired++);
      const stopOther = store.watch("never", () => elsewhere++);
      await write(store, put("a", "1"));
      await until(() => fired >= 1, "own write");
      let before = fired;
      await write(other, put("a", "2"));
      await until(() => fired > before, "the other's write");
      before = fired;
      await write(other, put("a", null));
      await until(() => fired > before, "the other's deletion");
      stop();
      stop();
      before = fired;
      await write(store, put("a", "3"), put("b", "1"));
      await write(other, put("a", "4"));
      await new Promise((resolve) => setTimeout(resolve, 100));
      same([fired, elsewhere], [before, 0], "after the stop, and for another key");
      stopOther();
    },
  },
  {
    name: "odd keys stay apart and come back as they are",
    async run({ store }) {
      await write(store, ...ODD_KEYS.map((key, i) => put(key, String(i))));
      for (const [i, key] of ODD_KEYS.entries()) same((await cell(store, key)).value, String(i), `value of ${key}`);
      same((await keys(store, "")).length, ODD_KEYS.length, "count");
      same((await store.load(["toString"]))[0], put0("toString"), "a key that only a prototype has");
    },
  },
  {
    name: "what breaks the contract is an error, and writes nothing",
    async run({ store }) {
      const loose = store as unknown as { load(keys: unknown): Promise<unknown>; commit(c: unknown): Promise<unknown> };
      const bad = ["", "\ud800", "a\udc00b", "a\0b", "k".repeat(MAX_KEY_BYTES + 1), "é".repeat(MAX_KEY_BYTES / 2 + 1), 7, null]; // biome-ignore format: one line
      const good = put("good", "1");
      for (const key of bad) {
        await rejects(() => loose.load(["good", key]), "input", `load ${key}`);
        await rejects(
          () => loose.commit({ read: [], write: [good, { key, value: "1", expires: null }] }),
          "input",
          `write ${key}`,
        );
        await rejects(() => loose.commit({ read: [{ key, version: 0 }], write: [good] }), "input", `read ${key}`);
        if (key !== "") await rejects(() => all(store, key as string), "input", `scan ${key}`);
      }
      for (const version of [-1, 1.5, Number.NaN, 2 ** 53, "0", null, undefined, 0n]) {
        const read = [{ key: "good", version }];
        await rejects(() => loose.commit({ read, write: [good] }), "input", `version ${version}`);
      }
      for (const value of [1, undefined, {}, "\ud800", "a\0b"]) {
        await rejects(
          () => loose.commit({ read: [], write: [good, { key: "v", value, expires: null }] }),
          "input",
          "value",
        );
      }
      for (const expires of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1", undefined]) {
        await rejects(
          () => loose.commit({ read: [], write: [good, { key: "e", value: "1", expires }] }),
          "input",
          "expires",
        );
      }
      await rejects(() => write(store, put("twice", "1"), good, put("twice", "2")), "input", "the same key twice");
      same(await all(store, ""), [], "cells");
    },
  },
  {
    name: "after close every use is an error, and a second close is not",
    async run({ store }) {
      await write(store, put("a", "1"), put("b", "1"));
      const scan = store.scan("")[Symbol.asyncIterator]();
      await store.close();
      await store.close();
      await rejects(() => store.load(["a"]), "closed", "load");
      await rejects(() => write(store, put("a", "2")), "closed", "commit");
      await rejects(() => all(store, ""), "closed", "scan");
      await rejects(() => scan.next(), "closed", "a scan from before");
      await rejects(async () => store.watch("a", () => {}), "closed", "watch");
    },
  },
];

function put0(key: string) {
  return { key, version: 0, value: null };
}
