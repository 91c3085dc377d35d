/**
 * `tollwarden/otel`: the same figures, and spans, by the API of OpenTelemetry (`@opentelemetry/api`), in every runtime.
 * Without an SDK that the host has set up they cost next to nothing and go nowhere.
 */

import {
  type Meter,
  metrics,
  type Attributes as OtelAttributes,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type Backend, collected, limiter, type Sample } from "./backend.ts";
import { type MeasureOptions, measured } from "./measured.ts";
import { METRICS, type Metric, type Name } from "./table.ts";
import type { Telemetry } from "./telemetry.ts";

export interface OtelOptions extends MeasureOptions {
  /** Default: `metrics.getMeter("tollwarden")`. */
  readonly meter?: Meter;
  /** Default: `trace.getTracer("tollwarden")`. */
  readonly tracer?: Tracer;
}

export function otelTelemetry(options: OtelOptions = {}): Telemetry {
  const meter = options.meter ?? metrics.getMeter("tollwarden");
  const tracer = options.tracer ?? trace.getTracer("tollwarden");
  const limit = limiter();
  const readers = new Set<() => Promise<readonly Sample[]>>();
  const counters = new Map<Name, ReturnType<Meter["createCounter"]>>();
  const histograms = new Map<Name, ReturnType<Meter["createHistogram"]>>();
  const gauges = new Map<Name, ReturnType<Meter["createObservableGauge"]>>();
  for (const [given, metric] of Object.entries(METRICS)) {
    const name = given as Name;
    const { kind, help, buckets }: Metric = metric;
    const unit = name.endsWith("_seconds") ? { unit: "s" } : {};
    const common = { description: help, ...unit };
    if (kind === "counter") counters.set(name, meter.createCounter(name, common));
    else if (kind === "gauge") gauges.set(name, meter.createObservableGauge(name, common));
    else {
      const advice = { explicitBucketBoundaries: [...(buckets ?? [])] };
      histograms.set(name, meter.createHistogram(name, { ...common, advice }));
    }
  }
  meter.addBatchObservableCallback(
    async (result) => {
      for (const { name, labels, value } of await collected(readers, limit)) {
        const gauge = gauges.get(name);
        if (gauge !== undefined) result.observe(gauge, value, { ...labels });
      }
    },
    [...gauges.values()],
  );

  const backend: Backend = {
    count: (name, labels, by) => counters.get(name)?.add(by, { ...limit(name, labels) }),
    observe: (name, labels, value) => histograms.get(name)?.record(value, { ...limit(name, labels) }),
    gauges(read) {
      readers.add(read);
      return () => void readers.delete(read);
    },
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { attributes: { ...attributes } }, async (span) => {
        try {
          return await work((more) => span.setAttributes({ ...more } as OtelAttributes));
        } catch (error) {
          // The message may repeat what a seller wrote: only the code is told.
          const code = (error as { readonly code?: unknown } | null)?.code;
          span.setStatus({ code: SpanStatusCode.ERROR, message: typeof code === "string" ? code : "error" });
          throw error;
        } finally {
          span.end();
        }
      }),
  };
  return measured(backend, options);
}

export { together } from "./measured.ts";
export { METRICS } from "./table.ts";
export type { Telemetry } from "./telemetry.ts";
