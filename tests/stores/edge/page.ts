/** The page of `indexeddb.test.ts`: it runs inside Chromium, and does there what the test asks for. */

import { storeCases } from "../../../js/stores/conformance.ts";
import { type IndexedDbOptions, indexedDbStore } from "../../../js/stores/indexeddb.ts";
import { type Commit, type Store, StoreError } from "../../../js/stores/store.ts";
import { pairOf } from "./pairs.ts";
import { counted, type Spending, spend } from "./spend.ts";

/** Stores that stay open between two questions, by name. */
const kept = new Map<string, Store>();
const fired = new Map<string, number>();
let time = 1_000_000;

async function withStore<T>(name: string, work: (store: Store) => Promise<T>, more: Partial<IndexedDbOptions> = {}) {
  const store = kept.get(name) ?? (await indexedDbStore({ name, ...more }));
  return work(store).finally(() => (kept.has(name) ? undefined : store.close()));
}

async function runCase(caseName: string): Promise<string> {
  const found = storeCases.find((one) => one.name === caseName);
  if (found === undefined) throw new Error(`no case is called \`${caseName}\``);
  const name = crypto.randomUUID();
  const open = () => indexedDbStore({ name, now: () => time });
  const store = await open();
  const opened = [store];
  try {
    await found.run({
      store,
      async peer() {
        const peer = await open();
        opened.push(peer);
        return peer;
      },
      now: () => time,
      pass(ms) {
        time += ms;
      },
      dispose: async () => {},
    });
  } finally {
    for (const one of opened) await one.close();
    indexedDB.deleteDatabase(name);
  }
  return "passed";
}

const wrapped = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** A database that somebody else made: these stores, at this version. */
async function foreign(name: string, version: number, stores: readonly string[]): Promise<void> {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    for (const store of stores) request.result.createObjectStore(store);
  };
  (await wrapped(request)).close();
}

/** Text that can't be compressed: the browser counts what gets to the disk. */
function noise(units: number): string {
  let text = "";
  while (text.length < units)
    text += String.fromCharCode(...crypto.getRandomValues(new Uint8Array(8192)).map((b) => b | 1));
  return text.slice(0, units);
}

/** Holds the ledger's tables for so long, as a busy tab would. */
async function occupy(name: string, ms: number): Promise<void> {
  const database = await wrapped(indexedDB.open(name));
  const cells = database.transaction(["cell", "ledger"], "readwrite").objectStore("cell");
  const until = performance.now() + ms;
  const again = () => {
    if (performance.now() < until) cells.get("x").onsuccess = again;
    else database.close();
  };
  again();
}

const actions = {
  case: ({ name }: { name: string }) => runCase(name),
  /** `clocked`: it goes by the time that `setTime` sets. */
  keep: async (asked: { name: string; options?: Partial<IndexedDbOptions>; clocked?: boolean }) => {
    const { name, options = {}, clocked = false } = asked;
    kept.set(name, await indexedDbStore({ name, ...options, ...(clocked && { now: () => time }) }));
  },
  setTime: async ({ ms }: { ms: number }) => {
    time = ms;
  },
  release: async ({ name }: { name: string }) => {
    await kept.get(name)?.close();
    kept.delete(name);
  },
  load: ({ name, keys }: { name: string; keys: string[] }) => withStore(name, (store) => store.load(keys)),
  commit: ({ name, commit }: { name: string; commit: Commit }) => withStore(name, (store) => store.commit(commit)),
  big: ({ name, number, units }: { name: string; number: number; units: number }) =>
    withStore(name, async (store) => {
      const write = [
        { key: `small/${number}`, value: "1", expires: null },
        { key: `big/${number}`, value: noise(units), expires: null },
      ];
      await store.commit({ read: [], write });
    }),
  scan: ({ name, prefix = "" }: { name: string; prefix?: string }) =>
    withStore(name, async (store) => {
      const keys: string[] = [];
      for await (const { key } of store.scan(prefix)) keys.push(key);
      return keys;
    }),
  open: async (options: IndexedDbOptions) => (await indexedDbStore(options)).close(),
  openSilently: async ({
    without,
    name,
  }: {
    without: "durability" | "indexedDB" | "BroadcastChannel";
    name: string;
  }) => {
    if (without === "durability") {
      Object.defineProperty(IDBTransaction.prototype, "durability", { get: () => undefined });
    } else {
      Object.defineProperty(globalThis, without, { value: undefined });
    }
    kept.set(name, await indexedDbStore({ name, pollMs: 500 }));
  },
  watch: ({ name, key }: { name: string; key: string }) =>
    withStore(name, async (store) => {
      store.watch(key, () => fired.set(key, (fired.get(key) ?? 0) + 1));
    }),
  fired: async ({ key }: { key: string }) => fired.get(key) ?? 0,
  spend: ({ name, spending }: { name: string; spending: Spending }) =>
    withStore(name, (store) => spend(store, spending, (id) => console.log(`paid ${id}`))),
  counted: ({ name, policy }: { name: string; policy: object }) => withStore(name, (store) => counted(store, policy)),
  /** Writes pairs until the tab is gone, and tells of each that is acknowledged. */
  write: ({ name, who }: { name: string; who: string }) =>
    withStore(name, async (store) => {
      for (let i = 0; ; i++) {
        const { ok } = await store.commit({ read: [], write: pairOf(`${who}/${i}`) });
        if (ok) console.log(`wrote ${who}/${i}`);
      }
    }),
  foreign: ({ name, version, stores }: { name: string; version: number; stores: string[] }) =>
    foreign(name, version, stores),
  occupy: ({ name, ms }: { name: string; ms: number }) => occupy(name, ms),
  raw: async ({ name }: { name: string }) => {
    const database = await wrapped(indexedDB.open(name));
    const count = await wrapped(database.transaction("cell").objectStore("cell").count());
    database.close();
    return count;
  },
  /** Writes a record past the store. */
  spoil: async ({ name, key, record }: { name: string; key: string; record: unknown }) => {
    const database = await wrapped(indexedDB.open(name));
    await wrapped(
      database.transaction("cell", "readwrite").objectStore("cell").put(record, new TextEncoder().encode(key)),
    );
    database.close();
  },
  drop: async ({ name }: { name: string }) => {
    await wrapped(indexedDB.deleteDatabase(name));
  },
  upgrade: async ({ name, version }: { name: string; version: number }) => {
    (await wrapped(indexedDB.open(name, version))).close();
  },
};

type Actions = typeof actions;
export type ActionName = keyof Actions;
export type Argument<A extends ActionName> = Parameters<Actions[A]>[0];
export type Result<A extends ActionName> = Awaited<ReturnType<Actions[A]>>;
export type Told = { readonly value: unknown } | { readonly error: { code?: string; message: string; stack?: string } };

/** What the test calls: errors are told as values, or their code would be lost on the way. */
async function ask(action: ActionName, argument: unknown): Promise<Told> {
  try {
    const work = actions[action] as (argument: unknown) => Promise<unknown>;
    return { value: await work(argument) };
  } catch (error) {
    const { message, stack } = error as Error;
    return { error: error instanceof StoreError ? { code: error.code, message } : { message, stack: stack ?? "" } };
  }
}

/** What `chromium.ts` finds on the page. */
export interface Face {
  readonly ask: typeof ask;
}
Object.assign(globalThis, { ask } satisfies Face);
