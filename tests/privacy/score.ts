// Precision and recall on the corpus: a hit is right if its kind and both its ends are.

import { type CorpusOptions, corpus, type Label, type Sample } from "./corpus.ts";

export interface Figures {
  /** How many there are. */
  readonly values: number;
  readonly precision: number;
  readonly recall: number;
}

export interface Score {
  readonly texts: number;
  /** By kind, over all texts. */
  readonly entities: Readonly<Record<string, Figures>>;
  readonly all: Figures;
  /** By encoding: how many values, and the share that is found. */
  readonly encodings: Readonly<Record<string, { readonly values: number; readonly recall: number }>>;
  /** All encoded values together. */
  readonly encoded: { readonly values: number; readonly recall: number };
  readonly negatives: { readonly texts: number; readonly flagged: number };
}

/** What a detector finds in a text, in UTF-16 code units. */
export type Find = (text: string) => readonly Label[];

interface Count {
  right: number;
  wrong: number;
  values: number;
}

/** `miss` is told of each text in which something is wrong. */
export function score(
  find: Find,
  options: CorpusOptions,
  miss?: (sample: Sample, found: readonly Label[]) => void,
): Score {
  const kinds = new Map<string, Count>();
  const forms = new Map<string, Count>();
  const of = (map: Map<string, Count>, name: string): Count => {
    const count = map.get(name) ?? { right: 0, wrong: 0, values: 0 };
    map.set(name, count);
    return count;
  };
  let [texts, negatives, flagged] = [0, 0, 0];
  for (const sample of corpus(options)) {
    const found = find(sample.text);
    texts += 1;
    let good = true;
    for (const label of sample.labels) {
      of(kinds, label.entity).values += 1;
      of(forms, sample.form).values += 1;
      if (found.some((one) => same(one, label))) {
        of(kinds, label.entity).right += 1;
        of(forms, sample.form).right += 1;
      } else good = false;
    }
    for (const one of found) {
      if (sample.labels.some((label) => same(one, label))) continue;
      of(kinds, one.entity).wrong += 1;
      good = false;
    }
    if (sample.form === "negative") {
      negatives += 1;
      if (found.length > 0) flagged += 1;
    }
    if (!good) miss?.(sample, found);
  }
  const figures = ({ right, wrong, values }: Count): Figures => ({
    values,
    precision: share(right, right + wrong),
    recall: share(right, values),
  });
  const sum = (counts: Iterable<Count>): Count =>
    [...counts].reduce(
      (a, b) => ({ right: a.right + b.right, wrong: a.wrong + b.wrong, values: a.values + b.values }),
      { right: 0, wrong: 0, values: 0 },
    );
  const encoded = [...forms].filter(([name]) => name !== "plain");
  return {
    texts,
    entities: Object.fromEntries([...kinds].map(([name, count]) => [name, figures(count)])),
    all: figures(sum(kinds.values())),
    encodings: Object.fromEntries(
      encoded.map(([name, { right, values }]) => [name, { values, recall: share(right, values) }]),
    ),
    encoded: (({ right, values }) => ({ values, recall: share(right, values) }))(
      sum(encoded.map(([, count]) => count)),
    ),
    negatives: { texts: negatives, flagged },
  };
}

function same(a: Label, b: Label): boolean {
  return a.entity === b.entity && a.start === b.start && a.end === b.end;
}

/** Four decimals, rounded down: no figure looks better than it is. */
function share(part: number, whole: number): number {
  return whole === 0 ? 1 : Math.floor((part / whole) * 10_000) / 10_000;
}
