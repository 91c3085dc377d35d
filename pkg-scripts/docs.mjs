// Writes what the documentation says about the sources from the sources: tables between `<!-- name -->` and
// `<!-- /name -->`, and the answers to the events that a page shows. `node pkg-scripts/docs.mjs`; with `--check` it
// writes nothing and fails if a page is not what it would write.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withAnswers } from "./docs/events.mjs";
import {
  benchMoreTable,
  benchShortTable,
  benchTable,
  consumersList,
  encodingsTable,
  endpointsTable,
  errorsTable,
  examplesTable,
  metricsTable,
  openApiText,
  policyTable,
  privacySpeedTable,
  privacyTable,
  reasonsTable,
  runtimesTable,
  sectionsTable,
} from "./docs/tables.mjs";
import { root } from "./lib/paths.mjs";
import { main, Stop } from "./lib/report.mjs";

const tables = {
  bench: benchTable,
  "bench-more": benchMoreTable,
  "bench-short": benchShortTable,
  reasons: reasonsTable,
  runtimes: runtimesTable,
  endpoints: endpointsTable,
  consumers: consumersList,
  errors: errorsTable,
  examples: examplesTable,
  metrics: metricsTable,
  "examples-from-root": () => examplesTable("examples/"),
  "policy-sections": sectionsTable,
  "policy-keys": policyTable,
  "privacy-accuracy": privacyTable,
  "privacy-encodings": encodingsTable,
  "privacy-speed": privacySpeedTable,
};

/** The pages, from the repository's root. */
export const pages = [
  "README.md",
  "examples/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name))
    .sort(),
];

/** The page as it has to be. */
export function pageText(page) {
  const filled = page.replace(/^<!-- ([a-z-]+) -->\n[\s\S]*?^<!-- \/\1 -->$/gm, (_, name) => {
    if (tables[name] === undefined) throw new Stop(`no table has the name \`${name}\``);
    return `<!-- ${name} -->\n\n${tables[name]()}\n\n<!-- /${name} -->`;
  });
  return withAnswers(filled);
}

/** Files that are written whole. */
const files = { "docs/openapi.json": openApiText };

/** The pages that are not what they have to be; `write` puts them right. */
export function stalePages({ write }) {
  return [...pages, ...Object.keys(files)].filter((page) => {
    const path = join(root, page);
    const is = existsSync(path) ? readFileSync(path, "utf8") : "";
    const should = files[page]?.() ?? pageText(is);
    if (is !== should && write) writeFileSync(path, should);
    return is !== should;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() => {
    const check = process.argv.includes("--check");
    const stale = stalePages({ write: !check });
    if (check && stale.length > 0)
      throw new Stop(`not up to date: ${stale.join(", ")}`, { todo: "node pkg-scripts/docs.mjs" });
  });
}
