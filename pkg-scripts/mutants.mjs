// `npm run mutants [-- --only FILE]`: how many small faults, put into the core one at a time by `cargo mutants`, its tests
// find; docs/mutation.md.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attempt, probe, run } from "./lib/child.mjs";
import { cache, cargoTarget, root } from "./lib/paths.mjs";
import { main, Stop, say, step } from "./lib/report.mjs";

const help = `npm run mutants [-- options]

  --only FILE   one file alone, such as src/settle.rs; may be given several times
  --every N     every Nth mutant alone: a sample
  --help        this text

The last lines are a table with a row for each file, and the score of all. Which mutant came to what is in
.cache/mutants/outcomes.json, what its tests said in .cache/mutants/*/mutants.out/log.`;

const place = join(cache, "mutants");
const tree = join(place, "tree");

/** What decides over money. The first tests kill most mutants of a group, and soon; those that live on meet the second. */
const groups = [
  {
    name: "ledger",
    files: ["src/authorize.rs", "src/settle.rs", "src/money.rs", "src/money/*.rs", "src/ledger/*.rs"],
    first: ["every_vector", "a_cell_", "ledger::", "money::"],
    second: ["tests_vectors", "ledger::", "money::", "engine::", "tests_audit", "the_core"],
  },
  {
    name: "bind",
    files: ["src/bind/*.rs"],
    first: ["bind", "--skip", "no_change_of_any_byte", "--skip", "any_bytes"],
    second: ["tests_vectors", "bind", "offer", "ed25519::", "the_core"],
  },
];

/** The files of tests/ that are built in. The others need features that the module which decides is built without. */
const engineTests = ["bind", "bind_svm", "offer", "vectors"];
const otherTests = ["audit", "sim"];

/** Unoptimised, for a mutant is built as often as it is run; what it stands on is built once, and well. */
const cargoArgs = ["--lib", "--config", 'profile.dev.package."*".opt-level=3'].flatMap((arg) => ["-C", arg]);
const env = {
  CARGO_TARGET_DIR: cargoTarget,
  CARGO_INCREMENTAL: "1",
  CARGO_PROFILE_DEV_DEBUG: "0",
  CARGO_PROFILE_DEV_OPT_LEVEL: "0",
  // A failure is enough: nobody reads its smallest form, and none must help to find the next.
  PROPTEST_DISABLE_FAILURE_PERSISTENCE: "1",
  PROPTEST_MAX_SHRINK_ITERS: "0",
};

const rounds = [
  {
    name: "first",
    features: ["--no-default-features", "--features", "engine"],
    limits: ["--timeout", "25", "--build-timeout", "120"],
    env: { PROPTEST_CASES: "64" },
  },
  {
    name: "second",
    features: [],
    limits: ["--timeout", "120", "--build-timeout", "300"],
    env: { PROPTEST_CASES: "64", TOLLWARDEN_SIM_PAYMENTS: "4000" },
  },
];

/**
 * A copy of the repository in which these files are modules of the library: for a mutant one program is built and linked,
 * in place of one for each file.
 */
async function copyTree() {
  const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  rmSync(tree, { recursive: true, force: true });
  for (const path of listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)))) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    copyFileSync(join(root, path), join(tree, path));
  }
  const modules = [...engineTests, ...otherTests].map((name) => {
    const built = engineTests.includes(name) ? "test" : 'all(test, feature = "tools")';
    return `#[cfg(${built})]\n#[path = "../tests/${name}.rs"]\nmod tests_${name};\n`;
  });
  const lib = join(tree, "src/lib.rs");
  writeFileSync(
    lib,
    `${readFileSync(lib, "utf8")}\n#[cfg(test)]\nextern crate self as tollwarden;\n${modules.join("")}`,
  );
}

/** Runs a round on the chosen mutants of a group, and gives what became of each, by its name. */
async function play(round, group, chosen) {
  const output = join(place, `${group.name}-${round.name}`);
  const report = join(output, "mutants.out/outcomes.json");
  const tests = ["--", "--", ...group[round.name]];
  const surroundings = { cwd: tree, env: { ...env, ...round.env } };
  const green = await attempt(
    "cargo",
    ["test", ...round.features, ...cargoArgs.filter((arg) => arg !== "-C"), ...tests.slice(1)],
    surroundings,
  );
  if (green.status !== 0) throw new Stop("the tests fail without any mutant", { output: green.output });
  const fixed = ["mutants", "--in-place", "--baseline=skip", "--no-times", "--exclude-re", "fault!", "-o", output];
  const args = [...fixed, ...round.limits, ...round.features, ...chosen, ...cargoArgs, ...tests];
  const { status, output: said } = await attempt("cargo", args, surroundings);
  // 2: some were missed; 3: some ran out of time.
  if (![0, 2, 3].includes(status)) throw new Stop(`cargo mutants ended with ${status}`, { output: said });
  if (!existsSync(report)) return [];
  return JSON.parse(readFileSync(report, "utf8")).outcomes.flatMap(({ scenario, summary }) =>
    scenario.Mutant === undefined ? [] : [[scenario.Mutant.name, { file: scenario.Mutant.file, summary }]],
  );
}

/** Killed are also those that never end: a test that hangs is noticed. */
function row(name, outcomes) {
  const count = (summary) => outcomes.filter((outcome) => outcome.summary === summary).length;
  const [killed, timedOut, missed] = ["CaughtMutant", "Timeout", "MissedMutant"].map(count);
  const viable = killed + timedOut + missed;
  const score = viable === 0 ? "" : `${((100 * (killed + timedOut)) / viable).toFixed(1)} %`;
  return `| ${[name, viable, killed, timedOut, missed, score].join(" | ")} |\n`;
}

function readOptions(args) {
  const options = { only: [], every: 1, help: false };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--help") options.help = true;
    else if (args[i] === "--only" && existsSync(join(root, args[i + 1] ?? ""))) options.only.push(args[++i]);
    else if (args[i] === "--every" && /^[1-9]\d{0,3}$/.test(args[i + 1] ?? "")) options.every = Number(args[++i]);
    else throw new Stop(`\`${args[i]}\` is not understood, or its file is not there`, { todo: "see --help" });
  }
  return options;
}

await main(async () => {
  const { only, every, help: asked } = readOptions(process.argv.slice(2));
  if (asked) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const version = probe("cargo", ["mutants", "--version"]);
  if (version === undefined) {
    say("NO CARGO-MUTANTS: the core is not mutated here, SKIPPED (`cargo install cargo-mutants` brings it)");
    process.stdout.write("0 mutants\n");
    return;
  }
  rmSync(place, { recursive: true, force: true });
  await copyTree();
  const all = new Map();
  for (const group of groups) {
    const isBind = group.name === "bind";
    const files = only.length === 0 ? group.files : only.filter((file) => file.startsWith("src/bind/") === isBind);
    if (files.length === 0) continue;
    const sample = every > 1 ? ["--shard", `0/${every}`, "--sharding", "round-robin"] : [];
    let chosen = [...files.flatMap((file) => ["--file", file]), ...sample];
    for (const round of rounds) {
      const found = await step(`${group.name}, ${round.name} round`, () => play(round, group, chosen));
      for (const [name, outcome] of found) if (round.name === "first" || all.has(name)) all.set(name, outcome);
      const missed = found.filter(([, { summary }]) => summary === "MissedMutant");
      if (missed.length === 0) break;
      const names = missed.map(([name]) => ["--re", `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`]);
      // Its filter by name lets fields that are left out pass: the files keep those of others away.
      chosen = [...missed.map(([, { file }]) => ["--file", file]), ...names].flat();
    }
  }
  writeFileSync(join(place, "outcomes.json"), `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
  const outcomes = [...all.values()];
  for (const [name, { summary }] of all) if (summary === "MissedMutant") say(`missed: ${name}`);
  process.stdout.write(`${version}\n| file | viable | killed | timed out | missed | score |\n`);
  for (const file of new Set(outcomes.map((outcome) => outcome.file))) {
    process.stdout.write(
      row(
        file,
        outcomes.filter((outcome) => outcome.file === file),
      ),
    );
  }
  process.stdout.write(row("all", outcomes));
});
