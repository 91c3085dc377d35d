// Runs an example as its reader would: in a folder of its own, with the package installed from its tarball, and with the
// local net beside it. `npm run -s example -- NAME`; without a name, it lists them.

import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { passThrough, run } from "./lib/child.mjs";
import { bringChromium, findChromium } from "./lib/chromium.mjs";
import { nodeBinary } from "./lib/node24.mjs";
import { cache, nodeModules, root } from "./lib/paths.mjs";
import { main, Stop, step } from "./lib/report.mjs";
import { clearStamp, hashOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { installedPackage, placeInto } from "./package/tarball.mjs";

const HELP = `usage: npm run -s example -- [NAME [OPTIONS]]

Runs an example in a folder of its own, with tollwarden installed from the tarball that npm would have, beside a local
net (a private chain, a facilitator and a seller). Without NAME: lists the examples. OPTIONS are the example's own.`;

/** The examples that are packages of their own: name, what they show, and whether they need a browser. */
export function examples() {
  const folder = join(root, "examples");
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .map((name) => {
      const { description, browser = false } = manifestOf(name);
      return { name, about: description, browser };
    });
}

function manifestOf(name) {
  return JSON.parse(readFileSync(join(root, "examples", name, "package.json"), "utf8"));
}

/** Installs an example, with tollwarden as it is installed elsewhere from its tarball, and gives its folder. */
export async function install(name, installed) {
  const source = join(root, "examples", name);
  const folder = join(cache, "examples", name);
  const { tollwarden: _, ...dependencies } = manifestOf(name).dependencies;
  const manifest = { ...manifestOf(name), dependencies };
  const stamp = join(folder, ".stamp");
  const hash = hashOf(root, [], JSON.stringify(manifest));
  const fresh = isFresh(stamp, hash, [join(folder, "node_modules")]);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(source)) cpSync(join(source, file), join(folder, file), { recursive: true });
  if (!fresh) {
    clearStamp(stamp);
    // What changes with each change of the sources stays out of it: the rest is installed once.
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2));
    rmSync(join(folder, "package-lock.json"), { force: true });
    const plain = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    const args = ["install", ...plain, "--ignore-scripts", "--legacy-peer-deps"];
    await step(`installing what ${name} needs`, async () => {
      await run("npm", args, { cwd: folder, what: "npm install failed" });
      // Some programs are put in their place by an install script: run those that the example names, and no others.
      const named = Object.keys(manifest.allowScripts ?? {});
      if (named.length > 0) await run("npm", ["rebuild", ...plain, ...named], { cwd: folder });
    });
    writeStamp(stamp, hash);
  }
  placeInto(folder, installed);
  return folder;
}

/** Where an example finds a browser, if there is one. */
export function browserEnv() {
  const found = findChromium();
  return found === undefined ? {} : { CHROMIUM: found };
}

/** Starts the local net, and gives what an example needs to know of it. */
export async function startNet() {
  const args = [join(root, "examples/localnet/main.ts")];
  const child = spawn(nodeBinary, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const text = await new Promise((resolve, reject) => {
    let seen = "";
    child.stdout.on("data", (chunk) => {
      seen += chunk;
      if (seen.includes("Ctrl-C to stop")) resolve(seen);
    });
    child.once("close", (status) => reject(new Stop(`the local net ended with status ${status}`, { output: seen })));
  });
  const found = (pattern) => pattern.exec(text)?.[1] ?? "";
  return {
    env: {
      AGENT_KEY: found(/^agent's key {2}(0x\w+)$/m),
      SELLER_URL: found(/^seller\s+(\S+)/m),
      PAY_TO: found(/^seller.*pays to (0x\w+)$/m),
      FACILITATOR_URL: found(/^facilitator\s+(\S+)$/m),
      RPC_URL: found(/^chain\s+(\S+)/m),
    },
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const [name, ...options] = process.argv.slice(2);
    const known = examples();
    if (name === "--help") return console.log(HELP);
    if (name === undefined) {
      for (const { name, about } of known) console.log(`${name.padEnd(16)}${about}`);
      return;
    }
    if (!known.some((example) => example.name === name)) {
      throw new Stop(`there is no example \`${name}\``, { todo: `one of ${known.map((one) => one.name).join(", ")}` });
    }
    const folder = await install(name, await installedPackage());
    if (known.some((example) => example.name === name && example.browser)) await bringChromium();
    const net = await startNet();
    try {
      // Node 24 first: the examples are TypeScript.
      const PATH = [join(nodeModules, ".bin"), process.env.PATH].join(delimiter);
      const env = { ...net.env, ...browserEnv(), PATH };
      process.exitCode = await passThrough("npm", ["run", "--silent", "start", "--", ...options], { cwd: folder, env });
    } finally {
      await net.stop();
    }
  });
}
