/** What wants a person's attention, found anew each time from the ledger, the figures and the history. */

import type { BudgetLine, FreezeLine, HoldLine } from "../core/types.ts";
import type { Alert, AuditStatus, FeedRow } from "./api.ts";
import type { Line } from "./figures.ts";
import { iso } from "./keys.ts";
import { sumOf, units } from "./usd.ts";

export interface Seen {
  readonly at: number;
  readonly budgets: readonly BudgetLine[];
  readonly unresolved: readonly HoldLine[];
  readonly freezes: readonly FreezeLine[];
  readonly pending: number;
  readonly lines: readonly Line[];
  readonly rows: readonly FeedRow[];
  readonly audit: AuditStatus;
  readonly open: readonly { readonly agent: string; readonly name: string; readonly since: number }[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** From this share of a budget on. */
const NEARLY = 80n;
/** So much more than usual is a spike: and a dollar an hour at least. */
const SPIKE = 3n;
const DOLLAR = 10n ** 18n;

export function alertsOf(seen: Seen): readonly Alert[] {
  const found = [
    ...frozen(seen),
    ...budgets(seen),
    ...unknown(seen),
    ...spikes(seen),
    ...rows(seen),
    ...machinery(seen),
  ];
  const rank = { critical: 0, warning: 1, info: 2 } as const;
  return found.sort((a, b) => rank[a.level] - rank[b.level] || (a.since < b.since ? 1 : -1));
}

function frozen({ freezes }: Seen): Alert[] {
  return freezes.map(({ agent, at, reason, disabled }) => ({
    id: `frozen:${agent ?? ""}:${at}`,
    kind: "frozen",
    level: agent == null ? "critical" : "info",
    since: at,
    message:
      agent == null ? `everything is frozen: ${reason}` : `${agent} is ${disabled ? "disabled" : "paused"}: ${reason}`,
    ...(agent != null && { agent }),
  }));
}

/** What is no amount counts as nothing. */
const dollars = (text: string): bigint => units(text) ?? 0n;

function budgets({ budgets, at }: Seen): Alert[] {
  return budgets.flatMap(({ name, key, limit, available, unit, window }) => {
    if (limit == null || available == null) return [];
    const [all, left] = unit === "usd" ? [dollars(limit), dollars(available)] : [BigInt(limit), BigInt(available)];
    if (all === 0n || (all - left) * 100n < all * NEARLY) return [];
    const share = ((all - left) * 100n) / all;
    const full = left === 0n;
    return [
      {
        id: `budget:${name}:${key}:${full ? "full" : "80"}`,
        kind: "budget" as const,
        level: full ? ("critical" as const) : ("warning" as const),
        since: iso(at),
        message: `${share} % of \`${name}\` (${window}) is used${key === "*" ? "" : ` by ${key}`}: ${available} of ${limit} ${unit === "usd" ? "USD" : unit} is left`,
        budget: name,
      },
    ];
  });
}

function unknown({ unresolved }: Seen): Alert[] {
  return unresolved
    .filter(({ state }) => state === "unknown")
    .map(({ id, at, endpoint, usd }) => ({
      id: `unknown:${id}`,
      kind: "unknown",
      level: "warning",
      since: at,
      message: `nobody knows what became of ${usd == null ? "a payment" : `${usd} USD`} to ${endpoint}`,
      payment: id,
    }));
}

/** The last hour against the mean of those before it, in seven days. */
function spikes({ lines, at }: Seen): Alert[] {
  const agents = new Map<string, { now: string; before: string; hours: Set<string> }>();
  const from = iso(at - HOUR).slice(0, 13);
  for (const { hour, agent, counts } of lines) {
    const line = agents.get(agent) ?? { now: "0", before: "0", hours: new Set() };
    if (hour >= from) line.now = sumOf([line.now, counts.spent_usd]);
    else {
      line.before = sumOf([line.before, counts.spent_usd]);
      line.hours.add(hour);
    }
    agents.set(agent, line);
  }
  return [...agents].flatMap(([agent, { now, before, hours }]) => {
    const spent = dollars(now);
    // With less than three hours to compare with, nothing is usual.
    if (hours.size < 3 || spent < DOLLAR || spent * BigInt(hours.size) < dollars(before) * SPIKE) return [];
    return [
      {
        id: `spike:${agent}:${from}`,
        kind: "spike" as const,
        level: "warning" as const,
        since: `${from}:00:00.000Z`,
        message: `${agent} has spent ${now} USD since ${from}:00, far more than in an hour before`,
        agent,
      },
    ];
  });
}

function rows({ rows, at }: Seen): Alert[] {
  const found: Alert[] = [];
  const payees = new Map<string, FeedRow>();
  const denied = new Map<string, FeedRow[]>();
  for (const row of rows) {
    if (row.kind === "emergency" && at - Date.parse(row.at) < 7 * DAY) {
      found.push({
        id: `emergency:${row.id}`,
        kind: "emergency",
        level: "critical",
        since: row.at,
        message: `${row.agent} paid ${row.usd ?? "an amount"} USD on its emergency budget, to ${row.origin ?? ""}`,
        agent: row.agent,
        payment: row.id,
      });
    }
    if (row.kind !== "decision") continue;
    if (row.action === "allow" && row.payee !== undefined) {
      const place = `${row.network ?? ""}/${row.payee.toLowerCase()}`;
      if (!payees.has(place)) payees.set(place, row);
    }
    if (row.action === "deny" && at - Date.parse(row.at) < HOUR)
      denied.set(row.agent, [...(denied.get(row.agent) ?? []), row]);
  }
  const [first] = rows;
  for (const [place, row] of payees) {
    // What the history does not reach back beyond can't be told from new; nor can the first payments of all.
    if (first === undefined || at - Date.parse(row.at) > DAY) continue;
    found.push({
      id: `new_payee:${place}`,
      kind: "new_payee",
      level: "info",
      since: row.at,
      message: `${row.agent} pays ${row.payee} for the first time, for ${row.origin ?? ""}`,
      agent: row.agent,
      payment: row.id,
      ...(row.origin !== undefined && { origin: row.origin }),
    });
  }
  for (const [agent, those] of denied) {
    const [one] = those;
    if (those.length < 20 || one === undefined) continue;
    found.push({
      id: `denials:${agent}:${iso(at).slice(0, 13)}`,
      kind: "denials",
      level: "warning",
      since: one.at,
      message: `${agent} was denied ${those.length} times within the hour, lastly for \`${those.at(-1)?.reason ?? ""}\``,
      agent,
    });
  }
  return found.slice(-200);
}

function machinery({ audit, open, pending, at }: Seen): Alert[] {
  const found: Alert[] = open.map(({ agent, name, since }) => ({
    id: `breaker:${agent}:${name}:${since}`,
    kind: "breaker",
    level: "warning",
    since: iso(since),
    message: `payments of ${agent} to ${name} are stopped: it failed too often`,
    agent,
    origin: name,
  }));
  for (const [sink, message] of Object.entries(audit.failures ?? {})) {
    found.push({
      id: `audit:${sink}`,
      kind: "audit",
      level: "critical",
      since: iso(at),
      message: `the audit log's sink \`${sink}\` fails: ${message}`,
    });
  }
  if (audit.verified !== undefined && !audit.verified.good) {
    found.push({
      id: `audit:verified:${audit.verified.at}`,
      kind: "audit",
      level: "critical",
      since: audit.verified.at,
      message: `the audit log is not whole: ${audit.verified.fault?.message ?? "a record is bad"}`,
    });
  }
  if (pending > 0)
    found.push({
      id: "approvals",
      kind: "approvals",
      level: "info",
      since: iso(at),
      message: `${pending} ${pending === 1 ? "payment waits" : "payments wait"} for people`,
    });
  return found;
}
