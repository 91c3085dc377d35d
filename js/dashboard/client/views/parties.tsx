/** Agents, and those on whose behalf they pay: how each is doing, and a page for each. */

import { useState } from "preact/hooks";
import type { PartyPage, PartyRow } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { call } from "../lib/api.ts";
import { type Loaded, useLoad } from "../lib/load.ts";
import { dollars, headline, percent } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { may } from "../lib/session.ts";
import { words } from "../lib/text.ts";
import { StatusBadge } from "../parts/badge.tsx";
import { BudgetTable } from "../parts/budget-table.tsx";
import { FeedTable } from "../parts/feed-table.tsx";
import { Figures } from "../parts/figures.tsx";
import { Export, Filters, Search } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { FreezeDialog, LiftDialog } from "../parts/freeze.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found, Period, period } from "../parts/period.tsx";
import { SpendChart } from "../parts/spend-chart.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { When } from "../parts/when.tsx";
import { KeyTable } from "./keys.tsx";

type Kind = "agents" | "clients";

export function Agents() {
  const loaded = useLoad(
    async (signal) => (await call("GET /v1/agents", { signal, query: { since: period().since() } })).agents,
    `agents ${period().key}`,
  );
  return <Parties kind="agents" title="Agents" about="Who pays, by the keys that they use." loaded={loaded} />;
}

export function Clients() {
  const loaded = useLoad(
    async (signal) => (await call("GET /v1/clients", { signal, query: { since: period().since() } })).clients,
    `clients ${period().key}`,
  );
  return <Parties kind="clients" title="Clients" about="On whose behalf agents pay." loaded={loaded} />;
}

const rateOf = (rate: number | undefined): string => percent(rate === undefined ? undefined : Math.round(rate * 1000));

const FIELDS: readonly Field<PartyRow>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "status", value: ({ status }) => status },
  { name: "allowed", value: ({ allowed }) => allowed },
  { name: "denied", value: ({ denied }) => denied },
  { name: "approval", value: ({ approval }) => approval },
  { name: "approval_rate", value: ({ approval_rate }) => approval_rate },
  { name: "captured", value: ({ captured }) => captured },
  { name: "unknown", value: ({ unknown }) => unknown },
  { name: "spent_usd", value: ({ spent_usd }) => spent_usd },
  { name: "last_seen", value: ({ last_seen }) => last_seen },
];

interface PartiesProps {
  readonly kind: Kind;
  readonly title: string;
  readonly about: string;
  readonly loaded: Loaded<readonly PartyRow[]>;
}

function Parties({ kind, title, about, loaded: { data, failure } }: PartiesProps) {
  const rows = data?.filter(({ name, status }) => found(name, status)) ?? [];
  const columns: readonly Column<PartyRow>[] = [
    {
      name: "Name",
      heads: true,
      show: ({ name }) =>
        name === "" ? (
          <span class="dim">(no name)</span>
        ) : (
          <a href={hrefOf([kind, name])}>
            <Foreign text={name} most={80} />
          </a>
        ),
    },
    { name: "Status", show: ({ status }) => <StatusBadge status={status} /> },
    { name: "Spent", kind: "number", show: ({ spent_usd }) => dollars(spent_usd) },
    { name: "Allowed", kind: "number", show: ({ allowed }) => allowed },
    { name: "Denied", kind: "number", show: ({ denied }) => denied },
    { name: "Asked people", kind: "number", show: ({ approval }) => approval },
    { name: "Approval rate", kind: "number", show: ({ approval_rate }) => rateOf(approval_rate) },
    { name: "Unknown", kind: "number", show: ({ unknown }) => unknown },
    { name: "Last seen", kind: "when", show: ({ last_seen }) => <When at={last_seen} as="around" /> },
  ];
  return (
    <Page title={title} about={`${about} Figures are of ${period().words}.`}>
      <Card>
        <Filters>
          <Search label="Search" hint="name, status" />
          <Period />
          <span class="grow" />
          <Export name={kind} rows={() => rows} fields={FIELDS} />
        </Filters>
        <Failed failure={failure} what={`No ${kind}`} />
        {data === undefined ? (
          failure === undefined && <Waiting />
        ) : (
          <Table caption={title} columns={columns} rows={rows} keyOf={({ name }) => name} none={`No ${kind} yet.`} />
        )}
      </Card>
    </Page>
  );
}

export function AgentPage({ name }: { name: string }) {
  const loaded = useLoad(
    (signal) => call("GET /v1/agents/{name}", { signal, name, query: { since: period().since() } }),
    `agent ${name} ${period().key}`,
  );
  return <Party kind="agents" name={name} loaded={loaded} />;
}

export function ClientPage({ name }: { name: string }) {
  const loaded = useLoad(
    (signal) => call("GET /v1/clients/{name}", { signal, name, query: { since: period().since() } }),
    `client ${name} ${period().key}`,
  );
  return <Party kind="clients" name={name} loaded={loaded} />;
}

function Party({ kind, name, loaded: { data, failure } }: { kind: Kind; name: string; loaded: Loaded<PartyPage> }) {
  const [dialog, setDialog] = useState<"stop" | "lift">();
  const freeze = data?.party.freeze;
  const own = kind === "agents" && may("admin") && data !== undefined;
  const actions =
    own &&
    (freeze?.agent === name ? (
      <button type="button" onClick={() => setDialog("lift")}>
        Lift the stop …
      </button>
    ) : (
      <button type="button" class="danger" onClick={() => setDialog("stop")}>
        Pause or disable …
      </button>
    ));
  const up = { name: kind === "agents" ? "Agents" : "Clients", href: hrefOf([kind]) };
  return (
    <Page title={name} up={up} actions={actions}>
      <Failed failure={failure} what="Not found" />
      {data === undefined ? failure === undefined && <Waiting /> : <PartyParts kind={kind} data={data} />}
      {dialog === "stop" && <FreezeDialog agent={name} close={() => setDialog(undefined)} />}
      {dialog === "lift" && freeze && <LiftDialog freeze={freeze} close={() => setDialog(undefined)} />}
    </Page>
  );
}

function PartyParts({
  kind,
  data: { party, budgets, series, reasons, origins, keys, recent },
}: {
  kind: Kind;
  data: PartyPage;
}) {
  return (
    <>
      <Filters>
        <Period />
        <StatusBadge status={party.status} />
        {party.freeze && (
          <span>
            since <When at={party.freeze.at} />: <Foreign text={party.freeze.reason} most={300} />
          </span>
        )}
      </Filters>
      <Figures
        label={`Figures of ${period().words}`}
        list={[
          { name: "spent", value: headline(party.spent_usd) },
          { name: "allowed", value: String(party.allowed) },
          { name: "denied", value: String(party.denied) },
          { name: "asked people", value: String(party.approval) },
          { name: "approval rate", value: rateOf(party.approval_rate) },
          { name: "unknown", value: String(party.unknown), tone: party.unknown > 0 ? "odd" : undefined },
        ]}
      />
      <Card title={`Spent, by the ${period().step}`}>
        <SpendChart label={`Spent by the ${period().step}, ${period().words}`} points={series} step={period().step} />
      </Card>
      <Card title="Budgets">
        <BudgetTable budgets={budgets} caption="Budgets" />
      </Card>
      <div class="columns">
        <Card title="Why it was denied">
          <Table
            caption="Why it was denied"
            rows={reasons}
            keyOf={({ reason }) => reason}
            none="It was never denied."
            columns={[
              { name: "Reason", heads: true, show: ({ reason }) => words(reason) },
              { name: "Times", kind: "number", show: ({ count }) => count },
            ]}
          />
        </Card>
        <Card title="Where it pays">
          <Table
            caption="Where it pays"
            rows={origins}
            keyOf={({ origin }) => origin}
            none="It has asked for nothing."
            columns={[
              { name: "Origin", heads: true, show: ({ origin }) => <Foreign text={origin} most={120} /> },
              { name: "Payments", kind: "number", show: ({ count }) => count },
              { name: "Spent", kind: "number", show: ({ spent_usd }) => dollars(spent_usd) },
            ]}
          />
        </Card>
      </div>
      <Card title="Latest decisions">
        <FeedTable
          caption="Latest decisions"
          rows={recent}
          none="None in this time."
          without={
            kind === "agents" && recent.every(({ client, session }) => client === "" && session === "") ? ["Agent"] : []
          }
        />
      </Card>
      <Card title="Keys">
        <KeyTable rows={keys} caption="Keys that speak for it" none="No key speaks for it." />
      </Card>
    </>
  );
}
