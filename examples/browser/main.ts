// A page that pays, served on this machine: open the address that it prints. Where there is a Chromium (in `CHROMIUM`), it is
// driven through the page instead, as a person would: it buys, is asked, refuses, is asked again, and comes back later.
//
//   npm start -- --open        serve the page for a person, until Ctrl-C
//   npm start -- --shots DIR   drive it, and leave pictures of it in DIR

import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { serve } from "./server.ts";

const { values } = parseArgs({ options: { open: { type: "boolean" }, shots: { type: "string" } } });
const { CHROMIUM } = process.env;
const { url, server } = await serve(0);

if (values.open || CHROMIUM === undefined) {
  console.log(`the page is at ${url} until Ctrl-C`);
} else {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 390, height: 780 } });
    page.on("pageerror", (error) => console.log("an error in the page:", error.message));
    await page.goto(url);
    await click(page, "/weather");
    await click(page, "/report", "Refuse");
    await click(page, "/report", "Pay");
    await click(page, "/dataset");
    await page.reload();
    await ready(page, "/weather");
    console.log("after a reload:", await page.locator("#budget").textContent());
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

/** Clicks on what is for sale, gives the answer if the dialog asks, and prints what came of it. */
async function click(page: Page, path: string, answer?: "Pay" | "Refuse"): Promise<void> {
  await ready(page, path);
  await page.click(`button[data-path="${path}"]`);
  if (answer !== undefined) {
    const dialog = page.getByRole("dialog");
    console.log(`the page asks: ${await dialog.getByRole("heading").textContent()}`, answer);
    if (answer === "Pay") await shoot(page, "dialog");
    await dialog.getByRole("button", { name: answer }).click();
  }
  await ready(page, path);
  console.log(await page.locator("#log li").last().textContent());
  if (path === "/dataset") await shoot(page, "page");
}

async function ready(page: Page, path: string): Promise<void> {
  await page.locator(`button[data-path="${path}"]:enabled`).waitFor();
}

async function shoot(page: Page, name: string): Promise<void> {
  if (values.shots === undefined) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(values.shots, `${name}-${colorScheme}.png`) });
  }
}
