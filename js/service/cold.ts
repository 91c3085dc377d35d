/** What only people ask for, and what takes the core's second module: what a policy means, why, and whether the log is whole. */

import { auditEntries } from "../audit/query.ts";
import { verifyLog } from "../audit/verify.ts";
import { loadTools } from "../core/tools.ts";
import type { Trace } from "../core/types.ts";
import type { Store } from "../stores/store.ts";
import { describePolicy } from "../tools.ts";

export interface Cold {
  readonly describe: typeof describePolicy;
  readonly verify: typeof verifyLog;
  readonly entries: typeof auditEntries;
  /** What each rule says to a payment, with what the store holds now. Writes nothing. */
  explain(policy: string, store: Store, event: Readonly<Record<string, unknown>>): Promise<Trace>;
}

/** As often as an event may ask for further cells. */
const ROUNDS = 16;

export const cold: Cold = {
  describe: describePolicy,
  verify: verifyLog,
  entries: auditEntries,
  async explain(policy, store, event) {
    const engine = new (loadTools().Engine)(policy, false);
    try {
      const text = JSON.stringify(event);
      for (let round = 0; round < ROUNDS; round++) {
        const reply = JSON.parse(engine.handle(text)) as { missing?: readonly string[]; error?: { message: string } };
        if (reply.error !== undefined) throw new Error(reply.error.message);
        if (reply.missing === undefined) return reply as unknown as Trace;
        engine.load(JSON.stringify(await store.load(reply.missing)));
      }
      throw new Error("the core kept asking for cells");
    } finally {
      engine.free();
    }
  },
};
