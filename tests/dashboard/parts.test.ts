/** The dashboard's parts that need no browser: money, times, texts of strangers, files for spreadsheets, addresses. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assets } from "../../js/dashboard/assets.ts";
import { amountOf, feedFields, fixOf, isWanted, merged, stepOf, told } from "../../js/dashboard/client/lib/feed.ts";
import { dollars, grouped, headline, inUnit, percent, share, tokens } from "../../js/dashboard/client/lib/money.ts";
import { hrefOf, parseRoute } from "../../js/dashboard/client/lib/route.ts";
import { shortened } from "../../js/dashboard/client/lib/text.ts";
import { around, clock, lasting, stamp } from "../../js/dashboard/client/lib/time.ts";
import type { FeedRow } from "../../js/service/api.ts";
import { cell, csv } from "../../js/service/csv.ts";
import { decimal, sumOf, units } from "../../js/service/usd.ts";
import { pieces, visible } from "../../js/service/visible.ts";

test("what is hidden in a text is written out, as the core does it, and the rest is left alone", () => {
  assert.equal(visible("a\u202eb\u200bc\n\u001b[2J"), "a⟨U+202E⟩b⟨U+200B⟩c⟨U+000A⟩⟨U+001B⟩[2J");
  assert.equal(visible("\u{e0041}\ufeff\u3164\u00a0"), "⟨U+E0041⟩⟨U+FEFF⟩⟨U+3164⟩⟨U+00A0⟩");
  assert.equal(visible("\ud800x"), "⟨U+D800⟩x");
  assert.equal(visible("Zürich, 東京 “ok” 😀 — 5 €"), "Zürich, 東京 “ok” 😀 — 5 €");
  // Marks that would climb over the lines above: three stay.
  assert.equal(visible(`z${"\u0301".repeat(5)}`), `z${"\u0301".repeat(3)}⟨U+0301⟩⟨U+0301⟩`);
  assert.deepEqual(pieces("a\u202eb"), [
    { text: "a", hidden: false },
    { text: "⟨U+202E⟩", hidden: true },
    { text: "b", hidden: false },
  ]);
  // Somebody who writes it by hand is told from what was written out.
  assert.deepEqual(pieces("⟨U+202E⟩"), [{ text: "⟨U+202E⟩", hidden: false }]);
});

test("what is shortened keeps both ends", () => {
  assert.equal(shortened("0x036CbD53842c5426634e7929541eC2318f3dCF7e"), "0x036CbD53…3dCF7e");
  assert.equal(shortened("short"), "short");
});

test("money is exact, however large or small", () => {
  const large = "340282366920938463463374607431768211455";
  assert.equal(tokens(large, 6), "340282366920938463463374607431768.211455");
  assert.equal(tokens("5", 6), "0.000005");
  assert.equal(tokens("7", null), "7");
  assert.equal(tokens("not a number", 6), "not a number");
  assert.equal(sumOf(["0.1", "0.2", null, "0.000000000000000001"]), "0.300000000000000001");
  assert.equal(decimal(units("12.50") ?? 0n), "12.5");
  assert.equal(units("1e5"), undefined);
  assert.equal(units("0.1234567890123456789"), undefined);
  assert.equal(grouped("1234567.5"), "1,234,567.50");
  assert.equal(grouped("0.000001"), "0.000001");
  assert.equal(grouped("1234567", 0), "1,234,567");
  assert.equal(dollars("4.99"), "$4.99");
  assert.equal(dollars("-4.9"), "-$4.90");
  assert.equal(dollars(undefined), "–");
  assert.deepEqual(["13.530759", "1", "0.066", "999.999"].map(headline), ["$13.54", "$1.00", "$0.066", "$1,000.00"]);
  assert.equal(inUnit("20000000", "eip155:8453/0x1"), "20,000,000");
});

test("a share is never told as less than it is", () => {
  assert.equal(share("4.0001", "5"), 801);
  assert.equal(share("0.0000001", "5"), 1);
  assert.equal(share("5", "5"), 1000);
  assert.equal(share("0", "0"), 0);
  assert.equal(share("1", "0"), 1000);
  assert.equal(share("1", undefined), undefined);
  assert.equal(percent(801), "80.1 %");
  assert.equal(percent(share("99999", "1")), "> 999.9 %");
});

test("times are told in UTC, and no time throws", () => {
  const at = Date.parse("2026-01-05T10:00:00Z");
  assert.equal(clock(at, at + 3_600_000), "10:00:00");
  assert.equal(clock(at, at + 86_400_000), "5 Jan 10:00");
  assert.equal(stamp(at), "2026-01-05 10:00:00 UTC");
  assert.equal(stamp(Number.NaN), "–");
  assert.doesNotThrow(() => [clock(9e15, at), stamp(-9e15), around(Number.NaN, at)]);
  assert.equal(around(at, at + 200_000), "3 min ago");
  assert.equal(around(at, at - 90_000_000), "in 1 d");
  assert.equal(lasting(90_000), "1 min 30 s");
  assert.equal(lasting(182), "182 ms");
});

test("a file for a spreadsheet has no formula in it, and no hidden text", () => {
  for (const text of [
    "=HYPERLINK(1)",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "＝1",
    "\u200b=1",
    "\ufeff=1",
    "|calc",
    "%0A=1",
  ]) {
    assert.match(cell(text), /^"'/, JSON.stringify(text));
  }
  assert.equal(cell("-0.5"), '"-0.5"');
  assert.equal(cell('say "yes", or\nno'), '"say ""yes"", or⟨U+000A⟩no"');
  assert.equal(cell(undefined), '""');
  assert.equal(cell(0), '"0"');
  const fields = [
    { name: "=name", value: ({ name }: { name: string }) => name },
    { name: "n", value: () => 1 },
  ];
  assert.equal(csv([{ name: "a,b" }], fields), '"\'=name","n"\r\n"a,b","1"\r\n');
});

test("an address brings back what it was made of, and what can't be read is the first view", () => {
  const path = ["agents", "a/b?c#d %é\u202e"];
  const query = { q: "x & y=z", empty: "" };
  assert.deepEqual(parseRoute(hrefOf(path, query)), { path, query: { q: "x & y=z" } });
  assert.deepEqual(parseRoute(""), { path: [], query: {} });
  assert.deepEqual(parseRoute("#/agents/%ff"), { path: [], query: {} });
});

const row = (seq: string, more: Partial<FeedRow> = {}): FeedRow => ({
  seq,
  at: "2026-01-05T10:00:00Z",
  kind: "decision",
  id: `a~${seq}`,
  agent: "a",
  session: "",
  client: "",
  ...more,
});

test("a row that arrives is shown where it is asked for", () => {
  const denied = row("1", {
    action: "deny",
    reason: "budget_exceeded",
    rules: ["daily"],
    url: "https://api.example.com/x",
  });
  assert.ok(isWanted(denied, {}));
  assert.ok(isWanted(denied, { action: "deny", q: "DAILY" }));
  assert.ok(!isWanted(denied, { action: "allow" }));
  assert.ok(!isWanted(denied, { q: "elsewhere" }));
  assert.ok(!isWanted(row("2", { kind: "settle" }), {}));
  assert.ok(isWanted(row("2", { kind: "settle" }), { kind: "all" }));
  assert.ok(!isWanted(denied, { origin: "https://other.example" }));
});

test("rows of a page and of the stream make one list, the newest first, each once", () => {
  const seqs = merged([row("3"), row("2")], [row("2"), row("1")]).map(({ seq }) => seq);
  assert.deepEqual(seqs, ["3", "2", "1"]);
});

test("rows in words", () => {
  assert.equal(
    told([row("1", { action: "allow" }), row("2", { action: "deny" }), row("3", { kind: "settle" })]),
    "2 new: 1 allowed, 1 denied",
  );
  assert.equal(told([]), "");
  assert.equal(stepOf(row("1", { kind: "settle", state: "captured" })), "settled: captured");
  assert.equal(stepOf(row("1", { kind: "sign", ok: false })), "not signed");
  assert.equal(amountOf({ amount: "10000", decimals: 6, symbol: "USDC" }), "0.01 USDC");
  assert.equal(amountOf({ amount: "10000", asset: "eip155:1/0x2" }), "10000 atomic units of eip155:1/0x2");
  const now = Date.parse("2026-01-05T10:00:00Z");
  assert.equal(
    fixOf({ max_amount_usd: "0.1", retry_at: "2026-01-05T12:00:00Z" }, now),
    "at most $0.10 now, or from 12:00:00 on",
  );
  const names = feedFields.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test("the page is whole, asks nobody else, and has nothing inline", () => {
  const page = String(assets["/"]?.body);
  for (const [, name = ""] of page.matchAll(/(?:src|href)="([^"]*)"/g)) assert.ok(`/${name}` in assets, name);
  assert.doesNotMatch(page, /<style|style=|onclick|onload|<script(?![^>]* src=)/);
  for (const [name, { body }] of Object.entries(assets)) {
    // Names of namespaces are not addresses, and the example of an offer is one that nobody asks for.
    const strange = [...String(body).matchAll(/https?:\/\/[a-z0-9.-]+/gi)].map(([found]) => found);
    const known = ["http://www.w3.org", "https://api.example.com"];
    assert.deepEqual(
      strange.filter((found) => !known.includes(found)),
      [],
      name,
    );
    assert.ok(!/\beval\(|new Function\(/.test(String(body)), name);
  }
});

test("no view makes markup out of a text", () => {
  const folder = new URL("../../js/dashboard/client/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  assert.ok(files.length > 20);
  for (const name of files) {
    const source = readFileSync(new URL(name, folder), "utf8");
    assert.ok(!/innerHTML|insertAdjacentHTML|document\.write|outerHTML|createContextualFragment/i.test(source), name);
  }
});
