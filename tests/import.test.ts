// The import vectors through the module: each control of each peer becomes what it becomes natively
// (tests/import.rs), and what is carried over loads. One policy of each dialect also runs through `tollwarden simulate`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadTools } from "../js/core/tools.ts";

interface ImportFile {
  readonly dialect: string;
  readonly cases: readonly {
    readonly control: string;
    readonly source: unknown;
    readonly document: Record<string, unknown>;
    readonly notes: Readonly<Record<string, string>>;
  }[];
}

interface Imported {
  readonly document: Record<string, unknown>;
  readonly notes: readonly { readonly path: string; readonly level: string }[];
}

const { Engine, importPolicy } = loadTools();
const folder = new URL("./vectors/import/", import.meta.url);
const cli = fileURLToPath(new URL("../js/cli/main.ts", import.meta.url));

/** `["@USDC"]` stands for the registry's addresses, which tests/import.rs knows; here any list of assets will do. */
function filledIn(expected: unknown, found: unknown): unknown {
  if (Array.isArray(expected)) {
    const [only] = expected as unknown[];
    const assets = Array.isArray(found) && found.length > 0 && found.every((asset) => /^[a-z0-9]+:.+\/./.test(asset));
    if (expected.length === 1 && typeof only === "string" && only.startsWith("@") && assets) return found;
    return expected.map((item, place) => filledIn(item, Array.isArray(found) ? found[place] : undefined));
  }
  if (typeof expected !== "object" || expected === null) return expected;
  const members = Object.entries(expected).map(([key, value]) => {
    return [key, filledIn(value, (found as Record<string, unknown> | undefined)?.[key])];
  });
  return Object.fromEntries(members);
}

for (const name of readdirSync(folder)) {
  const { dialect, cases } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as ImportFile;
  describe(dialect, () => {
    let largest: Record<string, unknown> = {};
    for (const { control, source, document, notes } of cases) {
      test(control, () => {
        const imported = JSON.parse(importPolicy(dialect, JSON.stringify(source))) as Imported;
        const levels = Object.fromEntries(imported.notes.map(({ path, level }) => [path, level]));
        assert.deepEqual(levels, notes);
        assert.deepEqual(imported.document, filledIn(document, imported.document));
        if (Object.values(levels).includes("lost")) return;
        new Engine(JSON.stringify(imported.document), true).free();
        if (Object.keys(imported.document).length > Object.keys(largest).length) largest = imported.document;
      });
    }

    test("a policy that was brought over runs through simulate", () => {
      const temporary = mkdtempSync(join(tmpdir(), "tollwarden-import-"));
      try {
        const policy = join(temporary, "policy.json");
        writeFileSync(policy, JSON.stringify(largest));
        const run = spawnSync(process.execPath, [cli, "simulate", "--policy", policy], {
          input: '{"type":"budgets"}\n',
          encoding: "utf8",
        });
        assert.equal(run.status, 0, run.stderr);
        assert.ok(Array.isArray(JSON.parse(run.stdout).budgets), run.stdout);
      } finally {
        rmSync(temporary, { recursive: true });
      }
    });
  });
}
