/**
 * The pictures in docs/dashboard.md: `npm run dashboard:pictures`. A day in the life of some agents, lived in some seconds by a
 * clock of its own that ends now, in the real service; then a picture of each view.
 */

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { memoryStore } from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { logIn, openBrowser, openWindow, settled } from "./browser.ts";
import { openWorld, type World } from "./world.ts";

const folder = fileURLToPath(new URL("../../docs/dashboard/", import.meta.url));
const MINUTE = 60_000;
/** No picture weighs more, in bytes: each is in every clone. */
const MOST = 64_000;

const POLICY = {
  name: "agents of research",
  version: 7,
  payment: { max_usd: "25", approve_from_usd: "5" },
  budgets: [
    { name: "daily", limit_usd: "10", window: "24h", per: "agent" },
    { name: "purse", limit_usd: "250", window: "lifetime" },
  ],
  breaker: { failure_threshold: 3, recovery_timeout: "10m" },
};

const SELLERS = [
  { url: "https://api.weather.example/v1/lisbon", amount: 21_000, payTo: "0x5a1e000000000000000000000000000000000001" },
  {
    url: "https://data.example.com/reports/energy",
    amount: 154_000,
    payTo: "0xda7a000000000000000000000000000000000002",
  },
  { url: "https://translate.example.net/v2/text", amount: 64_000, payTo: "0x7ea5000000000000000000000000000000000003" },
];

function offerOf(amount: number, payTo: string, description = "a report"): object {
  const told = offer(String(amount), description) as { readonly accepts: readonly object[] };
  return { ...told, accepts: told.accepts.map((entry) => ({ ...entry, payTo })) };
}

/** The same every time: a picture changes when the page does. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

async function liveADay(world: World, clock: { now: number }): Promise<void> {
  const agents = [
    { key: await world.agent("researcher", { name: "researcher in production", client: "acme" }), weight: 4 },
    { key: await world.agent("translator", { name: "translator", client: "globex", max_usd: "2" }), weight: 2 },
    { key: await world.agent("shopper", { name: "shopper", client: "acme" }), weight: 1 },
  ];
  const [researcher, translator, shopper] = agents.map(({ key }) => key) as [string, string, string];
  await world.key({ name: "Alice", scopes: ["approve", "read"], approver: "alice" });
  await world.key({ name: "Grafana", scopes: ["read"] });
  const roll = dice(402);
  const draw = agents.flatMap(({ key, weight }) => Array.from({ length: weight }, () => key));
  const end = Date.now() - 90_000;
  let count = 0;
  for (clock.now = end - 23.5 * 60 * MINUTE; clock.now < end; clock.now += Math.round((4 + roll() * 22) * MINUTE)) {
    const { url, amount, payTo } = SELLERS[Math.floor(roll() * SELLERS.length)] as (typeof SELLERS)[number];
    const key = draw[Math.floor(roll() * draw.length)] as string;
    count += 1;
    const id = `p-${count}`;
    const price = Math.round(amount * (1 + roll()));
    const { decision } = await world.pay(key, `${url}/${count}`, "0", { id, offer: offerOf(price, payTo) });
    clock.now += 400;
    if (decision.action === "allow") {
      const transaction = `0x${count.toString(16).padStart(64, "5e")}`;
      await world.settle(key, id, "captured", { transaction, seller_ms: Math.round(90 + roll() * 700) });
    }
    await world.service.flush();
  }
  clock.now = end;
  // What is of interest just now.
  await world.pay(translator, "https://data.example.com/archive", "0", {
    id: "too-dear",
    offer: offerOf(40_000_000, "0xda7a000000000000000000000000000000000002"),
  });
  for (let turn = 0; turn < 3; turn += 1) {
    const { decision } = await world.pay(translator, `https://slow.example.org/job/${turn}`, "0", {
      offer: offerOf(15_000, "0x51000000000000000000000000000000000000a4"),
    });
    await world.settle(translator, decision.id, "failed", { seller_ms: 9_400 });
    clock.now += 4_000;
  }
  await world.pay(translator, "https://slow.example.org/job/4", "0", {
    offer: offerOf(15_000, "0x51000000000000000000000000000000000000a4"),
  });
  clock.now += 20_000;
  await world.pay(shopper, "https://data.example.com/datasets/eu-energy-2026", "0", {
    id: "energy-2026",
    offer: offerOf(
      6_500_000,
      "0x8ba1f109551bd432803012645ac136ddd64dba72",
      "EU energy prices 2026, hourly\u202e <b>best price</b>",
    ),
  });
  for (let left = 0; left < 40; left += 1) {
    const { decision } = await world.pay(researcher, `https://data.example.com/reports/more/${left}`, "0", {
      id: `more-${left}`,
      offer: offerOf(480_000, "0xda7a000000000000000000000000000000000002"),
    });
    if (decision.action !== "allow") break;
    await world.settle(researcher, decision.id, "captured", { seller_ms: 210 });
    clock.now += 500;
  }
  clock.now = Math.max(clock.now, Date.now() - 20_000);
  await world.pay(researcher, "https://api.weather.example/v1/porto", "0", {
    id: "just-now",
    offer: offerOf(21_000, "0x5a1e000000000000000000000000000000000001"),
  });
  await world.call(world.admin, "POST", "/v1/audit/verify");
  await world.service.flush();
}

const VIEWS = [
  ["login", undefined],
  ["decisions", ""],
  ["approvals", "approvals"],
  ["alerts", "alerts"],
  ["agents", "agents"],
  ["agent", "agents/researcher"],
  ["clients", "clients"],
  ["sellers", "sellers"],
  ["budgets", "budgets"],
  ["holds", "holds"],
  ["breakers", "breakers"],
  ["policy", "policy"],
  ["explain", "policy"],
  ["audit", "audit"],
  ["keys", "keys"],
  ["payment", "payments/shopper~energy-2026"],
] as const;

/** Pictures of the same views in other clothes. */
const OTHERS = [
  ["decisions-dark", "", { dark: true }],
  ["budgets-dark", "budgets", { dark: true }],
  ["decisions-phone", "", { phone: true }],
  ["approvals-phone", "approvals", { phone: true, dark: true }],
] as const;

const endings: (() => unknown)[] = [];
const t = { after: (work?: unknown) => void endings.unshift(work as () => unknown) };
try {
  mkdirSync(folder, { recursive: true });
  const clock = { now: Date.now() - 24 * 60 * MINUTE };
  let lived = false;
  const now = () => (lived ? Date.now() : clock.now);
  const world = await openWorld(t, { policy: POLICY, now, store: memoryStore({ now }) });
  await liveADay(world, clock);
  lived = true;
  const browser = await openBrowser(t);
  const picture = async (page: Page, name: string): Promise<void> => {
    // What is drawn on a canvas comes after the rest.
    await page.waitForTimeout(400);
    const taken = await page.screenshot({ animations: "disabled", caret: "hide" });
    const { size } = await sharp(taken)
      .png({ palette: true, colours: 128, effort: 10, compressionLevel: 9 })
      .toFile(`${folder}${name}.png`);
    console.log(`${name}.png ${size}`);
    if (size > MOST) throw new Error(`${name}.png weighs ${size} bytes, more than ${MOST}`);
  };
  const desk = await openWindow(browser, world.url);
  for (const [name, path] of VIEWS) {
    if (path === undefined) {
      await desk.page.getByLabel("Key").waitFor();
      await picture(desk.page, name);
      await logIn(desk, world.admin);
      continue;
    }
    await desk.go(path);
    if (name === "explain") {
      await desk.page.getByRole("button", { name: "Explain" }).click();
      await settled(desk.page);
    }
    await picture(desk.page, name);
  }
  await desk.page.getByRole("button", { name: "Freeze …" }).click();
  await picture(desk.page, "freeze");
  for (const [name, path, options] of OTHERS) {
    const window = await openWindow(browser, world.url, options);
    await logIn(window, world.admin);
    await window.go(path);
    await picture(window.page, name);
    await window.context.close();
  }
  for (const complaint of desk.complaints) console.log(complaint);
} finally {
  for (const end of endings) await end();
}
