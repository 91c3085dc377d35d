// The module does what the native core does, bit for bit: the events of simulated runs, recorded natively, give the
// same answers here. The hashes are made anew each time, so they can't go stale.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadCore } from "../js/core/inline.ts";
import { attempt } from "../pkg-scripts/lib/child.mjs";

const RUNS = 20;

test("a seed gives the same answers natively and in the module", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-sim-"));
  try {
    const { status, output } = await attempt(
      "cargo",
      ["test", "--profile", "sim", "--test", "sim", "--", "--exact", "scripts"],
      { env: { TOLLWARDEN_SIM_SCRIPTS: folder, TOLLWARDEN_SIM_SCRIPT_COUNT: String(RUNS) } },
    );
    assert.equal(status, 0, output);
    const files = readdirSync(folder);
    assert.equal(files.length, RUNS);
    let [answered, reopened] = [0, 0];
    for (const file of files) {
      const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
      const [policy, ...events] = lines.slice(0, -1);
      assert.ok(policy !== undefined && events.length > 100, file);
      const engine = new (loadCore().Engine)(policy, true);
      const hash = createHash("sha256");
      for (const event of events) hash.update(`${engine.handle(event)}\n`);
      engine.free();
      assert.equal(hash.digest("hex"), lines.at(-1), `the answers of ${file} differ`);
      answered += events.length;
      reopened += events.filter((event) => event.includes('"reopen"')).length;
    }
    assert.ok(answered > 5_000 && reopened > 20, `${answered} events, ${reopened} of them \`reopen\``);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
