/** What figures are handed to: Prometheus or OpenTelemetry. And the bound on how many series there can be. */

import { type LabelsOf, METRICS, type Metric, type Name, type NameOf } from "./table.ts";

export type Labels = Readonly<Record<string, string>>;

/** A figure that is read when it is asked for. */
export interface Sample {
  readonly name: NameOf<"gauge">;
  readonly labels: Labels;
  readonly value: number;
}

/** Makes a sample whose labels are checked by the compiler. */
export function sample<N extends NameOf<"gauge">>(name: N, labels: LabelsOf<N>, value: number): Sample {
  return { name, labels, value };
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;
/** Adds to what a span says. */
export type Say = (attributes: Attributes) => void;

export interface Backend {
  count(name: NameOf<"counter">, labels: Labels, by: number): void;
  observe(name: NameOf<"histogram">, labels: Labels, value: number): void;
  /** Asked at each collection, for as long as what it returns has not been called. */
  gauges(read: () => Promise<readonly Sample[]>): () => void;
  /** Runs `work` in a span, where there is such a thing. */
  span<T>(name: string, attributes: Attributes, work: (say: Say) => Promise<T>): Promise<T>;
}

/** A backend whose failures are its own: a figure that can't be taken is lost, and what was to be measured goes on. */
export function harmless(backend: Backend): Backend {
  const quietly = (work: () => void): void => {
    try {
      work();
    } catch {
      // Such as a registry that somebody cleared.
    }
  };
  return {
    count: (name, labels, by) => quietly(() => backend.count(name, labels, by)),
    observe: (name, labels, value) => quietly(() => backend.observe(name, labels, value)),
    gauges: (read) => backend.gauges(read),
    async span(name, attributes, work) {
      let begun: ReturnType<typeof work> | undefined;
      try {
        return await backend.span(name, attributes, (say) => {
          begun = work((more) => quietly(() => say(more)));
          return begun;
        });
      } catch {
        // Its own error, or none that is the work's: never done twice.
        return begun ?? work(() => undefined);
      }
    },
  };
}

/** Series that one metric may have. What comes after them is counted together. */
export const MAX_SERIES = 200;
export const OTHERS = "(others)";

/**
 * Labels as they may be: of a metric's own names, short, and not more of them than a bound. The table has only labels of
 * few values; this holds, too, for a policy with thousands of budgets, or a mistake in the table.
 */
export function limiter(most = MAX_SERIES): (name: Name, labels: Labels) => Labels {
  const known = new Map<Name, Set<string>>();
  return (name, labels) => {
    const metric: Metric = METRICS[name];
    const short = metric.labels.map((label) => [label, (labels[label] ?? "").slice(0, 128)] as const);
    const series = known.get(name) ?? new Set<string>();
    known.set(name, series);
    const key = JSON.stringify(short);
    if (series.has(key)) return Object.fromEntries(short);
    if (series.size >= most) return Object.fromEntries(metric.labels.map((label) => [label, OTHERS]));
    series.add(key);
    return Object.fromEntries(short);
  };
}

/** The figures of all that are asked, those of the same series made one. */
export async function collected(
  readers: Iterable<() => Promise<readonly Sample[]>>,
  limit: (name: Name, labels: Labels) => Labels,
): Promise<readonly Sample[]> {
  const found = new Map<string, Sample>();
  const all = await Promise.all([...readers].map((read) => read()));
  for (const one of all.flat()) {
    const labels = limit(one.name, one.labels);
    const key = JSON.stringify([one.name, labels]);
    const there = found.get(key);
    const value = there === undefined ? one.value : merged(one.name, there.value, one.value);
    found.set(key, { name: one.name, labels, value });
  }
  return [...found.values()];
}

function merged(name: NameOf<"gauge">, a: number, b: number): number {
  const { merge } = METRICS[name];
  if (merge === "sum") return a + b;
  return merge === "max" ? Math.max(a, b) : Math.min(a, b);
}
