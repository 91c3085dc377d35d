/** Tables as CSV (RFC 4180). A field that a spreadsheet would take for a formula is written as text. */

export function csvOf(rows: readonly object[], columns: readonly string[]): string {
  const lines = rows.map((row) =>
    columns.map((name) => field((row as Readonly<Record<string, unknown>>)[name])).join(","),
  );
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

function field(value: unknown): string {
  if (value == null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
