/** What operators look at: the feed, agents and clients, sellers, budgets, holds, alerts, the policy. */

import type { BreakerState } from "../breaker.ts";
import type { FreezeLine, HoldLine } from "../core/types.ts";
import { alertsOf } from "./alerts.ts";
import type {
  Alert,
  BreakerRow,
  Counts,
  Overview,
  PartyPage,
  PartyRow,
  SellerRow,
  SeriesPoint,
  SeriesQuery,
} from "./api.ts";
import { csv } from "./csv.ts";
import { badRequest, Refused, text } from "./exchange.ts";
import { addCounts, type Line, noCounts, quantile } from "./figures.ts";
import { iso, mayDo } from "./keys.ts";
import type { Handlers, Parts, Sent } from "./parts.ts";
import { eventStream } from "./stream.ts";
import { sumOf } from "./usd.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const ROW_COLUMNS = [
  "at",
  "kind",
  "id",
  "agent",
  "client",
  "session",
  "method",
  "url",
  "action",
  "reason",
  "rules",
  "message",
  "amount",
  "asset",
  "usd",
  "payee",
  "state",
  "ok",
  "transaction",
  "by",
  "ms",
] as const;
const HOLD_COLUMNS = [
  "id",
  "state",
  "at",
  "until",
  "endpoint",
  "payee",
  "network",
  "asset",
  "amount",
  "usd",
  "captured",
  "ground",
  "transaction",
  "note",
] as const;
const BUDGET_COLUMNS = ["name", "key", "unit", "window", "limit", "spent", "held", "available"] as const;
const POINT_COLUMNS = ["at", "of", "allowed", "denied", "approval", "captured", "unknown", "spent_usd"] as const;

export function looking(parts: Parts): Handlers {
  const { ledger, control, history, figures, keys, now, store } = parts;
  const dismissed = new Set<string>();

  function period(
    { since, until }: { readonly since?: string; readonly until?: string } = {},
    default_ = DAY,
  ): readonly [number, number] {
    const to = until === undefined ? now() + 1 : Date.parse(until);
    const from = since === undefined ? to - default_ : Date.parse(since);
    if (from >= to) throw badRequest("query.since", "it is not before `until`");
    return [Math.max(from, to - MONTH), to];
  }

  function breakerRows(): BreakerRow[] {
    const rows: BreakerRow[] = [];
    for (const [agent, breaker] of parts.breakers) {
      for (const [name, state] of breaker.toJSON().keys)
        rows.push(breakerRow(agent, name, state, ledger.policy.breaker_recovery_ms));
    }
    return rows;
  }

  async function alerts(): Promise<readonly Alert[]> {
    const at = now();
    const [budgets, unresolved, freezes, pending, lines, audit] = await Promise.all([
      ledger.budgets({}),
      ledger.holds({ which: "unresolved" }),
      ledger.freezes(),
      ledger.approvals({ standing: "pending" }),
      figures.lines(at - 7 * DAY, at + 1),
      parts.audit.status(),
    ]);
    const open = breakerRows()
      .filter(({ state }) => state !== "closed")
      .map(({ agent, name, opened_at }) => ({ agent, name, since: Date.parse(opened_at ?? iso(at)) }));
    const seen = { at, budgets, unresolved, freezes, pending: pending.length, lines, rows: history.rows, audit, open };
    return alertsOf(seen).filter(({ id }) => !dismissed.has(id));
  }

  async function overview(): Promise<Overview> {
    const at = now();
    const [open, lines, pending, freezes, found, audit] = await Promise.all([
      ledger.holds({ which: "open" }),
      figures.lines(at - DAY, at + 1),
      ledger.approvals({ standing: "pending" }),
      ledger.freezes(),
      alerts(),
      parts.audit.status(),
    ]);
    const unknown = open.filter(({ state }) => state === "unknown");
    const day = sum(lines);
    const [p50, p99] = [
      quantile(
        lines.map(({ decided }) => decided),
        0.5,
      ),
      quantile(
        lines.map(({ decided }) => decided),
        0.99,
      ),
    ];
    const oldest = unknown.map((hold) => hold.at).sort()[0];
    const rate = rateOf(day);
    const { name, version, hash } = ledger.policy;
    return {
      at: iso(at),
      since: iso(at - DAY),
      version: parts.version,
      store: store.name,
      day,
      ...(rate !== undefined && { approval_rate: rate }),
      open_holds: open.length,
      held_usd: sumOf(open.map(({ usd }) => usd)),
      unknown: unknown.length,
      ...(oldest !== undefined && { oldest_unknown: oldest }),
      pending_approvals: pending.length,
      freezes,
      alerts: found.length,
      audit,
      policy: { name, version, hash },
      ...(p50 !== undefined && p99 !== undefined && { latency_ms: { p50, p99 } }),
    };
  }

  async function parties(
    by: "agent" | "client",
    query: { readonly since?: string; readonly until?: string },
  ): Promise<PartyRow[]> {
    const [from, to] = period(query);
    const [lines, freezes, all] = await Promise.all([
      figures.lines(now() - MONTH, now() + 1),
      ledger.freezes(),
      keys.list(),
    ]);
    const names = new Set(lines.map((line) => line[by]));
    for (const key of all) if (key[by] !== undefined) names.add(key[by]);
    if (by === "agent") for (const { agent } of freezes) if (agent != null) names.add(agent);
    if (by === "client") names.delete("");
    return [...names].sort().map((name) => {
      const theirs = lines.filter((line) => line[by] === name);
      const counts = sum(theirs.filter((line) => within(line, from, to)));
      const freeze = by === "agent" ? freezes.find(({ agent }) => agent === name) : undefined;
      const seen = Math.max(0, ...theirs.map((line) => line.seen));
      const rate = rateOf(counts);
      return {
        name,
        status: statusOf(freeze),
        ...(freeze !== undefined && { freeze }),
        ...(seen > 0 && { last_seen: iso(seen) }),
        ...counts,
        ...(rate !== undefined && { approval_rate: rate }),
        keys: all.filter((key) => key[by] === name).length,
      };
    });
  }

  async function party(
    by: "agent" | "client",
    name: string,
    query: { readonly since?: string; readonly until?: string },
  ): Promise<PartyPage> {
    const found = (await parties(by, query)).find((one) => one.name === name);
    if (found === undefined)
      throw new Refused(404, "not_found", `nothing is known of \`${name}\``, { where: "path.name" });
    const [from, to] = period(query);
    const lines = (await figures.lines(from, to)).filter((line) => line[by] === name);
    const [budgets, all] = await Promise.all([
      ledger.budgets(by === "agent" ? { agent: name } : { client: name }),
      keys.list(),
    ]);
    const rows = history.rows.filter((row) => row[by] === name);
    const reasons = counted(
      rows
        .filter(
          (row) =>
            row.kind === "decision" && row.action === "deny" && Date.parse(row.at) >= from && Date.parse(row.at) < to,
        )
        .map((row) => row.reason ?? ""),
    );
    const origins = new Map<string, Counts>();
    for (const line of lines) origins.set(line.origin, addCounts(origins.get(line.origin) ?? noCounts(), line.counts));
    return {
      party: found,
      budgets,
      series: points(lines, to - from > 3 * DAY ? "day" : "hour", undefined),
      reasons: reasons.map(([reason, count]) => ({ reason, count })),
      origins: [...origins]
        .filter(([origin]) => !origin.startsWith("facilitator:"))
        .map(([origin, counts]) => ({
          origin,
          count: counts.allowed + counts.denied + counts.approval,
          spent_usd: counts.spent_usd,
        }))
        .sort((a, b) => b.count - a.count)
        .slice(0, 100),
      keys: all.filter((key) => key[by] === name),
      recent: rows.slice(-50).reverse(),
    };
  }

  async function sellers(query: { readonly since?: string; readonly until?: string }): Promise<SellerRow[]> {
    const [from, to] = period(query, 7 * DAY);
    const lines = await figures.lines(from, to);
    const states = breakerRows();
    return [...new Set(lines.map(({ origin }) => origin))]
      .filter((name) => name !== "")
      .sort()
      .map((name) => {
        const theirs = lines.filter((line) => line.origin === name);
        const { captured, unknown, spent_usd } = total(theirs);
        const failures = theirs.reduce((count, line) => count + line.failures, 0);
        const [p50, p95] = [
          quantile(
            theirs.map(({ answered }) => answered),
            0.5,
          ),
          quantile(
            theirs.map(({ answered }) => answered),
            0.95,
          ),
        ];
        const [success, failure] = [
          Math.max(...theirs.map((line) => line.success)),
          Math.max(...theirs.map((line) => line.failure)),
        ];
        const facilitator = name.startsWith("facilitator:");
        const payments = captured + unknown;
        const worst = (["open", "half-open"] as const).find((state) =>
          states.some((row) => row.name === name && row.state === state),
        );
        return {
          kind: facilitator ? "facilitator" : "seller",
          name: facilitator ? name.slice("facilitator:".length) : name,
          payments,
          failures,
          ...(payments > 0 && { uptime: captured / payments }),
          ...(p50 !== undefined && p95 !== undefined && { latency_ms: { p50, p95 } }),
          spent_usd: facilitator ? "0" : spent_usd,
          ...(failure > 0 && { last_failure: iso(failure) }),
          ...(success > 0 && { last_success: iso(success) }),
          breaker: worst ?? "closed",
        };
      });
  }

  async function series(query: SeriesQuery): Promise<SeriesPoint[]> {
    const { step = "hour", by, agent, client, origin } = query;
    const [from, to] = period(query, step === "day" ? MONTH : DAY);
    const wanted = { agent, client, origin };
    const lines = (await figures.lines(from, to)).filter((line) =>
      (["agent", "client", "origin"] as const).every(
        (name) => wanted[name] === undefined || line[name] === wanted[name],
      ),
    );
    // A facilitator's line counts the same payments a second time.
    const once = lines.filter(
      (line) =>
        (origin ?? line.origin) === line.origin &&
        (by === "origin" || origin !== undefined || !line.origin.startsWith("facilitator:")),
    );
    return points(once, step, by);
  }

  /** Lists and objects stand in their cell as JSON. */
  function table<Row extends object>(
    rows: readonly Row[],
    columns: readonly (keyof Row & string)[],
    name: string,
  ): Sent {
    const fields = columns.map((column) => ({
      name: column,
      value: (row: Row) =>
        typeof row[column] === "object" && row[column] !== null
          ? JSON.stringify(row[column])
          : String(row[column] ?? ""),
    }));
    return {
      sent: text(csv(rows, fields), "text/csv; charset=utf-8", {
        "content-disposition": `attachment; filename="${name}.csv"`,
      }),
    };
  }

  return {
    "GET /v1/overview": () => overview(),
    "GET /v1/decisions": async ({ query }) => {
      const page = history.page(query);
      return query.format === "csv" ? table(page.rows, ROW_COLUMNS, "decisions") : page;
    },
    "GET /v1/events": async (call) => ({ sent: eventStream(parts, call) }),
    "GET /v1/agents": async ({ query }) => ({ agents: await parties("agent", query) }),
    "GET /v1/agents/{name}": ({ path, query }) => party("agent", path.name ?? "", query),
    "GET /v1/clients": async ({ query }) => ({ clients: await parties("client", query) }),
    "GET /v1/clients/{name}": ({ path, query }) => party("client", path.name ?? "", query),
    "GET /v1/sellers": async ({ query }) => ({ sellers: await sellers(query) }),
    "GET /v1/breakers": async () => ({ breakers: breakerRows() }),
    "GET /v1/series": async ({ query }) => {
      const found = await series(query);
      return query.format === "csv" ? table(found, POINT_COLUMNS, "series") : { points: found };
    },
    "GET /v1/budgets": async ({ caller, query }) => {
      const { agent = "", session = "", client = "" } = caller.key;
      const { format, ...filter } = query;
      const budgets = await ledger.budgets(mayDo(caller, "read") ? filter : { agent, session, client });
      return format === "csv" ? table(budgets, BUDGET_COLUMNS, "budgets") : { budgets };
    },
    "GET /v1/budgets/series": async ({ query }) => {
      const [from, to] = period(query, 7 * DAY);
      figures.sample(await ledger.budgets({}));
      const { name, key } = query;
      const all = await figures.budgets(from, to);
      return {
        series: all.filter(
          (one) => (name === undefined || one.name === name) && (key === undefined || one.key === key),
        ),
      };
    },
    "GET /v1/alerts": async () => ({ alerts: await alerts() }),
    "POST /v1/alerts/{id}/dismiss": async ({ path }) => {
      if (dismissed.size > 1_000) dismissed.clear();
      dismissed.add(path.id ?? "");
      parts.tell({ type: "changed", what: "alerts" });
      return { ok: true };
    },
    "GET /v1/holds": async ({ query }) => {
      const { which = "open", agent, format } = query;
      const all: readonly HoldLine[] = await ledger.holds({ which });
      const holds = agent === undefined ? all : all.filter(({ id }) => id.startsWith(`${agent}~`));
      return format === "csv" ? table(holds, HOLD_COLUMNS, "holds") : { holds };
    },
    "GET /v1/freezes": async () => ({ freezes: await control.freezes() }),
    "GET /v1/policy": async () => {
      const json = parts.policyJson();
      const tools = await parts.cold();
      return {
        summary: ledger.policy,
        document: JSON.parse(json) as object,
        ...(tools !== undefined && { description: tools.describe(json) }),
      };
    },
    "POST /v1/explain": async ({ body }) => {
      const tools = await parts.cold();
      if (tools === undefined)
        throw new Refused(409, "not_here", "this runtime can't explain", {
          fix: "run `tollwarden explain`, or the service on Node",
        });
      const { circuit_open_until, countersignatures: _, ...event } = body;
      const facts = circuit_open_until === undefined ? {} : { facts: { circuit_open_until } };
      try {
        return await tools.explain(parts.policyJson(), store, {
          ...event,
          ...facts,
          type: "explain",
          id: body.id ?? "explained",
          at: now(),
        });
      } catch (error) {
        throw badRequest("body", error instanceof Error ? error.message : String(error));
      }
    },
    "GET /v1/audit": () => parts.audit.status(),
    "POST /v1/audit/verify": () => parts.audit.verify(),
    "GET /v1/audit/records": async ({ query }) => ({ records: await parts.audit.records(query) }),
  };
}

/** A facilitator's line counts the same payments a second time. */
function sum(lines: readonly Line[]): Counts {
  return total(lines.filter(({ origin }) => !origin.startsWith("facilitator:")));
}

function total(lines: readonly Line[]): Counts {
  return lines.reduce((counts, line) => addCounts(counts, line.counts), noCounts());
}

function rateOf({ allowed, denied, approval }: Counts): number | undefined {
  const all = allowed + denied + approval;
  return all === 0 ? undefined : allowed / all;
}

function statusOf(freeze: FreezeLine | undefined): PartyRow["status"] {
  if (freeze === undefined) return "active";
  return freeze.disabled ? "disabled" : "paused";
}

function within({ hour }: Line, from: number, to: number): boolean {
  const begins = Date.parse(`${hour}:00:00Z`);
  return begins + HOUR > from && begins < to;
}

function points(
  lines: readonly Line[],
  step: "hour" | "day",
  by: "agent" | "client" | "origin" | undefined,
): SeriesPoint[] {
  const found = new Map<string, SeriesPoint>();
  for (const line of lines) {
    const at = step === "hour" ? `${line.hour}:00:00.000Z` : `${line.hour.slice(0, 10)}T00:00:00.000Z`;
    const of = by === undefined ? undefined : line[by];
    const place = JSON.stringify([at, of]);
    const there = found.get(place) ?? { at, ...(of !== undefined && { of }), ...noCounts() };
    found.set(place, { ...there, ...addCounts(there, line.counts) });
  }
  return [...found.values()].sort((a, b) =>
    a.at === b.at ? ((a.of ?? "") < (b.of ?? "") ? -1 : 1) : a.at < b.at ? -1 : 1,
  );
}

function counted(words: readonly string[]): (readonly [string, number])[] {
  const found = new Map<string, number>();
  for (const word of words) found.set(word, (found.get(word) ?? 0) + 1);
  return [...found].sort(([, a], [, b]) => b - a);
}

function breakerRow(agent: string, name: string, state: BreakerState, recovery: number): BreakerRow {
  if (state.kind === "closed") return { agent, name, state: "closed", failures: state.failures };
  return {
    agent,
    name,
    state: state.kind,
    failures: 0,
    opened_at: iso(state.openedAt),
    retry_at: iso(state.openedAt + recovery),
  };
}
