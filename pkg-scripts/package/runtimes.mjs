// Runs tests/runtimes/cases.mjs with the packed package in each runtime: `npm run test:runtimes [-- node20 workerd …]`.
// What can't be had on this machine is skipped, and loudly.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { attempt } from "../lib/child.mjs";
import { bringChromium, findChromium } from "../lib/chromium.mjs";
import { root } from "../lib/paths.mjs";
import { main, Stop, say, seconds } from "../lib/report.mjs";
import { runInBrowser } from "./browser.mjs";
import { folderOf } from "./cache.mjs";
import { sharedEvents } from "./events.mjs";
import { installedPackage } from "./tarball.mjs";
import { runInWorkerd } from "./workerd.mjs";

const suite = pathToFileURL(join(root, "tests/runtimes/cases.mjs")).href;

/** A runtime with a command line: it imports the package from a file in the project where that is installed. */
function commandLine(binary, args, expected) {
  return async ({ project, runtimes }) => {
    const folder = mkdtempSync(join(project, "run-"));
    try {
      const script = join(folder, "run.mjs");
      const given = `${JSON.stringify(expected)}`;
      writeFileSync(
        script,
        `import * as pkg from "tollwarden";
import { runCases } from ${JSON.stringify(suite)};
import events from "../events.mjs";
console.log(JSON.stringify(await runCases(pkg, events, ${given})));
`,
      );
      const command = join(runtimes, "node_modules", binary);
      const { status, stdout, output } = await attempt(command, [...args, script], { cwd: folder });
      if (status !== 0) throw new Error(output);
      return JSON.parse(stdout.trim().split("\n").at(-1));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const fileStore = { defaultStore: true };

/** Each with what a person calls it. A runtime that is missing says why. */
export const runtimes = {
  node20: {
    title: "Node 20.20",
    module: "inlined",
    store: "none: no `node:sqlite`; name one",
    run: commandLine("node20/bin/node", [], {}),
  },
  node22: {
    title: "Node 22.23",
    module: "inlined",
    store: "SQLite file",
    run: commandLine("node22/bin/node", ["--no-warnings"], fileStore),
  },
  node24: {
    title: "Node 24.21",
    module: "inlined",
    store: "SQLite file",
    run: commandLine("node24/bin/node", [], fileStore),
  },
  deno: {
    title: "Deno 2.9",
    module: "inlined",
    store: "SQLite file",
    run: commandLine("@deno/deno/deno", ["run", "--allow-all"], fileStore),
  },
  bun: {
    title: "Bun 1.4",
    module: "inlined",
    store: "SQLite file",
    run: commandLine("@oven/bun/bin/bun", ["run"], fileStore),
  },
  workerd: {
    title: "workerd 1.20260730 (Cloudflare Workers)",
    module: "a file of its own",
    store: "none: name one",
    run: runInWorkerd,
  },
  chromium: {
    title: "Chromium, headless, under a content security policy",
    module: "inlined",
    store: "IndexedDB",
    run: runInBrowser,
  },
};

/** Runs the suite in the runtimes that are named, and gives `{ name: { results } | { skipped } }`. */
export async function runMatrix(names = Object.keys(runtimes)) {
  const { folder: project } = await installedPackage();
  const folder = await folderOf("runtimes");
  writeFileSync(join(project, "events.mjs"), `export default ${JSON.stringify(sharedEvents())};\n`);
  const found = {};
  for (const name of names) {
    const runtime = runtimes[name];
    if (runtime === undefined)
      throw new Stop(`there is no runtime \`${name}\`; there are ${Object.keys(runtimes).join(", ")}`);
    const since = Date.now();
    if (name === "chromium") {
      await bringChromium();
      if (findChromium() === undefined) {
        found[name] = { skipped: "there is no Chromium here" };
        continue;
      }
    }
    const results = await runtime
      .run({ project, runtimes: folder })
      .catch((error) => [
        { name: "the suite runs", error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      ]);
    found[name] = { results };
    const failed = results.filter(({ error }) => error !== undefined);
    say(`${runtime.title}: ${results.length - failed.length} passed, ${failed.length} failed … ${seconds(since)}`);
  }
  return found;
}

/** What failed, in words; nothing if nothing did. */
export function complaints(found) {
  return Object.entries(found).flatMap(([name, { results = [], skipped }]) => {
    if (skipped !== undefined) say(`!! ${runtimes[name].title} is SKIPPED: ${skipped}`);
    if (skipped === undefined && results.length < 10)
      return [`${name}: only ${results.length} cases ran: ${JSON.stringify(results)}`];
    return results
      .filter(({ error }) => error !== undefined)
      .map(({ name: what, error }) => `${name}: ${what}: ${error}`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const names = process.argv.slice(2);
    const wrong = complaints(await runMatrix(names.length > 0 ? names : undefined));
    if (wrong.length > 0) throw new Stop(`failed:\n${wrong.join("\n")}`);
  });
}
