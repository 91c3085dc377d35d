/** A Chromium with a page for the store, and further tabs of it, each in a process of its own. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { findChromium } from "../../../pkg-scripts/lib/chromium.mjs";
import { bundle } from "./bundle.ts";
import type { ActionName, Argument, Face, Result } from "./page.ts";
import { Answered } from "./workerd.ts";

export interface Tab {
  readonly page: Page;
  /** What the page has told: one entry for each line on its console. */
  readonly told: readonly string[];
  /** Asks the page. Its errors are thrown here. */
  ask<A extends ActionName>(action: A, argument: Argument<A>): Promise<Result<A>>;
  /** Ends the tab's process, as a crash does. */
  crash(): Promise<void>;
}

export interface Browser {
  readonly context: BrowserContext;
  readonly address: string;
  /** A tab of the page, or of the same page at another address. */
  tab(at?: string): Promise<Tab>;
  /** Ends all of the browser's processes at once. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** A server of the page; the same port again means the same origin, with what it has stored. */
export async function servePage(port = 0) {
  const script = await bundle("./page.ts", "browser");
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    // A sandboxed frame is of no origin, and asks for it as a stranger.
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? script : '<!doctype html><title>ledger</title><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { address, close };
}

export async function startChromium(address: string, folder: string): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("there is no chromium here");
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    args: ["--no-sandbox", "--site-per-process"],
    headless: true,
  });

  async function tab(at = address): Promise<Tab> {
    const page = await context.newPage();
    const told: string[] = [];
    page.on("console", (message) => told.push(message.text()));
    await page.goto(at);
    await page.waitForFunction(() => "ask" in globalThis);
    return {
      page,
      told,
      async ask(action, argument) {
        const answer = await page.evaluate(([name, what]) => (globalThis as unknown as Face).ask(name, what), [
          action,
          argument,
        ] as const);
        if ("error" in answer) throw new Answered(answer.error);
        return answer.value as Result<typeof action>;
      },
      async crash() {
        const session = await context.newCDPSession(page);
        const gone = page.waitForEvent("crash");
        session.send("Page.crash").catch(() => {});
        await gone;
      },
    };
  }

  return {
    context,
    address,
    tab,
    async kill() {
      const closed = context.waitForEvent("close");
      const session = await context.browser()?.newBrowserCDPSession();
      session?.send("Browser.crash").catch(() => {});
      await closed;
    },
    close: () => context.close(),
  };
}
