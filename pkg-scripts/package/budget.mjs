// What the package costs: the modules and the base entry over the wire, and the first decision in Node. Each has a line in
// pkg-scripts/budget.json, and crossing it fails the build. `node pkg-scripts/package/budget.mjs`; a part of npm test.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { run } from "../lib/child.mjs";
import { nodeBinary } from "../lib/node24.mjs";
import { root } from "../lib/paths.mjs";
import { main, Stop, say } from "../lib/report.mjs";
import { folderOf } from "./cache.mjs";
import { installedPackage } from "./tarball.mjs";

const RUNS = 15;
const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** What the yardstick takes on a machine that does nothing else, in milliseconds of processor time. */
const YARDSTICK = 16;

/** The first decision, and then work of the same kind that never changes: texts parsed and written, functions compiled. */
const firstDecision = `
const { memoryStore, openWarden } = await import("tollwarden");
let before = process.cpuUsage();
const used = () => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};
const warden = await openWarden({ policy: { payment: { max_usd: "1" } }, store: memoryStore() });
await warden.authorize({ url: "https://api.example.com/", offer: { x402Version: 2, accepts: [] } });
const decision = used();
before = process.cpuUsage();
const list = Array.from({ length: 2000 }, (_, i) => ({ id: "p" + i, at: i * 7, who: ["a", "b", String(i)] }));
for (let i = 0; i < 4; i++) JSON.parse(JSON.stringify(list));
for (let i = 0; i < 300; i++) new Function("a", "const b = a + " + i + "; function c(x) { return x * b } return c(b)")(i);
console.log(JSON.stringify([decision, used()]));
`;

/** Everything that has a line: `{ name: figure }`, in the budget file's units. */
export async function measure() {
  const { folder: project } = await installedPackage();
  const { build } = await import(
    pathToFileURL(join(await folderOf("bundlers"), "node_modules/esbuild/lib/main.js")).href
  );
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "tollwarden";', resolveDir: project },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    conditions: ["browser"],
  });
  const wasm = (file) => gzipped(readFileSync(join(project, "node_modules/tollwarden/dist/core/generated", file)));
  return {
    "module, gzipped": wasm("core.wasm"),
    "detectors, gzipped": wasm("privacy/privacy.wasm"),
    "base entry, gzipped": gzipped(outputFiles[0].contents),
    "first decision": await startOf(project),
  };
}

/**
 * Milliseconds of processor time, as many as it would be where the yardstick takes `YARDSTICK`: a busy or a slow machine
 * takes longer for both. The best of some runs.
 */
async function startOf(project) {
  const folder = mkdtempSync(join(project, "start-"));
  try {
    const script = join(folder, "start.mjs");
    writeFileSync(script, firstDecision);
    const times = [];
    for (let n = 0; n < RUNS; n++) {
      const [decision, yardstick] = JSON.parse(await run(nodeBinary, [script], { cwd: folder }));
      times.push((decision / yardstick) * YARDSTICK);
    }
    return Math.round(Math.min(...times) * 10) / 10;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One line for each figure; `over` are those that crossed their line. */
export function judged(figures, budget) {
  const over = [];
  const lines = Object.entries(budget).map(([name, { most, goal, unit }]) => {
    const figure = figures[name];
    const crossed = !(figure <= most);
    if (crossed) over.push(name);
    const aim = goal < most ? `, to reach ${goal}` : "";
    return `${name}: ${figure} ${unit} (at most ${most}${aim})${crossed ? " TOO MUCH" : ""}`;
  });
  return { lines, over };
}

export const readBudget = () => JSON.parse(readFileSync(join(root, "pkg-scripts/budget.json"), "utf8"));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const { lines, over } = judged(await measure(), readBudget());
    for (const line of lines) say(line);
    if (over.length > 0) throw new Stop(`over budget: ${over.join(", ")}`, { where: "pkg-scripts/budget.json" });
  });
}
