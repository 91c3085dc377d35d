/** Questions to a log: the records of a session, what was spent, and so on. They read the whole log once. */

import { loadTools } from "../core/tools.ts";
import { logPieces } from "./files.ts";

/** Which records are wanted; what is left out restricts nothing. */
export interface AuditFilter {
  readonly agent?: string;
  readonly client?: string;
  readonly session?: string;
  /** An origin, such as `https://api.example.com`, or its host. */
  readonly vendor?: string;
  /** An address. */
  readonly payee?: string;
  /** Of one payment. */
  readonly id?: string;
  /** Such as `authorized`, `denied`, `captured`. */
  readonly kind?: string;
  /** From this time on, in ISO 8601. */
  readonly since?: string;
  /** Before this time, in ISO 8601. */
  readonly until?: string;
}

/** A record, as docs/audit.md has it. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly policy: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

export interface AuditTotals {
  readonly records: number;
  readonly authorized: number;
  readonly denied: number;
  readonly approvals_asked: number;
  /** Captured, less what came back, in US dollars as a decimal text. */
  readonly spent_usd: string;
}

/** A log: the path of its file (with those that were put aside beside it), or its bytes in pieces. */
export type LogSource = string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const piecesOf = (log: LogSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  typeof log === "string" ? logPieces(log) : log;

/** The records that are wanted, one by one. */
export async function* auditEntries(log: LogSource, filter: AuditFilter = {}): AsyncGenerator<AuditEntry> {
  const query = new (loadTools().AuditQuery)(JSON.stringify(filter));
  try {
    for await (const piece of piecesOf(log)) {
      for (const line of query.push(piece)) yield JSON.parse(line) as AuditEntry;
    }
  } finally {
    query.free();
  }
}

/** What was asked and spent in the records that are wanted. */
export async function auditTotals(log: LogSource, filter: AuditFilter = {}): Promise<AuditTotals> {
  const query = new (loadTools().AuditQuery)(JSON.stringify(filter));
  try {
    for await (const piece of piecesOf(log)) query.push(piece);
    return JSON.parse(query.totals()) as AuditTotals;
  } finally {
    query.free();
  }
}

/** All records of a session. */
export async function entriesForSession(log: LogSource, session: string): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of auditEntries(log, { session })) entries.push(entry);
  return entries;
}

/** What was spent, in US dollars as a decimal text: captured, less what came back. */
export async function totalSpent(log: LogSource, filter: AuditFilter = {}): Promise<string> {
  return (await auditTotals(log, filter)).spent_usd;
}
