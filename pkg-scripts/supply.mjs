// `npm run supply`: where everything comes from. The crates' licences, bans and sources (cargo deny), the npm packages'
// signatures (npm audit signatures), and a bill of materials for both (CycloneDX), written to .cache/sbom. What can't be done
// on this machine is said loudly, and is no success. `-- --out <folder>` writes the bills elsewhere.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { attempt, probe } from "./lib/child.mjs";
import { cache, root } from "./lib/paths.mjs";
import { main, Stop, say } from "./lib/report.mjs";

const manifests = ["Cargo.toml", "pkg-scripts/bindgen/Cargo.toml", "fuzz/Cargo.toml"];

/** Bans and sources, by `deny.toml`. Each part gives `ok`, `failed` with what was printed, or `skipped` with why. */
export async function cargoDeny() {
  if (probe("cargo", ["deny", "--version"]) === undefined) {
    return { state: "skipped", why: "cargo-deny is not installed: `cargo install cargo-deny --locked`" };
  }
  const said = [];
  for (const manifest of manifests) {
    const given = [
      "--all-features",
      "--manifest-path",
      join(root, manifest),
      "--config",
      join(root, "deny.toml"),
      "check",
    ];
    const { status, output } = await attempt("cargo", ["deny", ...given, "bans", "sources"]);
    if (status !== 0) return { state: "failed", why: `${manifest}\n${output.trimEnd()}` };
    said.push(`${manifest}: ${output.trim().split("\n").at(-1)}`);
  }
  return { state: "ok", why: said.join("\n") };
}

/** Whether a licence, as SPDX writes it, can be met by those that are allowed. */
export function isAllowed(expression, allowed) {
  const tokens = expression.replaceAll("/", " OR ").match(/[()]|[^()\s]+(?: WITH [^()\s]+)?/g) ?? [];
  const term = () => {
    const token = tokens.shift();
    if (token !== "(") return allowed.has(token);
    const inner = either();
    tokens.shift();
    return inner;
  };
  const both = () => {
    let all = term();
    while (tokens[0] === "AND" && tokens.shift()) all = term() && all;
    return all;
  };
  const either = () => {
    let any = both();
    while (tokens[0] === "OR" && tokens.shift()) any = both() || any;
    return any;
  };
  return tokens.length > 0 && either() && tokens.length === 0;
}

/** By cargo's own account, so that it is known wherever cargo is: where each crate is from, its licence, and that none is banned. */
export async function crates() {
  const { allow } = parse(readFileSync(join(root, "licences.toml"), "utf8"));
  const { bans, sources } = parse(readFileSync(join(root, "deny.toml"), "utf8"));
  const registries = sources["allow-registry"].map((url) => `registry+${url}`);
  const seen = new Set();
  const wrong = new Set();
  for (const manifest of manifests) {
    const args = ["metadata", "--format-version", "1", "--all-features", "--manifest-path", manifest];
    const { status, stdout, output } = await attempt("cargo", args);
    if (status !== 0) return { state: "failed", why: output.trimEnd() };
    for (const { name, version, license, source } of JSON.parse(stdout).packages) {
      if (source === null) continue;
      seen.add(`${name} ${version}`);
      if (!isAllowed(license ?? "", new Set(allow))) wrong.add(`${name} ${version}: ${license ?? "no licence"}`);
      if (!registries.includes(source)) wrong.add(`${name} ${version}: from ${source}`);
      if (bans.deny.some((banned) => banned.name === name)) wrong.add(`${name} ${version}: banned`);
    }
  }
  if (wrong.size > 0) return { state: "failed", why: [...wrong].join("\n") };
  return { state: "ok", why: `${seen.size} crates: licences, sources, bans` };
}

async function npmSignatures() {
  const { status, output } = await attempt("npm", ["audit", "signatures"]);
  if (status === 0) return { state: "ok", why: output.trim().split("\n").slice(-2).join(" ") };
  // A mirror without keys can't say anything; a bad signature is another thing.
  if (
    /invalid|tampered/i.test(output) &&
    !/No dependencies found|no keys|ENOTFOUND|404|EUNSUPPORTED|not found/i.test(output)
  ) {
    return { state: "failed", why: output.trimEnd() };
  }
  const why = output.split("\n").find((line) => /request to|network/.test(line));
  return { state: "skipped", why: why?.trim() ?? output.trim() };
}

/** What is shipped: one package with its one dependency. npm makes the bill itself. */
async function npmBill(out) {
  const { status, stdout, output } = await attempt("npm", [
    "sbom",
    "--sbom-format",
    "cyclonedx",
    "--omit",
    "dev",
    "--omit",
    "peer",
    "--package-lock-only",
  ]);
  if (status !== 0) return { state: "failed", why: output.trimEnd() };
  const file = join(out, "npm.cdx.json");
  writeFileSync(file, stdout);
  return { state: "ok", why: `${JSON.parse(stdout).components.length} components in ${file}` };
}

/** The crates that are compiled into the module, from cargo's own account of them, as CycloneDX 1.5. */
export function crateBill(metadata, lock) {
  const checksums = new Map(
    [...lock.matchAll(/name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"/g)].map(
      ([, name, version, checksum]) => [`${name} ${version}`, checksum],
    ),
  );
  const byId = new Map(metadata.packages.map((one) => [one.id, one]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const needed = new Set();
  const follow = (id) => {
    if (needed.has(id)) return;
    needed.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id)?.deps ?? []) {
      if (kinds.some(({ kind }) => kind === null || kind === "build")) follow(pkg);
    }
  };
  follow(metadata.resolve.root);
  const of = (id) => byId.get(id);
  const ref = ({ name, version }) => `pkg:cargo/${name}@${version}`;
  const whole = of(metadata.resolve.root);
  const components = [...needed]
    .filter((id) => id !== metadata.resolve.root)
    .map(of)
    .sort((a, b) => (ref(a) < ref(b) ? -1 : 1))
    .map((one) => ({
      type: "library",
      "bom-ref": ref(one),
      name: one.name,
      version: one.version,
      purl: ref(one),
      licenses: [{ expression: (one.license ?? "NOASSERTION").replaceAll("/", " OR ") }],
      ...(checksums.has(`${one.name} ${one.version}`) && {
        hashes: [{ alg: "SHA-256", content: checksums.get(`${one.name} ${one.version}`) }],
      }),
    }));
  const dependencies = [...needed]
    .map((id) => ({
      ref: ref(of(id)),
      dependsOn: (nodes.get(id)?.deps ?? [])
        .map(({ pkg }) => pkg)
        .filter((pkg) => needed.has(pkg))
        .map((pkg) => ref(of(pkg)))
        .sort(),
    }))
    .sort((a, b) => (a.ref < b.ref ? -1 : 1));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: { type: "library", "bom-ref": ref(whole), name: whole.name, version: whole.version, purl: ref(whole) },
    },
    components,
    dependencies,
  };
}

async function cargoBill(out) {
  const args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"];
  const { status, stdout, output } = await attempt("cargo", args);
  if (status !== 0) return { state: "failed", why: output.trimEnd() };
  const bill = crateBill(JSON.parse(stdout), readFileSync(join(root, "Cargo.lock"), "utf8"));
  const file = join(out, "cargo.cdx.json");
  writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
  return { state: "ok", why: `${bill.components.length} components in ${file}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const at = process.argv.indexOf("--out");
    const out = at < 0 ? join(cache, "sbom") : resolve(process.argv[at + 1] ?? ".");
    mkdirSync(out, { recursive: true });
    const parts = {
      "cargo deny": cargoDeny,
      "crates, by cargo metadata": crates,
      "npm audit signatures": npmSignatures,
      "bill of materials, npm": () => npmBill(out),
      "bill of materials, cargo": () => cargoBill(out),
    };
    const failed = [];
    for (const [name, work] of Object.entries(parts)) {
      const { state, why } = await work();
      say(`${name}: ${state === "skipped" ? "SKIPPED" : state}\n${why.replaceAll(/^/gm, "  ")}`);
      if (state === "failed") failed.push(name);
    }
    if (failed.length > 0) throw new Stop(`failed: ${failed.join(", ")}`);
  });
}
