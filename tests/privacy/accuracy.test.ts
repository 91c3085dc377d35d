// How well personal data is found, on the whole corpus: the targets, and that the pages say what is measured here.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { corpus } from "./corpus.ts";
import { coreFind, REPORTED } from "./reported.ts";
import { type Score, score } from "./score.ts";

const reported = JSON.parse(readFileSync(new URL("report.json", import.meta.url), "utf8")) as {
  readonly accuracy: Score;
};
const measured = score(coreFind, REPORTED);

test("the corpus is large, varied, and the same each time", () => {
  const texts = [...corpus({ seed: 5, each: 2_000 })];
  assert.deepEqual(texts.slice(0, 50), [...corpus({ seed: 5, each: 25 })]);
  assert.notDeepEqual(texts.slice(0, 50), [...corpus({ seed: 6, each: 25 })]);
  const positives = texts.filter(({ labels }) => labels.length > 0);
  const values = positives.map(({ text, labels: [label] }) => text.slice(label?.start, label?.end));
  assert.ok(new Set(values).size > values.length * 0.99, "values repeat");
  assert.ok(texts.length - positives.length >= positives.length, "as many hard negatives as positives");
  assert.ok(measured.texts >= 20_000, String(measured.texts));
});

test("each kind is found, with both its ends", () => {
  for (const [name, { values, precision, recall }] of Object.entries(measured.entities)) {
    assert.ok(values > 200, `${name}: ${values}`);
    assert.ok(precision >= 0.99, `${name}: precision ${precision}`);
    assert.ok(recall >= 0.98, `${name}: recall ${recall}`);
  }
});

test("what is encoded is found", () => {
  assert.ok(measured.encoded.recall >= 0.95, String(measured.encoded.recall));
  for (const [name, { values, recall }] of Object.entries(measured.encodings)) {
    assert.ok(values > 40 && recall >= 0.95, `${name}: ${recall} of ${values}`);
  }
});

test("what only looks like it is left alone", () => {
  const { texts, flagged } = measured.negatives;
  assert.ok(flagged <= texts * 0.005, `${flagged} of ${texts}`);
});

test("the pages say what is measured", () => {
  assert.deepEqual(reported.accuracy, measured, "run npm run privacy:report");
});

test("a detector that finds nothing, or everything, does not pass", () => {
  const options = { seed: 3, each: 200 };
  const nothing = score(() => [], options);
  assert.equal(nothing.all.recall, 0);
  const everything = score((text) => [{ entity: "EMAIL_ADDRESS", start: 0, end: text.length }], options);
  assert.ok(everything.all.precision < 0.1 && everything.negatives.flagged === everything.negatives.texts);
  const off = score((text) => coreFind(text).map((one) => ({ ...one, end: one.end - 1 })), options);
  assert.equal(off.all.recall, 0);
});
