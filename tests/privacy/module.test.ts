// The detectors are a module of their own. Where it is not, a policy that wants them does not open: it never runs unscanned.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type * as api from "../../js/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const PLAIN = { payment: { max_usd: "1" } };
const PRIVATE = { ...PLAIN, privacy: { action: "redact" } };
const wasm = (path: string): Uint8Array => readFileSync(join(root, "js/core/generated", path));

/** The package in one file, which holds what these lines import; beside it stands nothing. */
async function bundled<T>(lines: string, work: (face: typeof api, text: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-privacy-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents: `export * from "./js/index.ts";\n${lines}`, resolveDir: root, loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      target: "es2023",
      platform: "node",
      ignoreAnnotations: true,
      external: ["viem", "viem/*", "yaml", "@x402/*", "redis", "compromise"],
      logLevel: "error",
    });
    const text = outputFiles[0]?.text ?? "";
    const file = join(folder, "bundle.mjs");
    writeFileSync(file, text);
    return await work((await import(pathToFileURL(file).href)) as typeof api, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const answers = (seen: string[]): typeof fetch =>
  (async (input, init) => {
    seen.push(new Request(input, init).url);
    return new Response("sunny");
  }) as typeof fetch;

test("a bundle without the detectors refuses a policy that wants them, and a reload to one", async () => {
  await bundled("", async ({ memoryStore, openWarden, openWardenWithControl }, text) => {
    assert.doesNotMatch(text, /Screen\.place = /);
    const store = memoryStore();
    const refused = {
      code: "policy_invalid",
      message: /privacy: it needs the detectors.*import `tollwarden\/privacy`/s,
    };
    await assert.rejects(openWarden({ policy: PRIVATE, store }), refused);
    await assert.rejects(openWarden({ policy: { ...PLAIN, privacy: {} }, store }), refused);
    const { warden, control } = await openWardenWithControl({ policy: PLAIN, store });
    const before = warden.policy.hash;
    await assert.rejects(control.reload(PRIVATE), refused);
    assert.equal(warden.policy.hash, before);
    const seen: string[] = [];
    await warden.fetch(answers(seen))("https://api.example.com/");
    assert.equal(seen.length, 1);
    await warden.close();
  });
});

test("a bundle that imports the detectors has them", async () => {
  await bundled('import "./js/privacy/index.ts";', async ({ memoryStore, openWarden }) => {
    const warden = await openWarden({ policy: PRIVATE, store: memoryStore() });
    const seen: string[] = [];
    await warden.fetch(answers(seen))("https://api.example.com/?q=jane@example.com");
    assert.deepEqual(seen, ["https://api.example.com/?q=[EMAIL_ADDRESS_1]"]);
    await warden.close();
  });
});

test("the core carries no detectors, and the detectors no core", async () => {
  const exported = async (path: string): Promise<readonly string[]> =>
    WebAssembly.Module.exports(await WebAssembly.compile(wasm(path) as BufferSource)).map(({ name }) => name);
  const [core, privacy] = [await exported("core.wasm"), await exported("privacy/privacy.wasm")];
  assert.ok(core.some((name) => name.startsWith("engine_")) && !core.some((name) => name.startsWith("screen_")));
  assert.ok(privacy.some((name) => name.startsWith("screen_")) && !privacy.some((name) => name.startsWith("engine_")));
  // A piece of the forms of IBANs.
  const forms = "AD8n12c";
  assert.ok(
    !Buffer.from(wasm("core.wasm")).includes(forms) && Buffer.from(wasm("privacy/privacy.wasm")).includes(forms),
  );
});
