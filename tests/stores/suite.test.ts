/** The suite itself is tried: each of these stores is wrong in one way, and has to fail in a case meant for it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { storeCases } from "../../js/stores/conformance.ts";
import { memoryStore } from "../../js/stores/memory.ts";
import { type Commit, proveCompareAndSwap, type Store, type StoredCell } from "../../js/stores/store.ts";

type Wrong = (good: Store) => Partial<Store>;

const wrongStores: Record<string, { wrong: Wrong; caughtBy: string }> = {
  "checks no version": {
    wrong: (good) => ({ commit: ({ write }) => good.commit({ read: [], write }) }),
    caughtBy: "a conflict on one key writes none of them, and is named alone",
  },
  "does not check absence": {
    wrong: (good) => ({
      commit: ({ read, write }) => good.commit({ read: read.filter(({ version }) => version !== 0), write }),
    }),
    caughtBy: "absence is checked like a version",
  },
  "writes before it checks": {
    wrong: (good) => ({
      async commit({ read, write }) {
        const checked = await good.commit({ read, write: [] });
        await good.commit({ read: [], write });
        return checked;
      },
    }),
    caughtBy: "a conflict on one key writes none of them, and is named alone",
  },
  "checks and writes in two steps": {
    wrong: (good) => ({
      async commit({ read, write }) {
        const checked = await good.commit({ read, write: [] });
        return checked.ok ? good.commit({ read: [], write }) : checked;
      },
    }),
    caughtBy: "20 racers add 200 times, and none is lost",
  },
  "counts each key's version from 1": {
    wrong: perKeyVersions,
    caughtBy: "a key created again never has an old version (ABA)",
  },
  "forgets expiries": {
    wrong: (good) => ({
      commit: ({ read, write }) => good.commit({ read, write: write.map((cell) => ({ ...cell, expires: null })) }),
    }),
    caughtBy: "from its expiry on, a cell is absent for load, commit and scan",
  },
  "scans with LIKE": {
    wrong: (good) => ({
      async *scan(prefix) {
        const like = new RegExp(
          `^${prefix
            .replace(/[\\[\]*?]/g, "\\$&")
            .replaceAll("%", ".*")
            .replaceAll("_", ".")}`,
          "iu",
        );
        for await (const cell of good.scan("")) if (like.test(cell.key)) yield cell;
      },
    }),
    caughtBy: "a scan takes its prefix literally",
  },
  "scans up to prefix + \\uffff": {
    wrong: (good) => ({
      async *scan(prefix) {
        for await (const cell of good.scan(prefix)) if (cell.key < `${prefix}\uffff`) yield cell;
      },
    }),
    caughtBy: "a scan is in the order of code points, up to the last prefix there is",
  },
  "scans in JavaScript's order": {
    wrong: (good) => ({
      async *scan(prefix) {
        const cells: StoredCell[] = [];
        for await (const cell of good.scan(prefix)) cells.push(cell);
        yield* cells.sort((a, b) => (a.key < b.key ? -1 : 1));
      },
    }),
    caughtBy: "a scan is in the order of code points, up to the last prefix there is",
  },
  "never calls a watcher": {
    wrong: () => ({ watch: () => () => {} }),
    caughtBy: "watch fires for a write and a deletion of that key, by either connection, until it is stopped",
  },
  "does not mind being closed": {
    wrong: () => ({ close: async () => {} }),
    caughtBy: "after close every use is an error, and a second close is not",
  },
};

function perKeyVersions(good: Store): Partial<Store> {
  const versions = new Map<string, number>();
  const seen = async (keys: readonly string[]) =>
    (await good.load(keys)).map((cell) => ({
      ...cell,
      version: cell.value === null ? 0 : (versions.get(cell.key) ?? 0),
    }));
  return {
    load: seen,
    async commit({ read, write }: Commit) {
      const cells = await seen(read.map(({ key }) => key));
      const conflicts = read.filter(({ version }, i) => cells[i]?.version !== version).map(({ key }) => key);
      if (conflicts.length > 0) return { ok: false, conflicts };
      await good.commit({ read: [], write });
      for (const { key, value } of write) {
        if (value === null) versions.delete(key);
        else versions.set(key, (versions.get(key) ?? 0) + 1);
      }
      return { ok: true };
    },
  };
}

describe("the suite fails a store that", () => {
  for (const [name, { wrong, caughtBy }] of Object.entries(wrongStores)) {
    it(name, async () => {
      let time = 1_000_000;
      const good = memoryStore({ now: () => time });
      const store: Store = { ...good, ...wrong(good) };
      const pass = (ms: number) => {
        time += ms;
      };
      const found = storeCases.find((one) => one.name === caughtBy);
      assert.ok(found, `no case is called \`${caughtBy}\``);
      await assert.rejects(
        found.run({ store, peer: async () => store, now: () => time, pass, dispose: async () => {} }),
        (error: Error) => error.constructor.name === "Failed",
      );
    });
  }
});

describe("a store is refused when it opens, if it", () => {
  for (const name of ["checks no version", "does not check absence", "writes before it checks"]) {
    it(name, async () => {
      const good = memoryStore();
      const store: Store = { ...good, ...wrongStores[name]?.wrong(good) };
      await assert.rejects(proveCompareAndSwap(store, Date.now()), { name: "StoreError", code: "no_cas" });
    });
  }
  it("loses what was written", async () => {
    const store: Store = { ...memoryStore(), commit: async () => ({ ok: true }) };
    await assert.rejects(proveCompareAndSwap(store, Date.now()), { code: "no_cas" });
  });
  it("but a good one is not, and keeps nothing of the trial", async () => {
    const store = memoryStore({ now: () => 0 });
    await proveCompareAndSwap(store, 0);
    for await (const cell of store.scan("")) assert.fail(`left over: ${cell.key}`);
  });
});
