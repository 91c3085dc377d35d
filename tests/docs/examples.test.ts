// Every example that is a package of its own, run as its reader would run it: installed from the tarball, beside a local net.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { examples, install, startNet } from "../../pkg-scripts/example.mjs";
import { installedPackage } from "../../pkg-scripts/package/tarball.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

let tarball = "";
let net: Awaited<ReturnType<typeof startNet>>;
before(async () => {
  ({ tarball } = await installedPackage());
  net = await startNet();
});
after(() => net?.stop());

interface Ended {
  readonly status: number;
  readonly output: string;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const env = { ...process.env, ...net.env, PATH, NO_COLOR: "1", NODE_TEST_CONTEXT: undefined };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : 1, output: stdout + stderr }),
    );
  });
}

for (const { name } of examples()) {
  test(`examples/${name} compiles, runs, pays what it may and nothing else`, async () => {
    const folder = await install(name, tarball);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const flags = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--target",
      "es2023",
    ];
    const node = ["--allowImportingTsExtensions", "--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    const compiled = await run(process.execPath, [tsc, ...flags, ...node, "main.ts"], folder);
    assert.equal(compiled.status, 0, compiled.output);

    const { status, output } = await run("npm", ["run", "--silent", "start"], folder);
    assert.equal(status, 0, output);
    // What is cheap enough was delivered, and so was paid for; what is not was refused.
    assert.match(output, /21/, output);
    assert.match(output, /payment denied: payment_too_large/, output);
  });
}

test("each example says what it shows, and is in the table", () => {
  const table = readFileSync(join(root, "examples/README.md"), "utf8");
  for (const { name, about } of examples())
    assert.ok(table.includes(`| [${name}](${name}/main.ts) | ${about} |`), name);
});
