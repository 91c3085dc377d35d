// The shared vectors through the module, and through `tollwarden simulate`: what the core does natively
// (tests/vectors.rs) it does here, in the same words.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadCore } from "../js/core/inline.ts";
import type { PolicyError } from "../js/core/types.ts";
import { PolicyInvalid } from "../js/errors.ts";
import { readPolicy } from "../js/policy-source.ts";
import { type Case, differences, type Json, readCases, vectorFiles } from "./support/vectors.ts";

const { Engine, checkPolicy } = loadCore();
const cli = fileURLToPath(new URL("../js/cli/main.ts", import.meta.url));

test("there are vectors, and a wrong answer is told", () => {
  assert.ok(vectorFiles.length >= 5, vectorFiles.join());
  assert.deepEqual(differences({ a: [1, { b: null }] }, { a: [1, { c: 2 }], d: 3 }), []);
  assert.equal(differences({ a: [1, { b: null }] }, { a: [1, { b: 0 }] }).length, 1);
  assert.equal(differences({ a: "1" }, { a: 1 }).length, 1);
  assert.equal(differences([1], [1, 2]).length, 1);
  assert.equal(differences({}, []).length, 1);
});

for (const file of vectorFiles) {
  describe(`vectors/events/${file}`, () => {
    for (const { note, policy, wantErrors, steps } of readCases(file)) {
      test(note, () => {
        if (wantErrors !== undefined) {
          refuses(policy, wantErrors);
          return;
        }
        const engine = new Engine(policy, true);
        for (const [number, { line, want }] of steps.entries()) {
          const answer = engine.handle(line);
          const wrong = differences(want, JSON.parse(answer) as Json);
          assert.deepEqual(wrong, [], `step ${number}: the answer was ${answer}`);
        }
        engine.free();
      });
    }
  });
}

/** The module refuses the policy in the core's words, and the wrapper lets nothing through that the module refuses. */
function refuses(policy: string, wanted: readonly string[]): void {
  const errors = (JSON.parse(checkPolicy(policy)) as readonly PolicyError[]).map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`,
  );
  const missing = wanted.filter((text) => !errors.some((found) => found.includes(text)));
  assert.deepEqual(missing, [], errors.join("\n"));
  assert.equal(errors.length, wanted.length, errors.join("\n"));
  assert.throws(() => readPolicy(JSON.parse(policy) as object), PolicyInvalid);
}

// One child for each policy of a file, with the events of all cases that use it, one case after the other: the same
// events to an engine in this process have to give the same bytes.
for (const file of vectorFiles) {
  const byPolicy = new Map<string, Case[]>();
  for (const one of readCases(file)) {
    if (one.steps.length > 0) byPolicy.set(one.policy, [...(byPolicy.get(one.policy) ?? []), one]);
  }
  if (byPolicy.size === 0) continue;
  test(`vectors/events/${file} through \`tollwarden simulate\`, byte for byte`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollwarden-vectors-"));
    try {
      const groups = [...byPolicy].entries();
      // Two at a time: a child spends its time on starting.
      await Promise.all([compareEach(folder, groups), compareEach(folder, groups)]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function compareEach(
  folder: string,
  groups: IterableIterator<[number, [policy: string, cases: readonly Case[]]]>,
): Promise<void> {
  for (const [number, [policy, cases]] of groups) {
    const lines = cases.flatMap(({ steps }) => steps.map(({ line }) => line));
    const path = join(folder, `${number}.json`);
    writeFileSync(path, policy);
    const engine = new Engine(policy, true);
    const wanted = lines.map((line, at) => `${engine.handle(line, at + 1)}\n`).join("");
    const { status, stdout, stderr } = await simulate(path, lines.join("\n"));
    assert.equal(stdout, wanted);
    assert.equal(stderr, "");
    assert.equal(status, wanted.includes('{"error":') ? 2 : 0);
  }
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function simulate(policy: string, input: string): Promise<Ended> {
  const child = spawn(process.execPath, [cli, "simulate", "--policy", policy]);
  const chunks: { readonly out: Buffer[]; readonly err: Buffer[] } = { out: [], err: [] };
  child.stdout.on("data", (chunk: Buffer) => chunks.out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.err.push(chunk));
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.once("close", (status) => {
      resolve({ status, stdout: Buffer.concat(chunks.out).toString(), stderr: Buffer.concat(chunks.err).toString() });
    });
  });
}
