// The shared vectors as plain lines, for runtimes that have no files: `{ file: { digest, runs: [{ policy, lines }] } }`.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCases, vectorFiles } from "../../tests/support/vectors.ts";
import { root } from "../lib/paths.mjs";

export function sharedEvents() {
  const digests = JSON.parse(readFileSync(join(root, "tests/runtimes/digests.json"), "utf8"));
  const runs = (file) =>
    readCases(file)
      .filter(({ wantErrors }) => wantErrors === undefined)
      .map(({ policy, steps }) => ({ policy, lines: steps.map(({ line }) => sorted(line)) }));
  return Object.fromEntries(vectorFiles.map((file) => [file, { digest: digests[file], runs: runs(file) }]));
}

/** As the native test writes an event: members in the order of their names. */
function sorted(line) {
  return JSON.stringify(JSON.parse(line), (_, value) =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}
