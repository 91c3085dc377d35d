// Runs the examples and the tests of what they print, without the other tests: `npm run test:examples [-- NAME …]`.

import { bootstrap } from "./bootstrap.mjs";
import { examples } from "./example.mjs";
import { bringChromium } from "./lib/chromium.mjs";
import { runNode } from "./lib/node24.mjs";
import { main, Stop } from "./lib/report.mjs";

await main(async () => {
  const names = process.argv.slice(2);
  const known = examples().map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new Stop(`there is no example \`${name}\``, { todo: `name some of ${known.join(", ")}` });
  }
  await bootstrap();
  await bringChromium();
  process.exitCode = await runNode(["tests/docs/examples.test.ts", ...names]);
});
