/** A table with a caption and headings; on a phone each row becomes a block, and stays a row for a screen reader. */

import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ComponentChildren;
  readonly kind?: "number" | "when" | "text" | "wide";
  /** The cell that names the row. */
  readonly heads?: boolean;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Said where there is no row. */
  readonly none: string;
  readonly captionSeen?: boolean;
  readonly fresh?: (row: Row) => boolean;
}

export function Table<Row>({ caption, columns, rows, keyOf, none, captionSeen = false, fresh }: TableProps<Row>) {
  if (rows.length === 0) return <p class="empty">{none}</p>;
  const kindOf = ({ kind = "text" }: Column<Row>): string => (kind === "number" ? "number right" : kind);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={caption}>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: `display: block` takes them away */}
      {/* biome-ignore-start lint/a11y/useSemanticElements: they are, until `display: block` */}
      <table class="rows stack" role="table">
        <caption class={captionSeen ? "" : "unseen"}>{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.name} scope="col" role="columnheader" class={kindOf(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row" class={fresh?.(row) ? "fresh" : ""}>
              {columns.map((column) =>
                column.heads ? (
                  <th key={column.name} scope="row" role="rowheader" data-name={column.name} class={kindOf(column)}>
                    <span>{column.show(row)}</span>
                  </th>
                ) : (
                  <td key={column.name} role="cell" data-name={column.name} class={kindOf(column)}>
                    <span>{column.show(row)}</span>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/useSemanticElements: they are, until `display: block` */}
      {/* biome-ignore-end lint/a11y/noRedundantRoles: `display: block` takes them away */}
    </section>
  );
}
