// The suite in workerd, by Miniflare, from the packed package with the `workerd` condition: the modules are files there.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

const entry = `
import * as pkg from "tollwarden";
import "tollwarden/privacy";
import { runCases } from "tollwarden-suite";
import events from "./events.mjs";
export default { fetch: async () => Response.json(await runCases(pkg, events, { defaultStore: false })) };
`;

export async function runInWorkerd({ project, runtimes }) {
  const script = await bundle({ project, runtimes, entry, conditions: ["workerd", "worker"], wasmApart: true });
  const generated = join(project, "node_modules/tollwarden/dist/core/generated");
  const modules = [
    { type: "ESModule", path: "worker.mjs", contents: script },
    { type: "CompiledWasm", path: "core.wasm", contents: readFileSync(join(generated, "core.wasm")) },
    { type: "CompiledWasm", path: "privacy.wasm", contents: readFileSync(join(generated, "privacy/privacy.wasm")) },
  ];
  return JSON.parse(await answerOf(modules, runtimes));
}

/** What a worker that wrangler wrote answers. */
export async function runBuiltWorker(folder, runtimes) {
  const files = readdirSync(folder).filter((name) => /\.(m?js|wasm)$/.test(name));
  const modules = files
    .sort((a, b) => Number(a.endsWith(".wasm")) - Number(b.endsWith(".wasm")))
    .map((path) => ({
      type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
      path,
      contents: readFileSync(join(folder, path), path.endsWith(".wasm") ? undefined : "utf8"),
    }));
  return answerOf(modules, runtimes);
}

async function answerOf(modules, runtimes) {
  const { Miniflare } = await import(pathToFileURL(join(runtimes, "node_modules/miniflare/dist/src/index.js")).href);
  const worker = new Miniflare({ host: "127.0.0.1", compatibilityDate: "2024-09-23", modules });
  try {
    const answer = await worker.dispatchFetch("http://localhost/");
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  } finally {
    await worker.dispose();
  }
}
