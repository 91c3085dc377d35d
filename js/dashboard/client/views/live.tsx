/** What is decided, as it happens: the figures of the day, and the feed. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FeedPage, FeedQuery, FeedRow } from "../../../service/api.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { feedFields, isWanted, merged, told } from "../lib/feed.ts";
import { useLoad } from "../lib/load.ts";
import { headline, percent } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { arrived, connection, overview } from "../lib/session.ts";
import { around } from "../lib/time.ts";
import { FeedTable } from "../parts/feed-table.tsx";
import { Figures } from "../parts/figures.tsx";
import { asked, Export, Filters, Search, Select } from "../parts/filters.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { SpendChart } from "../parts/spend-chart.tsx";
import { now } from "../parts/when.tsx";

const PAGE = 50;

const brief = (ms: number): string => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;

export function Live() {
  return (
    <Page title="Decisions" about="Every payment that an agent asked for, and what the policy said to it.">
      <Day />
      <Feed />
    </Page>
  );
}

function Day() {
  const series = useLoad((signal) => call("GET /v1/series", { signal, query: { step: "hour" } }), "series");
  const seen = overview.value;
  if (seen === undefined) return <Waiting />;
  const { day, approval_rate: rate, pending_approvals: pending, unknown, latency_ms: latency } = seen;
  const figures = [
    { name: "spent in 24 hours", value: headline(day.spent_usd), href: hrefOf(["budgets"]) },
    { name: `held in ${seen.open_holds} open`, value: headline(seen.held_usd), href: hrefOf(["holds"]) },
    {
      name: `of ${day.allowed + day.denied + day.approval} allowed`,
      value: rate === undefined ? "–" : percent(Math.round(rate * 1000)),
    },
    {
      name: "wait for approval",
      value: String(pending),
      href: hrefOf(["approvals"]),
      tone: pending > 0 ? ("ask" as const) : undefined,
    },
    {
      name:
        seen.oldest_unknown === undefined
          ? "unknown outcome"
          : `unknown, since ${around(Date.parse(seen.oldest_unknown), now.value)}`,
      value: String(unknown),
      href: hrefOf(["holds"], { which: "unresolved" }),
      tone: unknown > 0 ? ("odd" as const) : undefined,
    },
    {
      name: latency === undefined ? "per decision" : `per decision (p99 ${brief(latency.p99)})`,
      value: latency === undefined ? "–" : brief(latency.p50),
    },
  ];
  return (
    <>
      <Figures label="The last 24 hours" list={figures} />
      <Card title="Spent, by the hour">
        <SpendChart label="Spent by the hour, last 24 hours" points={series.data?.points} step="hour" />
        <Failed failure={series.failure} what="No figures" />
      </Card>
    </>
  );
}

/** The filters as the address has them. */
function wantedNow(): FeedQuery {
  const kind = asked("kind") === "all" ? "all" : "decision";
  const action = asked("action") as FeedQuery["action"] | "";
  return {
    kind,
    ...(action && { action }),
    ...(asked("q") !== "" && { q: asked("q") }),
    ...(asked("agent") !== "" && { agent: asked("agent") }),
    ...(asked("origin") !== "" && { origin: asked("origin") }),
  };
}

function Feed() {
  const wanted = wantedNow();
  const about = JSON.stringify(wanted);
  const [shown, setShown] = useState<{ readonly about: string; readonly page: FeedPage }>();
  const [failure, setFailure] = useState<Failure>();
  const [paused, setPaused] = useState<readonly FeedRow[]>();
  const [opened] = useState(() => new Set(arrived.peek().map(({ seq }) => seq)));
  useEffect(() => {
    const abort = new AbortController();
    // While somebody types, not each letter is asked for.
    const timer = setTimeout(() => {
      call("GET /v1/decisions", { signal: abort.signal, query: { ...wanted, limit: PAGE } }).then(
        (page) => {
          setShown({ about, page });
          setFailure(undefined);
        },
        (error: unknown) => {
          if (!abort.signal.aborted) setFailure(failureOf(error));
        },
      );
    }, 150);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [about, connection.value]);

  const page = shown?.about === about ? shown.page : undefined;
  const fresh = (paused ?? arrived.value).filter((row) => isWanted(row, wanted));
  const rows = useMemo(() => merged(fresh, page?.rows ?? []), [paused ?? arrived.value, page]);

  const older = async (): Promise<void> => {
    if (page?.next === undefined) return;
    try {
      const more = await call("GET /v1/decisions", { query: { ...wanted, limit: PAGE, before: page.next } });
      setShown({ about, page: { ...more, rows: [...page.rows, ...more.rows] } });
    } catch (error) {
      setFailure(failureOf(error));
    }
  };

  const newest = paused?.[0]?.seq ?? "";
  const waiting = arrived.value.filter((row) => row.seq > newest && isWanted(row, wanted)).length;
  const side = (
    <button
      type="button"
      aria-pressed={paused !== undefined}
      onClick={() => setPaused(paused === undefined ? arrived.value : undefined)}
    >
      {paused === undefined ? "Pause" : `Go on${waiting > 0 ? ` (${waiting} new)` : ""}`}
    </button>
  );
  return (
    <Card title="As it happens" side={side}>
      <Filters>
        <Search label="Search" hint="URL, agent, payee, reason, rule …" />
        <Select
          label="Outcome"
          name="action"
          options={[
            ["", "any"],
            ["allow", "allowed"],
            ["deny", "denied"],
            ["require_approval", "asks people"],
          ]}
        />
        <Select
          label="Show"
          name="kind"
          options={[
            ["", "decisions"],
            ["all", "every step of a payment"],
          ]}
        />
        <span class="grow" />
        <Export name="decisions" rows={() => everything(wanted)} fields={feedFields} />
      </Filters>
      <Failed failure={failure} what="No decisions" />
      <Announced />
      {page === undefined && failure === undefined ? (
        <Waiting />
      ) : (
        <FeedTable
          caption="Decisions, the newest first"
          rows={rows}
          none={
            about === JSON.stringify({ kind: "decision" }) ? "No agent has asked for anything yet." : "Nothing matches."
          }
          fresh={({ seq }) => !opened.has(seq) && arrived.value.some((row) => row.seq === seq)}
        />
      )}
      {page?.next !== undefined && (
        <button type="button" onClick={() => void older()}>
          Older
        </button>
      )}
    </Card>
  );
}

/** All pages of what is wanted, as far as the history reaches or a file should. */
async function everything(wanted: FeedQuery): Promise<readonly FeedRow[]> {
  const rows: FeedRow[] = [];
  let before: string | undefined;
  do {
    const query = { ...wanted, limit: 1_000, ...(before !== undefined && { before }) };
    const page: FeedPage = await call("GET /v1/decisions", { query });
    rows.push(...page.rows);
    before = page.next;
  } while (before !== undefined && rows.length < 50_000);
  return rows;
}

const SPEAK = 3_000;

/** For screen readers: a line now and then, not every row. */
function Announced() {
  const [text, setText] = useState("");
  const seen = useRef(arrived.peek());
  useEffect(() => {
    const timer = setInterval(() => {
      const all = arrived.peek();
      const last = seen.current[0]?.seq ?? "";
      const line = told(all.filter(({ seq }) => seq > last));
      seen.current = all;
      if (line !== "") setText(line);
    }, SPEAK);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="unseen" aria-live="polite">
      {text}
    </p>
  );
}
