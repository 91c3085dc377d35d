// The README does what it says: its code compiles and runs as printed, and what it shows as output is what comes out.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/port.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

function blocks(kind: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, body = ""]) => body);
}

/** The port that the README and the example name; what runs here takes one that is free. */
const PORT = "4021";
const port = await freePort();
const ported = (text: string): string => text.replaceAll(PORT, String(port));

const [policy = ""] = blocks("toml").map(ported);
const [agent = "", ...further] = blocks("ts").map(ported);

// Inside the checkout, because that is where the packages are found.
let folder = "";
before(() => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  folder = mkdtempSync(join(root, ".cache/readme-"));
  writeFileSync(join(folder, "policy.toml"), policy);
  writeFileSync(join(folder, "agent.ts"), agent);
  // The later blocks go on where the first one ends.
  writeFileSync(join(folder, "all.ts"), [agent, ...further].join("\n"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

function run(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const env = { ...process.env, ...options.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const child = spawn(process.execPath, [...args], { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, output, errors })));
}

/** `tollwarden` is the source of this checkout; everything else is as printed. */
const asPackage = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const url = ${JSON.stringify(new URL("../../js/index.ts", import.meta.url).href)};
  registerHooks({
    resolve: (name, context, next) => (name === "tollwarden" ? { url, shortCircuit: true } : next(name, context)),
  });
`)}`;

test("the README's code compiles", async () => {
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: { paths: { tollwarden: ["../../js/index.ts"] } },
    include: ["*.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status, output } = await run([tsc, "--project", "tsconfig.json"], { cwd: folder });
  assert.equal(status, 0, output);
});

test("the README's agent, run as printed against the local net that it names", async () => {
  const net = await startLocalnet();
  try {
    const options = { cwd: folder, env: { AGENT_KEY: net.key } };
    const first = await run(["--import", asPackage, "agent.ts"], options);
    assert.equal(first.status, 0, first.errors);
    assert.equal(first.output, shownAfter("Then, in another terminal"));

    // The budget is that of the first run, and goes on.
    const all = await run(["--import", asPackage, "all.ts"], options);
    assert.equal(all.status, 0, all.errors);
    assert.match(all.output, /spent: '0\.02'/);
    assert.match(all.output, /^payment_too_large \{/m);
    assert.match(all.output, /max_amount_usd: '0\.1'/);
    assert.match(all.output, /spent: '0\.03'/);
  } finally {
    await net.stop();
  }
});

test("the example agent runs, and its budget holds over several runs", async () => {
  const example = join(root, "examples/agent");
  const cwd = mkdtempSync(join(root, ".cache/agent-"));
  const main = join(cwd, "main.ts");
  try {
    writeFileSync(join(cwd, "policy.toml"), ported(readFileSync(join(example, "policy.toml"), "utf8")));
    const text = readFileSync(join(example, "main.ts"), "utf8");
    writeFileSync(main, ported(text.replaceAll('"../localnet/', '"../../examples/localnet/')));
    let spent = 0;
    for (const [weather, report, want] of [
      [200, 200, 0.06],
      [200, 200, 0.12],
      [200, 200, 0.18],
      [200, "payment denied: budget_exceeded", 0.19],
    ] as const) {
      const { status, output, errors } = await run([main], { cwd });
      assert.equal(status, 0, errors);
      assert.ok(output.includes(`/weather ${weather}`), output);
      assert.ok(output.includes(`/report ${report}`), output);
      assert.match(output, /\/dataset payment denied: payment_too_large/);
      spent = Number(/([\d.]+) of 0\.2 USD spent/.exec(output)?.[1]);
      assert.equal(spent, want);
    }
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});

test("the demo's output in the README is what the demo prints", async () => {
  const { output } = await run([join(root, "pkg-scripts/demo/main.ts")], { cwd: root });
  const shown = readme.match(/^```text\n(1 · [\s\S]*?)^```$/m)?.[1];
  assert.ok(shown !== undefined);
  const printed = output.slice(output.indexOf("1 · "));
  assert.equal(timeless(printed).trim(), timeless(shown).trim());
});

/** Ports and times differ from run to run. */
function timeless(text: string): string {
  return text.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORTS").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

/** The first block of output after these words. */
function shownAfter(words: string): string {
  const from = readme.indexOf(words);
  assert.ok(from > 0, `the README does not say \`${words}\``);
  return /^```text\n([\s\S]*?)^```$/m.exec(readme.slice(from))?.[1] ?? "";
}

/** In a process of its own, as a reader starts it; the agent's key is read from what it prints. */
async function startLocalnet(): Promise<{ readonly key: string; stop(): Promise<void> }> {
  const args = [join(root, "examples/localnet/main.ts"), "--port", String(port)];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const key = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /^agent's key {2}(0x[0-9a-f]{64})$/m.exec(text)?.[1];
      if (found !== undefined && text.includes("Ctrl-C to stop")) resolve(found);
    });
    child.once("close", (status) => reject(new Error(`the local net ended with status ${status}: ${text}`)));
  });
  return {
    key,
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}
