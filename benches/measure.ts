/**
 * Measuring on a machine where others work too: the columns of a row take turns, pass by pass, and a column's figure is the
 * median of its passes. A ratio is taken within each pass, between neighbours in time, and then the median of those.
 */

import { Bench } from "tinybench";

/** One column of a row. */
export interface Task {
  readonly name: string;
  /** The work that is measured; as often as `batch` says, where it is too short for a clock. */
  readonly run?: () => unknown;
  /** What has to be done after each run, and is not measured. */
  readonly after?: (() => unknown) | undefined;
  readonly batch?: number;
  /** Instead of all that: one pass that is measured elsewhere, in microseconds. */
  readonly sample?: (effort: Effort) => Promise<{ readonly p50: number; readonly p99: number }>;
}

/** Microseconds. */
export interface Figure {
  readonly p50: number;
  readonly p99: number;
  /** The medians of the passes, in their order. */
  readonly passes: readonly number[];
}

export interface Effort {
  readonly passes: number;
  /** Milliseconds for each column in each pass. */
  readonly ms: number;
  /** Runs of each column in each pass, at least. */
  readonly least: number;
}

export const LONG: Effort = { passes: 5, ms: 120, least: 20 };

export async function measure(tasks: readonly Task[], effort: Effort): Promise<Readonly<Record<string, Figure>>> {
  const seen = new Map<string, { readonly p50: number; readonly p99: number }[]>();
  for (let pass = 0; pass <= effort.passes; pass++) {
    // Each pass begins with another column, so that none is always the one after the pause.
    const turn = tasks.map((_, at) => tasks[(at + pass) % tasks.length] as Task);
    for (const task of turn) {
      const figure = await once(task, effort);
      // The first pass warms up.
      if (pass > 0) seen.set(task.name, [...(seen.get(task.name) ?? []), figure]);
    }
  }
  return Object.fromEntries(
    [...seen].map(([name, figures]) => [
      name,
      {
        p50: median(figures.map(({ p50 }) => p50)),
        p99: median(figures.map(({ p99 }) => p99)),
        passes: figures.map(({ p50 }) => p50),
      },
    ]),
  );
}

async function once({ name, run = () => undefined, after, batch = 1, sample }: Task, effort: Effort) {
  if (sample !== undefined) return sample(effort);
  const { ms, least } = effort;
  const bench = new Bench({ time: ms, iterations: least, warmup: false, throws: true });
  bench.add(
    name,
    async () => {
      const since = performance.now();
      if (batch === 1) await run();
      else for (let n = 0; n < batch; n++) run();
      const overriddenDuration = performance.now() - since;
      if (after !== undefined) await after();
      return { overriddenDuration };
    },
    { async: true },
  );
  const [task] = await bench.run();
  const result = task?.result;
  if (result === undefined || !("latency" in result)) throw new Error(`${name} was not measured`);
  const each = (value: number): number => (value * 1_000) / batch;
  return { p50: each(result.latency.p50), p99: each(result.latency.p99) };
}

/** How much longer one takes than the other: the median over the passes. */
export function ratio(one: Figure | undefined, other: Figure | undefined): number {
  if (one === undefined || other === undefined) return Number.NaN;
  return median(one.passes.map((value, at) => value / (other.passes[at] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
