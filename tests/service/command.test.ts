/** `tollwarden serve` and `tollwarden keys`, from nothing to a decision, and the clients in other languages. */

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { main, offer, tollwarden } from "../cli/support.ts";
import { freePort } from "../support/port.ts";
import { pythonWithClients } from "./python.ts";
import { callsOf, must, WEATHER } from "./support.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Serving {
  readonly url: string;
  readonly child: ChildProcess;
  readonly events: Record<string, unknown>[];
  readonly admin: string | undefined;
}

async function served(t: TestContext, cwd: string, args: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [main, "serve", "--json", ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const events: Record<string, unknown>[] = [];
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const listening = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${errors}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event.event === "listening") resolve(event);
    });
  });
  return { url: String(listening.url), child, events, admin: listening.admin_key as string | undefined };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-serve-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("from an empty folder to a decision: serve, keys add, a question", async (t) => {
  const folder = folderOf(t);
  const listen = `127.0.0.1:${await freePort()}`;
  const first = await served(t, folder, ["--listen", listen]);
  assert.equal(first.events[0]?.event, "starter");
  assert.match(first.admin ?? "", /^tw_[0-9a-f]{12}_[0-9a-f]{64}_[0-9a-f]{32}$/);
  const added = await tollwarden(["keys", "add", "--agent", "researcher", "--json"], { cwd: folder });
  assert.equal(added.status, 0, added.stderr);
  const { key, row } = JSON.parse(added.stdout) as { key: string; row: { id: string } };
  const call = callsOf(first.url);
  assert.equal((await call(key, "POST", "/v1/authorize", { url: WEATHER, offer: offer() })).body.action, "allow");
  assert.equal((await call(first.admin, "GET", "/v1/decisions")).body.rows[0].agent, "researcher");
  assert.match((await call(undefined, "GET", "/")).text, /^<!doctype html>/i);

  // The page's own example, as a person pastes it.
  const [example = ""] = /^curl [\s\S]*?\n\}'$/m.exec(readFileSync(join(root, "docs/service.md"), "utf8")) ?? [];
  const script = example.replace("http://127.0.0.1:8403", first.url);
  const asked = await new Promise<string>((resolve, reject) =>
    execFile(
      "sh",
      ["-c", `${script.replace("curl ", "curl -s ")}`],
      { env: { ...process.env, TOLLWARDEN_KEY: key } },
      (error, stdout) => (error ? reject(error) : resolve(stdout)),
    ),
  );
  assert.equal((JSON.parse(asked) as { action: string }).action, "allow");

  // A policy that changes decides the next payment.
  const text = readFileSync(join(folder, "policy.toml"), "utf8");
  writeFileSync(
    join(folder, "policy.toml"),
    text
      .replace('max_usd = "1"', 'max_usd = "0.001"')
      .replace('approve_from_usd = "0.50"\n', "")
      .replace("version = 1", "version = 2"),
  );
  for (let tries = 0; tries < 200 && !first.events.some(({ event }) => event === "policy"); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(
    (await call(key, "POST", "/v1/authorize", { url: WEATHER, offer: offer() })).body.reason,
    "payment_too_large",
  );

  const gone = once(first.child, "exit");
  first.child.kill("SIGTERM");
  assert.deepEqual(await gone, [0, null], "it stops when it is told to, with status 0");
  assert.equal(first.events.at(-1)?.event, "stopping");

  const again = await served(t, folder, ["--listen", listen]);
  assert.equal(again.admin, undefined, "the first key is shown once");
  assert.equal((await call(first.admin, "GET", "/v1/decisions")).body.rows.length, 3);
  const rotated = await tollwarden(["keys", "rotate", row.id, "--overlap", "0", "--json"], { cwd: folder });
  const { key: second } = JSON.parse(rotated.stdout) as { key: string };
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.equal((await call(key, "GET", "/v1/whoami")).status, 401);
  assert.equal((await call(second, "GET", "/v1/whoami")).status, 200);
  assert.match(
    (await tollwarden(["keys", "list"], { cwd: folder })).stdout,
    /researcher: evaluate, settle for researcher/,
  );
  assert.equal((await tollwarden(["keys", "revoke", row.id], { cwd: folder })).status, 0);
  assert.equal((await tollwarden(["keys", "revoke", row.id], { cwd: folder })).status, 2);
  const log = await tollwarden(["verify", "audit.jsonl"], { cwd: folder });
  assert.ok([0, 2].includes(Number(log.status)), log.stderr);
  assert.ok(again.url);
});

test("what is wrong is said, and nothing is opened", async (t) => {
  const folder = folderOf(t);
  const bad: readonly (readonly [readonly string[], RegExp])[] = [
    [["serve", "--policy", "missing.toml"], /missing\.toml/],
    [["serve", "--listen", "everywhere"], /no place to listen/],
    [["serve", "--what"], /unknown option/],
    [["keys", "list"], /there is no ledger/],
    [["keys", "add"], /there is no ledger/],
    [["keys", "rotate"], /`ID` is missing/],
    [["keys", "drop"], /not known/],
  ];
  for (const [args, wanted] of bad) {
    const { status, stderr } = await tollwarden(args, { cwd: folder });
    assert.equal(status, 1, args.join(" "));
    assert.match(stderr, wanted);
  }
  writeFileSync(join(folder, "serve.toml"), 'lisen = "127.0.0.1:1"\n');
  assert.match((await tollwarden(["serve"], { cwd: folder })).stderr, /`lisen` is not known/);
  assert.ok(!existsSync(join(folder, "tollwarden.sqlite")));
  for (const command of ["serve", "keys"]) {
    const { status, stdout } = await tollwarden([command, "--help"], { cwd: folder });
    assert.ok(status === 0 && stdout.startsWith("usage:"));
  }
});

const python = await pythonWithClients();

test("an agent in Python, with the service's signer", {
  skip: python === undefined ? "httpx can't be had here" : false,
}, async (t) => {
  const { createServer } = await import("node:http");
  const { createService, serve } = await import("../../js/service/index.ts");
  const { evmSigner } = await import("../../js/service/signers.ts");
  const { memoryStore } = await import("../../js/index.ts");
  const paid: string[] = [];
  const seller = createServer((request, response) => {
    const payment = request.headers["payment-signature"];
    if (payment === undefined) {
      response.writeHead(402, { "payment-required": btoa(JSON.stringify(offer())) }).end("{}");
      return;
    }
    paid.push(String(payment));
    response.end("sunny");
  });
  await new Promise<void>((resolve) => seller.listen(0, "127.0.0.1", resolve));
  t.after(() => seller.close());
  const at = `http://127.0.0.1:${(seller.address() as { port: number }).port}`;
  const policy = {
    origins: [at],
    payment: { max_usd: "1" },
    budgets: [{ name: "daily", limit_usd: "0.015", window: "24h" }],
  };
  const service = await createService({ policy, store: memoryStore(), signer: await evmSigner("33".repeat(32)) });
  const serving = await serve(service);
  t.after(async () => {
    await service.close();
    await serving.stop(50);
  });
  const { key } = await service.keys.add({ name: "py", scopes: ["evaluate", "settle"], agent: "py" });
  const run = (env: Record<string, string>, ...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const script = join(root, "examples/service-python/main.py");
      execFile(
        python ?? "",
        [script, ...args],
        { env: { ...process.env, TOLLWARDEN_URL: serving.url, TOLLWARDEN_KEY: key, ...env } },
        (error, stdout, stderr) => resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
      );
    });
  const good = await run({}, `${at}/weather`);
  assert.deepEqual([good.code, good.stdout.trim()], [0, "sunny"], good.stderr);
  assert.equal((await service.warden.budgets())[0]?.spent, "0.01");
  const over = await run({}, `${at}/weather`);
  assert.equal(over.code, 2);
  assert.match(over.stderr, /budget_exceeded/);
  // Whoever does not know the seal is not believed.
  const forged = await run({ TOLLWARDEN_KEY: `${key.slice(0, -32)}${"0".repeat(32)}` }, `${at}/weather`);
  assert.equal(forged.code, 2);
  const away = await run({ TOLLWARDEN_URL: "http://127.0.0.1:9" }, `${at}/weather`);
  assert.equal(away.code, 2);
  assert.equal(must(paid).length, 1);
});
