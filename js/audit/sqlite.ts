/** The log as a table of SQLite, beside the ledger's own file or anywhere else. */

import type { SqliteHandle } from "../stores/sqlite.ts";
import type { Sink } from "./sink.ts";

/** A handle of `node:sqlite`, `better-sqlite3` or `bun:sqlite`; it stays the caller's to close. */
export function sqliteSink(handle: SqliteHandle, table = "audit"): Sink {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(table)) throw new Error(`not the name of a table: \`${table}\``);
  handle.exec(`CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT`);
  const insert = handle.prepare(`INSERT INTO ${table} (seq, line) VALUES (?, ?)`);
  const last = handle.prepare(`SELECT max(seq) AS seq FROM ${table}`);
  const next = (): number => {
    const { seq } = last.get() as { seq: number | bigint | null };
    return seq === null ? 0 : Number(seq) + 1;
  };
  return {
    name: `sqlite:${table}`,
    next: async () => next(),
    async write(records) {
      handle.exec("BEGIN IMMEDIATE");
      try {
        const wanted = next();
        if (records[0]?.seq !== wanted) throw new Error(`\`${table}\` goes on with record ${wanted}`);
        for (const { seq, line } of records) insert.run(seq, line);
        handle.exec("COMMIT");
      } catch (error) {
        handle.exec("ROLLBACK");
        throw error;
      }
    },
  };
}
