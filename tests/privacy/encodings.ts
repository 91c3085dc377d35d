// The ways in which the same value is written so that it does not look like itself.

import type { Chance } from "./random.ts";

export interface Encoding {
  readonly name: string;
  /** The kinds that it is used on. */
  readonly kinds: readonly string[];
  readonly write: (value: string, chance: Chance) => string;
  /** Where it stands, if not anywhere. */
  readonly templates?: readonly string[];
}

const NUMBERS = ["PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IP_ADDRESS", "US_ITIN", "US_PASSPORT"];
const ALL = ["EMAIL_ADDRESS", ...NUMBERS, "IBAN_CODE"];
/** Those that need no words before them: base64 has none. */
const QUERY = ["https://api.example.com/r?data=@", "/search?q=@&page=2", "https://data.example.org/x?payload=@"];

const percent = (character: string): string =>
  [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
const byCode = (value: string, from: string, zero: number): string =>
  [...value].map((sign) => (from.includes(sign) ? String.fromCodePoint(zero + from.indexOf(sign)) : sign)).join("");
const LOOKALIKES: Readonly<Record<string, string>> = {
  a: "а",
  e: "е",
  o: "о",
  c: "с",
  p: "р",
  x: "х",
  i: "і",
  j: "ј",
  s: "ѕ",
  y: "у",
};

export const encodings: readonly Encoding[] = [
  { name: "percent", kinds: ALL, write: (value) => value.replaceAll(/[^A-Za-z0-9._~-]/g, percent) },
  { name: "percent of all", kinds: ALL, write: (value) => [...value].map(percent).join("") },
  {
    name: "double percent",
    kinds: ALL,
    write: (value) => value.replaceAll(/[^A-Za-z0-9._~]/g, percent).replaceAll("%", "%25"),
  },
  {
    name: "HTML decimal",
    kinds: ALL,
    write: (value, c) =>
      [...value].map((sign) => (/[@.+ -]/.test(sign) || c.odds(0.3) ? `&#${sign.codePointAt(0)};` : sign)).join(""),
  },
  {
    name: "HTML hexadecimal",
    kinds: ALL,
    write: (value) =>
      [...value]
        .map((sign) => (/[@.+ -]|[05]/.test(sign) ? `&#x${sign.codePointAt(0)?.toString(16)};` : sign))
        .join(""),
  },
  {
    name: "base64",
    kinds: ["EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS"],
    templates: QUERY,
    write: (value) => Buffer.from(value.length < 12 ? `user ${value}` : value).toString("base64"),
  },
  {
    name: "base64url in JSON",
    kinds: ["EMAIL_ADDRESS", "IBAN_CODE"],
    templates: QUERY,
    write: (value, c) => Buffer.from(JSON.stringify({ id: c.int(99), to: value })).toString("base64url"),
  },
  {
    name: "full width",
    kinds: ALL,
    write: (value) =>
      [...value]
        .map((sign) => (/[!-~]/.test(sign) ? String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0) : sign))
        .join(""),
  },
  { name: "Arabic-Indic digits", kinds: NUMBERS, write: (value) => byCode(value, "0123456789", 0x660) },
  { name: "Devanagari digits", kinds: NUMBERS, write: (value) => byCode(value, "0123456789", 0x966) },
  { name: "mathematical digits", kinds: NUMBERS, write: (value) => byCode(value, "0123456789", 0x1d7ce) },
  {
    name: "Cyrillic letters",
    kinds: ["EMAIL_ADDRESS"],
    write: (value, c) =>
      [...value].map((sign) => (LOOKALIKES[sign] !== undefined && c.odds(0.6) ? LOOKALIKES[sign] : sign)).join(""),
  },
  {
    name: "zero width",
    kinds: ALL,
    write: (value, c) =>
      [...value]
        .map((sign, place) =>
          place > 0 && c.odds(0.3) ? `${c.pick(["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"])}${sign}` : sign,
        )
        .join(""),
  },
  {
    name: "other hyphens and spaces",
    kinds: NUMBERS,
    write: (value) => value.replaceAll("-", "\u2011").replaceAll(" ", "\u00a0"),
  },
  {
    name: "[at] and (dot)",
    kinds: ["EMAIL_ADDRESS"],
    write: (value, c) =>
      value
        .replace("@", c.pick(["[at]", " [at] ", "(at)", " (AT) ", "{at}"]))
        .replaceAll(/\.(?=[a-z-]+$)/g, () => c.pick(["[dot]", " (dot) ", "(dot)", "[.]"])),
  },
];
