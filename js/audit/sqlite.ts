/** The log as a table of SQLite, beside the ledger's own file or anywhere else. */

import type { SqliteHandle } from "../stores/sqlite.ts";
import { leafHash, NO_RECORD, prevOf } from "./line.ts";
import type { Sink } from "./sink.ts";

/** A handle of `node:sqlite`, `better-sqlite3` or `bun:sqlite`; it stays the caller's to close. */
export function sqliteSink(handle: SqliteHandle, table = "audit"): Sink {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(table)) throw new Error(`not the name of a table: \`${table}\``);
  handle.exec(`CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT`);
  const insert = handle.prepare(`INSERT INTO ${table} (seq, line) VALUES (?, ?)`);
  const last = handle.prepare(`SELECT seq, line FROM ${table} ORDER BY seq DESC LIMIT 1`);
  /** The place of the next record, and what it has to name as the one before it. */
  const end = (): { readonly next: number; readonly prev: string } => {
    // Libraries give `undefined` or `null` where there is no row.
    const row = (last.get() ?? undefined) as { seq: number | bigint; line: string } | undefined;
    return row === undefined ? { next: 0, prev: NO_RECORD } : { next: Number(row.seq) + 1, prev: leafHash(row.line) };
  };
  return {
    name: `sqlite:${table}`,
    next: async () => end().next,
    async write(records) {
      handle.exec("BEGIN IMMEDIATE");
      try {
        const { next, prev } = end();
        // Another process may have brought some of them meanwhile.
        const fresh = records.filter(({ seq }) => seq >= next);
        const [first] = fresh;
        if (first !== undefined && first.seq !== next) throw new Error(`\`${table}\` goes on with record ${next}`);
        if (first !== undefined && prevOf(first.line) !== prev) {
          throw new Error(`\`${table}\` is the table of another log: record ${next} does not go on from its last one`);
        }
        for (const { seq, line } of fresh) insert.run(seq, line);
        handle.exec("COMMIT");
      } catch (error) {
        try {
          handle.exec("ROLLBACK");
        } catch {
          // After a full disk or an I/O error SQLite has rolled back by itself.
        }
        throw error;
      }
    },
  };
}
