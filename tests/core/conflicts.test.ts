/** Where others are faster, the ledger decides again from what they wrote, and denies when it has tried enough. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ledger, openLedger } from "../../js/core/ledger.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { memoryStore } from "../../js/stores/memory.ts";
import { offerOf, PRICE, policyFor, urlOf } from "../torture/spend.ts";

/** A ledger for whose first commits somebody else is faster. */
function contended(fails: number): { readonly ledger: Ledger; readonly counts: { commits: number; draws: number } } {
  const store = memoryStore();
  const counts = { commits: 0, draws: 0 };
  const ledger = openLedger({
    policy: readPolicy(policyFor("budget", 3)).json,
    now: () => 1_767_607_200_000,
    random: () => {
      counts.draws++;
      return 0;
    },
    store: {
      ...store,
      async commit(commit) {
        counts.commits++;
        return counts.commits <= fails ? { ok: false, conflicts: ["budget/"] } : store.commit(commit);
      },
    },
  });
  return { ledger, counts };
}

const authorize = (ledger: Ledger) =>
  ledger.authorize({ id: "p", method: "GET", url: urlOf("p"), offer: offerOf(PRICE) });

test("a hundred conflicts in a row, and then it is decided; each wait is drawn", async () => {
  const { ledger, counts } = contended(100);
  assert.equal((await authorize(ledger)).action, "allow");
  assert.deepEqual(counts, { commits: 101, draws: 100 });
  const [line] = await ledger.budgets({});
  assert.equal(line?.held, String(PRICE));
});

test("a ledger that never gets its turn denies, holds nothing, and ends", async () => {
  const { ledger, counts } = contended(Number.POSITIVE_INFINITY);
  const decision = await authorize(ledger);
  assert.deepEqual([decision.action, decision.reason], ["deny", "store_conflict"]);
  assert.ok(counts.commits >= 100 && counts.commits <= 1_000, String(counts.commits));
  const [line] = await ledger.budgets({});
  assert.equal(line?.held ?? "0", "0");
});
