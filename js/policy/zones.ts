/**
 * Time zones, for a core that has no clock and no database: for each zone that a policy names, the moments at which its
 * offset changes, as the platform's `Intl` knows them. The tables are a part of the policy, and so of its hash: what was
 * decided by them can be decided again later, on another machine with newer tables of its own.
 */

import { loadCore } from "../core/load.ts";
import type { PolicyError, ZoneTables } from "../core/types.ts";
import { PolicyInvalid } from "../errors.ts";
import { nearestWord } from "./words.ts";

type Zone = ZoneTables[string];

const MINUTE = 60_000;
/** Offsets are known from here on; before it, no payment is judged. */
const FROM = Date.UTC(2000, 0, 1);
/** Up to here; after it the core denies, until the policy is loaded anew by a newer release. */
const UNTIL = Date.UTC(2060, 0, 1);
/**
 * Three days. A zone that changes its offset and changes it back within them would not be seen; of all zones, from 2000
 * to 2060, none does: the shortest stay is a week (Boa Vista, in 2000).
 */
const STEP = 3 * 86_400_000;

const known = new Map<string, Zone>();

/**
 * The tables of all zones that a policy names. `UTC` needs none. A table that the policy has already stays, if it says
 * nothing else than what is known here. Throws `PolicyInvalid` for one that does, and for names that are no zones.
 */
export function zonesOf(document: unknown, source = "(object)"): ZoneTables {
  const zones: ZoneTables = {};
  const errors: PolicyError[] = [];
  const given = isRecord(document) && isRecord(document.zones) ? document.zones : {};
  for (const { name, path } of namedIn(document, "")) {
    if (name === "UTC" || Object.hasOwn(zones, name)) continue;
    const problem = wrongName(name);
    if (problem !== undefined) {
      errors.push({ path, message: problem });
      continue;
    }
    const own = Object.hasOwn(given, name) ? asTable(given[name]) : undefined;
    if (own !== undefined && !agrees(own, zoneTable(name))) {
      const message = `is not what is known here of \`${name}\`; leave \`zones\` out, it is filled in`;
      errors.push({ path: `zones.${name}`, message });
    }
    zones[name] = own ?? zoneTable(name);
  }
  if (errors.length > 0) throw new PolicyInvalid(source, errors);
  return zones;
}

/** A policy, as JSON text, with the tables of its zones. One that names no zone stays as it is written. */
export function withZones(json: string, source: string): string {
  // What is not good JSON goes on as it is: the core says what is wrong with it.
  if (!json.includes('"time_zone"') || loadCore().jsonError(json) !== undefined) return json;
  const document: unknown = JSON.parse(json);
  if (!isRecord(document)) return json;
  const zones = zonesOf(document, source);
  if (Object.keys(zones).length === 0) return json;
  const given = isRecord(document.zones) ? document.zones : {};
  if (Object.keys(zones).every((name) => Object.hasOwn(given, name))) return json;
  return JSON.stringify({ ...document, zones: { ...zones, ...given } });
}

/** The offsets of one zone, which must be known here. */
export function zoneTable(name: string): Zone {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const offsetAt = offsetsOf(name);
  const offsets: Zone["offsets"] = [[0, offsetAt(FROM)]];
  let before = FROM;
  let offset = offsetAt(before);
  while (before < UNTIL) {
    const after = Math.min(before + STEP, UNTIL);
    if (offsetAt(after) === offset) {
      before = after;
      continue;
    }
    // The first change after `before`, to the minute: there may be another before `after`.
    const change = firstChange(offsetAt, before, after, offset);
    offset = offsetAt(change);
    if (change < UNTIL) offsets.push([change, offset]);
    before = change;
  }
  const zone: Zone = { until: UNTIL, offsets };
  known.set(name, zone);
  return zone;
}

/** A table as a document has it; nothing where it has another form, of which the core says what is wrong. */
function asTable(value: unknown): Zone | undefined {
  const { until, offsets } = isRecord(value) ? value : {};
  const pair = (row: unknown): boolean => Array.isArray(row) && row.length === 2 && row.every(Number.isSafeInteger);
  const rows = Array.isArray(offsets) && offsets.length > 0 && offsets.every(pair);
  return Number.isSafeInteger(until) && rows ? (value as Zone) : undefined;
}

/** Whether a table says the same as ours, from its first change to its end; it may be shorter. */
function agrees(own: Zone, ours: Zone): boolean {
  const [, first] = own.offsets;
  const from = first?.[0] ?? FROM;
  const within = ({ offsets }: Zone): string => {
    const changes = offsets.filter(([at]) => at > from && at < own.until);
    return JSON.stringify([offsets.findLast(([at]) => at <= from)?.[1], ...changes]);
  };
  return own.until <= UNTIL && within(own) === within(ours);
}

function firstChange(offsetAt: (at: number) => number, from: number, to: number, offset: number): number {
  let [same, other] = [from, to];
  while (other - same > MINUTE) {
    const middle = same + Math.floor((other - same) / MINUTE / 2) * MINUTE;
    if (offsetAt(middle) === offset) same = middle;
    else other = middle;
  }
  return other;
}

/** Minutes east of UTC, by the hour. */
function offsetsOf(name: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  return (at) => {
    const text = format.format(at);
    const found = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(text);
    if (found === null) throw new Error(`the platform tells no offset of \`${name}\`: \`${text}\``);
    const [, sign, hours, minutes] = found;
    const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
    return sign === "-" ? -offset : offset;
  };
}

/** What is wrong with a name, if anything is. */
function wrongName(name: string): string | undefined {
  let canonical: string | undefined;
  try {
    // `+02:00` is an offset and no zone: it would never change.
    if (/^[A-Za-z]/.test(name))
      canonical = new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const other = canonical !== name && canonical?.toLowerCase() === name.toLowerCase();
  if (canonical !== undefined && !other) return undefined;
  const near = other ? canonical : nearestWord(name, Intl.supportedValuesOf("timeZone"));
  const hint = near === undefined ? ", such as `Europe/Berlin`" : `; did you mean \`${near}\`?`;
  return `\`${name}\` is not the name of a time zone${hint}`;
}

/** Every `time_zone` of a document, wherever it stands. */
function* namedIn(value: unknown, path: string): Generator<{ readonly name: string; readonly path: string }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* namedIn(item, `${path}[${index}]`);
  } else if (isRecord(value)) {
    for (const [key, member] of Object.entries(value)) {
      const place = path === "" ? key : `${path}.${key}`;
      if (key === "time_zone" && typeof member === "string") yield { name: member, path: place };
      else if (place !== "zones") yield* namedIn(member, place);
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
