// `npm test`: the checks, the core's tests, the wrapper's tests. The last line is `N passed, N failed`, and a check
// that fails counts as one. What is drawn at random is drawn from a seed that stays, so that a commit passes or fails again as
// it did; `npm run torture` draws others.

import { bootstrap } from "./bootstrap.mjs";
import { runChecks } from "./check.mjs";
import { attempt } from "./lib/child.mjs";
import { bringChromium } from "./lib/chromium.mjs";
import { cargoCounts, summary } from "./lib/counts.mjs";
import { testFiles } from "./lib/node-tests.mjs";
import { root } from "./lib/paths.mjs";
import { main, say, seconds } from "./lib/report.mjs";
import { filesUnder } from "./lib/stamp.mjs";
import { redisServer } from "./redis.mjs";

const seed = process.env.TOLLWARDEN_SEED ?? "402";

async function cargoTests() {
  const { status, output } = await attempt("cargo", ["test", "--no-fail-fast"], {
    env: { PROPTEST_RNG_SEED: seed },
  });
  const counts = cargoCounts(output);
  if (status !== 0) say(output.trimEnd());
  // It did not build, or broke off: no test says so.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** A million simulated payments, in a build that is quick enough for them (docs/simulator.md). */
async function simulation() {
  const args = ["test", "--profile", "sim", "--test", "sim", "--", "--nocapture"];
  const { status, output } = await attempt("cargo", args, {
    env: { TOLLWARDEN_SIM_PAYMENTS: process.env.TOLLWARDEN_SIM_PAYMENTS ?? "1000000" },
  });
  const counts = cargoCounts(output);
  say((status === 0 ? output.match(/^\d+ payments, .*$/m)?.[0] : undefined) ?? output.trimEnd());
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

async function nodeTests() {
  await bringChromium();
  return testFiles(
    filesUnder(root, ["tests"]).filter((path) => path.endsWith(".test.ts")),
    { TOLLWARDEN_SEED: seed },
  );
}

async function section(title, work) {
  say(`\n== ${title}`);
  const since = Date.now();
  const result = await work();
  say(`== ${title}: ${seconds(since)}`);
  return result;
}

await main(async () => {
  process.chdir(root);
  await bootstrap();
  await redisServer();
  const broken = await section("checks", runChecks);
  const counts = [
    { passed: 0, failed: broken.length, skipped: 0 },
    await section("the core's tests (cargo test)", cargoTests),
    await section("the simulation (cargo test --test sim)", simulation),
    await section("the wrapper's tests (node --test)", nodeTests),
  ];
  if (broken.length > 0) say(`\nchecks that failed: ${broken.join(", ")}`);
  const { line, ok } = summary(counts);
  process.stderr.write("\n");
  process.stdout.write(`${line}\n`);
  process.exitCode = ok ? 0 : 1;
});
