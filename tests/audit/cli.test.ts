// `verify`, `replay`, `backtest` and `report`, on the example log and on broken copies of it; and a verifier in Python,
// written from docs/audit.md alone, that has to agree.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkpointFile, checkpointSigner, generateCheckpointKey, jsonlSink } from "../../js/audit.ts";
import { authorize, POLICY, tollwarden } from "../cli/support.ts";
import { audited, inFolder, request } from "./support.ts";

const example = fileURLToPath(new URL("../../examples/audit/", import.meta.url));
const log = join(example, "example.jsonl");
const checkpoint = `${log}.checkpoint`;
const vkey = join(example, "checkpoint.vkey");
const python = fileURLToPath(new URL("./verify.py", import.meta.url));
const lines = (): string[] => readFileSync(log, "utf8").trimEnd().split("\n");
/** The record that is edited: the agent's name in it is another one then. */
const EDITED = 1;
const edited = (all: readonly string[]): string =>
  joined(all.with(EDITED, (all[EDITED] ?? "").replace('"agent":"researcher"', '"agent":"researchers"')));
const joined = (all: readonly string[]): string => `${all.join("\n")}\n`;

test("the example log is whole, replays, and is long enough to be one", async () => {
  const { status, stdout } = await tollwarden(["verify", log, "--key", vkey]);
  assert.deepEqual([status, /whole, \d+ records/.test(stdout)], [0, true], stdout);
  assert.ok(lines().length >= 20, String(lines().length));
  assert.equal((await tollwarden(["replay", log])).status, 0);
});

test("verify: exit statuses, and the first bad record by its number", () =>
  inFolder(async (folder) => {
    const path = join(folder, "copy.jsonl");
    const verify = async (text: string, ...more: string[]) => {
      writeFileSync(path, text);
      const ended = await tollwarden(["verify", path, "--json", "--checkpoint", checkpoint, "--key", vkey, ...more]);
      return { status: ended.status, verdict: JSON.parse(ended.stdout) };
    };
    const all = lines();
    const wrong: [string, string, string, number][] = [
      ["edited", edited(all), "chain", EDITED + 1],
      ["swapped", joined([...all.slice(0, 4), all[5] ?? "", all[4] ?? "", ...all.slice(6)]), "gap", 4],
      ["deleted", joined(all.toSpliced(9, 1)), "gap", 9],
      ["inserted", joined(all.toSpliced(9, 0, all[3] ?? "")), "order", 9],
      ["cut", joined(all.slice(0, -3)), "cut", all.length - 3],
      ["emptied", "", "cut", 0],
      ["not JSON", joined(all.with(2, "nonsense")), "not_json", 2],
      ["two lines in one", joined(all).replace("\n", ""), "not_json", 0],
      ["a carriage return", joined(all).replace("\n", "\r\n"), "not_canonical", 0],
    ];
    for (const [what, text, code, record] of wrong) {
      const { status, verdict } = await verify(text);
      assert.deepEqual([what, status, verdict.fault?.code, verdict.fault?.record], [what, 1, code, record]);
    }
    assert.equal((await verify(joined(all))).status, 0);
    assert.equal((await verify(`${joined(all)}${all[0]?.slice(0, 100)}`)).verdict.torn, 100);
    assert.equal((await tollwarden(["verify", path])).status, 2);
    assert.equal((await tollwarden(["verify", path, "--open-end"])).status, 0);
    assert.equal((await tollwarden(["verify", join(folder, "none.jsonl")])).status, 1);
    assert.equal((await tollwarden(["verify"])).status, 1);
    copyFileSync(checkpoint, `${path}.checkpoint`);
    assert.equal((await tollwarden(["verify", path, "--key", vkey])).status, 0);
    const none = await tollwarden(["verify", path, "--checkpoint", path]);
    assert.deepEqual([none.status, /copy\.jsonl is no checkpoint: /.test(none.stderr)], [1, true], none.stderr);
    const stranger = await generateCheckpointKey("stranger");
    const other = await tollwarden(["verify", path, "--key", stranger.vkey]);
    assert.deepEqual([other.status, /is not signed by the key/.test(other.stderr)], [1, true], other.stderr);
  }));

test("HMACs: checked by their key, and a rewrite with a stolen one is seen against a kept checkpoint", () =>
  inFolder(async (folder) => {
    const path = join(folder, "log.jsonl");
    const { skey, vkey } = await generateCheckpointKey("test");
    const key = new Uint8Array(32).fill(9);
    const open = () => audited({ sinks: [jsonlSink(path)], key });
    const signed = {
      signer: await checkpointSigner(skey),
      to: checkpointFile(join(folder, "kept")),
    };
    const { warden } = await audited({ sinks: [jsonlSink(path)], key, checkpoint: signed });
    await warden.authorize(request("p1"));
    await warden.close();
    writeFileSync(join(folder, "key"), key);
    writeFileSync(join(folder, "wrong"), key.with(0, 1));
    const args = ["verify", path, "--checkpoint", join(folder, "kept"), "--key", vkey];
    assert.equal((await tollwarden([...args, "--hmac-key", join(folder, "key")])).status, 0);
    const wrong = await tollwarden([...args, "--hmac-key", join(folder, "wrong"), "--json"]);
    assert.equal(JSON.parse(wrong.stdout).fault.code, "hmac");
    // Whoever has the key begins again, and writes what they like.
    writeFileSync(path, "");
    const thief = await open();
    await thief.warden.authorize(request("p2"));
    await thief.warden.close();
    const rewritten = await tollwarden([...args, "--hmac-key", join(folder, "key"), "--json"]);
    assert.equal(JSON.parse(rewritten.stdout).fault.code, "checkpoint");
  }));

test("replay: a decision that was written otherwise is found, with both", () =>
  inFolder(async (folder) => {
    const path = join(folder, "copy.jsonl");
    const all = lines();
    const at = all.findIndex((line) => line.includes('"kind":"denied"'));
    writeFileSync(
      path,
      joined(all.with(at, (all[at] ?? "").replace('"reason":"payment_too_large"', '"reason":"frozen"'))),
    );
    const { status, stdout } = await tollwarden(["replay", path, "--json"]);
    const replayed = JSON.parse(stdout);
    assert.deepEqual([status, replayed.same, replayed.differences[0].record], [1, false, at]);
    assert.match(replayed.differences[0].replayed, /payment_too_large/);
  }));

test("backtest: the same policy changes nothing; a stricter one stops what it should, also on a page", () =>
  inFolder(async (folder) => {
    const html = join(folder, "page.html");
    const stricter = join(example, "stricter.toml");
    const run = async (policy: string, ...more: string[]) => {
      const { status, stdout, stderr } = await tollwarden(["backtest", "--policy", policy, log, ...more]);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const result = JSON.parse(await run(stricter, "--json", "--html", html));
    assert.ok(result.changed > 0 && result.payments === 10, JSON.stringify(result.matrix));
    assert.deepEqual([result.changes[0].id, result.changes[0].would_be[0]], ["p2", "approval_asked"]);
    const page = readFileSync(html, "utf8");
    assert.ok(page.includes("<svg") && !/(src|href)=|url\(|@import|<script/.test(page));
    assert.match(await run(stricter), /would have been stopped/);
    assert.equal((await tollwarden(["backtest", log])).status, 1);

    // A log of one policy, by that policy.
    const [policy, own] = [join(folder, "policy.toml"), join(folder, "own.jsonl")];
    writeFileSync(policy, POLICY);
    const events = [authorize("p1"), authorize("p2", { at: "2026-01-05T11:00:00Z", agent: "<b>\u202e" })];
    const settled = { type: "settle", id: "p1", at: "2026-01-05T11:00:01Z", outcome: "captured" };
    const input = joined([...events, JSON.stringify(settled)]);
    assert.equal((await tollwarden(["simulate", "--policy", policy, "--audit", own], { input })).status, 0);
    const same = JSON.parse((await tollwarden(["backtest", "--policy", policy, own, "--json"])).stdout);
    assert.deepEqual(
      [same.payments, same.changed, same.vendors],
      [2, 0, { "https://api.example.com": { was: "0.01", would_be: "0.01" } }],
    );
    assert.equal((await tollwarden(["verify", own, "--open-end"])).status, 0);
    assert.equal((await tollwarden(["replay", own])).status, 0);
  }));

test("report: every section, in three forms, and what a stranger wrote is text in all of them", () =>
  inFolder(async (folder) => {
    const form = async (...args: string[]) => (await tollwarden(["report", ...args])).stdout;
    const verified = ["--checkpoint", checkpoint, "--key", vkey];
    const markdown = await form(log, ...verified);
    for (const title of [
      "Scope",
      "Completeness",
      "Policies in force",
      "Escalations",
      "Quality of the oversight",
      "Freezes and drills",
      "Unresolved payments",
      "Retention and erasure",
      "Limits",
      "Controls",
    ]) {
      assert.ok(markdown.includes(`\n## ${title}\n`), title);
    }
    assert.ok(markdown.includes("supports evidence") && !/compliant|compliance/i.test(markdown));
    assert.match(markdown, /\| alice \| 40\.0 s \| authorized \|/);
    const json = JSON.parse(await form(log, ...verified, "--json"));
    assert.deepEqual([json.completeness.whole, json.oversight.asked, json.oversight.approved], [true, 2, 1]);
    assert.equal(json.unresolved[0].id, "p10");

    const hostile = join(folder, "hostile.jsonl");
    const policy = join(folder, "policy.toml");
    writeFileSync(policy, POLICY.replace("[payment]", '[payment]\napprove_from_usd = "0.001"'));
    const input = joined([authorize("<img src=x onerror=alert(1)>", { agent: "| a |\u202e<script>\n## Forged" })]);
    await tollwarden(["simulate", "--policy", policy, "--audit", hostile], { input });
    const page = await form(hostile, "--format", "html");
    assert.ok(page.includes("&lt;img") && !page.includes("<img") && !page.includes("<script"));
    const text = await form(hostile);
    assert.ok(!text.includes("\n## Forged") && !text.includes("\u202e"));
    assert.equal((await tollwarden(["report", log, "--format", "pdf"])).status, 1);
  }));

test(
  "a verifier in Python, written from the page alone, says the same",
  { skip: spawnSync("python3", ["-V"]).status !== 0 && "no python3 here" },
  () =>
    inFolder(async (folder) => {
      const path = join(folder, "copy.jsonl");
      const said = (text: string): string => {
        writeFileSync(path, text);
        return spawnSync("python3", [python, path, "--checkpoint", checkpoint], { encoding: "utf8" }).stdout.trim();
      };
      const all = lines();
      assert.equal(said(joined(all)), "whole");
      assert.match(said(joined(all.toSpliced(9, 1))), /^record 9: /);
      assert.match(said(edited(all)), /^record 2: /);
      assert.match(said(joined(all.slice(0, -3))), /cut off/);
      assert.match(said(joined(all).replace('{"answer"', '{ "answer"')), /^record 0: not canonical/);
    }),
);
