/**
 * What a warden and a gate are measured by. It stands around what it measures and changes nothing: an answer goes through
 * as it is, an error is thrown on, and what goes wrong in here is swallowed: a figure is no reason to lose a payment.
 */

import { type Backend, harmless } from "./backend.ts";
import { type Asked, askedPeople, decisionsOf } from "./decisions.ts";
import { measureGate } from "./gate.ts";
import { measuredLedger } from "./ledger.ts";
import { measuredStore } from "./store.ts";
import { METRICS, type Metric, type NameOf } from "./table.ts";
import type { Telemetry } from "./telemetry.ts";

export interface MeasureOptions {
  /**
   * How old the figures may be that are read from the store (holds, budgets, questions), in milliseconds. Each reading
   * goes over all open cells, and decisions wait for it. Default 15,000.
   */
  readonly refreshMs?: number;
  /** Seconds on a clock that nobody sets. */
  readonly seconds?: () => number;
}

/** Everything of a telemetry but where its figures go. */
export function measured(given: Backend, options: MeasureOptions = {}): Telemetry {
  const backend = harmless(given);
  const { refreshMs = 15_000, seconds = () => performance.now() / 1_000 } = options;
  const asked: Asked = askedPeople();
  const decisions = decisionsOf(backend, asked);
  for (const [name, metric] of Object.entries(METRICS)) {
    const { initial = [] }: Metric = metric;
    for (const labels of initial) backend.count(name as NameOf<"counter">, labels, 0);
  }
  const parts = { backend, decisions, asked, refreshMs, seconds };
  return {
    store: (store) => measuredStore(store, backend, seconds),
    ledger: (ledger, beside) => measuredLedger(ledger, beside, parts),
    privacy: (privacy) => ({
      ...privacy,
      guard: (inner) => {
        const guarded = privacy.guard(inner);
        return (input, init) =>
          guarded(input, init).catch((error: unknown) => {
            // The ledger was not asked: nobody else counts this denial.
            const code = (error as { readonly code?: unknown } | null)?.code;
            if (code === "personal_data" || code === "personal_data_bound") decisions.deniedBefore(code);
            throw error;
          });
      },
    }),
    payments: (payments) => ({
      ...payments,
      message: (signer, message) =>
        payments.message(signer, message).catch((error: unknown) => {
          // The ledger is not asked about a message that no payment is known for.
          const result = (error as { readonly code?: unknown } | null)?.code;
          if (result === "unticketed_signature" || result === "ticket_used") {
            backend.count("tollwarden_moves_total", { step: "message", result }, 1);
          }
          throw error;
        }),
    }),
    personalData({ action, entities }) {
      for (const entity of new Set(entities)) {
        backend.count("x402_pii_detections_total", { entity_type: entity, action }, 1);
      }
    },
    gate: (view) => measureGate(view, backend, refreshMs),
    request({ route, method, status, seconds: took }) {
      const known = METHODS.has(method) ? method : "other";
      const labels = { route, method: known, status: String(status) };
      backend.count("tollwarden_service_requests_total", { ...labels, status: "500" }, 0);
      backend.count("tollwarden_service_requests_total", labels, 1);
      backend.observe("tollwarden_service_request_seconds", { route }, took);
    },
  };
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Several at once, such as Prometheus for figures and OpenTelemetry for traces. */
export function together(...all: readonly Telemetry[]): Telemetry {
  return {
    store: (store) => all.reduce((inner, one) => one.store(inner), store),
    ledger: (ledger, beside) => all.reduce((inner, one) => one.ledger(inner, beside), ledger),
    privacy: (privacy) => all.reduce((inner, one) => one.privacy(inner), privacy),
    payments: (payments) => all.reduce((inner, one) => one.payments(inner), payments),
    personalData: (found) => {
      for (const one of all) one.personalData(found);
    },
    gate(view) {
      const gates = all.map((one) => one.gate(view));
      return {
        happened: (event) => {
          for (const one of gates) one.happened(event);
        },
        anomaly: (anomaly) => {
          for (const one of gates) one.anomaly(anomaly);
        },
        close: () => {
          for (const one of gates) one.close();
        },
      };
    },
    request: (answered) => {
      for (const one of all) one.request(answered);
    },
  };
}
