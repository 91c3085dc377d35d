/**
 * A table as CSV (RFC 4180), for the service and for its dashboard. A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage
 * return for a formula, and sellers and agents choose texts: such a cell gets an apostrophe before it.
 */

import { visible } from "./visible.ts";

export interface Field<Row> {
  readonly name: string;
  readonly value: (row: Row) => string | number | boolean | null | undefined;
}

/** Also the wide forms, which some spreadsheets read as the narrow ones, and after spaces, which some leave out. */
const FORMULA = /^[\s\p{C}]*[=+\-@＝＋－＠|%]/u;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** One cell: quoted, its hidden characters written out, and never a formula. */
export function cell(value: string | number | boolean | null | undefined): string {
  const text = value == null ? "" : String(value);
  const shown = visible(text);
  const safe = !NUMBER.test(text) && (FORMULA.test(text) || FORMULA.test(shown)) ? `'${shown}` : shown;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** The rows below a line of names. */
export function csv<Row>(rows: readonly Row[], fields: readonly Field<Row>[]): string {
  const lines = [
    fields.map(({ name }) => cell(name)),
    ...rows.map((row) => fields.map(({ value }) => cell(value(row)))),
  ];
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}
