/** Circuit breakers: who is not called for now, because it failed too often in a row. */

import type { BreakerRow } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { call } from "../lib/api.ts";
import { useLoad } from "../lib/load.ts";
import { hrefOf } from "../lib/route.ts";
import { me } from "../lib/session.ts";
import { lasting } from "../lib/time.ts";
import { StatusBadge } from "../parts/badge.tsx";
import { asked, Export, Filters, Search, Select } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found } from "../parts/period.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { When } from "../parts/when.tsx";

const FIELDS: readonly Field<BreakerRow>[] = [
  { name: "agent", value: ({ agent }) => agent },
  { name: "name", value: ({ name }) => name },
  { name: "state", value: ({ state }) => state },
  { name: "failures", value: ({ failures }) => failures },
  { name: "opened_at", value: ({ opened_at }) => opened_at },
  { name: "retry_at", value: ({ retry_at }) => retry_at },
];

const COLUMNS: readonly Column<BreakerRow>[] = [
  { name: "Origin or facilitator", kind: "wide", heads: true, show: ({ name }) => <Foreign text={name} most={120} /> },
  { name: "State", show: ({ state }) => <StatusBadge status={state} /> },
  {
    name: "Agent",
    show: ({ agent }) =>
      agent === "" ? (
        <span class="dim">all</span>
      ) : (
        <a href={hrefOf(["agents", agent])}>
          <Foreign text={agent} most={64} />
        </a>
      ),
  },
  { name: "Failures in a row", kind: "number", show: ({ failures }) => failures },
  { name: "Open since", kind: "when", show: ({ opened_at }) => <When at={opened_at} /> },
  { name: "Tried again", kind: "when", show: ({ retry_at }) => <When at={retry_at} as="around" /> },
];

export function Breakers() {
  const { data, failure } = useLoad(
    async (signal) => (await call("GET /v1/breakers", { signal })).breakers,
    "breakers",
  );
  const state = asked("state");
  const rows = (data ?? []).filter((row) => (state === "" || row.state === state) && found(row.name, row.agent));
  const policy = me.value?.policy;
  const about =
    policy === undefined
      ? ""
      : `After ${policy.breaker_failures} failures in a row an origin or a facilitator is not called for ${lasting(policy.breaker_recovery_ms)}; then one try decides.`;
  return (
    <Page title="Breakers" about={about}>
      <Card>
        <Filters>
          <Search label="Search" hint="origin, agent" />
          <Select
            label="State"
            name="state"
            options={[
              ["", "any"],
              ["open", "open"],
              ["half-open", "half open"],
              ["closed", "closed"],
            ]}
          />
          <span class="grow" />
          <Export name="breakers" rows={() => rows} fields={FIELDS} />
        </Filters>
        <Failed failure={failure} what="No breakers" />
        {data === undefined ? (
          failure === undefined && <Waiting />
        ) : (
          <Table
            caption="Breakers"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ agent, name }) => JSON.stringify([agent, name])}
            none="Nothing has failed."
          />
        )}
      </Card>
    </Page>
  );
}
