// Types cross the boundary in one direction: Rust types → JSON Schema → js/core/types.ts; and, of those that the decision
// service answers with, js/service/core-schemas.ts, for its OpenAPI document.
// `node pkg-scripts/types.mjs` writes the files; with `--check` it fails if they are not what it would write.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { run } from "./lib/child.mjs";
import { runTool } from "./lib/node24.mjs";
import { nodeModules, root } from "./lib/paths.mjs";
import { main, Stop, say } from "./lib/report.mjs";

const schemaSource = join(root, "pkg-scripts/schema.rs");
export const typesFile = join(root, "js/core/types.ts");
const schemasFile = join(root, "js/service/core-schemas.ts");

/** What the decision service answers with. */
const answered = [
  "Decision",
  "Outcome",
  "BudgetLine",
  "HoldLine",
  "ApprovalView",
  "FreezeLine",
  "Trace",
  "Description",
];

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

/** The schemas of these types and of all that they refer to, as OpenAPI refers to them. */
async function schemasText(json) {
  const definitions = JSON.parse(json).$defs;
  const wanted = new Set(answered);
  for (const name of wanted) {
    for (const [, other] of JSON.stringify(definitions[name]).matchAll(/"#\/\$defs\/(\w+)"/g)) wanted.add(other);
  }
  const members = Object.fromEntries([...wanted].sort().map((name) => [name, definitions[name]]));
  const written = JSON.stringify(members).replaceAll("#/$defs/", "#/components/schemas/");
  const input = `${banner}\n\nexport const coreSchemas: Readonly<Record<string, object>> = ${written};\n`;
  return await runTool("@biomejs/biome/bin/biome", ["format", "--stdin-file-path=js/service/core-schemas.ts"], {
    input,
  });
}

/** The texts that the files must have. */
async function texts() {
  const json = await run("cargo", ["run", "--quiet", "--features", "schema", "--bin", "schema"], {
    what: "the schema of the core's types could not be printed",
  });
  return [
    [typesFile, await typesText(json)],
    [schemasFile, await schemasText(json)],
  ];
}

async function typesText(json) {
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
  for (const [file, text] of await texts()) writeFileSync(file, text);
}

/** @throws {Stop} if a file is not what the Rust types make */
export async function checkTypes() {
  for (const [file, text] of await texts()) {
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    throw new Stop("the Rust types have changed, and the TypeScript types have not", {
      where: relative(root, file),
      todo: "run `npm run types`, and commit the file",
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    if (!canGenerateTypes()) say("types: skipped, pkg-scripts/schema.rs has no main yet");
    else if (process.argv.includes("--check")) await checkTypes();
    else await generateTypes();
  });
}
