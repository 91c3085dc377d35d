/** The audit log: whether it is whole, whether its sinks keep up, and its records. */

import { useState } from "preact/hooks";
import type { AuditStatus } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { changes, useLoad } from "../lib/load.ts";
import { hrefOf } from "../lib/route.ts";
import { words } from "../lib/text.ts";
import { Badge } from "../parts/badge.tsx";
import { Export, Filters, Search } from "../parts/filters.tsx";
import { Foreign, Long } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found } from "../parts/period.tsx";
import { Table } from "../parts/table.tsx";
import { When } from "../parts/when.tsx";

export function Audit() {
  const { data, failure, reload } = useLoad((signal) => call("GET /v1/audit", { signal }), "audit");
  const [refused, setRefused] = useState<Failure>();
  const verify = async (): Promise<void> => {
    try {
      await call("POST /v1/audit/verify");
      setRefused(undefined);
      // The verdict comes when the log has been read: it is asked for with what happens next, and soon.
      for (const ms of [300, 1_000, 3_000, 8_000]) setTimeout(reload, ms);
    } catch (error) {
      setRefused(failureOf(error));
    }
    changes.value += 1;
  };
  return (
    <Page title="Audit log" about="Every decision and what became of it, each record bound to the one before.">
      <Failed failure={failure} what="No status" />
      {data === undefined ? (
        failure === undefined && <Waiting />
      ) : (
        <>
          <Status status={data} verify={() => void verify()} />
          <Failed failure={refused} what="Not verified" />
          {data.on && <Records />}
        </>
      )}
    </Page>
  );
}

function Status({ status, verify }: { status: AuditStatus; verify: () => void }) {
  const { on, records, behind = 0, failures, verified, verifiable, verifying } = status;
  if (!on) {
    return (
      <Card>
        <p class="notice">There is no audit log. The history here is kept for some days, and proves nothing.</p>
      </Card>
    );
  }
  const side = verifiable && (
    <button type="button" class="main-action" disabled={verifying} onClick={verify}>
      {verifying ? "Verifying …" : "Verify now"}
    </button>
  );
  return (
    <Card title="Is it whole?" side={side}>
      <dl class="facts">
        <dt>Verdict</dt>
        <dd>
          <span role="status">
            {verified === undefined ? (
              <Badge tone="plain">{verifying ? "is being verified" : "not verified yet"}</Badge>
            ) : verified.good ? (
              <>
                <Badge tone="good">{verified.whole ? "✓ whole" : "✓ every record is good"}</Badge>
                {!verified.whole && <span class="sub">No checkpoint shows that its end is there.</span>}
              </>
            ) : (
              <>
                <Badge tone="bad">✕ broken</Badge>
                {verified.fault && (
                  <span class="sub">
                    record {verified.fault.record}: {words(verified.fault.code)},{" "}
                    <Foreign text={verified.fault.message} />
                  </span>
                )}
              </>
            )}
          </span>
        </dd>
        {verified && (
          <>
            <dt>Verified</dt>
            <dd>
              <When at={verified.at} as="around" />, {verified.records} records
            </dd>
            <dt>Root</dt>
            <dd class="mono">{verified.root}</dd>
          </>
        )}
        <dt>Records</dt>
        <dd>{records ?? "–"}</dd>
        <dt>Sinks</dt>
        <dd>
          {behind === 0 ? "all have everything" : `the slowest is ${behind} records behind`}
          {Object.entries(failures ?? {}).map(([name, message]) => (
            <span key={name} class="sub">
              <Badge tone="bad">✕ failed</Badge> <Foreign text={name} />: <Foreign text={message} most={300} />
            </span>
          ))}
        </dd>
        {verified && verified.remarks.length > 0 && (
          <>
            <dt>Remarks</dt>
            <dd>
              <Remarks list={verified.remarks} />
            </dd>
          </>
        )}
      </dl>
      {!verifiable && (
        <p class="notice">The log can't be read from here: `tollwarden verify` does it where the log is.</p>
      )}
    </Card>
  );
}

/** The first few; an old log has many. */
const FIRST = 5;

function Remarks({ list }: { list: readonly string[] }) {
  const lines = (some: readonly string[]) => (
    <ul>
      {some.map((remark) => (
        <li key={remark}>
          <Foreign text={remark} />
        </li>
      ))}
    </ul>
  );
  return (
    <>
      {lines(list.slice(0, FIRST))}
      {list.length > FIRST && (
        <details>
          <summary>{list.length - FIRST} more</summary>
          {lines(list.slice(FIRST))}
        </details>
      )}
    </>
  );
}

/** What a record is sure to have; the rest of it is shown as it is. */
interface AuditRecord {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly event?: { readonly id?: string; readonly agent?: string };
  readonly answer?: { readonly action?: string; readonly reason?: string };
}

const FIELDS: readonly Field<AuditRecord>[] = [
  { name: "seq", value: ({ seq }) => seq },
  { name: "at", value: ({ at }) => at },
  { name: "kind", value: ({ kind }) => kind },
  { name: "id", value: ({ event }) => event?.id },
  { name: "agent", value: ({ event }) => event?.agent },
  { name: "action", value: ({ answer }) => answer?.action },
  { name: "reason", value: ({ answer }) => answer?.reason },
  { name: "record", value: (record) => JSON.stringify(record) },
];

function Records() {
  const { data, failure } = useLoad(
    async (signal) =>
      (await call("GET /v1/audit/records", { signal, query: { limit: 200 } })).records as readonly AuditRecord[],
    "records",
  );
  const rows = (data ?? []).filter((record) => found(JSON.stringify(record))).toSorted((a, b) => b.seq - a.seq);
  return (
    <Card title="The latest records">
      <Filters>
        <Search label="Search" hint="in all of a record" />
        <span class="grow" />
        <Export name="audit" rows={() => rows} fields={FIELDS} />
      </Filters>
      <Failed failure={failure} what="No records" />
      {data === undefined ? (
        failure === undefined && <Waiting />
      ) : (
        <Table
          caption="The latest records, the newest first"
          rows={rows}
          keyOf={({ seq }) => String(seq)}
          none="No record."
          columns={[
            { name: "Record", kind: "number", heads: true, show: ({ seq }) => seq },
            { name: "Time", kind: "when", show: ({ at }) => <When at={at} /> },
            { name: "Kind", show: ({ kind }) => words(String(kind)) },
            {
              name: "Payment",
              show: ({ event }) =>
                event?.id === undefined ? (
                  <span class="dim">–</span>
                ) : (
                  <a href={hrefOf(["payments", event.id])} class="mono">
                    <Long text={event.id} head={16} tail={6} />
                  </a>
                ),
            },
            { name: "Agent", show: ({ event }) => <Foreign text={event?.agent ?? ""} most={64} /> },
            { name: "Answer", show: ({ answer }) => <Foreign text={words(answer?.reason ?? "")} /> },
            {
              name: "All of it",
              show: (record) => (
                <details>
                  <summary>
                    JSON<span class="unseen"> of record {record.seq}</span>
                  </summary>
                  <Foreign text={JSON.stringify(record)} mono most={4_000} />
                </details>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}
