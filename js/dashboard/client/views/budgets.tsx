/** What is left of each budget, and how it came to that. */

import { useMemo } from "preact/hooks";
import type { BudgetSeries } from "../../../service/api.ts";
import { sumOf } from "../../../service/usd.ts";
import { visible } from "../../../service/visible.ts";
import { call } from "../lib/api.ts";
import { useLoad } from "../lib/load.ts";
import { inUnit } from "../lib/money.ts";
import { BudgetTable, budgetFields, budgetId } from "../parts/budget-table.tsx";
import { Chart, type Series } from "../parts/chart.tsx";
import { Export, Filters, Search } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found, Period, period } from "../parts/period.tsx";

/** So many pictures at once; the search finds the others. */
const MOST = 12;

export function Budgets() {
  const budgets = useLoad(async (signal) => (await call("GET /v1/budgets", { signal })).budgets, "budgets");
  const series = useLoad(
    async (signal) => (await call("GET /v1/budgets/series", { signal, query: { since: period().since() } })).series,
    `budgets/series ${period().key}`,
  );
  const lines = budgets.data?.filter(({ name, key, unit }) => found(name, key, unit)) ?? [];
  const drawn = series.data?.filter(({ name, key, unit }) => found(name, key, unit)) ?? [];
  return (
    <Page
      title="Budgets"
      about="A payment counts from the moment it is held. What is unknown stays held until there is proof."
    >
      <Card>
        <Filters>
          <Search label="Search" hint="budget, agent, client …" />
          <Period />
          <span class="grow" />
          <Export name="budgets" rows={() => lines} fields={budgetFields} />
        </Filters>
        <Failed failure={budgets.failure} what="No budgets" />
        {budgets.data === undefined ? (
          budgets.failure === undefined && <Waiting />
        ) : (
          <BudgetTable budgets={lines} caption="Budgets now" />
        )}
      </Card>
      <Failed failure={series.failure} what="No history" />
      <div class="columns">
        {drawn.slice(0, MOST).map((one) => (
          <BudgetChart key={budgetId(one)} series={one} />
        ))}
      </div>
      {drawn.length > MOST && (
        <p class="dim">{drawn.length - MOST} more are not drawn: search for the one that you want.</p>
      )}
    </Page>
  );
}

const SERIES: readonly Series[] = [
  { name: "spent", tone: "accent", kind: "steps" },
  { name: "spent and held", tone: "dim", kind: "outline" },
  { name: "limit", tone: "bad", kind: "limit" },
];

function BudgetChart({ series: { name, key, unit, window, limit, points } }: { series: BudgetSeries }) {
  const show = useMemo(() => (value: string) => inUnit(value, unit), [unit]);
  const drawn = useMemo(
    () =>
      points.map(({ at, spent, held, limit: then }) => ({
        at: Date.parse(at),
        values: [spent, sumOf([spent, held]), then ?? limit ?? null],
      })),
    [points, limit],
  );
  return (
    <section class="card">
      <div class="title">
        <h2>
          <Foreign text={name} most={64} /> {key !== "*" && <Foreign text={key} most={64} />}
        </h2>
        <span class="dim">{window}</span>
      </div>
      <Chart
        label={visible(`${name} of ${key === "*" ? "all" : key}, ${period().words}`)}
        series={SERIES}
        points={drawn}
        show={show}
        height={170}
      />
    </section>
  );
}
