// The import vectors through the module: each control of each peer becomes what it becomes natively
// (tests/import.rs), and what is carried over loads, judges a payment, and judges it alike through `tollwarden simulate`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadTools } from "../js/core/tools.ts";
import { PolicyInvalid } from "../js/errors.ts";
import { importPolicy as bringOver } from "../js/tools.ts";

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
const CHECK = JSON.stringify({
  type: "check",
  id: "p1",
  at: "2026-01-05T10:00:00Z",
  agent: "a1",
  session: "s1",
  url: "https://api.example.com/weather",
  offer: {
    x402Version: 2,
    resource: { url: "https://api.example.com/weather" },
    accepts: [
      {
        scheme: "exact",
        network: "eip155:84532",
        amount: "10000",
        asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        payTo: "0x1111111111111111111111111111111111111111",
        maxTimeoutSeconds: 300,
        extra: { name: "USDC", version: "2" },
      },
    ],
  },
});
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
    const carried: string[] = [];
    for (const { control, source, document, notes } of cases) {
      test(control, () => {
        const imported = JSON.parse(importPolicy(dialect, JSON.stringify(source))) as Imported;
        const levels = Object.fromEntries(imported.notes.map(({ path, level }) => [path, level]));
        assert.deepEqual(levels, notes);
        assert.deepEqual(imported.document, filledIn(document, imported.document));
        if (Object.values(levels).includes("lost")) return;
        carried.push(JSON.stringify(imported.document));
      });
    }

    test("each policy that was brought over judges a payment, and simulate judges it alike", () => {
      assert.ok(carried.length > 0);
      const temporary = mkdtempSync(join(tmpdir(), "tollwarden-import-"));
      try {
        const policy = join(temporary, "policy.json");
        writeFileSync(policy, '{"payment":{"max_usd":"1"}}');
        const run = spawnSync(process.execPath, [cli, "simulate", "--policy", policy], {
          input: carried.map((document) => `{"type":"policy","document":${document}}\n${CHECK}\n`).join(""),
          encoding: "utf8",
        });
        assert.equal(run.status, 0, run.stderr);
        const expected = carried.flatMap((document) => {
          const engine = new Engine(document, true);
          const { hash } = JSON.parse(engine.policy()) as { readonly hash: string };
          const decision = engine.handle(CHECK);
          engine.free();
          assert.match(decision, /"action":"(allow|deny|require_approval)"/);
          return [`{"ok":true,"policy":"${hash}"}`, decision];
        });
        assert.deepEqual(run.stdout.trimEnd().split("\n"), expected);
      } finally {
        rmSync(temporary, { recursive: true });
      }
    });
  });
}

test("importPolicy: from an object and from text, with what keeps it from being a policy", () => {
  const good = bringOver("x402-firewall", { max_single_payment_usd: 2.5, budget_usd: Number.POSITIVE_INFINITY });
  assert.deepEqual([good.document, good.errors], [{ payment: { max_usd: "2.5" } }, []]);
  const text = bringOver("x402-firewall", "max_single_payment_usd = 2.50\nbudget_usd = inf\n");
  assert.deepEqual(text.document, good.document);
  const open = bringOver("x402-firewall", '{"max_single_payment_usd": 2.5, "colour": 1}');
  assert.deepEqual(
    open.notes.map(({ path, level }) => [path, level]),
    [
      ["max_single_payment_usd", "carried"],
      ["colour", "lost"],
    ],
  );
  const unbounded = bringOver("x402-firewall", { allow_vendors: ["good.com"] });
  assert.match(unbounded.errors[0]?.message ?? "", /bounds nothing/);
  assert.throws(() => bringOver("x402-firewall", "= nonsense"), PolicyInvalid);
  assert.throws(() => bringOver("other" as "presidio", {}), PolicyInvalid);
});
