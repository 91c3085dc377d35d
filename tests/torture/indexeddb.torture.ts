/**
 * The ledger in IndexedDB, in Chromium: 2,000 attempts on each limit, by one tab and by 4; then tabs crash and the whole
 * browser is killed, again and again while they write, and nothing that was acknowledged may be gone.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bringChromium, findChromium } from "../../pkg-scripts/lib/chromium.mjs";
import { type Browser, servePage, startChromium, type Tab } from "../stores/edge/chromium.ts";
import { paysExactly } from "../stores/edge/exactly.ts";
import { pairsAreWhole } from "../stores/edge/pairs.ts";
import type { Limit } from "../stores/edge/spend.ts";

const ATTEMPTS = 2_000;
const TABS = 4;
const LIVES = 12;

const open = (browser: Browser) => Promise.all(Array.from({ length: TABS }, () => browser.tab()));
const wroteIn = (tab: Tab) => tab.told.filter((line) => line.startsWith("wrote ")).map((line) => line.slice(6));

async function spendTogether(browser: Browser): Promise<void> {
  const tabs = await open(browser);
  for (const limit of ["budget", "session", "rate"] satisfies Limit[]) {
    for (const spenders of [1, TABS]) {
      const name = `${limit}-${spenders}`;
      const figures = await paysExactly({
        limit,
        spenders,
        attempts: ATTEMPTS,
        spend: (spending, i) => (tabs[i] as Tab).ask("spend", { name, spending }),
        counted: (policy) => (tabs[0] as Tab).ask("counted", { name, policy }),
      });
      console.log(figures);
    }
  }
}

/** Each life of the browser sees some tabs crash, and ends with all of its processes killed. */
async function dieOften(address: string, folder: string): Promise<void> {
  const acknowledged: string[] = [];
  for (let life = 0; life < LIVES; life++) {
    const browser = await startChromium(address, folder);
    const tabs = await open(browser);
    pairsAreWhole(acknowledged, await (tabs[0] as Tab).ask("scan", { name: "kept" }));
    const writing = tabs.map((tab, i) => tab.ask("write", { name: "kept", who: `${life}/${i}` }).catch(() => {}));
    while (tabs.some((tab) => wroteIn(tab).length < 20)) await new Promise((resolve) => setTimeout(resolve, 5));
    await tabs[life % TABS]?.crash();
    await new Promise((resolve) => setTimeout(resolve, (life * 7) % 50));
    await browser.kill();
    await Promise.all(writing);
    acknowledged.push(...tabs.flatMap(wroteIn));
  }
  const browser = await startChromium(address, folder);
  pairsAreWhole(acknowledged, await (await browser.tab()).ask("scan", { name: "kept" }));
  await browser.close();
  console.log(`${LIVES} times killed in the middle of commits: all of ${acknowledged.length} acknowledged are there`);
}

await bringChromium();
if (findChromium() !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-chromium-"));
  const server = await servePage();
  try {
    const browser = await startChromium(server.address, folder);
    await spendTogether(browser);
    await browser.close();
    await dieOften(server.address, folder);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
console.log("ok");
