// Chance from a seed: the same seed gives the same corpus, everywhere.

export interface Chance {
  /** A whole number from 0 up to, but not including, `below`. */
  int(below: number): number;
  /** One of a list. */
  pick<T>(list: readonly T[]): T;
  /** True so often, from 0 to 1. */
  odds(share: number): boolean;
  /** Some signs of an alphabet. */
  text(length: number, alphabet: string): string;
  /** `#` becomes a digit, `N` one from 2 to 9, `Z` one from 1 to 9; everything else stays. */
  digits(form: string): string;
}

/** Xorshift over 32 bits, seeded by a hash of the number. */
export function chance(seed: number): Chance {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ 0x2545f491) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let i = 0; i < 16; i++) next();
  const int = (below: number): number => Math.floor((next() / 0x1_0000_0000) * below);
  const text = (length: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet[int(alphabet.length)]).join("");
  return {
    int,
    pick: (list) => list[int(list.length)] as (typeof list)[number],
    odds: (share) => int(1_000_000) < share * 1_000_000,
    text,
    digits: (form) =>
      form.replaceAll(/[#NZ]/g, (sign) => String(sign === "#" ? int(10) : sign === "N" ? 2 + int(8) : 1 + int(9))),
  };
}

export const DIGITS = "0123456789";
export const HEX = "0123456789abcdef";
export const LETTERS = "abcdefghijklmnopqrstuvwxyz";
export const CAPITALS = LETTERS.toUpperCase();
export const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
export const BASE64URL = `${CAPITALS}${LETTERS}${DIGITS}-_`;
export const ALNUM = `${CAPITALS}${LETTERS}${DIGITS}`;
