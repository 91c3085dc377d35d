// Every TypeScript block in the documentation compiles, against what the package itself exports.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { pages } from "../../pkg-scripts/docs.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `tollwarden` and `tollwarden/…`, as sources of this checkout. */
function entries(): Record<string, readonly string[]> {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly types?: string }>>;
  };
  const sources = Object.entries(manifest.exports).flatMap(([name, target]) => {
    const types = typeof target === "object" ? target.types : undefined;
    if (types === undefined) return [];
    const source = types.replace("./dist/", "../../js/").replace(/\.d\.ts$/, ".ts");
    return [[name.replace(/^\./, "tollwarden"), [source]] as const];
  });
  return Object.fromEntries(sources);
}

test("every block of TypeScript in the documentation compiles", async () => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/docs-"));
  try {
    let count = 0;
    for (const page of pages.filter((page) => page !== "README.md")) {
      const text = readFileSync(join(root, page), "utf8");
      for (const [, block = ""] of text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
        count += 1;
        const name = page.replaceAll(/[^a-z-]/g, "_");
        writeFileSync(join(folder, `${name}_${count}.ts`), `// ${page}\n${block}\nexport {};\n`);
      }
    }
    assert.ok(count >= 4, String(count));
    const config = {
      extends: "../../tsconfig.json",
      compilerOptions: { paths: entries() },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { status, output } = await new Promise<{ status: number; output: string }>((resolve) => {
      execFile(process.execPath, [tsc, "--project", "tsconfig.json"], { cwd: folder }, (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : 1, output: stdout + stderr }),
      );
    });
    assert.equal(status, 0, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
