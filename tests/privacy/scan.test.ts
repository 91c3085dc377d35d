// `tollwarden scan`: files, streams, a policy, exit statuses; and the `scan` event.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, POLICY, tollwarden, withFiles } from "../cli/support.ts";

const LOG = "nothing here\nask jane@example.com\u{1f600} or +14155552671\norder 4111111111111111\n";

test("each place is told, and not what stands there", async () => {
  await withFiles({ "a.log": LOG, "b.log": "clean\n" }, async (cwd) => {
    const { stdout, status } = await tollwarden(["scan", "a.log", "b.log"], { cwd });
    assert.match(stdout, /^a\.log:2:5 {2}EMAIL_ADDRESS +16 characters\na\.log:2:27 {2}PHONE_NUMBER +12 characters\n/);
    assert.match(stdout, /2 findings in 1 line\n$/);
    assert.doesNotMatch(stdout, /jane|4155552671/);
    assert.equal(status, 2);
    const clean = await tollwarden(["scan", "b.log"], { cwd });
    assert.deepEqual([clean.stdout, clean.status], ["nothing found\n", 0]);
  });
});

test("as JSON, in code units of JavaScript", async () => {
  const { stdout, status } = await tollwarden(["scan", "--json"], { input: LOG });
  const [only, ...rest] = answers(stdout) as {
    entities: { start: number; end: number }[];
    line: number;
    redacted: string;
  }[];
  assert.deepEqual([rest, only?.line, status], [[], 2, 2]);
  const line = LOG.split("\n")[1] ?? "";
  assert.deepEqual(
    only?.entities.map(({ start, end }) => line.slice(start, end)),
    ["jane@example.com", "+14155552671"],
  );
  assert.equal(only?.redacted, "ask [EMAIL_ADDRESS_1]\u{1f600} or [PHONE_NUMBER_1]");
});

test("as a filter it writes the text over, and a private key with all its lines", async () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${"QUJD".repeat(16)}\n${"QUJD".repeat(16)}\n-----END PRIVATE KEY-----`;
  const { stdout, status } = await tollwarden(["scan", "--redact", "-"], { input: `${LOG}${key}\nafter\n` });
  assert.equal(
    stdout,
    "nothing here\nask [EMAIL_ADDRESS_1]\u{1f600} or [PHONE_NUMBER_1]\norder 4111111111111111\n[PRIVATE_KEY_1]\nafter\n",
  );
  assert.equal(status, 0);
  const cut = await tollwarden(["scan", "--redact"], { input: "-----BEGIN PRIVATE KEY-----\nQUJDQUJD\n" });
  assert.equal(cut.stdout, "[PRIVATE_KEY_1]\n");
});

test("by a policy", async () => {
  const policy = `${POLICY}\n[privacy]\naction = "mask"\n[[privacy.rules]]\nentities = ["PHONE_NUMBER"]\nthen = "allow"\n`;
  await withFiles({ "policy.toml": policy, "bare.toml": POLICY }, async (cwd) => {
    const options = { cwd, input: LOG };
    const { stdout } = await tollwarden(["scan", "--redact", "--policy", "policy.toml", "--place", "audit"], options);
    assert.match(stdout, /ask j\*\*\*@\*\*\*.* or \+14155552671/);
    for (const [args, message] of [
      [["--policy", "policy.toml"], /go together/],
      [["--policy", "bare.toml", "--place", "audit"], /no `privacy` section/],
      [["--policy", "policy.toml", "--place", "url"], /`url` is not a place/],
      [["--json", "--redact"], /can't stand together/],
      [["missing.log"], /missing\.log/],
    ] as const) {
      const { stderr, status } = await tollwarden(["scan", ...args], options);
      assert.match(stderr, message);
      assert.equal(status, 1);
    }
  });
});

test("the event answers the same, and touches nothing", async () => {
  const policy = `${POLICY}\n[privacy]\naction = "warn"\n`;
  await withFiles({ "policy.toml": policy, "bare.toml": POLICY }, async (cwd) => {
    const input = [
      { type: "scan", text: "ask jane@example.com" },
      { type: "scan", text: "ask jane@example.com", place: "query" },
      { type: "scan", text: "nothing" },
      { type: "scan", text: "x", place: "nowhere" },
      { type: "scan", text: 7 },
    ];
    const lines = input.map((event) => JSON.stringify(event)).join("\n");
    const { stdout, status } = await tollwarden(["simulate", "--policy", "policy.toml"], { cwd, input: lines });
    const email = { entity: "EMAIL_ADDRESS", start: 4, end: 20 };
    const [redacted, warned, nothing, ...wrong] = answers(stdout);
    assert.deepEqual(redacted, {
      action: "redact",
      entities: [{ ...email, action: "redact" }],
      redacted: "ask [EMAIL_ADDRESS_1]",
    });
    assert.deepEqual(warned, {
      action: "warn",
      entities: [{ ...email, action: "warn" }],
      redacted: "ask jane@example.com",
    });
    assert.deepEqual(nothing, { entities: [], redacted: "nothing" });
    assert.match(JSON.stringify(wrong), /is not a place.*expected a text/);
    assert.equal(status, 2);
    const bare = await tollwarden(["simulate", "--policy", "bare.toml"], { cwd, input: lines.split("\n")[1] ?? "" });
    assert.deepEqual(answers(bare.stdout), [{ entities: [], redacted: "ask jane@example.com" }]);
  });
});
