/**
 * People, places and organizations, found by `compromise`, an optional peer: English, by rules, without a model to load.
 * It is no match for a large model; what it misses, and what it takes for a name, is told in docs/privacy.md.
 */

import type { Recognised, Recogniser } from "./recogniser.ts";

interface Found {
  json(options: {
    offset: boolean;
  }): readonly { readonly offset?: { readonly start: number; readonly length: number } }[];
}

interface Doc {
  people(): Found;
  places(): Found;
  organizations(): Found;
}

type Compromise = (text: string) => Doc;

export interface NamesOptions {
  /** Which kinds to look for. Default: all three. */
  readonly entities?: readonly ("PERSON" | "LOCATION" | "ORGANIZATION")[];
}

/** A recogniser of names. Throws where `compromise` is not installed. */
export async function names({
  entities = ["PERSON", "LOCATION", "ORGANIZATION"],
}: NamesOptions = {}): Promise<Recogniser> {
  const nlp = await load();
  const of = { PERSON: "people", LOCATION: "places", ORGANIZATION: "organizations" } as const;
  return {
    recognise(text) {
      // In a URL, words are joined by signs and escapes; spaces in their place, as many, so that the places stay.
      const words = text.replaceAll(/%[0-9A-Fa-f]{2}|[^\p{L}\p{N}\s.,'’-]/gu, (sign) => " ".repeat(sign.length));
      const doc = nlp(words);
      return entities.flatMap((entity) =>
        doc[of[entity]]()
          .json({ offset: true })
          .flatMap((one) => placed(words, entity, one.offset)),
      );
    },
  };
}

async function load(): Promise<Compromise> {
  try {
    const module: { readonly default: unknown } = await import("compromise");
    return module.default as Compromise;
  } catch (cause) {
    throw new Error("`compromise` is not installed; `npm install compromise` brings it", { cause });
  }
}

/** Without the signs that stand at the edges of the words. */
function placed(
  text: string,
  entity: string,
  offset: { readonly start: number; readonly length: number } | undefined,
): Recognised[] {
  if (offset === undefined) return [];
  const whole = text.slice(offset.start, offset.start + offset.length);
  const inner = whole.replace(/^[^\p{L}\p{N}]+/u, "");
  const start = offset.start + whole.length - inner.length;
  const length = inner.replace(/[^\p{L}\p{N}]+$/u, "").length;
  return length === 0 ? [] : [{ entity, start, end: start + length }];
}
