// The policy's JSON Schema, from the Rust types: `node pkg-scripts/policy-schema.mjs` writes policy.schema.json, which the
// package publishes; with `--check` it fails if the file is not what it would write.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./lib/child.mjs";
import { runTool } from "./lib/node24.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop } from "./lib/report.mjs";

export const schemaFile = join(root, "policy.schema.json");

/** The text that policy.schema.json must have. */
export async function schemaText() {
  const input = await run("cargo", ["run", "--quiet", "--features", "schema", "--bin", "schema", "policy"], {
    what: "the schema of the policy could not be printed",
  });
  return runTool("@biomejs/biome/bin/biome", ["format", "--stdin-file-path=policy.schema.json"], { input });
}

/** @throws {Stop} if policy.schema.json is not what the Rust types make */
export async function checkPolicySchema() {
  const wanted = await schemaText();
  if (existsSync(schemaFile) && readFileSync(schemaFile, "utf8") === wanted) return;
  throw new Stop("the policy's Rust types have changed, and its published schema has not", {
    where: "policy.schema.json",
    todo: "run `node pkg-scripts/policy-schema.mjs`, and commit the file",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    if (process.argv.includes("--check")) await checkPolicySchema();
    else writeFileSync(schemaFile, await schemaText());
  });
}
