// A warden with an audit log, and what the tests pay with it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditOptions } from "../../js/audit/audit.ts";
import type { AuditRecord, Sink } from "../../js/audit.ts";
import { memoryStore, openWardenWithControl, type Store } from "../../js/index.ts";
import { offer } from "../cli/support.ts";

export const POLICY = {
  payment: { max_usd: "1", approve_from_usd: "0.50" },
  budgets: [{ name: "daily", limit_usd: "5", window: "24h", per: "agent" }],
};

export const URL_ = "https://api.example.com/weather?card=4111111111111111";

/** A clock that moves on by a second at each look. */
export function ticking(from = 1_767_607_200_000): () => number {
  let at = from;
  return () => {
    at += 1_000;
    return at;
  };
}

/** A store that outlives the wardens on it. */
export function lasting(store: Store): Store {
  return { ...store, close: async () => undefined };
}

export async function audited(audit: AuditOptions, store: Store = memoryStore(), now = ticking()) {
  return openWardenWithControl({ policy: POLICY as never, store, now, audit, agent: "a1" });
}

export function request(id: string, amount = "10000") {
  return { id, url: URL_, session: "s1", offer: offer(amount) };
}

/** A sink that keeps what it is given, and fails when it is told to. */
export function keeping(name = "kept"): Sink & { readonly lines: string[]; fail: string | undefined } {
  const lines: string[] = [];
  return {
    name,
    lines,
    fail: undefined,
    async write(records: readonly AuditRecord[]) {
      if (this.fail !== undefined) throw new Error(this.fail);
      for (const { seq, line } of records) {
        // It may come again after a failure; it never comes out of order, or with a gap.
        if (seq > lines.length) throw new Error(`record ${seq} after ${lines.length}`);
        lines[seq] = line;
      }
    },
  };
}

export function bytes(lines: readonly string[]): Uint8Array[] {
  return [new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""))];
}

export async function inFolder<R>(work: (folder: string) => Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-audit-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
