// docs/threat-model.md: each test and each scenario that it names is there, no threat is left out, and no scenario.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SCENARIOS } from "../adversary/scenarios/index.ts";

const path = fileURLToPath(new URL("../../docs/threat-model.md", import.meta.url));
const page = readFileSync(path, "utf8");

interface Line {
  readonly threats: readonly string[];
  readonly scenarios: readonly string[];
  readonly links: readonly (readonly [name: string, file: string])[];
}

/** The rows of all tables: what the first cell names, and the tests in the last. */
const lines: readonly Line[] = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| ---") && !/\| tests \|$/.test(line))
  .map((line) => {
    const cells = line.slice(2, -2).split(" | ");
    const tests = cells.at(-1) ?? "";
    return {
      threats: [...(cells[0] ?? "").matchAll(/\b([TF]\d+|I-[AB]|I{2,3}|IV)\b/g)].map(([, id = ""]) => id),
      scenarios: [...tests.matchAll(/`([^`]+)`/g)].map(([, id = ""]) => id),
      links: [...tests.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, name = "", file = ""]) => [name, file] as const),
    };
  });

test("every row names a test, and every test that is named is there", () => {
  assert.ok(lines.length > 70, String(lines.length));
  const known = new Set(SCENARIOS.map(({ id }) => id));
  for (const { scenarios, links } of lines) {
    assert.ok(scenarios.length + links.length > 0, "a row without a test");
    for (const id of scenarios) assert.ok(known.has(id), `\`${id}\` is no scenario`);
    for (const [name, file] of links) {
      const source = readFileSync(join(dirname(path), file), "utf8");
      // A test's title, a part of it, or the name of a Rust test.
      const titles = source.split("\n").filter((line) => /\b(test|it|name:|fn)\b|^ {2,}`|^ {4}name/.test(line));
      assert.ok(
        titles.some((title) => title.includes(name)),
        `${file} has no test \`${name}\``,
      );
    }
  }
});

test("no threat is left out, and no scenario", () => {
  const told = new Set(lines.flatMap(({ threats }) => threats));
  for (let n = 1; n <= 25; n++) assert.ok(told.has(`T${n}`), `T${n}`);
  for (const id of ["F1", "F2", "F3", "F4", "F5", "I-A", "I-B", "II", "III", "IV"]) assert.ok(told.has(id), id);
  const named = new Set(lines.flatMap(({ scenarios }) => scenarios));
  for (const { id } of SCENARIOS) assert.ok(named.has(id), `the page does not name \`${id}\``);
});

test("the page says how many scenarios there are", () => {
  assert.match(page, new RegExp(`^${SCENARIOS.length} scenarios: 0\\.00 USD`, "m"));
});
