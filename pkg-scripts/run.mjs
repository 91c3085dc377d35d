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
  process.exitCode = await runNode([join(root, file), ...rest]);
});
