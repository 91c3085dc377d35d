// The pages say what the sources say: tables and answers are up to date, policies load, links lead somewhere.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PolicyInvalid } from "../../js/index.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { pages, pageText, stalePages } from "../../pkg-scripts/docs.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const written: readonly string[] = [...pages, "CHANGELOG.md"];

test("every generated table and answer is up to date", () => {
  assert.deepEqual(stalePages({ write: false }), [], "run node pkg-scripts/docs.mjs");
});

test("a table or an answer that is not up to date is noticed", () => {
  const page = "<!-- errors -->\nold\n<!-- /errors -->\n";
  assert.match(pageText(page), /PaymentDenied/);
  const toml = "```toml\npayment.max_usd = 1\n```\n";
  const events = '```events\n→ {"type":\n   "budgets"}\n← {"old":true}\n```\n';
  assert.equal(pageText(toml + events), `${toml}\`\`\`events\n→ {"type":\n   "budgets"}\n← {"budgets":[]}\n\`\`\`\n`);
  assert.throws(() => pageText("<!-- nonsense -->\n<!-- /nonsense -->\n"), /nonsense/);
});

test("every policy in the documentation loads", () => {
  let count = 0;
  for (const page of written) {
    for (const [, policy = ""] of read(page).matchAll(/^```toml\n([\s\S]*?)^```$/gm)) {
      count += 1;
      assert.doesNotThrow(() => readPolicy(policy), `${page}:\n${policy}`);
    }
  }
  assert.ok(count >= 8, String(count));
  assert.throws(() => readPolicy("[payment]\nmax_uds = 1\n"), PolicyInvalid);
});

test("links between the pages lead somewhere", () => {
  for (const page of written) {
    for (const [, link = ""] of read(page).matchAll(/\]\((?!https?:)([^)#]+)(#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), link)), `${page}: ${link}`);
    }
  }
});

test("no line of prose is longer than can be read", () => {
  for (const page of written) {
    const prose = read(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
    for (const line of prose.split("\n")) assert.ok(line.startsWith("|") || line.length <= 130, `${page}: ${line}`);
  }
});
