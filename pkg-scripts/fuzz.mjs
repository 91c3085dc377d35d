// `npm run fuzz [-- --seconds N] [--keep] [target …]`: libFuzzer on every parser of the core and on whole runs, for so many
// seconds in all, 60 unless told. It begins with what the shared vectors hold and with fuzz/corpus; docs/fuzzing.md.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storedLog } from "../js/audit.ts";
import { memoryStore, openWarden } from "../js/index.ts";
import { readCases, vectorFiles } from "../tests/support/vectors.ts";
import { attempt, probe } from "./lib/child.mjs";
import { pack, unpack } from "./lib/corpus.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop, say, seconds } from "./lib/report.mjs";

const help = `npm run fuzz [-- options] [target …]

  --seconds N   for so long in all; 60 unless told
  --keep        what reaches further than before goes into fuzz/corpus
  --help        this text

Targets: the files of fuzz/fuzz_targets; all of them unless some are named. See docs/fuzzing.md.`;

const folder = join(root, "fuzz");
const vectors = join(root, "tests/vectors");
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

/** In seconds for each second of the others: whole runs need the most. */
const weights = { sequence: 4, events: 2 };

/** So many inputs are kept: each is run before anything new is tried, and a whole run takes up to a second. */
const most = { sequence: 20, events: 400, audit: 600 };
const MOST = 2_000;

async function seeds() {
  const cases = vectorFiles.flatMap((name) => readCases(name));
  const events = cases.map(({ steps }) => steps.map(({ line }) => line));
  const offers = events.flat().flatMap((line) => {
    const { offer } = JSON.parse(line);
    return offer === undefined ? [] : [JSON.stringify(offer)];
  });
  const urls = events.flat().flatMap((line) => JSON.parse(line).url ?? []);
  const binds = readdirSync(join(vectors, "bind")).filter((name) => /^(exact|upto).*\.json$/.test(name));
  const imports = readdirSync(join(vectors, "import")).flatMap(
    (name) => json(join(vectors, "import", name)).cases ?? [],
  );
  return {
    offer: offers,
    policy: cases.map(({ policy }) => policy),
    import: imports.map(({ source }) => JSON.stringify(source)),
    numbers: [
      "10000 0.01 1",
      "340282366920938463463374607431768211455 5 0.000001",
      "0 0 1.5",
      "1 1e9 2026-01-05T10:00:00Z",
    ],
    origin: urls.filter((url) => typeof url === "string"),
    payload: binds.flatMap((name) => {
      const { payload, typed_data } = json(join(vectors, "bind", name));
      return [payload, typed_data].filter((one) => one !== undefined).map((one) => JSON.stringify(one));
    }),
    events: events.map((lines) => lines.join("\n")),
    audit: [await log()],
    privacy: [
      "Write to jane.doe@example.com, 4111 1111 1111 1111, or +1 (415) 555-0100",
      "GB82 WEST 1234 5698 7654 32, 10.0.0.1",
    ],
    sequence: Array.from({ length: 8 }, (_, n) => String.fromCharCode(n).repeat(64 * (n + 1))),
  };
}

/** A small log, as a warden writes it. */
async function log() {
  const store = memoryStore();
  const warden = await openWarden({
    policy: { payment: { max_usd: "1" } },
    store,
    audit: { keep: true },
    now: () => 1_767_607_200_000,
  });
  const { offer } = json(join(vectors, "bind/exact-eip3009-v2.json"));
  await warden.authorize({ id: "p1", url: "https://api.example.com/report", offer });
  await warden.freeze("stop");
  await warden.authorize({ id: "p2", url: "https://api.example.com/report", offer });
  const lines = [];
  for await (const line of storedLog(store)) lines.push(`${line}\n`);
  return lines.join("");
}

/** A target's figures: runs, edges covered. */
function figures(output) {
  const last = [...output.matchAll(/#(\d+)\s+\w+\s+cov: (\d+) ft:/g)].at(-1);
  const done = /Done (\d+) runs/.exec(output)?.[1] ?? last?.[1] ?? "0";
  return { runs: Number(done), covered: Number(last?.[2] ?? 0) };
}

async function fuzz(name, time, given, { keep }) {
  const work = mkdtempSync(join(tmpdir(), `tollwarden-fuzz-${name}-`));
  const [known, kept, found, merged] = ["known", "kept", "found", "merged"].map((place) => join(work, place));
  const corpus = join(folder, "corpus", `${name}.gz`);
  const libfuzzer = (places, options) =>
    attempt("cargo", ["+nightly", "fuzz", "run", "-s", "none", name, ...places, "--", ...options], { cwd: folder });
  try {
    for (const place of [known, kept, found, merged]) mkdirSync(place);
    for (const [place, text] of given.entries()) writeFileSync(join(known, `known-${place}`), text);
    unpack(corpus, kept);
    const limits = ["-timeout=180", "-rss_limit_mb=2048", "-max_len=65536"];
    const { status, output } = await libfuzzer([found, kept, known], [`-max_total_time=${time}`, ...limits]);
    const reached = figures(output);
    if (status !== 0 || !keep) return { status, output, ...reached };
    // What the vectors reach already need not be kept.
    cpSync(known, merged, { recursive: true });
    const merge = await libfuzzer([merged, kept, found], ["-merge=1", ...limits]);
    if (merge.status !== 0) return { ...merge, ...reached };
    const without = new Set(readdirSync(known));
    return { status, output, ...reached, packed: pack(corpus, merged, { most: most[name] ?? MOST, without }) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function readOptions(args) {
  const options = { seconds: 60, keep: false, names: [] };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--seconds" && /^\d{1,6}$/.test(args[i + 1] ?? "")) options.seconds = Number(args[++i]);
    else if (args[i] === "--keep") options.keep = true;
    else if (existsSync(join(folder, `fuzz_targets/${args[i]}.rs`))) options.names.push(args[i]);
    else throw new Stop(`\`${args[i]}\` is neither an option nor a target`, { todo: "see docs/fuzzing.md" });
  }
  return options;
}

await main(async () => {
  if (process.argv.includes("--help")) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const options = readOptions(process.argv.slice(2));
  if (!probe("cargo", ["+nightly", "fuzz", "--version"])) {
    say(
      "NO CARGO-FUZZ, or no nightly toolchain: the core is not fuzzed here, SKIPPED (docs/fuzzing.md says what to install)",
    );
    process.stdout.write("0 targets fuzzed\n");
    return;
  }
  const given = await seeds();
  const names = options.names.length > 0 ? options.names : Object.keys(given);
  const since = Date.now();
  const built = await attempt("cargo", ["+nightly", "fuzz", "build", "-s", "none"], { cwd: folder });
  if (built.status !== 0) throw new Stop("the targets did not build", { output: built.output });
  say(`built … ${seconds(since)}`);
  const shares = names.map((name) => weights[name] ?? 1);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const failed = [];
  for (const [place, name] of names.entries()) {
    const time = Math.max(1, Math.round((options.seconds * shares[place]) / whole));
    const { status, output, runs, covered, packed } = await fuzz(name, time, given[name] ?? [], options);
    const kept = packed === undefined ? "" : `, ${packed.inputs} inputs kept in ${packed.bytes} bytes`;
    say(`${name}: ${runs} runs in ${time} s, ${covered} edges${kept}${status === 0 ? "" : ", FAILED"}`);
    if (status === 0) continue;
    failed.push(name);
    say(output.split("\n").slice(-60).join("\n"));
  }
  process.stdout.write(`${names.length - failed.length} targets passed, ${failed.length} failed\n`);
  if (failed.length > 0) process.exitCode = 1;
});
