/** The published document: it is whole, and a fuzzer that goes by it finds no 5xx and nothing that it does not promise. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SPEC } from "../../js/service/spec.ts";
import { openApiText } from "../../pkg-scripts/docs/tables.mjs";
import { pythonWithClients } from "./python.ts";
import { running } from "./support.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** The long form: TOLLWARDEN_SCHEMATHESIS=50, a few thousand requests. */
const LONG = process.env.TOLLWARDEN_SCHEMATHESIS;
const AGENTS = "^/v1/(authorize|check|pay|payments|emergency|budgets$|approvals|freeze$|whoami)";
const OPERATORS =
  "^/(v1/(whoami|budgets|approvals|overview|decisions|agents|clients|sellers|breakers|series|alerts|holds|freezes?|unfreeze|policy|explain|audit|keys)|login|logout|healthz|readyz)";

test("the document in docs is the one that is served, and every reference in it leads somewhere", async (t) => {
  assert.equal(readFileSync(join(root, "docs/openapi.json"), "utf8"), openApiText());
  const { call } = await running(t);
  const { body, status } = await call(undefined, "GET", "/openapi.json");
  assert.deepEqual([status, body.openapi], [200, "3.1.0"]);
  assert.equal(
    Object.values(body.paths).flatMap((path) => Object.keys(path as object)).length,
    Object.keys(SPEC).length,
  );
  for (const [, name = ""] of JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g))
    assert.ok(body.components.schemas[name], name);
  const ids = Object.values(body.paths).flatMap((path) =>
    Object.values(path as object).map((operation: { operationId: string }) => operation.operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

const python = await pythonWithClients();

for (const who of ["operator", "agent"] as const) {
  test(`schemathesis as the ${who}: no 5xx, and each answer is one that the document promises`, {
    skip: python === undefined ? "schemathesis can't be had here" : false,
  }, async (t) => {
    const { url, admin, agent, call } = await running(t, { rate: { perSecond: 1e6, burst: 1e6 } });
    const key = who === "operator" ? admin : await agent("fuzzer");
    // What ends the key that is used, or the service's life, is left out.
    const args = [
      "run",
      `${url}/openapi.json`,
      "--max-examples",
      LONG ?? "3",
      "--include-path-regex",
      who === "agent" ? AGENTS : OPERATORS,
      "--header",
      `Authorization: Bearer ${key}`,
      "--checks",
      "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
      "--exclude-operation-id",
      "deleteKeysById",
      "--exclude-operation-id",
      "postKeysByIdRotate",
      "--phases",
      LONG === undefined ? "fuzzing" : "coverage,fuzzing",
      "--suppress-health-check",
      "all",
      "--workers",
      "1",
      "--no-color",
      "--request-timeout",
      "20",
    ];
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile(
        join(dirname(python ?? ""), "schemathesis"),
        args,
        { maxBuffer: 64e6, timeout: 900_000, cwd: tmpdir() },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : 1, output: stdout + stderr }),
      );
    });
    const cases = /(\d+) generated/.exec(output)?.[1];
    t.diagnostic(`${cases} requests`);
    // Lines of many kilobytes say nothing to a reader.
    const shown = output.split("\n").map((line) => line.slice(0, 300));
    assert.equal(code, 0, shown.slice(-120).join("\n"));
    assert.ok(Number(cases) > 20);
    assert.equal((await call(key, "GET", "/v1/whoami")).status, 200, "the key was good to the end");
  });
}
