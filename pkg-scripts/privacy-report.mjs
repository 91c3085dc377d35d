// `npm run privacy:report`: how well personal data is found, on the corpus that tests/privacy makes from a seed, and how
// fast. It writes tests/privacy/report.json, from which the tables of docs/privacy.md and the README are made.

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { measure } from "../tests/privacy/bench.ts";
import { coreFind, REPORTED } from "../tests/privacy/reported.ts";
import { score } from "../tests/privacy/score.ts";
import { root } from "./lib/paths.mjs";
import { main, say } from "./lib/report.mjs";

await main(async () => {
  const accuracy = score(coreFind, REPORTED);
  const cent = (share) => share.toFixed(4);
  say(`${accuracy.texts} texts, seed ${REPORTED.seed}\n`);
  say(`${"entity".padEnd(16)}${"values".padStart(8)}${"precision".padStart(11)}${"recall".padStart(9)}`);
  for (const [name, { values, precision, recall }] of Object.entries({ ...accuracy.entities, all: accuracy.all })) {
    say(`${name.padEnd(16)}${String(values).padStart(8)}${cent(precision).padStart(11)}${cent(recall).padStart(9)}`);
  }
  say("");
  for (const [name, { values, recall }] of Object.entries({ ...accuracy.encodings, encoded: accuracy.encoded })) {
    say(`${name.padEnd(26)}${String(values).padStart(6)}${cent(recall).padStart(9)}`);
  }
  const { texts, flagged } = accuracy.negatives;
  say(`\nhard negatives flagged: ${flagged} of ${texts}`);
  const speed = measure();
  for (const [name, { least, p50, p99 }] of Object.entries(speed)) {
    say(
      `${name.padEnd(44)}${least.toFixed(2).padStart(10)} µs least${p50.toFixed(2).padStart(10)} µs p50${p99.toFixed(2).padStart(10)} µs p99`,
    );
  }
  const [cpu] = cpus();
  const machine = `${cpu?.model.trim() ?? "unknown"}, ${cpus().length} cores, Node ${process.version}`;
  const report = { accuracy, speed, machine };
  writeFileSync(join(root, "tests/privacy/report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
});
