// Runs one of the project's TypeScript files in a checkout: `node pkg-scripts/run.mjs <file.ts> [arguments]`.
// Brings whatever is missing first; its own words go to stderr, so stdout is the program's.

import { join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { runNode } from "./lib/node24.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop } from "./lib/report.mjs";

await main(async () => {
  const [file, ...rest] = process.argv.slice(2);
  if (file === undefined) throw new Stop("no file to run", { todo: "node pkg-scripts/run.mjs <file.ts> [arguments]" });
  await bootstrap();
  // npm runs its scripts in the package's folder; the paths that a person gave are meant from where they stood.
  const cwd = process.cwd() === root ? (process.env.INIT_CWD ?? root) : process.cwd();
  process.exitCode = await runNode([join(root, file), ...rest], { cwd });
});
