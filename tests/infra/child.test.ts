import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { attempt, run } from "../../pkg-scripts/lib/child.mjs";
import { Stop } from "../../pkg-scripts/lib/report.mjs";

const node = process.execPath;
const failing = ["--eval", "console.log('out'); console.error('err'); process.exitCode = 3"];

test("a program that fails stops the build, and its whole output is kept", async () => {
  await assert.rejects(run(node, failing, { what: "it failed", todo: "mend it" }), (error) => {
    assert.ok(error instanceof Stop);
    assert.equal(error.message, "it failed (status 3)");
    assert.match(String(error.output), /out/);
    assert.match(String(error.output), /err/);
    assert.equal(error.todo, "mend it");
    return true;
  });
});

test("a program that is not there is named", async () => {
  await assert.rejects(run("no-such-program", []), /`no-such-program` could not be started/);
});

test("stdout comes apart from stderr", async () => {
  const { status, stdout, output } = await attempt(node, failing);
  assert.deepEqual({ status, stdout }, { status: 3, stdout: "out\n" });
  assert.match(output, /err/);
});

test("a program that was handed the terminal ends in its own way, and its status is passed on", async () => {
  const library = fileURLToPath(new URL("../../pkg-scripts/lib/child.mjs", import.meta.url));
  const served = "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(7)); console.log('up')";
  const script = `import { passThrough } from ${JSON.stringify(library)};
    process.exitCode = await passThrough(process.execPath, ["--eval", ${JSON.stringify(served)}]);`;
  const outer = spawn(node, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(outer.stdout, "data");
  outer.kill("SIGTERM");
  const [code] = await once(outer, "exit");
  assert.equal(code, 7);
});
