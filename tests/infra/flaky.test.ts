/** A failed test file has one more try, alone, and what passes then is said to be flaky. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const runner = fileURLToPath(new URL("../../pkg-scripts/lib/node-tests.mjs", import.meta.url));

function counted(files: Record<string, string>): { counts: unknown; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-flaky-"));
  try {
    const paths = Object.entries(files).map(([name, text]) => {
      const path = join(folder, `${name}.test.mjs`);
      writeFileSync(path, `import { test } from "node:test"; import fs from "node:fs";\n${text}`);
      return path;
    });
    const out = join(folder, "counts.json");
    const script = `import { testFiles } from ${JSON.stringify(runner)}; import fs from "node:fs";
      fs.writeFileSync(${JSON.stringify(out)}, JSON.stringify(await testFiles(${JSON.stringify(paths)})));
      console.error(fs.readFileSync(${JSON.stringify(out)}, "utf8"))`;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: folder,
      env: { ...env, MARK: join(folder, "mark") },
      encoding: "utf8",
    });
    return { counts: JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? ""), said: stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const good = `test("good", () => {});`;
const once = `test("once", () => {
  if (!fs.existsSync(process.env.MARK)) { fs.writeFileSync(process.env.MARK, ""); throw new Error("first"); }
});`;
const bad = `test("bad", () => { throw new Error("always"); });`;

test("what fails once and passes alone has passed, and is named", () => {
  const { counts, said } = counted({ good, once });
  assert.deepEqual(counts, { passed: 2, failed: 0, skipped: 0, flaky: 1 });
  assert.match(said, /FLAKY once \(.*once\.test\.mjs\)/);
});

test("what fails twice has failed", () => {
  const { counts, said } = counted({ good, bad });
  assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 0 });
  assert.ok(said.includes("once more, alone") && !said.includes("FLAKY"), said);
});

test("many that fail are no chance, and are not run again", () => {
  const { counts, said } = counted({ bad, bad2: bad, bad3: bad, once });
  assert.deepEqual(counts, { passed: 0, failed: 4, skipped: 0 });
  assert.doesNotMatch(said, /once more/);
});
