import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../../js/stores/memory.ts";
import { storeConformance } from "./conformance.ts";
import { checkPurging } from "./purging.ts";

storeConformance("memory", async () => {
  let time = 1_000_000;
  const store = memoryStore({ now: () => time });
  return {
    store,
    peer: async () => store,
    now: () => time,
    pass: (ms) => {
      time += ms;
    },
    dispose: () => store.close(),
  };
});

test("memory: a watcher that throws does not undo the commit it heard of", async (t) => {
  const thrown: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  const store = memoryStore();
  store.watch("a", () => {
    throw new Error("mine");
  });
  assert.equal((await store.commit({ read: [], write: [{ key: "a", value: "1", expires: null }] })).ok, true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(thrown.length, 1);
  assert.equal((await store.load(["a"]))[0]?.value, "1");
});

test("memory: two stores share nothing", async () => {
  const [one, two] = [memoryStore(), memoryStore()];
  await one.commit({ read: [], write: [{ key: "a", value: "1", expires: null }] });
  assert.equal((await two.load(["a"]))[0]?.version, 0);
});

test("memory: expired cells are cleared a few at each commit, in the end all", async () => {
  let time = 0;
  await checkPurging(memoryStore({ now: () => time }), (ms) => {
    time = ms;
  });
});
