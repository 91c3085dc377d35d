// `npm run torture`: the long forms of what `npm test` does in short. Each file tests/torture/*.torture.ts is a part; it
// runs in a process of its own, and fails by ending with another status than 0.

import { basename, join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { attempt } from "./lib/child.mjs";
import { nodeBinary } from "./lib/node24.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop, say, step } from "./lib/report.mjs";
import { filesUnder } from "./lib/stamp.mjs";

const help = `npm run torture [-- options]

  --only NAME   one part alone, by its name; may be given several times
  --seed N      the seed to begin with; drawn at random if left out, and told
  --help        this text, and the parts that there are

The last line is \`N passed, N failed\`. A part's figures are printed when it ends, and its whole output if it fails.`;

const partsThere = () =>
  filesUnder(root, ["tests/torture"])
    .filter((path) => path.endsWith(".torture.ts"))
    .map((path) => ({ name: basename(path, ".torture.ts"), path }));

function readOptions(args, names) {
  const options = { only: [], seed: Math.floor(Math.random() * 2 ** 31), help: false };
  for (let i = 0; i < args.length; i++) {
    const value = args[i + 1];
    if (args[i] === "--help") options.help = true;
    else if (args[i] === "--only" && names.includes(value)) options.only.push(args[++i]);
    else if (args[i] === "--seed" && /^\d{1,10}$/.test(value ?? "")) options.seed = Number(args[++i]);
    else {
      const given = args.slice(i, i + 2).join(" ");
      throw new Stop(`\`${given}\` is not understood`, { todo: `see --help; the parts are ${names.join(", ")}` });
    }
  }
  return options;
}

await main(async () => {
  const parts = partsThere();
  const names = parts.map(({ name }) => name);
  const { only, seed, help: asked } = readOptions(process.argv.slice(2), names);
  if (asked) {
    process.stdout.write(`${help}\n\nParts: ${names.join(", ")}\n`);
    return;
  }
  await bootstrap();
  const chosen = parts.filter(({ name }) => only.length === 0 || only.includes(name));
  say(`seed ${seed}`);
  const failed = [];
  for (const [i, { name, path }] of chosen.entries()) {
    const { status, stdout, output } = await step(`${i + 1} of ${chosen.length}: ${name}`, () =>
      attempt(nodeBinary, [join(root, path)], { env: { TOLLWARDEN_SEED: String(seed) } }),
    );
    if (status === 0) {
      process.stdout.write(stdout.replaceAll(/^(?=.)/gm, `${name}: `));
      // What it had to say loudly, such as a server that is not there.
      if (output !== stdout) say(output.replace(stdout, "").trimEnd());
      continue;
    }
    failed.push(name);
    say(output.trimEnd());
    say(`${name} FAILED; again with: npm run torture -- --only ${name} --seed ${seed}`);
  }
  process.stdout.write(`${chosen.length - failed.length} passed, ${failed.length} failed\n`);
  if (failed.length > 0) process.exitCode = 1;
});
