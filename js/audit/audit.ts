/** The audit log of a warden: what is recorded, where it goes, and what happens when it can't go there. */

import { coreSha256 } from "../core/generated/digest.js";
import type { Auditing } from "../core/ledger.ts";
import { loadCore } from "../core/load.ts";
import { WardenUnavailable } from "../errors.ts";
import type { Store } from "../stores/store.ts";
import { type CheckpointOptions, checkpoints } from "./checkpoint.ts";
import { type Drain, HEAD, openDrain } from "./drain.ts";
import type { Sink } from "./sink.ts";

export interface AuditOptions {
  /** Where the records go. Without one they stay in the store: `storedLog` reads them there. */
  readonly sinks?: readonly Sink[];
  /** The key of an HMAC-SHA256 over each record, of at least 16 bytes. */
  readonly key?: Uint8Array;
  readonly checkpoint?: CheckpointOptions;
  /** Whether the store keeps the records that every sink has. It does not, unless given. */
  readonly keep?: boolean;
  /** With more records than this waiting for a sink, every payment is denied, or flagged. 100,000 unless given. */
  readonly maxBacklog?: number;
  /**
   * What becomes of payments then. `deny` unless given; with `flag` they are judged as ever, and the decision has the flag
   * `audit_behind`. Their records are in the store either way: without those nothing is allowed.
   */
  readonly whenBehind?: "deny" | "flag";
  /** Told of each failure of a sink or a checkpoint. The records wait in the store meanwhile. */
  readonly onError?: (error: unknown) => void;
}

export interface Audit {
  /** For the ledger. */
  readonly auditing: Auditing;
  /** How many records the slowest sink is behind. */
  readonly behind: number;
  /** What the sinks said last, by name; empty while all is well. */
  readonly failures: ReadonlyMap<string, string>;
  /** Brings every record to every sink. Throws if one does not take them. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function openAudit(store: Store, options: AuditOptions, now: () => number): Audit {
  const { sinks = [], key, keep = false, maxBacklog = 100_000, onError } = options;
  if (key !== undefined && key.length < 16) throw new Error("the key of an audit log has at least 16 bytes");
  const signing = options.checkpoint === undefined ? undefined : checkpoints(options.checkpoint, now);
  const sign = async (head: string, last = false): Promise<void> => {
    // A checkpoint that can't be brought away stops no payment: the records are safe, and the next one covers them.
    await signing?.reached(head, last).catch((error: unknown) => onError?.(error));
  };
  const drain: Drain = openDrain({ store, sinks, keep, onError, reached: (head) => sign(head) });
  return {
    auditing: {
      core: `${loadCore().coreVersion()} ${coreSha256}`,
      key,
      flagOnly: options.whenBehind === "flag",
      blocked() {
        if (drain.behind <= maxBacklog) return undefined;
        const said = [...drain.failures].map(([name, message]) => `${name}: ${message}`).join("; ");
        return `${drain.behind} audit records wait for a sink, more than ${maxBacklog}${said === "" ? "" : ` (${said})`}`;
      },
    },
    get behind() {
      return drain.behind;
    },
    get failures() {
      return drain.failures;
    },
    flush: () => drain.flush(),
    async close() {
      await drain.close();
      const [head] = await store.load([HEAD]);
      if (head?.value != null) await sign(head.value, true);
    },
  };
}

/** The lines of a log that the store keeps. */
export async function* storedLog(store: Store): AsyncGenerator<string> {
  for await (const { value } of store.scan("log/")) if (value !== null) yield value;
}

/** A ledger that has an audit log is not changed without one: what was done would be missing there. */
export async function withoutLog(store: Store): Promise<undefined> {
  // A store that fails here fails again where it matters, and denies.
  const [head] = await store.load([HEAD]).catch(() => []);
  if (head === undefined || head.value === null) return;
  throw new WardenUnavailable("audit_required", "this ledger has an audit log: open it with `audit`");
}
