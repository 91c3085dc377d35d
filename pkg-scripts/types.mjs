// Types cross the boundary in one direction: Rust types → JSON Schema → js/core/types.ts.
// `node pkg-scripts/types.mjs` writes the file; with `--check` it fails if the file is not what it would write.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { run } from "./lib/child.mjs";
import { runTool } from "./lib/node24.mjs";
import { nodeModules, root } from "./lib/paths.mjs";
import { main, Stop, say } from "./lib/report.mjs";

const schemaSource = join(root, "pkg-scripts/schema.rs");
export const typesFile = join(root, "js/core/types.ts");

const banner = "// Generated from the Rust types by pkg-scripts/types.mjs: `npm run types`. Do not edit.";

// The generator says of each type which definition it comes from: its name does so already.
const withoutProvenance = (types) =>
  types
    .replaceAll(/^ *\* (This interface was referenced by|via the `definition`) .*\n/gm, "")
    .replaceAll(/\n *\* *(?=\n *\*\/)/g, "")
    .replaceAll(/^ *\/\*\*\n *\*\/\n/gm, "");

/** Whether there is a program that prints the schema. */
export const canGenerateTypes = () =>
  existsSync(schemaSource) && /^fn main\(/m.test(readFileSync(schemaSource, "utf8"));

/** The text that js/core/types.ts must have. */
async function typesText() {
  const json = await run("cargo", ["run", "--quiet", "--features", "schema", "--bin", "schema"], {
    what: "the schema of the core's types could not be printed",
  });
  const require = createRequire(join(nodeModules, "_.js"));
  const { compile } = await import(pathToFileURL(require.resolve("json-schema-to-typescript")).href);
  const types = await compile(JSON.parse(json), "Core", {
    additionalProperties: false, // serde's types say so themselves where they allow more
    bannerComment: banner,
    format: false,
    unreachableDefinitions: true,
  });
  const input = withoutProvenance(types);
  return await runTool("@biomejs/biome/bin/biome", ["format", "--stdin-file-path=js/core/types.ts"], { input });
}

export async function generateTypes() {
  writeFileSync(typesFile, await typesText());
}

/** @throws {Stop} if js/core/types.ts is not what the Rust types make */
export async function checkTypes() {
  const wanted = await typesText();
  if (existsSync(typesFile) && readFileSync(typesFile, "utf8") === wanted) return;
  throw new Stop("the Rust types have changed, and the TypeScript types have not", {
    where: "js/core/types.ts",
    todo: "run `npm run types`, and commit the file",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    if (!canGenerateTypes()) say("types: skipped, pkg-scripts/schema.rs has no main yet");
    else if (process.argv.includes("--check")) await checkTypes();
    else await generateTypes();
  });
}
