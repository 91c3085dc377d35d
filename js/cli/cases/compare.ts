/** What was wanted beside what came, place by place. */

import type { Json } from "./read.ts";

export interface Difference {
  /** Such as `fix.max_amount_usd`. */
  readonly place: string;
  readonly wanted: Json;
  /** Nothing, if the answer does not have it. */
  readonly got: Json | undefined;
}

/** Everything in `want` has to be in `got`; `null` must not be there. Lists are equally long. */
export function compare(want: Json, got: Json | undefined, place = ""): readonly Difference[] {
  const inside = (name: string | number): string => (place === "" ? String(name) : `${place}.${name}`);
  if (Array.isArray(want) && Array.isArray(got) && want.length === got.length) {
    return want.flatMap((item, index) => compare(item, got[index], inside(index)));
  }
  if (isTable(want) && isTable(got)) {
    return Object.entries(want).flatMap(([name, member]) =>
      compare(member, Object.hasOwn(got, name) ? got[name] : undefined, inside(name)),
    );
  }
  return want === got || (want === null && got === undefined) ? [] : [{ place, wanted: want, got }];
}

/** `reason: wanted "allowed", got "budget_exceeded"`. */
export function told({ place, wanted, got }: Difference): string {
  const show = (value: Json | undefined): string =>
    value === undefined || value === null ? "nothing" : JSON.stringify(value);
  return `${place === "" ? "the answer" : place}: wanted ${show(wanted)}, got ${show(got)}`;
}

function isTable(value: Json | undefined): value is { readonly [member: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
