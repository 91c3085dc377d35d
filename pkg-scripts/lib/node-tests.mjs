// Node's test runner over the wrapper's test files, and what it printed as counts.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { nodeCounts, nodeFailures, nodeSkips } from "./counts.mjs";
import { runNode } from "./node24.mjs";
import { root } from "./paths.mjs";
import { say } from "./report.mjs";

/** More files than these have not failed by chance. */
const FEW_FILES = 3;

async function once(files, concurrency, env) {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-test-"));
  const tap = join(folder, "tap");
  try {
    const status = await runNode(
      [
        "--test",
        `--test-concurrency=${concurrency}`,
        "--test-reporter=dot",
        "--test-reporter-destination=stdout",
        "--test-reporter=tap",
        `--test-reporter-destination=${tap}`,
        ...files,
      ],
      { env },
    );
    return { status, tap: readFileSync(tap, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs test files, two at a time, and gives the counts.
 *
 * Tests with browsers, chains and killed processes wait for a busy machine now and then. A file in which one failed is run
 * once more, alone: what fails again has failed, and what passes is FLAKY, said here and in the last line, for somebody to
 * look at.
 */
export async function testFiles(files, env = {}) {
  const { status, tap } = await once(files, 2, env);
  const counts = nodeCounts(tap);
  for (const skip of nodeSkips(tap)) say(`\nSKIPPED ${skip}`);
  if (status === 0) return counts;
  const failures = nodeFailures(tap);
  const again = [...new Set(failures.map(({ file }) => file))];
  if (again.length === 0 || again.length > FEW_FILES || again.includes(undefined)) {
    return { ...counts, failed: Math.max(counts.failed, 1) };
  }
  const named = (file) => relative(root, file);
  say(`\nfailed, and run once more, alone: ${again.map(named).join(", ")}`);
  const second = await once(again, 1, env);
  const failed = second.status === 0 ? 0 : Math.max(nodeCounts(second.tap).failed, 1);
  if (failed > 0) return { ...counts, failed };
  for (const { name, file } of failures) say(`\nFLAKY ${name} (${named(file)}): failed, and passed when it ran alone`);
  return { ...counts, passed: counts.passed + counts.failed, failed: 0, flaky: counts.failed };
}
