/** What the gate is made of. Each file takes what it needs of it. */

import type { Ledger } from "../core/ledger.ts";
import type { Decision } from "../core/types.ts";
import type { Prover } from "../reconcile.ts";
import type { Circuits } from "./circuit.ts";
import type { Facilitator, SettleAnswer } from "./facilitator.ts";
import type { FreeCalls } from "./free.ts";
import type { FindClient } from "./identity.ts";
import type { Happened } from "./insight.ts";
import type { Quotes } from "./quote.ts";
import type { PaymentRecord, Records } from "./records.ts";
import type { Signer } from "./refunds.ts";
import type { Offering } from "./requirements.ts";
import type { FindRoute } from "./routes.ts";
import type { Volumes } from "./volume.ts";

/** What happened, for whoever keeps a log: the audit log takes these. */
export interface GateEvent {
  readonly what: Happened["what"] | "admitted" | "dispute" | "refunded" | "unrecorded";
  readonly at: number;
  readonly route: string;
  readonly client: string;
  readonly payment?: string;
  readonly reason?: string;
  readonly record?: PaymentRecord;
}

/**
 * Takes down what happens. Awaited: where it throws before money was taken, the request is refused; what has happened
 * already it can't undo, and then the error is told to `onError`.
 */
export type RecordEvent = (event: GateEvent) => void | Promise<void>;

/** Asks people about a payment, and waits for as long as the request may. Then the ledger is asked again. */
export type Ask = (decision: Decision, signal: AbortSignal | undefined) => Promise<void>;

/**
 * Whether a settlement that the facilitator reports is final: such as a look at the chain, some blocks later. Anything but
 * `true`, and an error, leaves the payment unresolved, and nothing is delivered.
 */
export type Confirm = (settlement: SettleAnswer, record: PaymentRecord) => boolean | Promise<boolean>;

export interface Parts {
  readonly now: () => number;
  /** The origin that clients know, without a slash at the end. */
  readonly origin: string;
  readonly ledger: Ledger;
  readonly records: Records;
  readonly circuits: Circuits;
  readonly free: FreeCalls;
  readonly volumes: Volumes;
  readonly quotes: Quotes;
  readonly offering: Offering;
  readonly facilitator: Facilitator;
  readonly findRoute: FindRoute;
  readonly findClient: FindClient;
  readonly apiKeyHeader: string;
  readonly signer: () => Promise<Signer>;
  readonly ask: Ask;
  /** Looks an unresolved payment up on its chain. */
  readonly proof: Prover | undefined;
  readonly confirm: Confirm | undefined;
  readonly record: RecordEvent;
  readonly happened: (event: Happened & { readonly usd?: string | undefined }) => void;
  readonly onError: (error: unknown) => void;
  readonly verifyTimeoutMs: number;
  readonly settleTimeoutMs: number;
  readonly quoteMs: number;
  readonly maxOpenPerClient: number;
  /** Payments that this process works on, and how many each client has. */
  readonly inFlight: Set<string>;
  readonly openBy: Map<string, number>;
  /** Entries that were offered to version 1, which sends none back: by request, for as long as a quote is good. */
  readonly offered: Map<string, { readonly entries: readonly object[]; readonly until: number }>;
}

/** As much of it as keeping the books takes, with no route and no facilitator. */
export type Bookkeeping = Pick<
  Parts,
  "now" | "ledger" | "records" | "circuits" | "signer" | "proof" | "record" | "happened" | "onError" | "inFlight"
>;
