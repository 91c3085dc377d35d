// The short form of `npm run adversary`: one scenario for each published threat, against the packed package.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { good, json, markdown, sarif } from "./report.ts";
import { SCENARIOS, SHORT } from "./scenarios/index.ts";
import { flawOf, judge, none, openWorld, type Row, scoreOf } from "./score.ts";
import { loadShipped, type Shipped } from "./shipped.ts";

let open: Awaited<ReturnType<typeof openWorld>>;
let shipped: Shipped;
before(async () => {
  shipped = await loadShipped();
  open = await openWorld();
});
after(async () => {
  await open?.close();
});

const rows: Row[] = [];

describe("the adversary", () => {
  for (const scenario of SHORT) {
    test(`${scenario.id}: ${scenario.attack}`, async () => {
      const row = await judge(scenario, open.world, shipped);
      rows.push(row);
      assert.ok(none(row.with), `moved or delivered without authority: ${JSON.stringify(row.with)}`);
      assert.equal(row.honestFailure, undefined);
      assert.equal(flawOf(row), undefined);
    });
  }
});

test("every threat of the list has a scenario, and no two have one name", () => {
  const ids = SCENARIOS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const wanted = [
    ...Array.from({ length: 25 }, (_, n) => `T${n + 1}`),
    ...["F1", "F2", "F3", "F4", "F5", "I-A", "I-B", "II", "III", "IV"],
  ];
  for (const id of wanted) assert.ok(ids.includes(id), id);
});

test("the package that is attacked is the packed one", () => {
  assert.match(shipped.from, /node_modules\/tollwarden\/dist\/index\.js$/);
});

/** A row as it would be if something had gone wrong. */
const spoilt = (row: Row, more: Partial<Row>): readonly Row[] => [{ ...row, ...more }];

test("the score says what went wrong, and is good only where nothing did", () => {
  const [row] = rows.filter(({ without }) => !none(without));
  assert.ok(row);
  assert.ok(good(scoreOf(rows)), JSON.stringify(scoreOf(rows)));
  const harm = { money: "10000", goods: "0" };
  assert.equal(scoreOf(spoilt(row, { with: harm })).unauthorized, "10000");
  assert.equal(scoreOf(spoilt(row, { with: { money: "1", goods: "2" } })).unauthorized, "3");
  assert.equal(scoreOf(spoilt(row, { honestFailure: "500" })).honestFailures, 1);
  const nothing = { money: "0", goods: "0" };
  for (const more of [{ stops: [] }, { without: nothing }, { broken: "it threw" }, { harmless: "so they say" }]) {
    assert.equal(scoreOf(spoilt(row, more)).wrong.length, 1, JSON.stringify(more));
  }
  for (const more of [{ with: harm }, { honestFailure: "500" }, { stops: [] }]) {
    assert.equal(good(scoreOf(spoilt(row, more))), false);
  }
});

test("the reports tell each row: Markdown, JSON, SARIF", () => {
  const table = markdown(rows);
  assert.equal(table.split("\n").filter((line) => line.startsWith("| ")).length, rows.length + 2);
  assert.equal((JSON.parse(json(rows, "1.2.3")) as { rows: unknown[] }).rows.length, rows.length);
  const [row] = rows;
  assert.ok(row);
  const log = JSON.parse(sarif([...rows, ...spoilt(row, { with: { money: "5", goods: "0" } })], "1.2.3"));
  assert.equal(log.version, "2.1.0");
  const [{ tool, results }] = log.runs;
  assert.equal(tool.driver.rules.length, rows.length + 1);
  for (const [n, result] of results.entries()) {
    assert.equal(tool.driver.rules[result.ruleIndex].id, result.ruleId);
    const last = n === rows.length;
    assert.deepEqual([result.kind, result.level], last ? ["fail", "error"] : ["pass", "none"], result.message.text);
    assert.match(result.locations[0].physicalLocation.artifactLocation.uri, /^tests\/adversary\/scenarios\/\w+\.ts$/);
  }
});
