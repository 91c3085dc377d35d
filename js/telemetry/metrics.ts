/**
 * `tollwarden/metrics`: figures for Prometheus, by `prom-client`, on Node.
 *
 * ```ts
 * const metrics = prometheusMetrics();
 * const warden = await openWarden({ policy: "policy.toml", telemetry: metrics });
 * serve({ fetch: (request) => metrics.handle(request) });
 * ```
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Backend, collected, type Labels, limiter, type Sample } from "./backend.ts";
import { type MeasureOptions, measured } from "./measured.ts";
import { METRICS, type Metric, type Name } from "./table.ts";
import type { Telemetry } from "./telemetry.ts";

export interface PrometheusOptions extends MeasureOptions {
  /** Where the figures are registered. Default: a registry of their own. */
  readonly register?: Registry;
  /** The figures of the process too (memory, processor, event loop). Default false. */
  readonly defaultMetrics?: boolean;
  /** Labels that every figure has, such as `{ agent_id: "a1" }`. */
  readonly labels?: Labels;
}

export interface PrometheusMetrics extends Telemetry {
  readonly register: Registry;
  readonly contentType: string;
  /** Everything, as Prometheus reads it. */
  text(): Promise<string>;
  /** For the path `/metrics` of a server of your own. It asks for no key: put it where only Prometheus gets. */
  handle(request: Request): Promise<Response>;
}

export function prometheusMetrics(options: PrometheusOptions = {}): PrometheusMetrics {
  const register = options.register ?? new Registry();
  if (options.labels !== undefined) register.setDefaultLabels({ ...options.labels });
  if (options.defaultMetrics === true) collectDefaultMetrics({ register });

  const limit = limiter();
  const readers = new Set<() => Promise<readonly Sample[]>>();
  const counters = new Map<Name, Counter>();
  const histograms = new Map<Name, Histogram>();
  const gauges = new Map<Name, Gauge>();
  for (const [given, metric] of Object.entries(METRICS)) {
    const name = given as Name;
    const { kind, help, labels, buckets }: Metric = metric;
    const common = { name, help, labelNames: [...labels], registers: [register] };
    if (kind === "counter") counters.set(name, new Counter(common));
    else if (kind === "histogram") histograms.set(name, new Histogram({ ...common, buckets: [...(buckets ?? [])] }));
    else gauges.set(name, new Gauge(common));
  }

  const backend: Backend = {
    count: (name, labels, by) => counters.get(name)?.inc(limit(name, labels), by),
    observe: (name, labels, value) => histograms.get(name)?.observe(limit(name, labels), value),
    gauges(read) {
      readers.add(read);
      return () => void readers.delete(read);
    },
    span: (_name, _attributes, work) => work(() => undefined),
  };

  /** One reading for all gauges. What is no longer there is no longer told. */
  async function refresh(): Promise<void> {
    const samples = await collected(readers, limit);
    for (const [name, gauge] of gauges) {
      gauge.reset();
      // One without labels is 0 then, which is a figure, too.
      if (METRICS[name].labels.length === 0) gauge.remove();
    }
    for (const { name, labels, value } of samples) gauges.get(name)?.set(labels, value);
  }

  async function text(): Promise<string> {
    await refresh();
    return register.metrics();
  }

  return {
    ...measured(backend, options),
    register,
    contentType: register.contentType,
    text,
    async handle({ method }) {
      if (method !== "GET" && method !== "HEAD") {
        return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
      }
      const headers = { "content-type": register.contentType, "cache-control": "no-store" };
      return new Response(method === "HEAD" ? null : await text(), { headers });
    },
  };
}

export { MAX_SERIES } from "./backend.ts";
export { together } from "./measured.ts";
export { METRICS } from "./table.ts";
export type { Telemetry } from "./telemetry.ts";
