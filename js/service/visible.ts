/**
 * Text that strangers wrote: sellers, agents, whoever named a client. What a screen would not show, or would show somewhere
 * else, is written out, as the core does it for approvals (src/approval/view.rs): `⟨U+202E⟩`.
 */

/** A piece of a text: as it is, or a character that is written out. */
export interface Piece {
  readonly text: string;
  readonly hidden: boolean;
}

/**
 * Control characters, zero-width ones, those that turn the direction of writing, odd spaces, tags, variation selectors,
 * private use, lone surrogates; and of marks that are stacked on one letter, those beyond the third.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: marks that stand alone are what is looked for
  /[\p{Cc}\p{Cs}\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\u{f0000}-\u{10ffff}]|(?<=\p{M}{3})\p{M}/gu;

const named = (character: string): string =>
  `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;

/** The text with everything hidden in it written out. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, named);
}

/** The same in pieces, so that what is written out can be told from what somebody wrote. */
export function pieces(text: string): readonly Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    if (index > from) found.push({ text: text.slice(from, index), hidden: false });
    found.push({ text: named(character), hidden: true });
    from = index + character.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), hidden: false });
  return found;
}
