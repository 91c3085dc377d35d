/** The behaviour suite in every runtime, with the packed package. Each alone: `npm run test:runtimes -- deno`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, runMatrix, runtimes } from "../../pkg-scripts/package/runtimes.mjs";

interface Found {
  readonly results?: readonly { readonly name: string; readonly error?: string }[];
  readonly skipped?: string;
}

const found = (await runMatrix()) as Readonly<Record<string, Found>>;

for (const name of Object.keys(runtimes)) {
  test(`the same behaviour in ${name}`, { skip: found[name]?.skipped }, () => {
    assert.deepEqual(complaints({ [name]: found[name] ?? { results: [] } }), []);
  });
}

test("a case that fails, or a suite that does not run, is told", () => {
  const passed = Array.from({ length: 10 }, (_, at) => ({ name: String(at) }));
  assert.deepEqual(complaints({ node24: { results: passed } }), []);
  assert.equal(complaints({ node24: { results: [] } }).length, 1);
  assert.equal(complaints({ node24: { results: [...passed, { name: "x", error: "y" }] } }).length, 1);
});
