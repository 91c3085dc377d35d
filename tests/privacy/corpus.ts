// The labelled corpus: texts of the shape that x402 carries, each with what is in it, from a seed. Half of them have
// nothing in them that anybody should find, and look as if they had.

import { encodings } from "./encodings.ts";
import { NEGATIVES, SENTENCES } from "./negatives.ts";
import { type Chance, chance } from "./random.ts";
import { KINDS } from "./values.ts";

export interface Label {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
}

export interface Sample {
  readonly text: string;
  readonly labels: readonly Label[];
  /** `plain`, an encoding's name, or `negative`. */
  readonly form: string;
  /** What kind of hard negative it is. */
  readonly kind?: string;
}

/** Where a value may stand; `@` is its place. In a query its name comes from its own label, where it has one. */
const TEMPLATES: readonly string[] = [
  "https://api.example.com/report?q=@&limit=10",
  "https://data.example.org/v1/search?user=@",
  "/lookup?who=@&format=json",
  "Report for @ with charts",
  "Enrichment of the profile @, one call",
  "Weather for the week, requested by @.",
  "reason: the agent asked to notify @ today",
  "Dataset access granted to (@)",
  '{"resource":"https://api.example.com/x","note":"@"}',
  "lookup @",
  "@",
  "Please send the result to @, thanks",
  "level=info msg=paid subject=@ status=200",
  "Translation job 12 of 40 about @ and its history",
];
/** Templates for values that say by themselves what they are, by the words before. */
const LABELLED: readonly string[] = [
  "https://api.example.com/report?limit=10&@",
  "Background check, @ for the file",
  "Identity report: @",
  "@",
  "the user gave @ when asked",
  '{"description":"check @"}',
];

export interface CorpusOptions {
  readonly seed: number;
  /** How many with something in them, and as many without. */
  readonly each: number;
}

export function* corpus({ seed, each }: CorpusOptions): Generator<Sample> {
  const c = chance(seed);
  for (let count = 0; count < each; count++) {
    yield positive(c);
    yield negative(c);
  }
}

function positive(c: Chance): Sample {
  const entity = weighted(c);
  const { text: value, label = "" } = (KINDS[entity] as (typeof KINDS)[string]).make(c);
  const possible = encodings.filter(({ kinds }) => kinds.includes(entity));
  const encoding = c.odds(0.35) && possible.length > 0 ? c.pick(possible) : undefined;
  const template =
    encoding?.templates === undefined
      ? label === ""
        ? c.pick(TEMPLATES)
        : c.pick(
            label.endsWith("=")
              ? [LABELLED[0] as string, LABELLED[3] as string]
              : label.endsWith('"')
                ? ['{@"}']
                : LABELLED.slice(1),
          )
      : c.pick(encoding.templates);
  const written = encoding?.write(value, c) ?? value;
  const before = encoding?.templates === undefined ? label : "";
  const place = template.indexOf("@");
  const text = `${template.slice(0, place)}${before}${written}${template.slice(place + 1)}`;
  const start = place + before.length;
  return { text, labels: [{ entity, start, end: start + written.length }], form: encoding?.name ?? "plain" };
}

function negative(c: Chance): Sample {
  const [kind, make] = c.pick(NEGATIVES);
  const text = make(c);
  const shown = c.odds(0.5) ? `${c.pick(SENTENCES)} ${text}` : text;
  return { text: shown, labels: [], form: "negative", kind };
}

function weighted(c: Chance): string {
  const names = Object.keys(KINDS);
  const total = names.reduce((sum, name) => sum + (KINDS[name]?.share ?? 0), 0);
  let place = c.int(total);
  for (const name of names) {
    place -= KINDS[name]?.share ?? 0;
    if (place < 0) return name;
  }
  return "EMAIL_ADDRESS";
}
