// Names of people and places, by the optional recogniser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { names } from "../../js/privacy/names.ts";

test("people, places and organizations are found, with their places in the text", async () => {
  const recogniser = await names();
  const text = "Report on Barack Obama, who met Microsoft in Chicago";
  const found = await recogniser.recognise(text, "description");
  const said = found.map(({ entity, start, end }) => [entity, text.slice(start, end)]);
  assert.deepEqual([...said].sort(), [
    ["LOCATION", "Chicago"],
    ["ORGANIZATION", "Microsoft"],
    ["PERSON", "Barack Obama"],
  ]);
});

test("a query is read as words, and only the kinds that are asked for are found", async () => {
  const recogniser = await names({ entities: ["PERSON"] });
  const text = "?q=Barack+Obama+in+Chicago";
  const found = await recogniser.recognise(text, "query");
  assert.deepEqual(
    found.map(({ start, end }) => text.slice(start, end)),
    ["Barack+Obama"],
  );
  assert.deepEqual(await recogniser.recognise("weather and prices", "query"), []);
});
