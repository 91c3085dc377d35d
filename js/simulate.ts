/** The core with no server, chain, clock or store: events in, answers out, as `docs/events.md` has them. */

import { loadCore } from "./core/load.ts";
import { type PolicySource, readPolicy } from "./policy-source.ts";
import { mustBeScreened } from "./privacy/open.ts";

/** A ledger of its own that is driven by events. */
export interface Simulation {
  /** Answers one event, given as one line of JSON, with one line of JSON. */
  answer(event: string): string;
  /** SHA-256 in hex of the ledger as it is now: the same events give the same on every platform. */
  stateHash(): string;
  /** Lets go of the memory that it holds. */
  close(): void;
}

/** Begins with an empty ledger. Throws `PolicyInvalid`, also where a warden would not open on the policy. */
export function simulation(policy: PolicySource): Simulation {
  const read = readPolicy(policy);
  mustBeScreened(read);
  const engine = new (loadCore().Engine)(read.json, true);
  return {
    answer: (event) => engine.handle(event),
    stateHash: () => engine.stateHash(),
    close: () => engine.free(),
  };
}
