// Runs an example as its reader would: in a folder of its own, with the package installed from its tarball, and with the
// local net beside it. `npm run -s example -- NAME`; without a name, it lists them.

import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { passThrough, run } from "./lib/child.mjs";
import { nodeBinary } from "./lib/node24.mjs";
import { cache, nodeModules, root } from "./lib/paths.mjs";
import { main, Stop, step } from "./lib/report.mjs";
import { hashOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { installedPackage } from "./package/tarball.mjs";

const HELP = `usage: npm run -s example -- [NAME]

Runs an example in a folder of its own, with tollwarden installed from the tarball that npm would have, beside a local
net (a private chain, a facilitator and a seller). Without NAME: lists the examples.`;

/** The examples that are packages of their own: name, and what they show. */
export function examples() {
  const folder = join(root, "examples");
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .map((name) => ({ name, about: JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")).description }));
}

/** Installs an example, and gives its folder. */
export async function install(name, tarball) {
  const source = join(root, "examples", name);
  const folder = join(cache, "examples", name);
  const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const stamp = join(folder, ".stamp");
  const hash = hashOf(root, [join("examples", name, "package.json")], readFileSync(tarball).toString("base64"));
  const fresh = isFresh(stamp, hash, [join(folder, "node_modules/tollwarden/package.json")]);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(source)) cpSync(join(source, file), join(folder, file), { recursive: true });
  if (fresh) return folder;
  manifest.dependencies.tollwarden = `file:${tarball}`;
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2));
  // npm takes a tarball of the same name for the one that it knows.
  for (const known of ["node_modules/tollwarden", "package-lock.json"]) {
    rmSync(join(folder, known), { recursive: true, force: true });
  }
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", "--loglevel=error"];
  await step(`installing what ${name} needs`, () => run("npm", args, { cwd: folder, what: "npm install failed" }));
  writeStamp(stamp, hash);
  return folder;
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
    const [name] = process.argv.slice(2);
    const known = examples();
    if (name === "--help") return console.log(HELP);
    if (name === undefined) {
      for (const { name, about } of known) console.log(`${name.padEnd(16)}${about}`);
      return;
    }
    if (!known.some((example) => example.name === name)) {
      throw new Stop(`there is no example \`${name}\``, { todo: `one of ${known.map((one) => one.name).join(", ")}` });
    }
    const { tarball } = await installedPackage();
    const folder = await install(name, tarball);
    const net = await startNet();
    try {
      // Node 24 first: the examples are TypeScript.
      const PATH = [join(nodeModules, ".bin"), process.env.PATH].join(delimiter);
      const env = { ...net.env, PATH };
      process.exitCode = await passThrough("npm", ["run", "--silent", "start"], { cwd: folder, env });
    } finally {
      await net.stop();
    }
  });
}
