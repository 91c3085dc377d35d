/** Sums of US dollars for people: decimal texts, added exactly. */

const UNITS = 10n ** 18n;

export function usdUnits(text: string | null | undefined): bigint {
  const found = /^(\d+)(?:\.(\d{1,18}))?$/.exec(text ?? "");
  if (found === null) return 0n;
  return BigInt(found[1] ?? "0") * UNITS + BigInt((found[2] ?? "").padEnd(18, "0"));
}

export function usdText(units: bigint): string {
  const rest = (units % UNITS).toString().padStart(18, "0").replace(/0+$/, "");
  return `${units / UNITS}${rest === "" ? "" : `.${rest}`}`;
}

export function addUsd(a: string, b: string | null | undefined): string {
  return usdText(usdUnits(a) + usdUnits(b));
}
