/** What is left of each budget. */

import type { BudgetLine } from "../../../core/types.ts";
import type { Field } from "../../../service/csv.ts";
import { sumOf } from "../../../service/usd.ts";
import { inUnit, percent, share } from "../lib/money.ts";
import { Foreign, Long } from "./foreign.tsx";
import { Meter } from "./meter.tsx";
import { type Column, Table } from "./table.tsx";

export const budgetFields: readonly Field<BudgetLine>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "key", value: ({ key }) => key },
  { name: "unit", value: ({ unit }) => unit },
  { name: "window", value: ({ window }) => window },
  { name: "limit", value: ({ limit }) => limit },
  { name: "spent", value: ({ spent }) => spent },
  { name: "held", value: ({ held }) => held },
  { name: "available", value: ({ available }) => available },
];

const COLUMNS: readonly Column<BudgetLine>[] = [
  {
    name: "Budget",
    heads: true,
    show: ({ name, window, unit }) => (
      <>
        <Foreign text={name} most={64} />
        <span class="sub">{window}</span>
        {unit !== "usd" && (
          <span class="sub">
            atomic units of <Long text={unit} head={14} />
          </span>
        )}
      </>
    ),
  },
  { name: "Of", show: ({ key }) => (key === "*" ? <span class="dim">all</span> : <Foreign text={key} most={80} />) },
  { name: "Spent", kind: "number", show: ({ spent, unit }) => inUnit(spent, unit) },
  { name: "Held", kind: "number", show: ({ held, unit }) => inUnit(held, unit) },
  {
    name: "Limit",
    kind: "number",
    show: ({ limit, unit }) => <>{limit == null ? <span class="dim">none</span> : inUnit(limit, unit)}</>,
  },
  { name: "Left", kind: "number", show: ({ available, unit }) => inUnit(available, unit) },
  {
    name: "Used",
    show: ({ spent, held, limit }) => (
      <>
        <span class="number">{percent(share(sumOf([spent, held]), limit))}</span>
        <Meter spent={spent} held={held} limit={limit} />
      </>
    ),
  },
];

export const budgetId = ({ name, key, unit, window }: Pick<BudgetLine, "name" | "key" | "unit" | "window">): string =>
  JSON.stringify([name, key, unit, window]);

export function BudgetTable({ budgets, caption }: { budgets: readonly BudgetLine[]; caption: string }) {
  return (
    <Table
      caption={caption}
      columns={COLUMNS}
      rows={budgets}
      keyOf={budgetId}
      none="The policy has no budget that applies."
    />
  );
}
