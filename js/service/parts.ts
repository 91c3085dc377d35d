/** What the endpoints work with, and how one of them is written. */

import type { Asking } from "../approvals/ask.ts";
import type { Audit } from "../audit/audit.ts";
import type { Breaker } from "../breaker.ts";
import type { Control } from "../control.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Pay } from "../fetch.ts";
import type { Store } from "../stores/store.ts";
import type { Vault } from "../vault.ts";
import type { Api, AuditStatus, ChangedWhat, FeedRow } from "./api.ts";
import type { Cold } from "./cold.ts";
import type { Answer, Asked } from "./exchange.ts";
import type { Figures } from "./figures.ts";
import type { History } from "./history.ts";
import type { Caller, Keys } from "./keys.ts";
import type { Endpoint } from "./spec.ts";

/** What a service tells whoever listens, as it happens. */
export type ServiceEvent =
  | { readonly type: "row"; readonly row: FeedRow }
  | { readonly type: "changed"; readonly what: ChangedWhat }
  /** A request that was answered: by the pattern of its path, never the path. */
  | {
      readonly type: "request";
      readonly route: string;
      readonly method: string;
      readonly status: number;
      readonly seconds: number;
    };

export interface AuditWatch {
  status(): Promise<AuditStatus>;
  verify(): Promise<AuditStatus>;
  records(query: Api["GET /v1/audit/records"]["query"]): Promise<readonly object[]>;
}

export interface Parts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly control: Control;
  readonly people: Asking;
  readonly vault: Vault;
  readonly log: Audit | undefined;
  readonly keys: Keys;
  readonly history: History;
  readonly figures: Figures;
  /** An agent's own breaker: what it reports stops no other. */
  readonly breaker: (agent: string) => Breaker;
  readonly breakers: ReadonlyMap<string, Breaker>;
  readonly audit: AuditWatch;
  readonly now: () => number;
  readonly version: string;
  readonly url: string;
  /** The policy in force, as JSON text. */
  readonly policyJson: () => string;
  /** Who signs for an agent, where the service does. */
  readonly signer: (agent: string) => Pay | undefined;
  /** What only people ask for; nothing where this runtime has it not. */
  readonly cold: () => Promise<Cold | undefined>;
  /** For work that goes on after the answer. */
  readonly later: (work: Promise<unknown>) => void;
  readonly tell: (event: ServiceEvent) => void;
  readonly onError: (error: unknown) => void;
}

export interface Call<K extends Endpoint> {
  readonly asked: Asked;
  readonly caller: Caller;
  readonly body: Api[K]["request"];
  readonly query: Api[K]["query"] extends undefined ? Readonly<Record<string, never>> : NonNullable<Api[K]["query"]>;
  readonly path: Readonly<Record<string, string>>;
  /** Whether the caller may still ask: for answers that go on. */
  readonly again: () => Promise<boolean>;
}

/** An answer that is more than a JSON value. */
export interface Sent {
  readonly sent: Answer;
}

export type Handler<K extends Endpoint> = (call: Call<K>) => Promise<Api[K]["response"] | Sent>;
export type Handlers = { readonly [K in Endpoint]?: Handler<K> };
