// `check`, `explain`, `test` and `import`: exit statuses, JSON, colours, and what they refuse. What they print for people
// is in the pages that show it (tests/docs/console.test.ts).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { painter } from "../../js/cli/colour.ts";
import { authorize, main, POLICY, tollwarden, withFiles } from "./support.ts";

const ODD = `${POLICY}\n[[rules]]\nname = "never"\nthen = "flag"\nwhen = { min_usd = "2" }\n`;
const BAD = '[payment]\nmax_uds = "1"\nmax_usd = "x"\n';

test("check: good, odd, odd and strict, wrong, missing", async () => {
  await withFiles({ "good.toml": POLICY, "odd.toml": ODD, "bad.toml": BAD }, async (cwd) => {
    const status = async (...args: string[]) => (await tollwarden(["check", ...args], { cwd })).status;
    assert.deepEqual(
      [await status("good.toml", "--strict"), await status("odd.toml"), await status("odd.toml", "--strict")],
      [0, 0, 1],
    );
    assert.deepEqual([await status("bad.toml"), await status("none.toml"), await status()], [1, 1, 1]);
    const odd = JSON.parse((await tollwarden(["check", "odd.toml", "--json"], { cwd })).stdout);
    assert.deepEqual([odd.ok, odd.errors, odd.version], [true, [], 0]);
    assert.match(odd.hash, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      odd.lints.map(({ code, path }: { code: string; path: string }) => [code, path]),
      [
        ["rule_never_fires", "rules[0]"],
        ["no_total_over_all", "budgets"],
      ],
    );
    const bad = JSON.parse((await tollwarden(["check", "bad.toml", "--json"], { cwd })).stdout);
    assert.deepEqual(
      [bad.ok, bad.errors.map(({ path }: { path: string }) => path)],
      [false, ["payment.max_uds", "payment.max_usd"]],
    );
  });
});

test("explain: a policy and a payment as JSON; history first; what can't be explained", async () => {
  const history = `${authorize("p1")}\n${JSON.stringify({ type: "freeze", reason: "x" })}\n`;
  const files = { "policy.toml": POLICY, "one.json": JSON.stringify(JSON.parse(authorize("p1")), undefined, 2) };
  await withFiles(files, async (cwd) => {
    const run = (args: string[], input = "") => tollwarden(["explain", "policy.toml", ...args], { cwd, input });
    const policy = JSON.parse((await run(["--json"])).stdout);
    assert.deepEqual(Object.keys(policy), ["version", "hash", "sections"]);
    const one = JSON.parse((await run(["one.json", "--json"])).stdout);
    assert.equal(one.decision.action, "allow");
    assert.deepEqual(
      one.rules.find(({ rule }: { rule: string }) => rule === "daily"),
      { rule: "daily", saw: "0 used and 0.01 more, of at most 5 USD in 1d for `a1`", said: "pass" },
    );
    const frozen = JSON.parse((await run(["-", "--json"], history + authorize("p2"))).stdout);
    assert.deepEqual([frozen.decision.reason, frozen.rules], ["frozen", []]);
    for (const input of ["", "nonsense", history, `{}\n{"type":"budgets"}`, `{"type":"authorize"}`]) {
      const { status, stdout, stderr } = await run(["-"], input);
      assert.deepEqual([status, stdout, stderr.trimEnd().split("\n").length], [1, "", 1], input);
    }
  });
});

const step = (set: object, want: object): object => ({ send: "@pay", set, want });
const cases = (...steps: object[]): string =>
  JSON.stringify({ define: { pay: JSON.parse(authorize("p1")) }, cases: [{ name: "c", steps }] });
const amount = (units: string) => ({ "/offer/accepts/0/amount": units });

test("test: passed, failed, and not run; coverage of both sides of a figure", async () => {
  const good = cases(
    step(amount("1000000"), { action: "allow", fix: null }),
    step({ ...amount("1000001"), "/id": "p2" }, { action: "deny", fix: { max_amount: "1000000" } }),
  );
  await withFiles({ "policy.toml": POLICY, "policy.test.json": good }, async (cwd) => {
    const run = async (...args: string[]) => tollwarden(["test", "policy.toml", ...args], { cwd });
    const { status, stdout } = await run("--json");
    const { ok, results, coverage } = JSON.parse(stdout);
    assert.deepEqual([status, ok, results], [0, true, [{ name: "c", steps: 2 }]]);
    assert.deepEqual(coverage.never_fired, ["daily"]);
    assert.deepEqual([coverage.never_met, coverage.never_crossed].flat().includes("payment.max_usd"), false);

    const failures: [string, number, RegExp][] = [
      [cases(step({}, { action: "deny" })), 1, /action: wanted "deny", got "allow"/],
      [cases(step({}, { usd: null })), 1, /usd: wanted nothing, got "0.01"/],
      [cases(step({}, { rules: ["daily"] })), 1, /rules: wanted \["daily"\], got \[\]/],
      [cases({ send: "@pay", wants: {} }), 2, /unknown key `wants`/],
      [cases({ send: "@pay" }), 2, /steps\[0\]\.want: expected a table/],
      [cases(step({ "/offer/accepts/7/amount": "1" }, {})), 2, /nothing stands at/],
      [cases({ send: "@play", want: {} }), 2, /`@play` is not defined/],
      ['{"cases":[]}', 2, /not empty/],
      ["{", 2, /JSON/],
      ["\n", 2, /policy\.test\.json is empty$/m],
    ];
    for (const [text, wanted, message] of failures) {
      writeFileSync(join(cwd, "policy.test.json"), text);
      const failed = await run();
      assert.equal(failed.status, wanted, text);
      assert.match(failed.stdout + failed.stderr, message);
    }
    assert.equal((await run("none.json")).status, 2);
    assert.equal((await tollwarden(["test", "none.toml"], { cwd })).status, 2);
    assert.equal((await tollwarden(["test"], { cwd })).status, 2);
  });
});

test("test --watch runs again when a file changes, and ends with the last status", async () => {
  const files = { "policy.toml": POLICY, "policy.test.json": cases(step({}, { action: "allow" })) };
  await withFiles(files, async (cwd) => {
    const child = spawn(process.execPath, [main, "test", "policy.toml", "--watch"], { cwd });
    let output = "";
    const seen = async (text: RegExp) => {
      for (let tries = 0; !text.test(output); tries++) {
        assert.ok(tries < 400, output);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    };
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    const closed = new Promise((resolve) => child.once("close", resolve));
    try {
      await seen(/1 case passed/);
      writeFileSync(join(cwd, "policy.toml"), POLICY.replace('"1"', '"0.001"'));
      await seen(/0 cases passed, 1 failed/);
    } finally {
      child.kill("SIGINT");
    }
    assert.equal(await closed, 1);
  });
});

test("import: carried, lost, forced, and what can't be read", async () => {
  const files = {
    "whole.json": '{"max_single_payment_usd": 0.5, "budget_usd": 5}',
    "lost.toml": "max_single_payment_usd = 0.5\naudit_log = true\n",
  };
  await withFiles(files, async (cwd) => {
    const run = (...args: string[]) => tollwarden(["import", "--from", "x402-firewall", ...args], { cwd });
    const whole = await run("whole.json", "--out", "policy.toml");
    assert.deepEqual([whole.status, whole.stdout], [0, ""]);
    assert.match(whole.stderr, /1 carried, 1 with a difference, 0 lost\nwritten to policy.toml\n$/);
    assert.equal((await tollwarden(["check", "policy.toml"], { cwd })).status, 0);
    assert.match((await run("whole.json", "--out", "policy.toml")).stderr, /is there already/);
    const lost = await run("lost.toml", "--json");
    const { ok, document, notes, errors } = JSON.parse(lost.stdout);
    assert.deepEqual([lost.status, ok, document, errors], [1, false, { payment: { max_usd: "0.5" } }, []]);
    assert.deepEqual(
      notes.map(({ path, level }: { path: string; level: string }) => [path, level]),
      [
        ["max_single_payment_usd", "carried"],
        ["audit_log", "lost"],
      ],
    );
    const forced = await run("lost.toml", "--out", "policy.toml", "--force");
    assert.equal(forced.status, 0);
    assert.equal(readFileSync(join(cwd, "policy.toml"), "utf8"), '[payment]\nmax_usd = "0.5"\n');
    for (const args of [["none.json"], ["whole.json", "lost.toml"], []]) assert.equal((await run(...args)).status, 1);
    const unknown = await tollwarden(["import", "--from", "presidoi", "whole.json"], { cwd });
    assert.deepEqual([unknown.status, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /did you mean `presidio`\?/);
  });
});

test("colours are for terminals, and never where NO_COLOR is set", () => {
  assert.equal(painter({ isTTY: true }, {})("red", "x"), "\u001b[31mx\u001b[0m");
  for (const [stream, env] of [
    [{ isTTY: true }, { NO_COLOR: "1" }],
    [{ isTTY: true }, { TERM: "dumb" }],
    [{ isTTY: false }, {}],
    [{}, {}],
  ] as const) {
    assert.equal(painter(stream, env)("red", "x"), "x");
  }
});

test("import: a file in YAML, whose figures stay exact", async () => {
  const yaml = "budget_usd: .inf\nmax_single_payment_usd: 2.50\nallow_chains: [base]\n";
  await withFiles({ "guard.yaml": yaml, "twice.yaml": "budget_usd: 1\nbudget_usd: 2\n" }, async (cwd) => {
    const { status, stdout } = await tollwarden(["import", "--from", "x402-firewall", "guard.yaml", "--json"], { cwd });
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout).document, { payment: { max_usd: "2.5", networks: ["eip155:8453"] } });
    const twice = await tollwarden(["import", "--from", "x402-firewall", "twice.yaml"], { cwd });
    assert.equal(twice.status, 1);
    assert.match(twice.stderr, /twice\.yaml: line 2, column 1/);
  });
});
