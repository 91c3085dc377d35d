/** Time zones as tables: known changes of known zones, and the platform's own word at random moments. */

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../js/core/inline.ts";
import { PolicyInvalid } from "../../js/errors.ts";
import { withZones, zonesOf, zoneTable } from "../../js/policy/zones.ts";
import { readPolicy } from "../../js/policy-source.ts";

const at = (text: string): number => Date.parse(text);

function offset(name: string, moment: string): number | undefined {
  return zoneTable(name).offsets.findLast(([from]) => from <= at(moment))?.[1];
}

/** Each change: the minute before it, the minute of it. */
const CHANGES = [
  ["Europe/Berlin", "2026-03-29T01:00Z", 60, 120],
  ["Europe/Berlin", "2026-10-25T01:00Z", 120, 60],
  ["America/New_York", "2006-04-02T07:00Z", -300, -240],
  ["America/New_York", "2007-03-11T07:00Z", -300, -240],
  ["America/New_York", "2026-11-01T06:00Z", -240, -300],
  ["America/Sao_Paulo", "2018-11-04T03:00Z", -180, -120],
  ["America/Sao_Paulo", "2019-02-17T02:00Z", -120, -180],
  ["Australia/Lord_Howe", "2026-04-04T15:00Z", 660, 630],
  ["Australia/Lord_Howe", "2026-10-03T15:30Z", 630, 660],
  ["Africa/Casablanca", "2018-05-13T02:00Z", 60, 0],
  ["Africa/Casablanca", "2018-06-17T02:00Z", 0, 60],
  ["Pacific/Apia", "2011-12-30T10:00Z", -600, 840],
  // Back after a week: the shortest stay of all.
  ["America/Boa_Vista", "2000-10-08T04:00Z", -240, -180],
  ["America/Boa_Vista", "2000-10-15T03:00Z", -180, -240],
] as const;

test("known changes, to the minute", () => {
  for (const [name, moment, before, after] of CHANGES) {
    const { offsets } = zoneTable(name);
    assert.ok(
      offsets.some(([from]) => from === at(moment)),
      `${name} has no change at ${moment}`,
    );
    const minuteBefore = new Date(at(moment) - 60_000).toISOString();
    assert.deepEqual([offset(name, minuteBefore), offset(name, moment)], [before, after], `${name} at ${moment}`);
  }
});

test("a zone without changes is one row, and no change is listed twice", () => {
  assert.deepEqual(zoneTable("Asia/Kolkata").offsets, [[0, 330]]);
  assert.deepEqual(zoneTable("Etc/UTC").offsets, [[0, 0]]);
  const saoPaulo = zoneTable("America/Sao_Paulo");
  assert.equal(saoPaulo.offsets.at(-1)?.[0], at("2019-02-17T02:00Z"), "Brazil has had no summer time since");
  for (const name of ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca"]) {
    const { offsets } = zoneTable(name);
    for (const [index, row] of offsets.entries()) assert.notEqual(row[1], offsets[index - 1]?.[1], `${name} ${index}`);
  }
});

test("at 2,000 random moments a table says what the platform says", () => {
  const names = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza"];
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  let compared = 0;
  for (const name of names) {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    const { offsets } = zoneTable(name);
    for (let i = 0; i < 400; i++) {
      const moment = at("2000-01-01T00:00Z") + Math.floor((random() * 60 * 365.25 - 15) * 1440) * 60_000;
      if (moment < at("2000-01-01T00:00Z")) continue;
      const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
      const wanted = (Date.UTC(year, month - 1, day, hour, minute) - moment) / 60_000;
      const found = offsets.findLast(([from]) => from <= moment)?.[1];
      assert.equal(found, wanted, `${name} at ${new Date(moment).toISOString()}`);
      compared += 1;
    }
  }
  assert.ok(compared > 1_950, `${compared}`);
});

test("every zone of a policy is found, wherever it is named", () => {
  const zones = zonesOf({
    budgets: [{ name: "a", time_zone: "Europe/Berlin", when: { time_zone: "Asia/Kolkata" } }, { time_zone: "UTC" }],
    rates: [{ time_zone: "America/New_York" }],
    rules: [{ when: { time_zone: "Australia/Lord_Howe" } }],
    schedule: { time_zone: "Africa/Casablanca" },
  });
  assert.deepEqual(Object.keys(zones).sort(), [
    "Africa/Casablanca",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
  ]);
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof PolicyInvalid, String(error));
    return error.errors.map(({ path, message }) => `${path}: ${message}`).join("\n");
  }
  return assert.fail("it was taken");
}

test("a zone that nobody knows is an error with the nearest one, and every one is told", () => {
  const message = messageOf(() =>
    zonesOf({
      schedule: { time_zone: "Europe/Berln" },
      rates: [{ time_zone: "europe/berlin" }, { time_zone: "+02:00" }],
    }),
  );
  assert.match(
    message,
    /^schedule\.time_zone: `Europe\/Berln` is not the name of a time zone; did you mean `Europe\/Ber/,
  );
  assert.match(message, /^rates\[0\]\.time_zone: `europe\/berlin` .*did you mean `Europe\/Berlin`\?$/m);
  assert.match(message, /^rates\[1\]\.time_zone: `\+02:00` is not/m);
});

const BASE = { payment: { max_usd: "1" } };

test("a policy gets its tables before it is hashed; one that names no zone stays as it is written", () => {
  const read = readPolicy({ ...BASE, schedule: { hours: ["09:00-17:00"], time_zone: "Europe/Berlin" } });
  assert.deepEqual(JSON.parse(read.json).zones, { "Europe/Berlin": zoneTable("Europe/Berlin") });
  const text = '{ "payment": { "max_usd": 1.50 } }';
  assert.equal(withZones(text, "(text)"), text);
  const twice = '{"payment":{"max_usd":"1"},"schedule":{"time_zone":"Europe/Berlin"},"schedule":{}}';
  assert.match(
    messageOf(() => readPolicy(twice)),
    /schedule/,
  );
});

test("tables that are there already stay, if they say nothing else than what is known here", () => {
  const schedule = { hours: ["09:00-17:00"], time_zone: "Europe/Berlin" };
  const whole = zoneTable("Europe/Berlin");
  const taken = (table: object): void => {
    const zones = { "Europe/Berlin": table };
    assert.deepEqual(JSON.parse(readPolicy({ ...BASE, schedule, zones }).json).zones, zones);
  };
  const refused = (table: object): void =>
    assert.match(
      messageOf(() => readPolicy({ ...BASE, schedule, zones: { "Europe/Berlin": table } })),
      /^zones\.Europe\/Berlin: is not what is known here/,
    );
  taken(whole);
  // A part of it, as one writes it by hand for a test.
  const [spring, autumn] = [at("2026-03-29T01:00Z"), at("2026-10-25T01:00Z")];
  const until = at("2027-01-01T00:00Z");
  taken({
    until,
    offsets: [
      [0, 60],
      [spring, 120],
      [autumn, 60],
    ],
  });
  refused({
    until,
    offsets: [
      [0, 60],
      [spring, 120],
    ],
  });
  refused({
    until,
    offsets: [
      [0, 60],
      [spring, 120],
      [autumn + 3_600_000, 60],
    ],
  });
  refused({
    until,
    offsets: [
      [0, 60],
      [spring, 90],
      [autumn, 60],
    ],
  });
  refused({ until: whole.until, offsets: [[0, 60]] });
  refused({ ...whole, until: whole.until + 1 });
  // One of another form is for the core to refuse.
  const form = messageOf(() => readPolicy({ ...BASE, schedule, zones: { "Europe/Berlin": { until, offsets: [] } } }));
  assert.match(form, /^zones\.Europe\/Berlin: expected `until` and rising `offsets`/);
});

test("a zone costs something once, and nothing after", () => {
  zoneTable("Europe/Paris");
  let since = performance.now();
  zoneTable("America/Denver");
  const first = performance.now() - since;
  since = performance.now();
  for (let i = 0; i < 1_000; i++) zoneTable("America/Denver");
  const again = performance.now() - since;
  assert.ok(again < first, `${first.toFixed(2)} ms, then ${again.toFixed(2)} ms for a thousand`);
});
