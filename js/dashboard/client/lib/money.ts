/** Money for people to read. A number is only made of it to place a pixel. */

import { DECIMAL, decimal, PLACES, units } from "../../../service/usd.ts";

/** Atomic units of an asset as whole tokens; as they are where nobody knows its decimals. */
export function tokens(atomic: string, decimals: number | null | undefined): string {
  return decimals == null || !/^\d+$/.test(atomic) ? atomic : decimal(BigInt(atomic), decimals);
}

/** `1234567.5` → `1,234,567.50`: at least two places, and none of those that are there is dropped. */
export function grouped(text: string, least = 2): string {
  const [, sign = "", whole = "", fraction = ""] = text.match(DECIMAL) ?? [];
  if (whole === "") return text;
  const places = fraction.replace(/0+$/, "").padEnd(least, "0");
  return `${sign}${whole.replaceAll(/\B(?=(\d{3})+$)/g, ",")}${places === "" ? "" : `.${places}`}`;
}

/** `$1,234.50`; a dash where there is no price. */
export function dollars(text: string | null | undefined): string {
  if (text == null) return "–";
  return text.startsWith("-") ? `-$${grouped(text.slice(1))}` : `$${grouped(text)}`;
}

/** For a large figure: from a dollar on in whole cents, and never less than it is. */
export function headline(text: string): string {
  const value = units(text);
  const cent = 10n ** BigInt(PLACES - 2);
  if (value === undefined || value < 100n * cent) return dollars(text);
  return dollars(decimal(((value + cent - 1n) / cent) * cent));
}

/** An amount in a budget's unit: dollars, or atomic units of an asset. */
export function inUnit(text: string | null | undefined, unit: string): string {
  if (text == null) return "–";
  return unit === "usd" ? dollars(text) : grouped(text, 0);
}

/** How much of `whole` it is, in thousandths and never less than it is; undefined where there is no whole. */
export function share(part: string | null | undefined, whole: string | null | undefined): number | undefined {
  const [a, b] = [units(part), units(whole)];
  if (a === undefined || b === undefined) return undefined;
  if (b <= 0n) return a > 0n ? 1000 : 0;
  const thousandths = (a * 1000n + b - 1n) / b;
  return Number(thousandths > 9999n ? 9999n : thousandths);
}

/** `815` → `81.5 %`. */
export function percent(thousandths: number | undefined): string {
  if (thousandths === undefined) return "–";
  return `${thousandths >= 9999 ? "> " : ""}${(thousandths / 10).toFixed(thousandths % 10 === 0 ? 0 : 1)} %`;
}

/** For a chart's pixels alone. */
export const pixels = (text: string | null | undefined): number | null => (text == null ? null : Number(text));
