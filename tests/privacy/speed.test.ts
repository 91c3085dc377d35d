// Speed, as ratios within one run: how fast a machine is says nothing about the code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, measure } from "./bench.ts";
import { coreFind } from "./reported.ts";

const p50 = (timings: ReturnType<typeof measure>, name: string): number => timings[name]?.p50 ?? Number.NaN;

test("three fields are no slower than plain expressions of the same kinds", () => {
  assert.ok(Math.abs(FIELDS.join("").length - 200) < 10);
  const timings = measure(2_000);
  const [core, regex] = ["core", "regex"].map((who) => p50(timings, `${who}, three fields, nothing in them`)) as [
    number,
    number,
  ];
  assert.ok(core <= regex, `${core} µs against ${regex} µs`);
});

test("a text twice as long takes about twice as long, whatever it is made of", () => {
  for (const piece of ["a@a.", "4111 1111 ", "zoo ", "%40", "a=", "1.", "2606:", "phone 1 ", "ａ", "[at]", "&#64;"]) {
    const text = (bytes: number): string => piece.repeat(bytes / piece.length);
    const least = (sample: string): number =>
      Math.min(
        ...Array.from({ length: 12 }, () => {
          const since = performance.now();
          coreFind(sample);
          return performance.now() - since;
        }),
      );
    const [one, four] = [least(text(24_000)), least(text(96_000))];
    assert.ok(four < one * 10 + 1, `${piece}: ${one} ms, then ${four} ms`);
  }
});
