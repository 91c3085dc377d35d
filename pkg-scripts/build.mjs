// Writes dist/, which is what the package holds: `npm run build`.

import { chmodSync, cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootstrap } from "./bootstrap.mjs";
import { runTool } from "./lib/node24.mjs";
import { generated, root } from "./lib/paths.mjs";
import { main, step } from "./lib/report.mjs";

const copied = ["bindings.js", "bindings.d.ts", "bytes.js", "bytes.d.ts", "digest.js", "digest.d.ts"];
const generatedFiles = [...copied, "core.wasm", ...copied.map((name) => `tools/${name}`)];

/** Writes dist/ anew. */
export async function build() {
  await bootstrap();
  await step("writing dist", async () => {
    const dist = join(root, "dist");
    rmSync(dist, { recursive: true, force: true });
    await runTool("typescript/bin/tsc", ["--project", "tsconfig.build.json"], { what: "the sources did not compile" });
    mkdirSync(join(dist, "core/generated/tools"), { recursive: true });
    for (const name of generatedFiles) cpSync(join(generated, name), join(dist, "core/generated", name));
    const command = join(dist, "cli/main.js");
    if (existsSync(command)) chmodSync(command, 0o755);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(build);
