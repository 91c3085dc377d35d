/** The properties of the core and of its boundary, with other cases than those of `npm test`, and many more of them. */

import { run } from "../../pkg-scripts/lib/child.mjs";
import { nodeBinary } from "../../pkg-scripts/lib/node24.mjs";
import { seedOfRun } from "./random.ts";

const CASES = process.env.TOLLWARDEN_CASES ?? "20000";
const seed = String(seedOfRun());
const programs = ["--lib", "--test", "bind", "--test", "bind_svm", "--test", "import_models"];
await run("cargo", ["test", "-q", "--profile", "sim", "--no-fail-fast", ...programs], {
  env: { PROPTEST_CASES: CASES, PROPTEST_RNG_SEED: seed },
});
console.log(`${CASES} cases for each property of the core`);
await run(nodeBinary, ["--test", "tests/fuzz/boundary.test.ts"], { env: { TOLLWARDEN_FUZZ_RUNS: "20000" } });
console.log("20000 hostile values for each property of the boundary");
