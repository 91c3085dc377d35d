// The packed package in the projects of its users: each builds the same three lines with its own tool, with no plug-in, and
// runs what came out. `npm run test:package [-- vite next …]`; npm test runs them all.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { attempt } from "../lib/child.mjs";
import { nodeBinary } from "../lib/node24.mjs";
import { root } from "../lib/paths.mjs";
import { main, Stop, say, seconds } from "../lib/report.mjs";
import { folderOf } from "./cache.mjs";
import { installedPackage, placeInto } from "./tarball.mjs";
import { runBuiltWorker } from "./workerd.mjs";

const offer = {
  x402Version: 2,
  resource: { url: "https://api.example.com/", description: "" },
  accepts: [
    {
      scheme: "exact",
      network: "eip155:84532",
      amount: "10000",
      asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
      payTo: "0x1111111111111111111111111111111111111111",
      maxTimeoutSeconds: 300,
      extra: { name: "USDC", version: "2" },
    },
  ],
};
const options = '{ policy: { payment: { max_usd: "1" } }, store: memoryStore() }';
const request = `{ url: "https://api.example.com/", offer: ${JSON.stringify(offer)} }`;
const lines = (given = options) => `async function decide() {
  const warden = await openWarden(${given});
  const decision = await warden.authorize(${request});
  return decision.action;
}`;
const module = `import { memoryStore, openWarden } from "tollwarden";\n${lines()}\n`;
/** The same with the detectors of personal data: where a bundle loses them, its policy is refused. */
const screened = `import "tollwarden/privacy";\n${module.replace("{ payment", '{ privacy: { action: "block" }, payment')}`;
const printing = "decide().then((action) => console.log(action));\n";

/** Runs a program that has to succeed and print what is wanted; `null` wants nothing in particular. */
async function ran(command, args, options, wanted = "allow") {
  const { status, output } = await attempt(command, args, options);
  if (status !== 0 || (wanted !== null && output.trim() !== wanted)) {
    throw new Error(`\`${[command, ...args].join(" ")}\` (status ${status}):\n${output}`);
  }
}

/** A folder for one consumer inside its project, so that it finds the packages. */
function folder(project, name) {
  const place = join(project, "consumers", name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  return (file, content) => {
    const path = join(place, file ?? "");
    if (content !== undefined) {
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, content);
    }
    return path;
  };
}

const tool = (project, file) => join(project, "node_modules", file);

async function typescript(project, moduleResolution) {
  const at = folder(project, `typescript-${moduleResolution}`);
  const app = `${module}import { load, type CoreModule } from "tollwarden/slim";
import { patternRecogniser } from "tollwarden/privacy";
import { sqliteStore } from "tollwarden/sqlite";
import { describePolicy } from "tollwarden/tools";
export const used: readonly unknown[] = [load, sqliteStore, describePolicy, patternRecogniser];
export type Used = CoreModule;
export const action: Promise<"allow" | "deny" | "require_approval" | "delay" | "flag" | string> = decide();
// @ts-expect-error: a path is a text
openWarden({ policy: 5 });
action.then((word) => console.log(word));
`;
  const compilerOptions = {
    strict: true,
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom"],
    types: [],
    outDir: "out",
    rootDir: ".",
    module: moduleResolution === "bundler" ? "esnext" : "node16",
    moduleResolution,
    skipLibCheck: false,
  };
  at("package.json", '{ "type": "module" }');
  at("app.ts", app.replace("openWarden({ policy: 5 });", "if (used.length > 9) void openWarden({ policy: 5 });"));
  at("tsconfig.json", JSON.stringify({ compilerOptions, files: ["app.ts"] }));
  await ran(nodeBinary, [tool(project, "typescript/bin/tsc"), "-p", at()], {}, "");
  await ran(nodeBinary, [at("out/app.js")], {});
}

/** Each gets the folder of its set, in which the package is installed. */
export const consumers = {
  "node-esm": {
    title: "Node, as an ES module",
    set: "bundlers",
    async run(project) {
      const at = folder(project, "node-esm");
      await ran(nodeBinary, [at("app.mjs", module + printing)], {});
    },
  },
  "node-cjs": {
    set: "bundlers",
    title: "CommonJS require, the same instance as import",
    async run(project) {
      const at = folder(project, "node-cjs");
      const source = `const required = require("tollwarden");
const { memoryStore, openWarden } = required;
${lines()}
import("tollwarden").then(async (imported) => {
  if (imported.openWarden !== required.openWarden || imported.WardenUnavailable !== required.WardenUnavailable) throw new Error("two instances");
  console.log(await decide());
});
`;
      await ran(nodeBinary, [at("app.cjs", source)], {});
    },
  },
  slim: {
    set: "bundlers",
    title: "tollwarden/slim with tollwarden/core.wasm",
    async run(project) {
      const at = folder(project, "slim");
      const source = `import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { load, memoryStore, openWarden } from "tollwarden/slim";
const before = await openWarden(${options}).then(() => "opened", (error) => String(error));
if (!before.includes("tollwarden/slim")) throw new Error(before);
load(readFileSync(fileURLToPath(import.meta.resolve("tollwarden/core.wasm"))));
${lines()}
${printing}`;
      await ran(nodeBinary, [at("app.mjs", source)], {});
    },
  },
  command: {
    set: "bundlers",
    title: "the command line, and a policy that stands on another",
    async run(project) {
      const at = folder(project, "command");
      at("base.toml", 'payment.max_usd = "1"\n');
      at("policy.toml", 'extends = "base.toml"\n');
      const main = tool(project, "tollwarden/dist/cli/main.js");
      await ran(nodeBinary, [main, "check", at("policy.toml")], {}, null);
      const source = module.replace(
        options,
        options.replace('{ payment: { max_usd: "1" } }', JSON.stringify(at("policy.toml"))),
      );
      await ran(nodeBinary, [at("app.mjs", source + printing)], {});
    },
  },
  "typescript-node16": {
    set: "bundlers",
    title: 'TypeScript with `"moduleResolution": "node16"`',
    run: (project) => typescript(project, "node16"),
  },
  "typescript-bundler": {
    set: "bundlers",
    title: 'TypeScript with `"moduleResolution": "bundler"`',
    run: (project) => typescript(project, "bundler"),
  },
  esbuild: {
    set: "bundlers",
    async run(project) {
      const at = folder(project, "esbuild");
      const { build } = await import(tool(project, "esbuild/lib/main.js"));
      for (const [format, name] of [
        ["esm", "esm.mjs"],
        ["cjs", "cjs.cjs"],
      ]) {
        await build({
          entryPoints: [at("app.mjs", module + printing)],
          bundle: true,
          format,
          platform: "node",
          outfile: at(name),
          logLevel: "silent",
        });
        await ran(nodeBinary, [at(name)], { cwd: "/" });
      }
    },
  },
  rollup: {
    set: "bundlers",
    title: "rollup, with tollwarden/privacy",
    async run(project) {
      const at = folder(project, "rollup");
      const { rollup } = await import(tool(project, "rollup/dist/es/rollup.js"));
      const { nodeResolve } = await import(tool(project, "@rollup/plugin-node-resolve/dist/es/index.js"));
      const built = await rollup({
        input: at("app.mjs", screened + printing),
        plugins: [nodeResolve()],
        onLog: () => {},
      });
      await built.write({ dir: at("out"), format: "esm", entryFileNames: "[name].mjs" });
      await built.close();
      await ran(nodeBinary, [at("out/app.mjs")], {});
    },
  },
  webpack: {
    set: "bundlers",
    title: "webpack, with tollwarden/privacy",
    async run(project) {
      const at = folder(project, "webpack");
      const { default: webpack } = await import(tool(project, "webpack/lib/index.js"));
      const config = {
        mode: "production",
        target: "node",
        entry: at("app.mjs", screened + printing),
        output: { path: at("out"), filename: "app.cjs" },
      };
      const stats = await new Promise((resolve, reject) => {
        webpack(config, (error, done) => (error ? reject(error) : resolve(done)));
      });
      if (stats.hasErrors()) throw new Error(stats.toString("errors-only"));
      await ran(nodeBinary, [at("out/app.cjs")], {});
    },
  },
  vite: {
    set: "bundlers",
    title: "Vite: its build, with tollwarden/privacy, run by Node",
    async run(project) {
      const at = folder(project, "vite");
      const { build } = await import(tool(project, "vite/dist/node/index.js"));
      at("package.json", '{ "type": "module" }');
      await build({
        root: at(),
        configFile: false,
        logLevel: "silent",
        build: {
          lib: { entry: at("app.mjs", screened + printing), formats: ["es"], fileName: "app" },
          outDir: at("out"),
        },
      });
      const [built] = readdirSync(at("out")).filter((name) => /^app\./.test(name));
      await ran(nodeBinary, [at(join("out", built))], {});
    },
  },
  publint: {
    set: "bundlers",
    async run(project, { folder: installed }) {
      const { publint } = await import(tool(project, "publint/src/index-node.js"));
      const { messages } = await publint({
        pkgDir: join(installed, "node_modules/tollwarden"),
        strict: true,
        pack: false,
      });
      if (messages.length > 0) throw new Error(JSON.stringify(messages, null, 2));
    },
  },
  attw: {
    set: "bundlers",
    title: "@arethetypeswrong/cli",
    async run(project, { tarball }) {
      const cli = tool(project, "@arethetypeswrong/cli/dist/index.js");
      const args = [cli, tarball, "--profile", "esm-only", "--exclude-entrypoints", "core.wasm", "policy.schema.json"];
      await ran(nodeBinary, args, { env: { NO_COLOR: "1" } }, null);
    },
  },
  wrangler: {
    set: "wrangler",
    title: "wrangler deploy --dry-run, its output run in workerd",
    async run(project) {
      const at = folder(project, "wrangler");
      at("worker.mjs", `${screened}export default { fetch: async () => new Response(await decide()) };\n`);
      at("wrangler.json", JSON.stringify({ name: "agent", main: "worker.mjs", compatibility_date: "2024-09-23" }));
      const args = ["deploy", "--dry-run", "--outdir", at("out"), "--config", at("wrangler.json")];
      const env = { WRANGLER_SEND_METRICS: "false", CI: "1" };
      await ran(nodeBinary, [tool(project, "wrangler/bin/wrangler.js"), ...args], { cwd: at(), env }, null);
      const answer = await runBuiltWorker(at("out"), await folderOf("runtimes"));
      if (answer !== "allow") throw new Error(answer);
    },
  },
  "worker-template": {
    set: "wrangler",
    title: "deploy/worker, by wrangler deploy --dry-run",
    async run(project) {
      const at = folder(project, "worker-template");
      for (const file of ["worker.ts", "wrangler.jsonc"]) at(file, readFileSync(join(root, "deploy/worker", file)));
      const args = ["deploy", "--dry-run", "--outdir", at("out"), "--config", at("wrangler.jsonc")];
      const env = { WRANGLER_SEND_METRICS: "false", CI: "1" };
      await ran(nodeBinary, [tool(project, "wrangler/bin/wrangler.js"), ...args], { cwd: at(), env }, null);
      const built = readdirSync(at("out"));
      if (!built.some((file) => file.endsWith(".wasm"))) throw new Error(`no module in ${built.join(", ")}`);
    },
  },
  next: {
    set: "next",
    title: "Next.js: an edge route and a Node route, and one of each that is sold",
    async run(project) {
      const at = folder(project, "next");
      const route = (runtime) =>
        `${screened}export const runtime = "${runtime}";\nexport const dynamic = "force-dynamic";\nexport const GET = async () => new Response(await decide());\n`;
      at("package.json", '{ "private": true }');
      at("next.config.mjs", `export default { turbopack: { root: ${JSON.stringify(project)} } };\n`);
      at("app/layout.js", "export default ({ children }) => <html><body>{children}</body></html>;\n");
      at("app/page.js", "export default () => null;\n");
      at("app/node/route.js", route("nodejs"));
      at("app/edge/route.js", route("edge"));
      at("app/sold/route.js", sold("nodejs"));
      at("app/sold-edge/route.js", sold("edge"));
      const next = tool(project, "next/dist/bin/next");
      const env = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
      await ran(nodeBinary, [next, "build"], { cwd: at(), env }, null);
      await served(next, at(), env, { "/node": "allow", "/edge": "allow", "/sold": "sold", "/sold-edge": "sold" });
    },
  },
};

/** A route handler behind a gate, with the official scheme, and a facilitator that believes everybody. */
const sold = (runtime) => `import { ExactEvmScheme } from "@x402/evm/exact/server";
import { createGate } from "tollwarden/gate";
import { memoryStore } from "tollwarden/memory";

export const runtime = "${runtime}";
export const dynamic = "force-dynamic";
const network = "eip155:84532";
const route = { pay: { network, payTo: "0x1111111111111111111111111111111111111111" }, price: "$0.01" };
const payer = ({ payload }) => payload.authorization.from;
let gate;
const opened = () =>
  (gate ??= createGate({
    policy: { payment: { max_usd: "1" } },
    store: memoryStore(),
    url: "https://api.example.com",
    routes: { "GET /sold": route, "GET /sold-edge": route },
    facilitator: {
      verify: async (payment) => ({ isValid: true, payer: payer(payment) }),
      settle: async (payment) => ({ success: true, transaction: "0x01", network, payer: payer(payment) }),
      getSupported: async () => ({ kinds: [{ x402Version: 2, scheme: "exact", network }], extensions: [], signers: {} }),
    },
    schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
  }));
export const GET = async (request) => (await opened()).wrap(() => new Response("sold"))(request);
`;

/** What is answered at the address; where that is a price, to who pays it. */
async function bought(url) {
  const asked = await answerOf(url);
  const offer = asked.headers.get("PAYMENT-REQUIRED");
  if (offer === null) return asked.text();
  const { accepts, resource } = JSON.parse(atob(offer));
  const until = String(Math.floor(Date.now() / 1000) + 60);
  const authorization = {
    from: "0x2222222222222222222222222222222222222222",
    to: accepts[0].payTo,
    value: accepts[0].amount,
    validAfter: "0",
    validBefore: until,
    nonce: `0x${until.padStart(64, "0")}`,
  };
  const payment = { x402Version: 2, resource, accepted: accepts[0], payload: { signature: "0x01", authorization } };
  const answer = await fetch(url, { headers: { "PAYMENT-SIGNATURE": btoa(JSON.stringify(payment)) } });
  return `${await answer.text()}${answer.headers.has("PAYMENT-RESPONSE") ? "" : " without a receipt"}`;
}

/** Starts a built Next.js app, asks its routes, and ends it. */
async function served(next, cwd, env, routes) {
  const { spawn } = await import("node:child_process");
  const port = 20_000 + (process.pid % 20_000);
  const server = spawn(nodeBinary, [next, "start", "-H", "127.0.0.1", "-p", String(port)], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => (output += text));
  const ended = new Promise((resolve) => server.on("close", resolve));
  try {
    for (const [route, wanted] of Object.entries(routes)) {
      const answer = await bought(`http://127.0.0.1:${port}${route}`);
      if (answer !== wanted) throw new Error(`${route}: ${answer}\n${output}`);
    }
  } finally {
    server.kill();
    await ended;
  }
}

async function answerOf(url) {
  for (let tries = 0; ; tries++) {
    try {
      return await fetch(url);
    } catch (error) {
      if (tries >= 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Runs the consumers that are named, and gives what is wrong, by name; `undefined` for what works. */
export async function runConsumers(names) {
  const installed = await installedPackage();
  const placed = new Set();
  const found = {};
  for (const name of names) {
    const consumer = consumers[name];
    if (consumer === undefined)
      throw new Stop(`there is no consumer \`${name}\`; there are ${Object.keys(consumers).join(", ")}`);
    const since = Date.now();
    try {
      const project = await folderOf(consumer.set);
      if (!placed.has(consumer.set)) placeInto(project, installed);
      placed.add(consumer.set);
      await consumer.run(project, installed);
      found[name] = undefined;
    } catch (error) {
      found[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    say(`${consumer.title ?? name}: ${found[name] === undefined ? "works" : "FAILED"} … ${seconds(since)}`);
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const names = process.argv.slice(2);
    const found = await runConsumers(names.length > 0 ? names : Object.keys(consumers));
    const wrong = Object.entries(found).filter(([, error]) => error !== undefined);
    if (wrong.length > 0) throw new Stop(`failed:\n${wrong.map(([name, error]) => `${name}: ${error}`).join("\n\n")}`);
  });
}
