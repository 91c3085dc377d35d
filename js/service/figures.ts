/**
 * Figures over time: how often each agent, client and origin was allowed, denied, asked about, paid; how long it took; and
 * the budgets as they stood. Counted as it happens, by the hour, and added to the store's now and then: figures stay right
 * where the history has forgotten the rows.
 */

import type { BudgetLine } from "../core/types.ts";
import { type Cells, cellsOf } from "../gate/cells.ts";
import type { Store } from "../stores/store.ts";
import type { BudgetSeries, Counts } from "./api.ts";
import { sumOf } from "./usd.ts";

/** The figures of one hour, one agent, one client, one origin (or facilitator). */
export interface Line {
  readonly hour: string;
  readonly agent: string;
  readonly client: string;
  readonly origin: string;
  counts: Counts;
  /** Settlements that were no success. */
  failures: number;
  /** When it was seen last, in milliseconds; and when a settlement went well, and badly. */
  seen: number;
  success: number;
  failure: number;
  /** Of decisions, and of sellers' answers: how many took up to each of `EDGES` milliseconds. */
  decided: number[];
  answered: number[];
}

export interface Happened {
  readonly agent: string;
  readonly client: string;
  readonly origin: string;
  readonly what: "allowed" | "denied" | "approval" | "captured" | "unknown";
  readonly usd?: string | null | undefined;
  readonly ms?: number | undefined;
  readonly sellerMs?: number | undefined;
  /** Denials by their reasons. */
  readonly reason?: string | undefined;
}

export interface Figures {
  note(event: Happened): void;
  lines(since: number, until: number): Promise<readonly Line[]>;
  /** Why payments were denied, per agent, of the process's own memory and the store's. */
  sample(budgets: readonly BudgetLine[]): void;
  budgets(since: number, until: number): Promise<readonly BudgetSeries[]>;
  readonly waiting: boolean;
  flush(): Promise<void>;
}

/** Milliseconds. */
export const EDGES = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
const PREFIX = "service/figures/";
const SAMPLES = "service/samples/";
const KEPT = 31 * 86_400_000;
/** Lines that one process keeps for an hour; beyond, origins are counted together as `(others)`. */
const MOST = 2_000;
/** How long lines of the hours under way, by other processes, are believed, in milliseconds. */
const FRESH = 1_000;

type Sample = readonly [
  at: number,
  lines: readonly (readonly [
    name: string,
    key: string,
    unit: string,
    window: string,
    spent: string,
    held: string,
    limit: string,
  ])[],
];

export function openFigures(store: Store, now: () => number): Figures {
  const cells: Cells = cellsOf(store);
  const process = Math.floor(Math.random() * 2 ** 24).toString(16);
  let own = new Map<string, Line>();
  let dirty = false;
  let samples: Sample[] = [];
  /** On their way to the store. */
  let writing: readonly Sample[] = [];
  let sampled = "";
  /** Hours that are over don't change any more: they are read once. */
  const past = new Map<string, readonly Line[]>();
  let recent: { readonly at: number; readonly from: string; readonly lines: readonly Line[] } | undefined;
  let known: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    const found = new Map<string, Line[]>();
    for await (const [key, lines] of cells.all<readonly Line[]>(PREFIX)) {
      const hour = key.slice(PREFIX.length, PREFIX.length + 13);
      found.set(hour, [...(found.get(hour) ?? []), ...lines]);
    }
    for (const [hour, lines] of found) past.set(hour, lines);
  }

  /** The hours that may still change: this one and the one before. */
  async function readRecent(): Promise<readonly Line[]> {
    const at = now();
    if (recent !== undefined && at - recent.at < FRESH) return recent.lines;
    const hours = [hourOf(at - 3_600_000), hourOf(at)];
    const lines: Line[] = [];
    for (const hour of hours) {
      past.delete(hour);
      for await (const [key, these] of cells.all<readonly Line[]>(PREFIX + hour)) {
        // What is counted here is newer than what was written of it.
        if (!key.endsWith(`/${process}`)) lines.push(...these);
      }
    }
    // The hour that has just ended is among those that are over.
    const [from = ""] = hours;
    if (recent !== undefined && recent.from !== from) {
      for await (const [, these] of cells.all<readonly Line[]>(PREFIX + recent.from)) {
        past.set(recent.from, [...(past.get(recent.from) ?? []), ...these]);
      }
    }
    recent = { at, from, lines };
    return lines;
  }

  return {
    note({ agent, client, origin: given, what, usd, ms, sellerMs }) {
      const at = now();
      const hour = hourOf(at);
      const origin = own.size < MOST ? given : "(others)";
      const key = JSON.stringify([hour, agent, client, origin]);
      let line = own.get(key);
      if (line === undefined) {
        line = blank(hour, agent, client, origin);
        own.set(key, line);
      }
      const spent = what === "captured" ? sumOf([line.counts.spent_usd, usd]) : line.counts.spent_usd;
      line.counts = { ...line.counts, [what]: line.counts[what] + 1, spent_usd: spent };
      line.seen = at;
      if (what === "captured") line.success = at;
      if (what === "unknown") {
        line.failures += 1;
        line.failure = at;
      }
      if (ms !== undefined) countTime(line.decided, ms);
      if (sellerMs !== undefined) countTime(line.answered, sellerMs);
      dirty = true;
    },

    async lines(since, until) {
      known ??= readAll();
      known.catch(() => {
        known = undefined;
      });
      await known;
      const others = await readRecent();
      const within = ({ hour }: Line): boolean => {
        const begins = Date.parse(`${hour}:00:00Z`);
        return begins + 3_600_000 > since && begins < until;
      };
      return [...[...past.values()].flat(), ...others, ...own.values()].filter(within);
    },

    sample(budgets) {
      const text = JSON.stringify(budgets);
      if (text === sampled) return;
      sampled = text;
      const lines = budgets
        .slice(0, 500)
        .map(
          ({ name, key, unit, window, spent, held, limit }) =>
            [name, key, unit, window, spent, held, limit ?? ""] as const,
        );
      samples.push([now(), lines]);
      dirty = true;
    },

    async budgets(since, until) {
      const all: Sample[] = [...writing, ...samples];
      for await (const [, these] of cells.all<readonly Sample[]>(SAMPLES)) all.push(...these);
      const series = new Map<
        string,
        BudgetSeries & { points: { at: string; spent: string; held: string; limit?: string }[] }
      >();
      for (const [at, lines] of all.sort(([a], [b]) => a - b)) {
        if (at < since || at >= until) continue;
        for (const [name, key, unit, window, spent, held, limit] of lines) {
          const place = JSON.stringify([name, key, unit]);
          const limited = limit === "" ? {} : { limit };
          const there = series.get(place) ?? { name, key, unit, window, points: [] };
          there.points.push({ at: new Date(at).toISOString(), spent, held, ...limited });
          series.set(place, { ...there, ...limited });
        }
      }
      return [...series.values()];
    },

    get waiting() {
      return dirty;
    },

    async flush() {
      dirty = false;
      const hour = hourOf(now());
      const taken = samples;
      samples = [];
      writing = taken;
      try {
        for (const day of new Set(taken.map(([at]) => dayOf(at)))) {
          const these = taken.filter(([at]) => dayOf(at) === day);
          await cells.change<readonly Sample[]>(`${SAMPLES}${day}/${process}`, (there = []) => ({
            value: [...there, ...these].slice(-1_440),
            expires: Date.parse(`${day}T00:00:00Z`) + KEPT,
          }));
        }
        for (const those of new Set([...own.values()].map((line) => line.hour))) {
          const lines = [...own.values()].filter((line) => line.hour === those);
          // This process alone writes this cell, and has the whole of it.
          await cells.change<readonly Line[]>(`${PREFIX}${those}/${process}`, () => ({
            value: lines,
            expires: Date.parse(`${those}:00:00Z`) + KEPT,
          }));
          if (those !== hour && those !== hourOf(now() - 3_600_000)) {
            past.set(those, [...(past.get(those) ?? []), ...lines]);
            own = new Map([...own].filter(([, line]) => line.hour !== those));
          }
        }
      } catch (error) {
        dirty = true;
        samples = [...taken, ...samples];
        throw error;
      } finally {
        writing = [];
      }
    },
  };
}

function blank(hour: string, agent: string, client: string, origin: string): Line {
  const none = { failures: 0, seen: 0, success: 0, failure: 0 };
  return { hour, agent, client, origin, ...none, counts: noCounts(), decided: noTimes(), answered: noTimes() };
}

export function noCounts(): Counts {
  return { allowed: 0, denied: 0, approval: 0, captured: 0, unknown: 0, spent_usd: "0" };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    allowed: a.allowed + b.allowed,
    denied: a.denied + b.denied,
    approval: a.approval + b.approval,
    captured: a.captured + b.captured,
    unknown: a.unknown + b.unknown,
    spent_usd: sumOf([a.spent_usd, b.spent_usd]),
  };
}

function noTimes(): number[] {
  return Array.from({ length: EDGES.length + 1 }, () => 0);
}

function countTime(times: number[], ms: number): void {
  const place = EDGES.findIndex((edge) => ms <= edge);
  const at = place < 0 ? EDGES.length : place;
  times[at] = (times[at] ?? 0) + 1;
}

/** The upper edge of the bucket that this share of the times is within; nothing where there are none. */
export function quantile(lists: readonly (readonly number[])[], share: number): number | undefined {
  const sums = EDGES.map((_, place) => lists.reduce((sum, times) => sum + (times[place] ?? 0), 0));
  const beyond = lists.reduce((sum, times) => sum + (times[EDGES.length] ?? 0), 0);
  const all = sums.reduce((sum, count) => sum + count, beyond);
  if (all === 0) return undefined;
  let seen = 0;
  for (const [place, count] of sums.entries()) {
    seen += count;
    if (seen >= all * share) return EDGES[place];
  }
  return EDGES.at(-1);
}

export function hourOf(at: number): string {
  return new Date(at).toISOString().slice(0, 13);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
