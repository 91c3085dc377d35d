/** Money as decimal texts, and sums of it as bigint: for the service and for its dashboard. */

/** Its sign, what stands before the point, and what after. */
export const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Dollars come with at most so many decimals. */
export const PLACES = 18;

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

/** The sum of those that are amounts. */
export function sumOf(texts: readonly (string | null | undefined)[]): string {
  return decimal(texts.reduce((total, text) => total + (units(text) ?? 0n), 0n));
}
