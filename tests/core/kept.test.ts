/** What the core keeps between events is checked by the store, whatever the answer is. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Ledger, openLedger } from "../../js/core/ledger.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { memoryStore } from "../../js/stores/memory.ts";
import { sqliteStore } from "../../js/stores/sqlite.ts";
import type { Store } from "../../js/stores/store.ts";
import { offerOf, PRICE, policyFor, urlOf } from "../torture/spend.ts";

const folder = mkdtempSync(join(tmpdir(), "tollwarden-kept-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let next = 0;

interface Counts {
  loads: number;
  commits: number;
}

function opened(store: Store, payments: number): { readonly ledger: Ledger; readonly counts: Counts } {
  const counts = { loads: 0, commits: 0 };
  const counted: Store = {
    ...store,
    load(keys) {
      counts.loads++;
      return store.load(keys);
    },
    commit(commit) {
      counts.commits++;
      return store.commit(commit);
    },
  };
  const policy = readPolicy(policyFor("budget", payments)).json;
  return { ledger: openLedger({ policy, store: counted }), counts };
}

const authorize = (ledger: Ledger, id: string) =>
  ledger.authorize({ id, method: "GET", url: urlOf(id), offer: offerOf(PRICE) });
const voided = (ledger: Ledger, id: string) => ledger.move({ type: "settle", id, outcome: "failed" });

for (const [name, store] of [
  ["memory", async () => memoryStore()],
  ["sqlite", async () => sqliteStore(join(folder, `${next++}.sqlite`))],
] as const) {
  test(`an event is one commit and no load, once the cells are there (${name})`, async () => {
    const { ledger, counts } = opened(await store(), 100);
    await authorize(ledger, "first");
    const before = { ...counts };
    for (const id of ["a", "b", "c"]) {
      assert.equal((await authorize(ledger, id)).action, "allow");
      assert.equal((await voided(ledger, id)).ok, true);
    }
    assert.deepEqual(counts, { loads: before.loads, commits: before.commits + 6 });
  });

  test(`two on one store see each other's payments, whatever each has kept (${name})`, async () => {
    const shared = await store();
    const [a, b] = [opened(shared, 3).ledger, opened(shared, 3).ledger];
    assert.equal((await authorize(a, "1")).action, "allow");
    assert.equal((await authorize(b, "2")).action, "allow");
    assert.equal((await authorize(a, "3")).action, "allow");
    assert.equal((await authorize(b, "4")).reason, "budget_exceeded");
    // b denies from cells that it has kept; then a lets go, and b's denial may not stand.
    await voided(a, "3");
    assert.equal((await authorize(b, "5")).action, "allow");
    assert.equal((await authorize(a, "6")).reason, "budget_exceeded");
  });

  test(`an answer that writes nothing is checked too (${name})`, async () => {
    const shared = await store();
    const [a, b] = [opened(shared, 3).ledger, opened(shared, 3).ledger];
    assert.equal((await authorize(a, "same")).action, "allow");
    assert.equal((await authorize(a, "same")).action, "allow");
    await voided(b, "same");
    // a has kept the hold as it was.
    assert.equal((await authorize(a, "same")).reason, "hold_expired");
    // And an id that somebody else has used is not new.
    assert.equal((await authorize(b, "other")).action, "allow");
    const url = urlOf("another thing");
    const other = await a.authorize({ id: "other", method: "GET", url, offer: offerOf(PRICE) });
    assert.equal(other.reason, "conflict");
    // The switch is read with everything else.
    await b.command({ type: "freeze", reason: "enough" });
    assert.equal((await authorize(a, "last")).reason, "frozen");
    assert.equal((await a.check({ id: "asked", method: "GET", url, offer: offerOf(PRICE) })).reason, "frozen");
  });
}

test("where a store may lose what it has confirmed, nothing is kept", async () => {
  const { keeps: _, ...store } = memoryStore();
  const { ledger, counts } = opened(store, 100);
  await authorize(ledger, "first");
  const before = { ...counts };
  await authorize(ledger, "second");
  assert.ok(counts.loads > before.loads);
});

test("a store that is far away is asked once for a decision, and twice for what follows it", async () => {
  const { keeps: _, ...store } = memoryStore();
  const { ledger, counts } = opened(store, 100);
  const loads = async (work: () => Promise<unknown>): Promise<number> => {
    const before = counts.loads;
    await work();
    return counts.loads - before;
  };
  assert.equal(await loads(() => authorize(ledger, "one")), 1);
  assert.equal(await loads(() => ledger.move({ type: "ticket", id: "one" })), 2);
  assert.equal(await loads(() => ledger.move({ type: "settle", id: "one", outcome: "captured" })), 2);
});
