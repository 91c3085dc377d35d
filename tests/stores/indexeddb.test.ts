/** The ledger in IndexedDB, in a real Chromium with several tabs. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { storeCases } from "../../js/stores/conformance.ts";
import { indexedDbStore } from "../../js/stores/indexeddb.ts";
import { bringChromium, findChromium } from "../../pkg-scripts/lib/chromium.mjs";
import { type Browser, servePage, startChromium, type Tab } from "./edge/chromium.ts";
import { paysExactly } from "./edge/exactly.ts";
import { pairsAreWhole } from "./edge/pairs.ts";
import type { Limit } from "./edge/spend.ts";

const TABS = 4;
const ATTEMPTS = 96;

await bringChromium();
const skip = findChromium() === undefined ? "there is no chromium here" : false;

let server: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let folder: string;
let tabs: readonly Tab[];
let first: Tab;
let second: Tab;

before(async () => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), "tollwarden-chromium-"));
  server = await servePage();
  await start();
});
after(async () => {
  await browser?.close();
  await server?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function start(): Promise<void> {
  browser = await startChromium(server.address, folder);
  tabs = await Promise.all(Array.from({ length: TABS }, () => browser.tab()));
  [first, second] = tabs as unknown as [Tab, Tab];
}

let names = 0;
const freshName = () => `ledger-${names++}`;
const put = (key: string, value: string | null, expires: number | null = null) => ({ key, value, expires });
const commit = (...write: ReturnType<typeof put>[]) => ({ read: [], write });
const until = async (holds: () => boolean | Promise<boolean>, what: string) => {
  for (let waited = 0; waited < 10_000; waited += 20) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`${what}: not within 10 s`);
};

describe("indexeddb: what every store does, in Chromium", { skip }, () => {
  for (const { name } of storeCases) {
    it(name, async () => {
      await first.ask("case", { name });
    });
  }
});

describe("indexeddb: several tabs", { skip }, () => {
  for (const limit of ["budget", "session", "rate"] satisfies Limit[]) {
    it(`${TABS} tabs and one ${limit}: exactly what fits is paid`, async (t) => {
      const name = freshName();
      const figures = await paysExactly({
        limit,
        spenders: TABS,
        attempts: ATTEMPTS,
        spend: (spending, i) => (tabs[i] ?? assert.fail()).ask("spend", { name, spending }),
        counted: (policy) => first.ask("counted", { name, policy }),
      });
      t.diagnostic(figures);
    });
  }

  it("hear of each other's commits long before they would look", async () => {
    const name = freshName();
    await first.ask("keep", { name, options: { pollMs: 600_000 } });
    await first.ask("watch", { name, key: "told" });
    await second.ask("commit", { name, commit: commit(put("told", "1")) });
    await until(async () => (await first.ask("fired", { key: "told" })) > 0, "told by the other tab");
    await first.ask("release", { name });
  });

  it("see each other's commits where there is no BroadcastChannel", async () => {
    const name = freshName();
    const tab = await browser.tab();
    await tab.ask("openSilently", { without: "BroadcastChannel", name });
    await tab.ask("watch", { name, key: "seen" });
    await second.ask("commit", { name, commit: commit(put("seen", "1")) });
    await until(async () => (await tab.ask("fired", { key: "seen" })) > 0, "seen");
    await tab.page.close();
  });

  it("one that holds the ledger makes a commit wait, then fail as busy with nothing written", async () => {
    const name = freshName();
    await first.ask("keep", { name, options: { busyMs: 300 } });
    await second.ask("occupy", { name, ms: 2_500 });
    await assert.rejects(first.ask("commit", { name, commit: commit(put("a", "1")) }), { code: "busy" });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.equal((await first.ask("load", { name, keys: ["a"] }))[0]?.version, 0);
    await first.ask("commit", { name, commit: commit(put("a", "2")) });
    await first.ask("release", { name });
  });

  for (const end of ["closed", "crashed"] as const) {
    it(`one that is ${end} in the middle of commits loses nothing that was acknowledged, and stops nobody`, async () => {
      const name = freshName();
      const victims = await Promise.all([browser.tab(), browser.tab()]);
      const running = victims.map((tab, i) => tab.ask("write", { name, who: String(i) }).catch(() => {}));
      const wrote = () => victims.flatMap((tab) => tab.told.filter((line) => line.startsWith("wrote ")));
      await until(() => victims.every(({ told }) => told.length >= 15), "commits");
      await Promise.all(victims.map((tab) => (end === "closed" ? tab.page.close() : tab.crash())));
      await Promise.all(running);
      await first.ask("commit", { name, commit: commit(put("after", "1")) });
      checkPairs(wrote(), await first.ask("scan", { name }));
      await Promise.all(victims.map(({ page }) => page.close()));
    });
  }

  it("all of them gone with the browser, killed in the middle of commits: nothing acknowledged is lost", async () => {
    const name = freshName();
    const running = tabs.map((tab, i) => tab.ask("write", { name, who: String(i) }).catch(() => {}));
    await until(
      () => tabs.every(({ told }) => told.filter((line) => line.startsWith("wrote ")).length >= 15),
      "commits",
    );
    await browser.kill();
    await Promise.all(running);
    const wrote = tabs.flatMap(({ told }) => told.filter((line) => line.startsWith("wrote ")));
    await start();
    checkPairs(wrote, await first.ask("scan", { name }));
    await first.ask("commit", { name, commit: commit(put("after", "1")) });
  });
});

function checkPairs(wrote: readonly string[], found: readonly string[]): void {
  assert.ok(wrote.length >= 30);
  const pairs = wrote.map((line) => line.slice("wrote ".length));
  pairsAreWhole(pairs, found.filter((key) => key !== "after")); // biome-ignore format: one line
}

describe("indexeddb: what fails is an error, and never half a commit", { skip }, () => {
  it("no room left for the site, and the store works again once there is some", async () => {
    const name = freshName();
    // An origin of its own: the others have room.
    const tab = await browser.tab(browser.address.replace("127.0.0.1", "localhost"));
    const session = await browser.context.newCDPSession(tab.page);
    const origin = new URL(tab.page.url()).origin;
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 8 << 20 });
    let written = 0;
    const fill = async () => {
      for (; written < 64; written++) await tab.ask("big", { name, number: written, units: 1 << 20 });
    };
    await assert.rejects(fill, { code: "unavailable", message: /no room/ });
    assert.ok(written > 0, "there was no room for the first");
    const keys = Array.from({ length: written + 1 }, (_, i) => [`small/${i}`, `big/${i}`]).flat();
    const found = async () => (await tab.ask("load", { name, keys })).map(({ value }) => value !== null);
    assert.deepEqual(await found(), [...Array(written * 2).fill(true), false, false]);
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    // The browser does not measure the room at each commit.
    await until(() => tab.ask("big", { name, number: written, units: 1 << 20 }).then(() => true, () => false), "room"); // biome-ignore format: one line
    assert.deepEqual(await found(), Array(written * 2 + 2).fill(true));
    await tab.page.close();
  });

  it("a ledger that another tab deletes: the store does not go on with an empty one", async () => {
    const name = freshName();
    await first.ask("keep", { name });
    await first.ask("commit", { name, commit: commit(put("spent", "1")) });
    await second.ask("drop", { name });
    await assert.rejects(first.ask("load", { name, keys: ["spent"] }), { code: "unavailable", message: /deleted/ });
    await assert.rejects(first.ask("commit", { name, commit: commit(put("a", "1")) }), { code: "unavailable" });
    await first.ask("release", { name });
  });

  it("a ledger that another tab upgrades", async () => {
    const name = freshName();
    await first.ask("keep", { name });
    await second.ask("upgrade", { name, version: 2 });
    await assert.rejects(first.ask("load", { name, keys: ["a"] }), { code: "schema", message: /newer release/ });
    await first.ask("release", { name });
    await assert.rejects(first.ask("open", { name }), { code: "schema", message: /newer release/ });
  });

  it("site data that the user clears", async () => {
    const name = freshName();
    await first.ask("keep", { name });
    const session = await browser.context.newCDPSession(first.page);
    const origin = new URL(browser.address).origin;
    await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
    await assert.rejects(first.ask("load", { name, keys: ["a"] }), { code: "unavailable", message: /closed|deleted/ });
    await first.ask("release", { name });
  });

  for (const [what, record] of [
    ["a version that is no number", { key: "a", version: "1", value: "1", expires: null }],
    ["a value that is no text", { key: "a", version: 1, value: 7, expires: null }],
    ["an expiry that is no number", { key: "a", version: 1, value: "1", expires: "never" }],
  ] as const) {
    it(`a cell that somebody else wrote, with ${what}`, async () => {
      const name = freshName();
      await first.ask("commit", { name, commit: commit(put("b", "1")) });
      await first.ask("spoil", { name, key: "a", record });
      await assert.rejects(first.ask("load", { name, keys: ["a"] }), { code: "schema" });
      await assert.rejects(first.ask("scan", { name }), { code: "schema" });
    });
  }

  it("expired cells are cleared a few at each commit, in the end all", async () => {
    const name = freshName();
    await first.ask("setTime", { ms: 0 });
    await first.ask("keep", { name, clocked: true });
    const gone = Array.from({ length: 60 }, (_, i) => put(`x/${i}`, "1", 5));
    await first.ask("commit", { name, commit: commit(...gone, put("kept", "1")) });
    await first.ask("setTime", { ms: 10 });
    const counts: number[] = [];
    for (let i = 0; i < 6; i++) {
      await first.ask("commit", { name, commit: commit(put("y", "1")) });
      counts.push(await first.ask("raw", { name }));
    }
    assert.equal(counts.at(-1), 2, counts.join());
    assert.ok((counts[0] ?? 0) > 30, `all at once: ${counts}`);
    await first.ask("release", { name });
  });
});

describe("indexeddb: opening", { skip }, () => {
  it("is refused where the database is somebody else's", async () => {
    const [one, two] = [freshName(), freshName()];
    await first.ask("foreign", { name: one, version: 1, stores: ["notes"] });
    await assert.rejects(first.ask("open", { name: one }), { code: "schema", message: /another name/ });
    await first.ask("foreign", { name: two, version: 1, stores: ["cell", "ledger"] });
    await assert.rejects(first.ask("open", { name: two }), { code: "schema", message: /another name/ });
  });

  it("is refused in a page that may store nothing", async () => {
    const tab = await browser.tab();
    await tab.page.setContent(
      `<iframe sandbox="allow-scripts" srcdoc='<script type="module" src="${browser.address}page.js"></script>'></iframe>`,
    );
    await until(() => tab.page.frames().length === 2, "the frame");
    const frame = tab.page.frames()[1] ?? assert.fail();
    await frame.waitForFunction(() => "ask" in globalThis);
    const answer = await frame.evaluate(() =>
      (globalThis as unknown as { ask(a: string, b: object): Promise<{ error?: { code?: string } }> }).ask("open", {
        name: "x",
      }),
    );
    assert.equal(answer.error?.code, "unavailable");
    await tab.page.close();
  });

  it("is refused without IndexedDB, and by a browser that does not know `strict`, unless it need not", async () => {
    const tab = await browser.tab();
    await assert.rejects(tab.ask("openSilently", { without: "durability", name: freshName() }), {
      code: "unavailable",
      message: /strict/,
    });
    await tab.ask("open", { name: freshName(), durability: "relaxed" });
    await assert.rejects(tab.ask("openSilently", { without: "indexedDB", name: freshName() }), { code: "unavailable" });
    await tab.page.close();
  });
});

describe("indexeddb: outside of a browser", () => {
  it("is an error that says so", async () => {
    await assert.rejects(indexedDbStore({ name: "ledger" }), { code: "unavailable", message: /no IndexedDB/ });
  });

  it("needs a name, and a durability that it knows", async () => {
    for (const name of ["", undefined, 7]) {
      await assert.rejects(indexedDbStore({ name: name as string }), { code: "input" });
    }
    await assert.rejects(indexedDbStore({ name: "a", durability: "fast" as "strict" }), { code: "input" });
  });
});
