// The manifests of the Helm chart: by Helm where it is here, else by Go's template engine (pkg-scripts/chart/main.go), which is
// the one that Helm uses.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { attempt, probe, run } from "./lib/child.mjs";
import { cache, root } from "./lib/paths.mjs";
import { hashOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { bringGo } from "./lib/wheels.mjs";

/** The manifests for these values over the chart's own; the text of an error; or `no renderer`. */
export async function renderChart(chart, over) {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-chart-"));
  try {
    const own = parse(readFileSync(join(chart, "values.yaml"), "utf8"));
    const { appVersion } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8"));
    const values = join(folder, "values.json");
    writeFileSync(values, JSON.stringify(merged(own, over)));
    if (probe("helm", ["version"]) !== undefined) {
      const { status, stdout, output } = await attempt("helm", ["template", "pay", chart, "--values", values]);
      return status === 0 ? manifests([stdout]) : output;
    }
    const renderer = await rendererOf();
    if (renderer === undefined) return "no renderer";
    const { status, stdout, output } = await attempt(renderer, [chart, values, "pay", appVersion]);
    if (status !== 0) return output;
    const texts = Object.entries(JSON.parse(stdout)).filter(([name]) => name.endsWith(".yaml"));
    return manifests(texts.map(([, text]) => text));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Built once. */
async function rendererOf() {
  const source = "pkg-scripts/chart/main.go";
  const [binary, stamp] = ["chart-renderer", "chart-renderer.stamp"].map((name) => join(cache, name));
  const hash = hashOf(root, [source]);
  if (isFresh(stamp, hash, [binary])) return binary;
  const go = await bringGo();
  if (go === undefined) return undefined;
  const own = { GOCACHE: join(cache, "go-build"), GOPATH: join(cache, "go"), GOTOOLCHAIN: "local" };
  const env = { ...own, CGO_ENABLED: "0", GO111MODULE: "off" };
  await run(go, ["build", "-o", binary, join(root, source)], { env, what: "the chart's renderer did not build" });
  rmSync(own.GOCACHE, { recursive: true, force: true });
  writeStamp(stamp, hash);
  return binary;
}

function manifests(texts) {
  return texts.flatMap((text) =>
    parseAllDocuments(text).flatMap((document) => {
      if (document.errors.length > 0) throw new Error(`${document.errors[0]?.message}\n${text}`);
      return document.toJS() ?? [];
    }),
  );
}

function merged(own, over) {
  const both = (a, b) =>
    typeof a === "object" &&
    typeof b === "object" &&
    a !== null &&
    b !== null &&
    !Array.isArray(a) &&
    !Array.isArray(b);
  return Object.fromEntries(
    [...new Set([...Object.keys(own), ...Object.keys(over)])].map((key) => [
      key,
      both(own[key], over[key]) ? merged(own[key], over[key]) : (over[key] ?? own[key]),
    ]),
  );
}
