/** What measures a warden, a gate and the decision service: `tollwarden/metrics` and `tollwarden/otel` each make one. */

import type { Audit } from "../audit/audit.ts";
import type { Breaker, BreakerState } from "../breaker.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Anomaly } from "../gate/anomaly.ts";
import type { Happened } from "../gate/insight.ts";
import type { PaymentRecord } from "../gate/records.ts";
import type { Payments } from "../payments.ts";
import type { PersonalData, Privacy } from "../privacy/privacy.ts";
import type { Store } from "../stores/store.ts";

/** For the option `telemetry` of `openWarden`, `createGate` and `createService`. */
export interface Telemetry {
  store(store: Store): Store;
  ledger(ledger: Ledger, beside: Beside): Ledger;
  privacy(privacy: Privacy): Privacy;
  payments(payments: Payments): Payments;
  /** What was found on its way out. */
  personalData(found: PersonalData): void;
  gate(view: GateView): GateTelemetry;
  /** One answer of the decision service. `route` is the pattern that matched, never the path. */
  request(answered: Answered): void;
}

/** What is looked at beside the ledger. */
export interface Beside {
  readonly breaker?: Pick<Breaker, "toJSON">;
  readonly audit?: Pick<Audit, "behind" | "failures"> | undefined;
  readonly now: () => number;
}

export interface GateTelemetry {
  happened(event: Happened & { readonly usd?: string | undefined }): void;
  anomaly(anomaly: Anomaly): void;
  close(): void;
}

export interface Answered {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

/** What is looked at when figures are collected. */
export interface GateView {
  payments(): AsyncIterable<PaymentRecord>;
  circuits(): Promise<readonly (readonly [key: string, state: BreakerState])[]>;
  readonly now: () => number;
}
