/** Money as decimal texts, and sums of it as bigint. A number is only made of it to place a pixel. */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Dollars come with at most so many decimals. */
const PLACES = 18;

/** In units of 10^-18, or undefined for what is no amount. */
export function units(text: string | null | undefined): bigint | undefined {
  const [, sign = "", whole = "", fraction = ""] = text?.match(DECIMAL) ?? [];
  if (whole === "" || fraction.length > PLACES) return undefined;
  const value = BigInt(whole + fraction.padEnd(PLACES, "0"));
  return sign === "-" ? -value : value;
}

/** The decimal text of units of 10^-18: no zeros at its end. */
export function decimal(value: bigint, places = PLACES): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  const fraction = digits.slice(digits.length - places).replace(/0+$/, "");
  const whole = digits.slice(0, digits.length - places);
  return `${value < 0n ? "-" : ""}${whole}${places === 0 || fraction === "" ? "" : `.${fraction}`}`;
}

/** Atomic units of an asset as whole tokens; as they are where nobody knows its decimals. */
export function tokens(atomic: string, decimals: number | null | undefined): string {
  return decimals == null || !/^\d+$/.test(atomic) ? atomic : decimal(BigInt(atomic), decimals);
}

/** The sum of those that are amounts. */
export function sum(texts: readonly (string | null | undefined)[]): string {
  return decimal(texts.reduce((total, text) => total + (units(text) ?? 0n), 0n));
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
