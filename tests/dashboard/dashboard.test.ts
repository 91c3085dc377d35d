/** The dashboard in a real browser, over a real service: each view shows what the API says, and does what it offers. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { dollars } from "../../js/dashboard/client/lib/money.ts";
import { shortened } from "../../js/dashboard/client/lib/text.ts";
import type { Api } from "../../js/service/api.ts";
import { visible } from "../../js/service/visible.ts";
import { WEATHER } from "../service/support.ts";
import { hasBrowser, logIn, openBrowser, openWindow, settled, shown, type Window } from "./browser.ts";
import { HARMLESS, type Inhabitants, inhabit, liveAWhile, openWorld, type World } from "./world.ts";

const VIEWS = [
  "",
  "approvals",
  "alerts",
  "agents",
  "agents/shopper",
  "clients",
  "sellers",
  "budgets",
  "holds?which=all",
  "breakers",
  "policy",
  "audit",
  "keys",
  "payments/shopper~buy-2",
] as const;

/** What the API says to the operator. */
async function api<P extends keyof Api>(world: World, path: P, at = path.slice(4)): Promise<Api[P]["response"]> {
  const { status, body, text } = await world.call(world.admin, "GET", at);
  assert.equal(status, 200, text);
  return body as Api[P]["response"];
}

/** The rows of a table, each the texts of its cells. */
async function rows(page: Page, caption: string): Promise<readonly (readonly string[])[]> {
  const table = page.getByRole("table", { name: caption, exact: true });
  return table
    .locator("tbody tr")
    .evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
}

const axeSource = (): string => readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What axe finds: on the whole page, or in the view alone where the frame round it was looked at before. */
async function axe(page: Page, rules?: readonly string[], place = "main"): Promise<readonly string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource());
  return page.evaluate(
    async ([only, within]) => {
      type Found = { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
      const { axe } = globalThis as unknown as { axe: { run(context: string, options: object): Promise<Found> } };
      const options = only === undefined ? {} : { runOnly: { type: "rule", values: only } };
      const { violations } = await axe.run(within, { resultTypes: ["violations"], preload: false, ...options });
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`,
      );
    },
    [rules, place] as const,
  );
}

test("the dashboard", { skip: hasBrowser ? false : "there is no chromium here" }, async (t) => {
  const world = await openWorld(t);
  const people = await inhabit(world);
  await liveAWhile(world, people);
  const browser = await openBrowser(t);
  const window = await openWindow(browser, world.url);
  const about = { world, people, window };

  await t.test("a key opens it, and stays nowhere that a script can read", () => loggingIn(about));
  await t.test("each view shows what the API says", () => whatTheApiSays(about));
  await t.test("what strangers wrote is shown, harmless, in each view", () => strangers(about));
  await t.test("each view can be used by those who can't see it, by axe's rules", () => accessible(about));
  await t.test("a decision shows as it happens, and is told to a screen reader", () => asItHappens(about));
  await t.test("the search and the filters ask the service, and stand in the address", () => filters(about));
  await t.test("what is exported is what is shown, and no formula", () => exports(about));
  await t.test("approving in the inbox releases the payment", () => approving(about));
  await t.test("the freeze switch denies, and lifting it allows again", () => freezing(about));
  await t.test("an agent is paused and goes on, from its page", () => pausing(about));
  await t.test("a key is made, told once, rotated and revoked", () => keys(about));
  await t.test("an unknown payment is closed by a person's word", () => closing(about));
  await t.test("the policy explains a payment, and the audit log is verified", () => rulesAndRecords(about));
  await t.test("nothing was inline, from elsewhere, or wrong", () => assert.deepEqual(window.complaints, []));
  await t.test("by the keyboard alone: log in, approve, freeze", () => keyboard(t, { ...about, browser }));
  await t.test("on a phone and in the dark, nothing runs over or fades", () => phone({ ...about, browser }));
  await t.test("who may only look, or only answer, is offered nothing else", () => looking({ ...about, browser }));
});

interface About {
  readonly world: World;
  readonly people: Inhabitants;
  readonly window: Window;
}

type WithBrowser = About & { readonly browser: Awaited<ReturnType<typeof openBrowser>> };

async function loggingIn({ world, window: { page, context } }: About): Promise<void> {
  await page.getByLabel("Key").fill("tw_nobody_has_this");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(await shown(page.getByRole("alert")), /not known/);
  await logIn({ page } as Window, world.admin);
  assert.equal(await shown(page.locator("h1")), "Decisions");
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Strict"]);
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
  );
  assert.ok(!kept.includes(world.admin.slice(-20)), kept);
}

async function whatTheApiSays({ world, window: { page, go, text } }: About): Promise<void> {
  const decisions = await api(world, "GET /v1/decisions");
  const lines = await rows(page, "Decisions, the newest first");
  assert.equal(lines.length, decisions.rows.length);
  for (const [at, row] of decisions.rows.entries()) {
    const cells = lines[at]?.join("\n") ?? "";
    for (const part of [
      row.agent,
      row.usd === undefined ? "" : dollars(row.usd),
      visible(row.url ?? ""),
      visible(row.message ?? ""),
    ])
      assert.ok(cells.includes(part), `${part} in ${cells}`);
    assert.ok(
      cells.includes({ allow: "allowed", deny: "denied", require_approval: "asks people" }[row.action ?? "allow"]),
    );
  }
  const overview = await api(world, "GET /v1/overview");
  assert.ok((await text(".figures")).includes(dollars(overview.day.spent_usd)));

  const named = async <Row>(
    path: string,
    caption: string,
    all: readonly Row[],
    cells: (row: Row) => readonly string[],
  ) => {
    await go(path);
    const found = await rows(page, caption);
    assert.equal(found.length, all.length, `${path}: ${JSON.stringify(found)}`);
    const lines = found.map((row) => row.join("\n"));
    for (const row of all) {
      const wanted = cells(row);
      assert.ok(
        lines.some((line) => wanted.every((part) => line.includes(part))),
        `${path}: ${JSON.stringify(wanted)} in ${JSON.stringify(lines)}`,
      );
    }
  };
  const { agents } = await api(world, "GET /v1/agents");
  assert.deepEqual(agents.map(({ status }) => status).sort(), ["active", "active", "paused"]);
  await named("agents", "Agents", agents, (row) => [row.name, row.status, dollars(row.spent_usd), String(row.denied)]);
  const { clients } = await api(world, "GET /v1/clients");
  await named("clients", "Clients", clients, ({ name, spent_usd }) => [visible(name), dollars(spent_usd)]);
  const { sellers } = await api(world, "GET /v1/sellers");
  await named("sellers", "Sellers and facilitators", sellers, (row) => [
    row.name,
    row.kind,
    String(row.failures),
    dollars(row.spent_usd),
    row.breaker,
  ]);
  const { budgets } = await api(world, "GET /v1/budgets");
  await named("budgets", "Budgets now", budgets, ({ name, spent, held, limit }) => [
    name,
    dollars(spent),
    dollars(held),
    dollars(limit),
  ]);
  const { holds } = await api(world, "GET /v1/holds", "/v1/holds?which=all");
  assert.ok(holds.some(({ state }) => state === "unknown") && holds.some(({ state }) => state === "captured"));
  await named("holds?which=all", "Holds, the newest first", holds, ({ id, state, usd, endpoint }) => [
    shortened(id, 16, 6),
    state,
    dollars(usd),
    endpoint,
  ]);
  const { breakers } = await api(world, "GET /v1/breakers");
  assert.ok(breakers.some(({ state }) => state === "open"));
  await named("breakers", "Breakers", breakers, ({ name, agent, state }) => [name, agent, state.replace("-", " ")]);
  const { keys } = await api(world, "GET /v1/keys");
  await named("keys", "Keys", keys, ({ id, name, scopes }) => [id, visible(name), scopes.join(", ")]);

  await go("alerts");
  const { alerts } = await api(world, "GET /v1/alerts");
  const list = await text("main");
  assert.ok(new Set(alerts.map(({ kind }) => kind)).size >= 5, JSON.stringify(alerts));
  for (const { message } of alerts) assert.ok(list.includes(visible(message)), message);

  await go("approvals");
  const { approvals } = await api(world, "GET /v1/approvals", "/v1/approvals?standing=pending");
  assert.equal(approvals.length, 1);
  for (const { payment } of approvals) {
    const inbox = await text("main");
    for (const part of [
      payment.payee,
      payment.origin,
      payment.url,
      payment.agent,
      payment.client,
      payment.description ?? "",
      ...payment.why,
      "NEW: never paid before",
    ])
      assert.ok(inbox.includes(part), part);
  }

  await go("agents/researcher");
  const page1 = await api(world, "GET /v1/agents/{name}", "/v1/agents/researcher");
  const all = await text("main");
  for (const { reason, count } of page1.reasons)
    assert.ok(all.includes(reason.replaceAll("_", " ")) && all.includes(String(count)));
  assert.equal((await rows(page, "Latest decisions")).length, page1.recent.length);
  assert.equal(await page.locator(".chart canvas").count(), 1);

  await go("policy");
  const { summary, description } = await api(world, "GET /v1/policy");
  const policy = await text("main");
  assert.ok(policy.includes(summary.hash) && policy.includes(summary.name ?? "?"));
  for (const { lines } of description?.sections ?? [])
    for (const line of lines) assert.ok(policy.includes(visible(line)), line);
  assert.ok((description?.sections.length ?? 0) > 1);
}

async function strangers({ window: { page, go, text, complaints } }: About): Promise<void> {
  const seen: string[] = [];
  for (const view of VIEWS) {
    await go(view);
    const found = await page.evaluate(() => ({
      hacked: "hacked" in globalThis,
      images: [...document.images].map((image) => image.getAttribute("src")),
      scripts: document.scripts.length,
      styled: document.querySelectorAll("[onerror],[onclick],[onload],style").length,
      title: document.title,
    }));
    assert.deepEqual([found.hacked, found.images, found.scripts, found.styled], [false, ["icon.svg"], 1, 0], view);
    const all = (await text("body")) + found.title;
    // Nothing hidden is left, wherever it came from.
    assert.doesNotMatch(all, /[\u202e\u200b]/, view);
    if (all.includes(HARMLESS)) seen.push(view);
  }
  // They were there to be shown: as a client, a session, a key's name, a reason, a description, in the log.
  for (const view of ["", "approvals", "agents/shopper", "clients", "keys", "payments/shopper~buy-2"])
    assert.ok(seen.includes(view), `${view} of ${seen}`);
  assert.deepEqual(complaints, []);
}

async function accessible({ window: { page, go } }: About): Promise<void> {
  for (const view of VIEWS) {
    await go(view);
    assert.deepEqual(await axe(page, undefined, view === "" ? "html" : "main"), [], view);
  }
  await page.getByRole("button", { name: "Freeze …" }).click();
  assert.deepEqual(await axe(page, undefined, "dialog"), [], "the freeze dialog");
  await page.keyboard.press("Escape");
}

async function asItHappens({ world, people, window: { page, go } }: About): Promise<void> {
  await go("");
  const before = (await rows(page, "Decisions, the newest first")).length;
  await world.pay(people.researcher, "live-now", "10000");
  const first = page.getByRole("table", { name: "Decisions, the newest first" }).locator("tbody tr").first();
  await first.filter({ hasText: "https://api.example.com/live-now" }).waitFor();
  assert.equal((await rows(page, "Decisions, the newest first")).length, before + 1);
  await page.locator('[aria-live="polite"]', { hasText: "1 new: 1 allowed" }).waitFor({ state: "attached" });
  // Stopped, it stands still; then what came meanwhile is there.
  await page.getByRole("button", { name: "Pause" }).click();
  await world.pay(people.researcher, "meanwhile", "10000");
  const goOn = page.getByRole("button", { name: "Go on (1 new)" });
  await goOn.waitFor();
  assert.equal((await rows(page, "Decisions, the newest first")).length, before + 1);
  await goOn.click();
  await first.filter({ hasText: "https://api.example.com/meanwhile" }).waitFor();
}

async function filters({ world, window: { page, go } }: About): Promise<void> {
  await go("");
  const table = page.getByRole("table", { name: "Decisions, the newest first" });
  await page.getByLabel("Outcome").selectOption("deny");
  const denied = (await api(world, "GET /v1/decisions", "/v1/decisions?action=deny")).rows;
  const { rows: all } = await api(world, "GET /v1/decisions");
  assert.ok(denied.length > 1 && denied.length < all.length);
  await page.waitForFunction((count) => {
    const found = [...document.querySelectorAll("table")].find(({ caption }) =>
      caption?.textContent.startsWith("Decisions"),
    );
    return found?.tBodies[0]?.rows.length === count;
  }, denied.length);
  assert.equal(await table.locator(".badge.bad").count(), denied.length);
  await page.getByLabel("Search").fill("dataset");
  await page.waitForFunction(() => document.querySelectorAll("main .badge.bad").length === 1);
  assert.match(await shown(table), /payment too large/);
  assert.match(page.url(), /#\/\?action=deny&q=dataset$/);
  await page.reload();
  await settled(page);
  await page.waitForFunction(() => document.querySelectorAll("main .badge.bad").length === 1);
  assert.equal(await page.getByLabel("Search").inputValue(), "dataset");
  await page.getByLabel("Search").fill("nowhere to be found");
  await page.getByText("Nothing matches.").waitFor();
}

async function saved(page: Page, button: string): Promise<{ readonly name: string; readonly text: string }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

async function exports({ world, window: { page, go } }: About): Promise<void> {
  await world.key({ scopes: ["read"], name: '=HYPERLINK("https://evil.example","click")' });
  await go("keys");
  await page.getByText("=HYPERLINK").first().waitFor();
  const { name, text } = await saved(page, "CSV of keys");
  assert.match(name, /^tollwarden-keys-.*\.csv$/);
  const { keys } = await api(world, "GET /v1/keys");
  assert.equal(text.trimEnd().split("\r\n").length, keys.length + 1);
  assert.ok(text.includes(`"'=HYPERLINK(""https://evil.example"",""click"")"`), text);
  assert.doesNotMatch(text, /[\u202e\u200b]/);
  for (const line of text.trimEnd().split("\r\n")) assert.doesNotMatch(line, /(^|,)"?[=+@]/);
  const all = await saved(page, "JSON of keys");
  assert.deepEqual(
    (JSON.parse(all.text) as { id: string }[]).map(({ id }) => id).sort(),
    keys.map(({ id }) => id).sort(),
  );
  await go("");
  const decisions = await saved(page, "JSON of decisions");
  const { rows: told } = await api(world, "GET /v1/decisions");
  assert.deepEqual(
    (JSON.parse(decisions.text) as { seq: string }[]).map(({ seq }) => seq),
    told.map(({ seq }) => seq),
  );
}

async function approving({ world, people, window: { page, go } }: About): Promise<void> {
  const again = () => world.call(people.shopper, "GET", "/v1/approvals/buy-2");
  assert.equal((await again()).body.standing, "pending");
  await go("approvals");
  const question = page.getByRole("article", { name: "Payment shopper~buy-2" });
  await question.getByLabel("Note (others will read it)").fill("for the report");
  await question.getByRole("button", { name: /^Approve/ }).click();
  await page.getByText("Nothing waits for an answer.").waitFor();
  const { body } = await again();
  assert.equal(body.standing, "approved");
  assert.deepEqual([body.answers[0].approver, body.answers[0].note], ["admin", "for the report"]);

  const film = { url: `${WEATHER}/film`, id: "buy-3" };
  assert.equal(
    (await world.pay(people.researcher, film.url, "600000", { id: film.id })).decision.reason,
    "budget_exceeded",
  );
  const asked = await world.pay(people.shopper, film.url, "600000", { id: film.id });
  assert.equal(asked.decision.action, "require_approval");
  const released = page.getByRole("article", { name: "Payment shopper~buy-3" });
  await released.getByRole("button", { name: /^Approve/ }).click();
  await released.waitFor({ state: "detached" });
  const paid = await world.pay(people.shopper, film.url, "600000", { id: film.id });
  assert.equal(paid.decision.action, "allow");
  assert.ok(paid.payment !== undefined, "the service has signed it");

  await world.pay(people.shopper, `${WEATHER}/no`, "600000", { id: "buy-4" });
  const refused = page.getByRole("article", { name: "Payment shopper~buy-4" });
  await refused.getByRole("button", { name: /^Reject/ }).click();
  await refused.waitFor({ state: "detached" });
  assert.equal(
    (await world.pay(people.shopper, `${WEATHER}/no`, "600000", { id: "buy-4" })).decision.reason,
    "approval_rejected",
  );
}

async function freezing({ world, people, window: { page, go } }: About): Promise<void> {
  await go("");
  await page.getByRole("button", { name: "Freeze …" }).click();
  const dialog = page.getByRole("dialog", { name: "Freeze everything?" });
  // Without a reason nothing happens, and nor does it for whoever thinks again.
  await dialog.getByRole("button", { name: "Freeze everything" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await world.pay(people.researcher, "still", "10000")).decision.action, "allow");
  await page.getByRole("button", { name: "Freeze …" }).click();
  await dialog.getByLabel(/^Why/).fill("a drill");
  await dialog.getByRole("button", { name: "Freeze everything" }).click();
  const banner = page.getByRole("alert").filter({ hasText: "Everything is frozen" });
  await banner.waitFor();
  assert.match(await shown(banner), /a drill/);
  assert.equal((await world.pay(people.researcher, "frozen", "10000")).decision.reason, "frozen");
  await banner.getByRole("button", { name: /Lift/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Lift the freeze" }).click();
  await banner.waitFor({ state: "detached" });
  assert.equal((await world.pay(people.researcher, "thawed", "10000")).decision.action, "allow");
}

async function pausing({ world, people, window: { page, go } }: About): Promise<void> {
  await go("agents/shopper");
  await page.getByRole("button", { name: "Pause or disable …" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/Disable/).check();
  await dialog.getByLabel(/^Why/).fill("retired");
  await dialog.getByRole("button", { name: "Disable", exact: true }).click();
  await page.locator("main .badge", { hasText: "disabled" }).waitFor();
  assert.equal((await world.pay(people.shopper, "any", "10000")).decision.reason, "agent_disabled");
  assert.equal((await world.pay(people.researcher, "other", "10000")).decision.action, "allow");
  await page.getByRole("button", { name: "Lift the stop …" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Lift the freeze" }).click();
  await page.locator("main .badge", { hasText: "active" }).waitFor();
  assert.equal((await world.pay(people.shopper, "any-2", "10000")).decision.action, "allow");
}

async function keys({ world, window: { page, go } }: About): Promise<void> {
  await go("keys");
  await page.getByRole("button", { name: "New key …" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name of the key, for people").fill("night shift");
  await dialog.getByLabel(/^Agent/).fill("nightly");
  await dialog.getByLabel(/^At most so many dollars/).fill("0.05");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("dialog", { name: "This is the only time that it is shown" }).waitFor();
  const key = await shown(page.locator("code.secret"));
  const who = (secret: string) => world.call(secret, "GET", "/v1/whoami");
  assert.equal((await who(key)).body.agent, "nightly");
  assert.equal((await world.pay(key, "dear", "60000")).decision.reason, "caller_limit");
  await page.getByRole("button", { name: "I have it" }).click();
  await page.locator("tbody tr", { hasText: "night shift" }).waitFor();
  assert.ok(!(await page.content()).includes(key), "it is told once");

  await page.getByRole("button", { name: "Rotate … night shift" }).click();
  await dialog.getByLabel(/^Hours/).fill("0");
  await dialog.getByRole("button", { name: "Rotate", exact: true }).click();
  await page.getByRole("dialog", { name: "This is the only time that it is shown" }).waitFor();
  const next = await shown(page.locator("code.secret"));
  await page.getByRole("button", { name: "I have it" }).click();
  assert.notEqual(next, key);
  assert.equal((await who(next)).status, 200);
  assert.equal((await who(key)).status, 401);

  await page.getByRole("button", { name: "Revoke … night shift" }).click();
  await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
  await page.locator("tbody tr", { hasText: "night shift" }).waitFor({ state: "detached" });
  assert.equal((await who(next)).status, 401);
}

async function closing({ world, window: { page, go } }: About): Promise<void> {
  await go("holds?which=unresolved");
  await page.getByRole("button", { name: "Close … the payment shopper~buy-1" }).click();
  const dialog = page.getByRole("dialog");
  // Its signature could still be used: nobody's word frees it.
  await dialog.getByLabel(/It was not/).check();
  await dialog.getByLabel(/^How you know/).fill("the seller says so");
  await dialog.getByRole("button", { name: "Close it" }).click();
  await dialog.getByRole("alert").waitFor();
  assert.match(await shown(dialog.getByRole("alert")), /can still be used/);
  await dialog.getByLabel("It was spent").check();
  await dialog.getByRole("button", { name: "Close it" }).click();
  await dialog.waitFor({ state: "detached" });
  const { holds } = await api(world, "GET /v1/holds", "/v1/holds?which=all");
  const hold = holds.find(({ id }) => id === "shopper~buy-1");
  assert.deepEqual([hold?.state, hold?.captured, hold?.note], ["captured", "20000", "the seller says so"]);
}

async function rulesAndRecords({ world, window: { page, go } }: About): Promise<void> {
  await go("policy");
  const offered = JSON.stringify({
    x402Version: 2,
    resource: { url: WEATHER, description: "" },
    accepts: [
      {
        scheme: "exact",
        network: "eip155:84532",
        amount: "3000000",
        asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        payTo: "0x1111111111111111111111111111111111111111",
        maxTimeoutSeconds: 300,
        extra: { name: "USDC", version: "2" },
      },
    ],
  });
  await page.getByLabel("Agent").fill("researcher");
  await page.getByLabel("URL that is requested").fill(WEATHER);
  await page.getByLabel(/^Offer/).fill(offered);
  await page.getByRole("button", { name: "Explain" }).click();
  const answer = page.getByRole("region", { name: "The answer" });
  await answer.waitFor();
  assert.match(await shown(answer), /denied.*payment too large/s);
  const { body } = await world.call(world.admin, "POST", "/v1/explain", {
    agent: "researcher",
    url: WEATHER,
    offer_text: offered,
  });
  const trace = body as Api["POST /v1/explain"]["response"];
  assert.deepEqual(
    (await rows(page, "What each rule said")).map(([rule, , saw]) => [rule, saw]),
    trace.rules.map(({ rule, saw }) => [rule, saw]),
  );

  await go("audit");
  assert.match(await shown(page.locator("main")), /not verified yet/);
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText("✓ every record is good").waitFor();
  const { verified, records } = await api(world, "GET /v1/audit");
  assert.ok(verified?.good && (records ?? 0) > 20);
  assert.ok((await shown(page.locator("main"))).includes(verified.root));
}

/** Presses Tab until this has the focus: whoever has no mouse gets there, too. */
async function tabTo(page: Page, wanted: RegExp): Promise<void> {
  for (let press = 0; press < 80; press += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const { activeElement: active } = document;
      const labels =
        active instanceof HTMLInputElement ? [...(active.labels ?? [])].map((label) => label.textContent).join() : "";
      return `${labels} ${active?.textContent ?? ""}`.trim();
    });
    if (wanted.test(name)) {
      const outlined = await page.evaluate(
        () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
      );
      assert.notEqual(outlined, "none", `${name} shows where the focus is`);
      return;
    }
  }
  assert.fail(`${wanted} is not reached by Tab`);
}

async function keyboard(t: TestContext, { world, people, browser }: WithBrowser): Promise<void> {
  const { page, context } = await openWindow(browser, world.url);
  t.after(() => context.close());
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await tabTo(page, /^Key/);
  await page.keyboard.type(world.admin);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Log out" }).waitFor();
  await settled(page);

  await world.pay(people.shopper, `${WEATHER}/by-keyboard`, "600000", { id: "keys-1" });
  await tabTo(page, /^Approvals/);
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: "Payment shopper~keys-1" }).waitFor();
  // One goes on where the view begins.
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  await tabTo(page, /^Approve/);
  await page.keyboard.press("Enter");
  await page.getByText("Nothing waits for an answer.").waitFor();
  assert.equal((await world.call(people.shopper, "GET", "/v1/approvals/keys-1")).body.standing, "approved");

  await page.reload();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  await tabTo(page, /^Freeze/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(
    (await page.evaluate(() => document.activeElement?.textContent)) ?? "",
    /^Freeze/,
    "the focus comes back",
  );
  await page.keyboard.press("Enter");
  await tabTo(page, /^Why/);
  await page.keyboard.type("by hand");
  await page.keyboard.press("Enter");
  await page.getByText("Everything is frozen").waitFor();
  assert.equal((await world.pay(people.researcher, "x", "10000")).decision.reason, "frozen");
  await world.call(world.admin, "POST", "/v1/unfreeze", {});
}

async function phone({ world, browser }: WithBrowser): Promise<void> {
  const window = await openWindow(browser, world.url, { phone: true, dark: true });
  const { page, go, context } = window;
  await logIn(window, world.admin);
  for (const view of VIEWS) {
    await go(view);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${view} runs over by ${over}`);
    // Between them they have every colour on every surface.
    if (["", "approvals", "policy"].includes(view)) assert.deepEqual(await axe(page, ["color-contrast"]), [], view);
  }
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Budgets", exact: true }).click();
  await page.getByRole("heading", { name: "Budgets", level: 1 }).waitFor();
  assert.ok(await page.getByRole("link", { name: "Budgets", exact: true }).isHidden(), "the menu folds away again");
  assert.deepEqual(window.complaints, []);
  await context.close();
}

async function looking({ world, people, browser }: WithBrowser): Promise<void> {
  const window = await openWindow(browser, world.url);
  const { page, go, context } = window;
  await logIn(window, people.alice);
  await go("agents/researcher");
  assert.equal(await page.getByRole("button", { name: /Freeze|Pause or disable/ }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Keys" }).count(), 0);
  await go("holds?which=all");
  assert.equal(await page.getByRole("button", { name: /^Close/ }).count(), 0);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  assert.deepEqual(await context.cookies(), []);
  assert.ok(!(await page.content()).includes("researcher"), "nothing is left on the page");

  // Whoever may only answer gets the inbox, whatever the address says.
  const { key, row } = await world.service.keys.add({ name: "night", scopes: ["approve"], approver: "bob" });
  await world.pay(people.shopper, `${WEATHER}/bob`, "600000", { id: "bob-1" });
  await logIn(window, key);
  assert.equal(await shown(page.locator("h1")), "Approvals");
  await page
    .getByRole("article", { name: "Payment shopper~bob-1" })
    .getByRole("button", { name: /^Approve/ })
    .click();
  await page.getByText("Nothing waits for an answer.").waitFor();
  assert.equal((await world.call(people.shopper, "GET", "/v1/approvals/bob-1")).body.answers[0].approver, "bob");
  // A key that is revoked shows nothing any more.
  await world.service.keys.revoke(row.id);
  await page.getByLabel("Show").selectOption("all");
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  assert.deepEqual(window.complaints, []);
  await context.close();
}
