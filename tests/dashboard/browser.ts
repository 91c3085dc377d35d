/** A browser with the dashboard in it, which tells of all that the page does that it should not. */

import type { TestContext } from "node:test";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { findChromium } from "../../pkg-scripts/lib/chromium.mjs";

export const hasBrowser = findChromium() !== undefined;

export interface Window {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors, violations of the content security policy, requests to elsewhere, dialogs. There should be none. */
  readonly complaints: readonly string[];
  /** Goes to a view, and waits until it has what it shows. */
  go(path: string): Promise<void>;
  text(selector?: string): Promise<string>;
}

export interface WindowOptions {
  readonly dark?: boolean;
  readonly phone?: boolean;
}

export async function openBrowser(t: Pick<TestContext, "after">): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: findChromium() ?? "", args: ["--no-sandbox"] });
  t.after(() => browser.close());
  return browser;
}

export async function openWindow(browser: Browser, url: string, options: WindowOptions = {}): Promise<Window> {
  const { dark = false, phone = false } = options;
  const context = await browser.newContext({
    colorScheme: dark ? "dark" : "light",
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 860 },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // The browser tells of each 4xx by itself; which ones are expected, the tests say.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
      complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const at = request.url();
    if (!at.startsWith(url) && !at.startsWith("blob:") && !at.startsWith("data:")) complaints.push(`request: ${at}`);
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(`${url}/`);
  return {
    context,
    page,
    complaints,
    async go(path) {
      await page.evaluate((to) => {
        location.hash = `#/${to}`;
      }, path);
      await settled(page);
    },
    text: (selector = "main") => shown(page.locator(selector)),
  };
}

/** When nothing on the page is still on its way. */
export async function settled(page: Page): Promise<void> {
  // A view that has just been chosen has not begun to ask yet.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.waitForFunction(() => !document.body.textContent.includes("Loading …"));
}

/** What can be seen of it: nothing of what is folded away. */
export function shown(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: the rule is about the DOM, and what is hidden is not meant
  return locator.innerText();
}

export async function logIn(window: Window, key: string): Promise<void> {
  await window.page.getByLabel("Key").fill(key);
  await window.page.getByRole("button", { name: "Log in" }).click();
  await window.page.getByRole("button", { name: "Log out" }).waitFor();
  await settled(window.page);
}
