// Brings what a fresh checkout lacks: npm packages, the wasm target, the bindings helper, the module, the types.
// Plain JavaScript without dependencies: it runs on Node 20 in an empty clone. Says nothing when nothing is missing.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboard, dashboardIsFresh } from "./dashboard.mjs";
import { run } from "./lib/child.mjs";
import { withLock } from "./lib/lock.mjs";
import { ensureOwnNode, hasOwnNode } from "./lib/node24.mjs";
import { generated, nodeModules, root } from "./lib/paths.mjs";
import { main, Stop, say, seconds, step } from "./lib/report.mjs";
import { clearStamp, hashOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { canGenerateTypes, generateTypes, typesFile } from "./types.mjs";
import { buildCore, coreIsFresh } from "./wasm.mjs";

const packageStamp = join(nodeModules, ".tollwarden-stamp");
const packageHash = () => hashOf(root, ["package-lock.json", ".npmrc"]);
const packagesAreFresh = () => isFresh(packageStamp, packageHash()) && hasOwnNode();
const typesAreThere = () => existsSync(typesFile) || !canGenerateTypes();
const allFresh = () => packagesAreFresh() && coreIsFresh() && typesAreThere() && dashboardIsFresh();

/** Makes the checkout ready to run. Costs a few hashes when it already is. */
export async function bootstrap() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Stop(`Node ${process.versions.node} is too old: 20 or later is needed`, { todo: "install a newer Node" });
  }
  if (allFresh()) return;
  await withLock(join(root, ".cache/lock"), bringMissing);
}

async function bringMissing() {
  const since = Date.now();
  const fresh = { packages: packagesAreFresh(), core: coreIsFresh() };
  if (!existsSync(nodeModules) && !existsSync(generated)) say("setting up (the first time takes about two minutes)");
  // cargo and npm wait for the network and for each other's cores at different times: together they are quicker.
  const packages = fresh.packages ? Promise.resolve() : installPackages();
  const core = fresh.core ? Promise.resolve() : buildCore(generated, packages);
  await Promise.all([packages, core]);
  if (!typesAreThere()) await step("generating the types", generateTypes);
  if (!dashboardIsFresh()) await step("bundling the dashboard", buildDashboard);
  say(`ready after ${seconds(since)}`);
}

async function installPackages() {
  const empty = !existsSync(nodeModules);
  clearStamp(packageStamp);
  await step(`installing npm packages${empty ? " (first time: about a minute)" : ""}`, async () => {
    // `ci` takes the lock file as it is, but empties the folder first: somebody may be using it.
    const command = empty ? ["ci"] : ["install", "--no-save"];
    await run("npm", [...command, "--no-audit", "--no-fund"], {
      what: "npm could not install the packages",
      todo: "check the network and npm's registry setting, then run the same command again",
    });
    await ensureOwnNode();
  });
  writeStamp(packageStamp, packageHash());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(bootstrap);
