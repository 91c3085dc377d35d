// The suite in headless Chromium, on a page with the content security policy that docs/runtimes.md asks for; and that
// without `'wasm-unsafe-eval'` the error names what is missing.

import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findChromium } from "../lib/chromium.mjs";
import { bundle } from "./bundle.mjs";

const entry = `
import * as pkg from "tollwarden";
import "tollwarden/privacy";
import { runCases } from "tollwarden-suite";
import events from "./events.mjs";
globalThis.suite = () => runCases(pkg, events, { defaultStore: true });
globalThis.version = () => { try { return pkg.coreVersion(); } catch (error) { return String(error); } };
`;

const policies = {
  "/good": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
  "/strict": "default-src 'none'; script-src 'self'",
};

export async function runInBrowser({ project, runtimes }) {
  const { chromium } = await import(pathToFileURL(join(runtimes, "node_modules/playwright-core/index.mjs")).href);
  const script = await bundle({ project, runtimes, entry, conditions: ["browser"] });
  const server = createServer((request, response) => {
    const policy = policies[request.url ?? ""];
    if (policy === undefined) {
      response.writeHead(200, { "content-type": "text/javascript" }).end(script);
      return;
    }
    response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
    response.end('<!doctype html><title>suite</title><script type="module" src="/suite.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  let browser;
  try {
    browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
    const page = await browser.newPage();
    await page.goto(`${origin}/good`);
    await page.waitForFunction(() => globalThis.suite !== undefined);
    const results = await page.evaluate(() => globalThis.suite());
    await page.goto(`${origin}/strict`);
    await page.waitForFunction(() => globalThis.version !== undefined);
    const said = await page.evaluate(() => globalThis.version());
    const name = "a content security policy without 'wasm-unsafe-eval' gives an error that names it";
    return [...results, said.includes("wasm-unsafe-eval") ? { name } : { name, error: said }];
  } finally {
    await browser?.close();
    server.close();
  }
}
