/** A row of a store's table as a cell: what all stores with tables read, and what they refuse to read. */

import { isExpired, type StoredCell, StoreError } from "./store.ts";

/** The cell at `now`: absent where there is no row, or where its time is over. Throws `schema` for what is no cell. */
export function asCell(key: string, row: unknown, now: number): StoredCell {
  // No row is undefined in some of the libraries and null in others.
  if (row === undefined || row === null) return { key, version: 0, value: null };
  const { version, value, expires } = row as { version: unknown; value: unknown; expires: unknown };
  if (isExpired(expires === null ? null : wholeNumber(expires), now)) return { key, version: 0, value: null };
  if (typeof value !== "string") throw new StoreError("schema", `a value in the ledger is not text: \`${key}\``);
  return { key, version: wholeNumber(version), value };
}

/** Some databases give bigints, and some round what is above 2^53. Neither gets past here unseen. */
export function wholeNumber(value: unknown): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  throw new StoreError("schema", `the ledger has a number out of range: \`${String(value)}\``);
}
