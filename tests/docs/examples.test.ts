// Every example that is a package of its own, run as its reader would run it: installed from the tarball, beside a local net.
// `npm run test:examples [-- NAME …]` runs these tests alone, for all examples or those named.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browserEnv, examples, install, startNet } from "../../pkg-scripts/example.mjs";
import { installedPackage } from "../../pkg-scripts/package/tarball.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The names of those that are asked for; none in `npm test`, which runs them all. */
const asked = process.argv.slice(2);

/** What an example has to print beside what they all print, in this order. */
const printed: Readonly<Record<string, RegExp>> = {
  "worker-agent": /"spent":"0\.01".*"spent":"0\.06".*started again\n\/weather 402 .*budget_exceeded/s,
  browser:
    /Pay 0\.05 USD\? Refuse\n.*approval_rejected.*Pay 0\.05 USD\? Pay\n.*quarterly.*after a reload: 0\.06 of 0\.5 USD spent/s,
  gateway:
    /\/weather 200 paid.*\(with a key\) 200 paid.*\(with a key\) 200 free.*500 not-charged.*503 circuit_open.*books: paid 30000 = delivered 30000 \+ owed 0/s,
  deno: /budget minute: 0\.\d+ of 1 USD spent/,
  bun: /budget minute: 0\.\d+ of 1 USD spent/,
};

let installed: Awaited<ReturnType<typeof installedPackage>>;
let net: Awaited<ReturnType<typeof startNet>>;
before(async () => {
  installed = await installedPackage();
  net = await startNet();
});
after(() => net?.stop());

interface Ended {
  readonly status: number;
  readonly output: string;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const own = { NO_COLOR: "1", NODE_TEST_CONTEXT: undefined };
  const env = { ...process.env, ...net.env, ...browserEnv(), PATH, ...own };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : 1, output: stdout + stderr }),
    );
  });
}

/** Why an example is not run now; and that it is seen. */
function skipped(name: string, browser: boolean): string | false {
  if (asked.length > 0 && !asked.includes(name)) return "it was not asked for";
  if (!browser || Object.keys(browserEnv()).length > 0) return false;
  console.error(`!! examples/${name} is SKIPPED: there is no Chromium here`);
  return "there is no Chromium here";
}

describe("examples", { concurrency: 2 }, () => {
  for (const { name, browser } of examples()) {
    test(`examples/${name} compiles, runs, pays what it may and nothing else`, {
      skip: skipped(name, browser),
    }, async () => {
      const folder = await install(name, installed);
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
      const node = [
        "--allowImportingTsExtensions",
        "--types",
        "node",
        "--typeRoots",
        join(root, "node_modules/@types"),
      ];
      const sources = readdirSync(folder).filter((file) => file.endsWith(".ts"));
      const compiled = await run(process.execPath, [tsc, ...flags, ...node, ...sources], folder);
      assert.equal(compiled.status, 0, compiled.output);

      const { status, output } = await run("npm", ["run", "--silent", "start"], folder);
      assert.equal(status, 0, output);
      // What is cheap enough was delivered, and so was paid for; what is not was refused.
      assert.match(output, /21/, output);
      assert.match(output, /payment denied: payment_too_large/, output);
      assert.match(output, printed[name] ?? /^/, output);
    });
  }
});

test("each example begins with what it shows", () => {
  for (const { name, about } of examples()) {
    assert.match(readFileSync(join(root, "examples", name, "main.ts"), "utf8"), /^\/\/ [A-Z]/, name);
    assert.match(about, /^[A-Z].*[^.]$/, name);
  }
});
