/** Sellers and facilitators, as they look from here. */

import type { SellerRow } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { call } from "../lib/api.ts";
import { useLoad } from "../lib/load.ts";
import { dollars, percent } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { lasting } from "../lib/time.ts";
import { StatusBadge } from "../parts/badge.tsx";
import { asked, Export, Filters, Search, Select } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found, Period, period } from "../parts/period.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { When } from "../parts/when.tsx";

const FIELDS: readonly Field<SellerRow>[] = [
  { name: "kind", value: ({ kind }) => kind },
  { name: "name", value: ({ name }) => name },
  { name: "payments", value: ({ payments }) => payments },
  { name: "failures", value: ({ failures }) => failures },
  { name: "uptime", value: ({ uptime }) => uptime },
  { name: "latency_p50_ms", value: ({ latency_ms }) => latency_ms?.p50 },
  { name: "latency_p95_ms", value: ({ latency_ms }) => latency_ms?.p95 },
  { name: "spent_usd", value: ({ spent_usd }) => spent_usd },
  { name: "last_success", value: ({ last_success }) => last_success },
  { name: "last_failure", value: ({ last_failure }) => last_failure },
  { name: "breaker", value: ({ breaker }) => breaker },
];

const COLUMNS: readonly Column<SellerRow>[] = [
  {
    name: "Name",
    kind: "wide",
    heads: true,
    show: ({ name, kind }) => (
      <>
        {kind === "seller" ? (
          <a href={hrefOf([], { origin: name })}>
            <Foreign text={name} most={120} />
          </a>
        ) : (
          <Foreign text={name} most={120} />
        )}
        <span class="sub">{kind}</span>
      </>
    ),
  },
  {
    name: "Uptime",
    kind: "number",
    show: ({ uptime }) => percent(uptime === undefined ? undefined : Math.floor(uptime * 1000)),
  },
  { name: "Payments", kind: "number", show: ({ payments }) => payments },
  { name: "Failures", kind: "number", show: ({ failures }) => failures },
  {
    name: "Answers in",
    kind: "number",
    show: ({ latency_ms }) =>
      latency_ms === undefined ? (
        <span class="dim">–</span>
      ) : (
        <>
          {lasting(latency_ms.p50)}
          <span class="sub">p95 {lasting(latency_ms.p95)}</span>
        </>
      ),
  },
  { name: "Spent", kind: "number", show: ({ spent_usd }) => dollars(spent_usd) },
  {
    name: "Last success",
    kind: "when",
    show: ({ last_success, last_failure }) => (
      <>
        <When at={last_success} as="around" />
        {last_failure !== undefined && (
          <span class="sub">
            failed <When at={last_failure} as="around" />
          </span>
        )}
      </>
    ),
  },
  { name: "Breaker", show: ({ breaker }) => <StatusBadge status={breaker} /> },
];

export function Sellers() {
  const { data, failure } = useLoad(
    async (signal) => (await call("GET /v1/sellers", { signal, query: { since: period().since() } })).sellers,
    `sellers ${period().key}`,
  );
  const kind = asked("kind");
  const rows = (data ?? []).filter((row) => (kind === "" || row.kind === kind) && found(row.name, row.breaker));
  return (
    <Page
      title="Sellers"
      about="Sellers and facilitators as seen from here: by how payments to them ended, and how long they took."
    >
      <Card>
        <Filters>
          <Search label="Search" hint="origin, breaker" />
          <Select
            label="Show"
            name="kind"
            options={[
              ["", "sellers and facilitators"],
              ["seller", "sellers"],
              ["facilitator", "facilitators"],
            ]}
          />
          <Period />
          <span class="grow" />
          <Export name="sellers" rows={() => rows} fields={FIELDS} />
        </Filters>
        <Failed failure={failure} what="No sellers" />
        {data === undefined ? (
          failure === undefined && <Waiting />
        ) : (
          <Table
            caption="Sellers and facilitators"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ kind, name }) => `${kind} ${name}`}
            none="Nobody was paid in this time."
          />
        )}
      </Card>
    </Page>
  );
}
