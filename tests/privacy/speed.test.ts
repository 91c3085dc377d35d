// Speed, as ratios within one run: how fast a machine is says nothing about the code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, HOSTILE, measure } from "./bench.ts";
import { coreScreen } from "./reported.ts";

const p50 = (timings: ReturnType<typeof measure>, name: string): number => timings[name]?.p50 ?? Number.NaN;

const timings = measure(2_000);

test("three fields are no slower than plain expressions of the same kinds", () => {
  assert.ok(Math.abs(FIELDS.join("").length - 200) < 10);
  for (const [what, most] of [
    ["nothing in them", 1],
    // It decodes, writes over and looks again; the expressions only find.
    ["five values", 2],
  ] as const) {
    const [core, regex] = ["core", "regex"].map((who) => p50(timings, `${who}, three fields, ${what}`)) as [
      number,
      number,
    ];
    assert.ok(core <= regex * most, `${what}: ${core} µs against ${regex} µs`);
  }
});

const least = (text: string): number =>
  Math.min(
    ...Array.from({ length: 12 }, () => {
      const since = performance.now();
      coreScreen(text);
      return performance.now() - since;
    }),
  );

test("64 KB that are made to be slow cost no more than some times as many bytes of prose", () => {
  const prose = least("The report for Lisbon has 7 days, hourly, in JSON. ".repeat(1_285));
  for (const piece of HOSTILE) {
    const hostile = least(piece.repeat(65_536 / Buffer.byteLength(piece)));
    assert.ok(hostile < prose * 25, `${piece}: ${hostile} ms, and ${prose} ms for prose`);
  }
});

test("a text twice as long takes about twice as long, whatever it is made of", () => {
  for (const piece of ["a@a.", "4111 1111 ", "zoo ", "%40", "a=", "1.", "2606:", "phone 1 ", "ａ", "[at]", "&#64;"]) {
    const text = (bytes: number): string => piece.repeat(bytes / piece.length);
    const [one, four] = [least(text(24_000)), least(text(96_000))];
    assert.ok(four < one * 10 + 1, `${piece}: ${one} ms, then ${four} ms`);
  }
});
