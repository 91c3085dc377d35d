/** Decisions and steps of payments, a row each. */

import type { FeedRow } from "../../../service/api.ts";
import { amountOf, fixOf, stepOf } from "../lib/feed.ts";
import { dollars } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { words } from "../lib/text.ts";
import { ActionBadge, Badge } from "./badge.tsx";
import { Foreign, Long } from "./foreign.tsx";
import { type Column, Table } from "./table.tsx";
import { now, When } from "./when.tsx";

interface FeedTableProps {
  readonly caption: string;
  readonly rows: readonly FeedRow[];
  readonly none: string;
  readonly fresh?: (row: FeedRow) => boolean;
  /** Left out where all rows are of the same agent. */
  readonly without?: readonly string[];
}

export function FeedTable({ caption, rows, none, fresh, without = [] }: FeedTableProps) {
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={({ seq }) => seq}
      none={none}
      columns={COLUMNS.filter(({ name }) => !without.includes(name))}
      {...(fresh && { fresh })}
    />
  );
}

const COLUMNS: readonly Column<FeedRow>[] = [
  {
    name: "Time",
    kind: "when",
    heads: true,
    show: ({ at, id }) =>
      id === "" ? (
        <When at={at} />
      ) : (
        <a href={hrefOf(["payments", id])}>
          <When at={at} />
          <span class="unseen">, all about this payment</span>
        </a>
      ),
  },
  { name: "Outcome", show: (row) => <Outcome row={row} /> },
  {
    name: "Agent",
    show: ({ agent, client, session }) => (
      <>
        {agent === "" ? (
          <span class="dim">all</span>
        ) : (
          <a href={hrefOf(["agents", agent])}>
            <Foreign text={agent} most={64} />
          </a>
        )}
        {client !== "" && (
          <span class="sub">
            for <Foreign text={client} most={64} />
          </span>
        )}
        {session !== "" && (
          <span class="sub">
            session <Foreign text={session} most={40} />
          </span>
        )}
      </>
    ),
  },
  {
    name: "Request",
    kind: "wide",
    show: ({ method, url, payee }) =>
      url === undefined ? (
        <span class="dim">–</span>
      ) : (
        <>
          <span class="dim">{method}</span> <Foreign text={url} most={140} />
          {payee !== undefined && (
            <span class="sub">
              to <Long text={payee} />
            </span>
          )}
        </>
      ),
  },
  { name: "Amount", kind: "number", show: (row) => <Amount row={row} /> },
  { name: "Why", kind: "wide", show: (row) => <Why row={row} /> },
];

function Outcome({ row }: { row: FeedRow }) {
  if (row.kind === "decision") return <ActionBadge action={row.action ?? ""} />;
  const tone = row.ok === false ? "bad" : row.state === "captured" ? "good" : row.state === "unknown" ? "odd" : "plain";
  return <Badge tone={tone}>{stepOf(row)}</Badge>;
}

function Amount({ row }: { row: FeedRow }) {
  if (row.amount === undefined) return <span class="dim">–</span>;
  return (
    <>
      {row.usd === undefined ? <span class="dim">no price</span> : dollars(row.usd)}
      <span class="sub">
        <Foreign text={amountOf(row)} most={60} />
      </span>
    </>
  );
}

function Why({ row }: { row: FeedRow }) {
  const fix = fixOf(row.fix, now.value);
  const { reason, rules = [], flags = [], message, by, transaction } = row;
  return (
    <>
      {reason !== undefined && words(reason)}
      {rules.length > 0 && (
        <>
          {" · "}
          <span class="mono">
            <Foreign text={rules.join(", ")} most={120} />
          </span>
        </>
      )}
      {flags.map((flag) => (
        <span key={flag} class="sub">
          flag <Foreign text={flag} most={80} />
        </span>
      ))}
      {message !== undefined && (
        <span class="sub">
          <Foreign text={message} most={240} />
        </span>
      )}
      {fix !== "" && <span class="sub">would pass: {fix}</span>}
      {by !== undefined && (
        <span class="sub">
          by <Foreign text={by} most={64} />
        </span>
      )}
      {transaction !== undefined && (
        <span class="sub">
          transaction <Long text={transaction} />
        </span>
      )}
    </>
  );
}
