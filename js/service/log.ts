/** The audit log as the service sees it: whether its sinks keep up, and whether it was found whole. */

import type { Audit } from "../audit/audit.ts";
import { HEAD, headOf } from "../audit/drain.ts";
import type { LogSource } from "../audit/query.ts";
import type { Store } from "../stores/store.ts";
import type { AuditStatus } from "./api.ts";
import type { Cold } from "./cold.ts";
import { Refused } from "./exchange.ts";
import { iso } from "./keys.ts";
import type { AuditWatch } from "./parts.ts";

/** Where the service can read its log back. */
export interface LogPlace {
  /** The file's path, or its bytes anew each time. */
  readonly source: string | (() => LogSource);
  /** The key of the records' HMACs. */
  readonly key?: Uint8Array;
  /** Checkpoints that were kept, and their signer's public key. */
  readonly checkpoints?: () => readonly { readonly note: string; readonly name: string }[];
  readonly vkey?: string;
}

export interface LogParts {
  readonly store: Store;
  readonly log: Audit | undefined;
  readonly place: LogPlace | undefined;
  readonly cold: () => Promise<Cold | undefined>;
  readonly now: () => number;
  readonly done: () => void;
}

export function watchLog({ store, log, place, cold, now, done }: LogParts): AuditWatch {
  let verified: AuditStatus["verified"];
  let verifying = false;

  async function status(): Promise<AuditStatus> {
    const verifiable = log !== undefined && place !== undefined && (await cold()) !== undefined;
    if (log === undefined) return { on: false, verifiable: false, verifying: false };
    const [head] = await store.load([HEAD]);
    return {
      on: true,
      ...(head?.value != null && { records: headOf(head.value).next }),
      behind: log.behind,
      failures: Object.fromEntries(log.failures),
      ...(verified !== undefined && { verified }),
      verifiable,
      verifying,
    };
  }

  async function readable(): Promise<{ readonly tools: Cold; readonly source: LogSource; readonly place: LogPlace }> {
    const tools = await cold();
    if (log === undefined || place === undefined || tools === undefined) {
      throw new Refused(409, "no_log", "the service has no audit log that it can read back", {
        fix: "name its file: `audit` in the service's configuration, or `tollwarden verify` beside the file",
      });
    }
    // What waits for the file is in it, then.
    await log.flush().catch(() => undefined);
    return { tools, place, source: typeof place.source === "string" ? place.source : place.source() };
  }

  async function run(): Promise<void> {
    const { tools, source, place: from } = await readable();
    const { key, vkey, checkpoints } = from;
    const verdict = await tools.verify(source, {
      ...(key !== undefined && { key }),
      ...(vkey !== undefined && { vkey }),
      ...(checkpoints !== undefined && { checkpoints: checkpoints() }),
    });
    const { good, whole, records, root, fault, remarks } = verdict;
    const told = remarks.slice(0, 50).map(({ record, message }) => `record ${record}: ${message}`);
    verified = {
      at: iso(now()),
      good,
      whole,
      records,
      root,
      remarks: told,
      ...(fault !== null && { fault: { code: fault.code, record: fault.record, message: fault.message } }),
    };
  }

  return {
    status,
    async verify() {
      await readable();
      if (!verifying) {
        verifying = true;
        run()
          .catch((error: unknown) => {
            const message = error instanceof Error ? error.message : String(error);
            verified = {
              at: iso(now()),
              good: false,
              whole: false,
              records: 0,
              root: "",
              remarks: [],
              fault: { code: "unreadable", record: 0, message },
            };
          })
          .finally(() => {
            verifying = false;
            done();
          });
      }
      return status();
    },
    async records({ limit = 100, ...filter }) {
      const { tools, source } = await readable();
      const kept: object[] = [];
      try {
        for await (const entry of tools.entries(source, filter)) {
          kept.push(entry);
          if (kept.length > limit * 2) kept.splice(0, kept.length - limit);
        }
      } catch (error) {
        throw new Refused(
          503,
          "unavailable",
          `the log can't be read: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      return kept.slice(-limit).reverse();
    },
  };
}
