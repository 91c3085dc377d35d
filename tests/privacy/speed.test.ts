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

function took(text: string): number {
  const since = performance.now();
  coreScreen(text);
  return performance.now() - since;
}

/** The least that each takes, in turns, in milliseconds. What is too slow is measured twice more: others work here, too. */
function within(most: number, what: string, text: string, than: string): void {
  let [one, other] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let attempt = 0; attempt < 3; attempt++) {
    for (let pass = 0; pass < 12; pass++) {
      one = Math.min(one, took(text));
      other = Math.min(other, took(than));
    }
    if (one < other * most) return;
  }
  assert.fail(`${what}: ${one} ms, against ${other} ms; ${most} times as long is the most`);
}

test("64 KB that are made to be slow cost no more than some times as many bytes of prose", () => {
  const prose = "The report for Lisbon has 7 days, hourly, in JSON. ".repeat(1_285);
  for (const piece of HOSTILE) within(25, piece, piece.repeat(65_536 / Buffer.byteLength(piece)), prose);
});

test("a text four times as long takes about four times as long, whatever it is made of", () => {
  for (const piece of ["a@a.", "4111 1111 ", "zoo ", "%40", "a=", "1.", "2606:", "phone 1 ", "ａ", "[at]", "&#64;"]) {
    const text = (bytes: number): string => piece.repeat(bytes / piece.length);
    within(10, piece, text(96_000), text(24_000));
  }
});
