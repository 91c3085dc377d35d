// The Node that runs this project's TypeScript. The package supports older ones; its sources need one that strips types.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { passThrough, probe, run } from "./child.mjs";
import { nodeModules, root } from "./paths.mjs";

const own = join(nodeModules, "node/bin/node");

/** Whether the `node` package's own binary is there and starts. */
export const hasOwnNode = () => existsSync(own) && probe(own, ["--version"]) !== undefined;

/**
 * The `node` package gets its binary by an install script, and npm may be set not to run those. Then we run it here.
 */
export async function ensureOwnNode() {
  if (hasOwnNode()) return;
  await run(process.execPath, ["installArchSpecificPackage"], {
    cwd: join(nodeModules, "node"),
    what: "the `node` package could not fetch its binary",
    todo: "check the network and npm's registry setting, then run the same command again",
  });
}

/** Hands over to Node 24, with the project's own programs first on the PATH. Gives the exit status. */
export function runNode(args, { cwd = process.cwd(), env = {} } = {}) {
  const path = [join(nodeModules, ".bin"), process.env.PATH].join(delimiter);
  return passThrough(own, args, { cwd, env: { ...env, PATH: path } });
}

/** Runs a program of an npm package by its file, on Node 24. */
export const runTool = (file, args, options) => run(own, [join(root, "node_modules", file), ...args], options);

export const nodeBinary = own;
