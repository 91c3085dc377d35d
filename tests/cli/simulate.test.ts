// `tollwarden simulate` as a user runs it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answers, authorize, main, offer, POLICY, tollwarden, withFiles } from "./support.ts";

const SETTLED = '{"type":"settle","id":"p1","at":"2026-01-05T10:00:01Z","outcome":"captured"}';
const BUDGETS = '{"type":"budgets","at":"2026-01-05T10:00:02Z","agent":"a1"}';

test("a TOML and a JSON policy, from standard input, `-` and a file: the same lines", async () => {
  const json = '{"payment":{"max_usd":"1"},"budgets":[{"name":"daily","limit_usd":"5","window":"24h","per":"agent"}]}';
  const events = [authorize("p1"), SETTLED, BUDGETS].join("\n");
  await withFiles({ "p.toml": POLICY, "p.json": json, "events.ndjson": events }, async (cwd) => {
    const runs = await Promise.all([
      tollwarden(["simulate", "--policy", "p.toml"], { cwd, input: events }),
      tollwarden(["simulate", "--policy=p.json", "-"], { cwd, input: events }),
      tollwarden(["simulate", "--policy", join(cwd, "p.toml"), "events.ndjson"], { cwd }),
    ]);
    for (const { status, stdout, stderr } of runs) {
      assert.equal(stderr, "");
      assert.equal(status, 0);
      assert.equal(stdout, runs[0]?.stdout);
    }
    const [allowed, settled, budgets] = answers(runs[0]?.stdout ?? "");
    assert.equal(allowed?.action, "allow");
    assert.equal(allowed?.amount, "10000");
    assert.equal(settled?.state, "captured");
    const [daily] = (budgets?.budgets ?? []) as Record<string, unknown>[];
    assert.deepEqual([daily?.key, daily?.spent, daily?.held, daily?.available], ["a1", "0.01", "0", "4.99"]);
  });
});

test("a line that is not an event is an error with its number, the run goes on, and the status is 2", async () => {
  const lines = [
    authorize("p1"),
    "not json",
    "",
    '{"type":"authorise"}',
    "[1]",
    '{"type":"budgets","agnt":"a1"}',
    '{"type":"settle","type":"settle"}',
    SETTLED,
  ];
  await withFiles({ "p.toml": POLICY }, async (cwd) => {
    const { status, stdout, stderr } = await tollwarden(["simulate", "--policy", "p.toml"], {
      cwd,
      input: lines.join("\n"),
    });
    assert.equal(status, 2);
    assert.equal(stderr, "");
    const [allowed, ...rest] = answers(stdout);
    assert.equal(allowed?.action, "allow");
    assert.equal(rest.pop()?.state, "captured");
    const errors = rest.map(({ error }) => error as { code: string; message: string; line: number });
    // The empty third line is no event and no error; it counts as a line.
    assert.deepEqual(
      errors.map(({ code, line }) => [code, line]),
      [
        ["not_json", 2],
        ["unknown_event", 4],
        ["malformed_event", 5],
        ["unknown_member", 6],
        ["not_json", 7],
      ],
    );
    assert.match(errors[1]?.message ?? "", /did you mean `authorize`\?/);
    assert.match(errors[3]?.message ?? "", /did you mean `agent`\?/);
  });
});

test("CRLF, a byte order mark, a last line without an end, U+2028 inside a text, bytes that are no text", async () => {
  await withFiles({ "p.toml": `\u{feff}${POLICY.replaceAll("\n", "\r\n")}` }, async (cwd) => {
    const odd = authorize("p3", { offer: offer("10000", "one\u2028two\u2029three\u0085four") });
    const input = Buffer.concat([
      Buffer.from(`\u{feff}${authorize("p1")}\r\n\r\n${authorize("p2")}\r\n${odd}\n`),
      Buffer.from([0x7b, 0xff, 0x0a]),
      Buffer.from(`${authorize("long", { agent: "x".repeat(2 * 1024 * 1024) })}\n`),
      Buffer.from(authorize("p4")),
    ]);
    const { status, stdout } = await tollwarden(["simulate", "--policy", "p.toml"], { cwd, input });
    const got = answers(stdout).map(({ id, action, error }) => (error === undefined ? `${id} ${action}` : error));
    assert.deepEqual(got, [
      "p1 allow",
      "p2 allow",
      "p3 allow",
      { code: "not_json", message: "the line is not UTF-8", line: 5 },
      { code: "not_json", message: "the line is longer than 1048576 bytes", line: 6 },
      "p4 allow",
    ]);
    assert.equal(status, 2);
  });
});

test("a policy that is missing, empty or misspelt: status 1, the file's name, the place and the nearest word", async () => {
  const files = {
    "empty.toml": "",
    "blank.json": " \n",
    "typo.toml": '[payment]\nmax_uds = "1"\n',
    "two.toml": '[[budgets]]\nname = "x"\nlimit_usd = "5"\nwindow = "sesion"\nper = "agnt"\n',
    "cut.json": '{"payment":{"max_usd":"1"}',
    "twice.json": '{"payment":{"max_usd":"1","max_usd":"1000"}}',
    "broken.toml": "[payment\n",
    "nothing.toml": 'name = "x"\n',
    "p.yaml": "payment:\n  max_uds: 1\n",
  };
  const wanted: Readonly<Record<string, readonly RegExp[]>> = {
    "missing.toml": [/ENOENT/],
    ".": [/EISDIR/],
    "empty.toml": [/it is empty/],
    "blank.json": [/it is empty/],
    "typo.toml": [/payment\.max_uds: unknown key `max_uds`; did you mean `max_usd`\?/],
    "two.toml": [/budgets\[0\]\.window: .*session/, /budgets\[0\]\.per: .*did you mean `agent`\?/],
    "cut.json": [/line 1 column 26/],
    "twice.json": [/duplicate key `max_usd`/],
    "broken.toml": [/line 1, column 9/],
    "nothing.toml": [/bounds nothing/],
    "p.yaml": [/max_uds: unknown key/],
    // A file's name is a file's name, whatever it looks like.
    "{}": [/ENOENT/],
  };
  await withFiles(files, async (cwd) => {
    for (const [name, patterns] of Object.entries(wanted)) {
      const { status, stdout, stderr } = await tollwarden(["simulate", "--policy", name], { cwd, input: BUDGETS });
      assert.equal(status, 1, name);
      assert.equal(stdout, "", name);
      assert.ok(stderr.startsWith(`tollwarden simulate: the policy ${name} is not valid:\n`), stderr);
      for (const pattern of patterns) assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /\n\s+at /, "a stack");
    }
  });
});

test("no policy, no such file, an unknown option, too many files: status 1, a sentence, no stack", async () => {
  await withFiles({ "p.toml": POLICY }, async (cwd) => {
    const cases: readonly (readonly [args: readonly string[], pattern: RegExp])[] = [
      [[], /--policy FILE` is missing/],
      [["--policy"], /--policy/],
      [["--polcy", "p.toml"], /unknown option `--polcy`; the options are --policy, --audit, --help/],
      [["--policy", "p.toml", "nope.ndjson"], /ENOENT.*nope\.ndjson/],
      [["--policy", "p.toml", "."], /EISDIR/],
      [["--policy", "p.toml", "a", "b"], /one file of events at a time/],
    ];
    for (const [args, pattern] of cases) {
      const { status, stdout, stderr } = await tollwarden(["simulate", ...args], { cwd });
      assert.equal(status, 1, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, pattern);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    }
  });
});

test("a reader that has seen enough ends the run, in silence", async () => {
  await withFiles({ "p.toml": POLICY, "events.ndjson": `${BUDGETS}\n`.repeat(50_000) }, async (cwd) => {
    const args = [main, "simulate", "--policy", "p.toml", "events.ndjson"];
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const status = await new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
    assert.equal(status, 0);
    assert.equal(stderr, "");
  });
});

test("a reader that is slow holds the run up, and nothing piles up in memory", async () => {
  await withFiles({ "p.toml": POLICY }, async (cwd) => {
    const child = spawn(process.execPath, [main, "simulate", "--policy", "p.toml"], { cwd });
    const line = `${BUDGETS}\n`;
    let written = 0;
    // Nobody reads the output: after the pipes are full, the input has to stop flowing.
    const write = (): void => {
      let more = true;
      while (more && written < 40_000) {
        more = child.stdin.write(line.repeat(100));
        written += 100;
      }
      if (!more) child.stdin.once("drain", write);
    };
    write();
    await sleep(1_500);
    const stuck = written;
    await sleep(300);
    assert.equal(written, stuck);
    assert.ok(written < 40_000, `${written} lines were taken though nobody reads the answers`);
    // Once somebody reads, it goes on to the end.
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      lines += chunk.toString().split("\n").length - 1;
    });
    while (written < 40_000) await sleep(20);
    child.stdin.end();
    const status = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(status, 0);
    assert.equal(lines, 40_000);
  });
});

/** Prints the largest size that the process had, in KiB, to standard error. */
const REPORT_SIZE =
  "data:text/javascript,process.on('exit',()=>process.stderr.write('rss '+process.resourceUsage().maxRSS))";

test("10,000 events run in seconds and in flat memory", async (context) => {
  await withFiles({ "p.toml": POLICY }, async (cwd) => {
    const run = async (count: number) => {
      const input = Array.from({ length: count }, (_, at) => authorize(`p${at}`).replace("authorize", "check")).join(
        "\n",
      );
      const ended = await tollwarden(["simulate", "--policy", "p.toml"], {
        cwd,
        input,
        node: ["--import", REPORT_SIZE],
      });
      assert.equal(ended.status, 0, ended.stderr);
      assert.equal(answers(ended.stdout).filter(({ action }) => action === "allow").length, count);
      return { milliseconds: ended.milliseconds, mebibytes: Number(ended.stderr.replace("rss ", "")) / 1024 };
    };
    const small = await run(100);
    const large = await run(10_000);
    context.diagnostic(
      `10,000 events: ${large.milliseconds} ms, ${(large.mebibytes - small.mebibytes).toFixed(0)} MiB more than 100`,
    );
    assert.ok(large.milliseconds < 10_000, `${large.milliseconds} ms`);
    assert.ok(large.mebibytes - small.mebibytes < 48, `${small.mebibytes} MiB for 100, ${large.mebibytes} for 10,000`);
  });
});
