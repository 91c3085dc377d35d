/** What has to come out when several spend one limit at the same time, wherever they run. */

import assert from "node:assert/strict";
import type { BudgetLine } from "../../../js/index.ts";
import { type Limit, PRICE, policyFor, type Spending, type Spent } from "./spend.ts";

export interface Race {
  readonly limit: Limit;
  readonly spenders: number;
  readonly attempts: number;
  /** Runs one of them. */
  spend(spending: Spending, spender: number): Promise<Spent>;
  /** What the ledger says in the end. */
  counted(policy: object): Promise<readonly BudgetLine[]>;
}

/** A third of the attempts fit: exactly so many are paid, to the atomic unit. Gives a line of figures. */
export async function paysExactly({ limit, spenders, attempts, spend, counted }: Race): Promise<string> {
  const fits = Math.floor(attempts / 3);
  const policy = policyFor(limit, fits);
  const since = performance.now();
  const each = Math.ceil(attempts / spenders);
  const all = await Promise.all(
    Array.from({ length: spenders }, (_, i) => spend({ policy, attempts: each, who: `s${i}` }, i)),
  );
  const took = (performance.now() - since) / 1_000;
  const paid = all.flatMap((one) => one.paid);
  assert.equal(paid.length, fits, JSON.stringify(all.map(({ denied }) => denied)));
  assert.equal(new Set(paid).size, fits);
  const conflicts = all.reduce((sum, one) => sum + one.conflicts, 0);
  if (spenders > 1) {
    const shares = all.map((one) => one.paid.length);
    assert.ok(shares.filter((share) => share > 0).length * 2 > spenders, `one after the other: ${shares}`);
    assert.ok(conflicts > spenders, `nobody got in anybody's way: ${conflicts} conflicts`);
  }
  if (limit === "budget") {
    const [line] = await counted(policy);
    const total = PRICE * BigInt(fits);
    assert.equal(BigInt(line?.held ?? 0) + BigInt(line?.spent ?? 0), total);
    assert.ok(BigInt(line?.held ?? 0) > 0n && BigInt(line?.spent ?? 0) > 0n);
    assert.equal(line?.available, String(PRICE - 1n));
  }
  const rate = Math.round((each * spenders) / took);
  return `${limit}: ${each * spenders} attempts by ${spenders}, ${fits} paid, ${conflicts} conflicts, ${rate} attempts/s`;
}
