/**
 * What a seller wants to know of its routes: revenue, failures, refusals and latency, by hour, route, client and tier.
 * Counted as it happens, a constant time for each event; a minute's figures are added to the store's together.
 */

import type { Cells } from "./cells.ts";

/** What happened to one request. `amount` is in atomic units. */
export interface Happened {
  readonly what: "captured" | "void" | "unresolved" | "owed" | "refused" | "free";
  readonly at: number;
  readonly route: string;
  readonly client: string;
  readonly tier?: string | undefined;
  readonly asset?: string;
  readonly amount?: string;
  /** The upstream's time, in milliseconds. */
  readonly ms?: number | undefined;
  readonly reason?: string;
}

export interface Line {
  readonly hour: string;
  readonly route: string;
  readonly client: string;
  readonly tier: string;
  readonly captured: number;
  readonly void: number;
  readonly unresolved: number;
  readonly owed: number;
  readonly refused: number;
  readonly free: number;
  /** By asset, in atomic units. */
  readonly revenue: Readonly<Record<string, string>>;
  /** How many upstream times, their sum, and how many were within 10, 32, 100, 316 ms, 1, 3.2, 10 s and beyond. */
  readonly times: number;
  readonly ms: number;
  readonly buckets: readonly number[];
}

export type By = "hour" | "route" | "client" | "tier";

export interface Insight {
  note(event: Happened): void;
  /** Brings what was counted here into the store. */
  flush(): Promise<void>;
  lines(options?: {
    readonly from?: number;
    readonly to?: number;
    readonly by?: readonly By[];
  }): Promise<readonly Line[]>;
}

/** Lines that one process keeps before they are brought away; beyond, clients are counted together as `(others)`. */
const MOST = 5_000;
const KEPT = 400 * 86_400_000;
const PREFIX = "gate/stats/";
const ALL: readonly By[] = ["hour", "route", "client", "tier"];
const EDGES = [10, 32, 100, 316, 1_000, 3_160, 10_000] as const;

export function insight(cells: Cells, process: string): Insight {
  let lines = new Map<string, Line>();

  return {
    note(event) {
      const hour = new Date(event.at).toISOString().slice(0, 13);
      const client = lines.size < MOST ? event.client : "(others)";
      const tier = event.tier ?? "";
      const key = JSON.stringify([hour, event.route, client, tier]);
      lines.set(key, counted(lines.get(key) ?? blank({ hour, route: event.route, client, tier }), event));
    },

    async flush() {
      const taken = lines;
      lines = new Map();
      for (const hour of new Set([...taken.values()].map((line) => line.hour))) {
        const these = [...taken.values()].filter((line) => line.hour === hour);
        try {
          await cells.change<readonly Line[]>(`${PREFIX}${hour}/${process}`, (there = []) => ({
            value: merged([...there, ...these], ALL),
            expires: Date.parse(`${hour}:00:00Z`) + KEPT,
          }));
        } catch (error) {
          // Not lost: they are counted with the next ones.
          for (const line of these) {
            const key = JSON.stringify([line.hour, line.route, line.client, line.tier]);
            const there = lines.get(key);
            lines.set(key, there === undefined ? line : added(there, line));
          }
          throw error;
        }
      }
    },

    async lines({ from = 0, to = Number.POSITIVE_INFINITY, by = ALL } = {}) {
      const all: Line[] = [...lines.values()];
      for await (const [, these] of cells.all<readonly Line[]>(PREFIX)) all.push(...these);
      const within = all.filter(({ hour }) => {
        const at = Date.parse(`${hour}:00:00Z`);
        return at + 3_600_000 > from && at < to;
      });
      return merged(within, by);
    },
  };
}

function blank(place: Pick<Line, By>): Line {
  const none = { captured: 0, void: 0, unresolved: 0, owed: 0, refused: 0, free: 0, times: 0, ms: 0 };
  return { ...place, ...none, revenue: {}, buckets: [0, 0, 0, 0, 0, 0, 0, 0] };
}

function counted(line: Line, { what, asset, amount, ms }: Happened): Line {
  const paid = what === "captured" && asset !== undefined && amount !== undefined;
  const revenue = paid ? { ...line.revenue, [asset]: sum(line.revenue[asset], amount) } : line.revenue;
  const next = { ...line, revenue, [what]: line[what] + 1 };
  if (ms === undefined) return next;
  const place = EDGES.findIndex((edge) => ms <= edge);
  const buckets = line.buckets.with(place < 0 ? EDGES.length : place, (line.buckets.at(place) ?? 0) + 1);
  return { ...next, times: line.times + 1, ms: line.ms + ms, buckets };
}

/** Lines with the same places are one; a place that is not asked for is left empty. */
function merged(lines: readonly Line[], by: readonly By[]): readonly Line[] {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const place = {
      hour: "",
      route: "",
      client: "",
      tier: "",
      ...Object.fromEntries(by.map((one) => [one, line[one]])),
    };
    const key = JSON.stringify(place);
    found.set(key, added(found.get(key) ?? blank(place), line));
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

function added(a: Line, b: Line): Line {
  const revenue = { ...a.revenue };
  for (const [asset, amount] of Object.entries(b.revenue)) revenue[asset] = sum(revenue[asset], amount);
  return {
    ...a,
    captured: a.captured + b.captured,
    void: a.void + b.void,
    unresolved: a.unresolved + b.unresolved,
    owed: a.owed + b.owed,
    refused: a.refused + b.refused,
    free: a.free + b.free,
    times: a.times + b.times,
    ms: a.ms + b.ms,
    revenue,
    buckets: a.buckets.map((count, place) => count + (b.buckets[place] ?? 0)),
  };
}

function sum(a: string | undefined, b: string): string {
  return String(BigInt(a ?? "0") + BigInt(b));
}
