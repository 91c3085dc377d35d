/** What finds more than the core does: a model of people's names, or the ids of one's own company. */

/** A place where text leaves the agent. */
export type Place = "url_path" | "query" | "fragment" | "description" | "reason" | "header" | "audit" | "webhook";

export const PLACES: readonly Place[] = [
  "url_path",
  "query",
  "fragment",
  "description",
  "reason",
  "header",
  "audit",
  "webhook",
];

/** Something that was recognised: `text.slice(start, end)`. */
export interface Recognised {
  /** `PERSON`, `LOCATION`, `ORGANIZATION`, another known name, or one of your own that begins with `X_`. */
  readonly entity: string;
  readonly start: number;
  readonly end: number;
}

export interface Recogniser {
  /** Finds what it knows in a text. One that throws has found what nobody may see: the request is denied. */
  recognise(text: string, place: Place): readonly Recognised[] | Promise<readonly Recognised[]>;
}

/** A recogniser of what a pattern matches, such as the ids of one's own company. */
export function patternRecogniser(entity: string, pattern: RegExp): Recogniser {
  const flags = pattern.flags.includes("g") ? pattern.flags : `${pattern.flags}g`;
  return {
    recognise: (text) =>
      [...text.matchAll(new RegExp(pattern.source, flags))]
        .filter(([found]) => found !== "")
        .map(({ 0: found, index }) => ({ entity, start: index, end: index + found.length })),
  };
}
