/** Looks at what a store still keeps of expired cells, by setting its clock back. For stores that take a clock. */

import assert from "node:assert/strict";
import type { Store } from "../../js/stores/store.ts";

export async function checkPurging(store: Store, setTime: (ms: number) => void): Promise<void> {
  const total = 1_000;
  const kept = async () => {
    setTime(0);
    let count = 0;
    for await (const _ of store.scan("x/")) count++;
    setTime(10);
    return count;
  };
  const commit = () => store.commit({ read: [], write: [{ key: "y", value: "1", expires: null }] });

  setTime(0);
  const write = Array.from({ length: total }, (_, i) => ({ key: `x/${i}`, value: "1", expires: 5 }));
  await store.commit({ read: [], write });
  setTime(10);

  let before = await kept();
  assert.equal(before, total);
  for (let i = 0; before > 0; i++) {
    assert.ok(i < total, `${before} expired cells are kept for ever`);
    await commit();
    const after = await kept();
    assert.ok(before - after <= 32, `one commit cleared ${before - after} cells`);
    before = after;
  }
}
