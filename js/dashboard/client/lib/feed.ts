/** Rows of the feed: which are wanted, how they are told in words, and what of them goes into a file. */

import type { FeedQuery, FeedRow } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { dollars, tokens } from "./money.ts";
import { words } from "./text.ts";
import { clock } from "./time.ts";

type Wanted = Pick<FeedQuery, "kind" | "id" | "agent" | "client" | "origin" | "action" | "q">;

/** Whether a row that has just arrived is one of those that were asked for: as the service chooses. */
export function isWanted(row: FeedRow, wanted: Wanted): boolean {
  const same = (value: string | undefined, asked: string | undefined): boolean =>
    asked === undefined || asked === "" || (value ?? "").toLowerCase() === asked.toLowerCase();
  const kind = wanted.kind ?? "decision";
  return (
    (kind === "all" || row.kind === kind) &&
    same(row.id, wanted.id) &&
    same(row.agent, wanted.agent) &&
    same(row.client, wanted.client) &&
    same(row.origin, wanted.origin) &&
    same(row.action, wanted.action) &&
    holds(row, wanted.q ?? "")
  );
}

function holds(row: FeedRow, text: string): boolean {
  const { id, url, agent, client, payee, reason, rules = [], message } = row;
  const all = [id, url, agent, client, payee, reason, ...rules, message];
  return all.some((one) => one?.toLowerCase().includes(text.toLowerCase()) ?? false);
}

/** Those of both, the newest first, each once. */
export function merged(fresh: readonly FeedRow[], old: readonly FeedRow[]): readonly FeedRow[] {
  const all = new Map([...old, ...fresh].map((row) => [row.seq, row]));
  return [...all.values()].sort((a, b) => (a.seq < b.seq ? 1 : a.seq > b.seq ? -1 : 0));
}

/** `0.05 USDC`; atomic units where nobody knows the decimals. */
export function amountOf({
  amount,
  decimals,
  symbol,
  asset,
}: Pick<FeedRow, "amount" | "decimals" | "symbol" | "asset">) {
  if (amount === undefined || (decimals === undefined && asset === undefined)) return "";
  const name = symbol ?? asset ?? "";
  return decimals === undefined ? `${amount} atomic units of ${name}` : `${tokens(amount, decimals)} ${name}`;
}

/** What would have let it pass: `at most $0.40 now, or from 10:00:00 on`. */
export function fixOf(fix: FeedRow["fix"], now: number): string {
  if (fix == null) return "";
  const most = fix.max_amount_usd != null ? `at most ${dollars(fix.max_amount_usd)} now` : "";
  const when = fix.retry_at != null ? `from ${clock(Date.parse(fix.retry_at), now)} on` : "";
  return [most, when].filter((text) => text !== "").join(", or ");
}

const STEPS: Readonly<Record<string, string>> = {
  ticket: "ticket issued",
  sign: "signed",
  settle: "settled",
  approve: "approved",
  reject: "rejected",
  freeze: "frozen",
  unfreeze: "unfrozen",
  hand: "changed by hand",
  emergency: "paid without the service",
};

/** A step in words. */
export const stepOf = ({ kind, state, ok }: FeedRow): string => {
  const word = kind === "settle" && state !== undefined ? `settled: ${state}` : (STEPS[kind] ?? words(kind));
  return ok === false ? `not ${word}` : word;
};

/** For screen readers: `3 new: 2 allowed, 1 denied`. */
export function told(rows: readonly FeedRow[]): string {
  const decisions = rows.filter(({ kind }) => kind === "decision");
  if (decisions.length === 0) return "";
  const count = (action: string, name: string): string => {
    const found = decisions.filter((row) => row.action === action).length;
    return found === 0 ? "" : `${found} ${name}`;
  };
  const parts = [count("allow", "allowed"), count("deny", "denied"), count("require_approval", "waiting for approval")];
  return `${decisions.length} new: ${parts.filter((part) => part !== "").join(", ")}`;
}

export const feedFields: readonly Field<FeedRow>[] = [
  { name: "at", value: ({ at }) => at },
  { name: "kind", value: ({ kind }) => kind },
  { name: "id", value: ({ id }) => id },
  { name: "agent", value: ({ agent }) => agent },
  { name: "client", value: ({ client }) => client },
  { name: "session", value: ({ session }) => session },
  { name: "action", value: ({ action }) => action },
  { name: "reason", value: ({ reason }) => reason },
  { name: "rules", value: ({ rules }) => rules?.join(" ") },
  { name: "message", value: ({ message }) => message },
  { name: "method", value: ({ method }) => method },
  { name: "url", value: ({ url }) => url },
  { name: "payee", value: ({ payee }) => payee },
  { name: "network", value: ({ network }) => network },
  { name: "asset", value: ({ asset }) => asset },
  { name: "amount", value: ({ amount }) => amount },
  { name: "usd", value: ({ usd }) => usd },
  { name: "state", value: ({ state }) => state },
  { name: "transaction", value: ({ transaction }) => transaction },
  { name: "by", value: ({ by }) => by },
];
