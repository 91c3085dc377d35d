/** The log as OpenTelemetry log records, through whatever logger the host has set up (`@opentelemetry/api-logs`). */

import type { Sink } from "./sink.ts";

/** What is asked of `logs.getLogger(…)`. */
export interface OtelLogger {
  emit(record: {
    timestamp?: number;
    severityNumber?: number;
    severityText?: string;
    body?: string;
    attributes?: Record<string, string | number>;
  }): void;
}

const [INFO, WARN] = [9, 13];
const LOUD = ["denied", "refused", "not_bound", "unknown", "frozen", "recovered", "policy_refused"];

/**
 * `flush`: what makes the exporter send, such as `() => provider.forceFlush()`. Without it records are given to the
 * exporter and no more can be said: keep a file beside it.
 */
export function otelSink(logger: OtelLogger, flush: () => Promise<void> = async () => undefined): Sink {
  return {
    name: "otel",
    async write(records) {
      for (const { seq, line } of records) {
        const { kind, at, policy } = JSON.parse(line) as { kind: string; at: string; policy: string };
        const loud = LOUD.includes(kind);
        logger.emit({
          timestamp: Date.parse(at),
          severityNumber: loud ? WARN : INFO,
          severityText: loud ? "WARN" : "INFO",
          body: line,
          attributes: { "tollwarden.seq": seq, "tollwarden.kind": kind, "tollwarden.policy": policy },
        });
      }
      await flush();
    },
  };
}
