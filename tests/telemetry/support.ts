/** A warden with figures, and what they say. */

import { type Control, memoryStore, openWardenWithControl, type Warden, type WardenOptions } from "../../js/index.ts";
import { type PrometheusMetrics, type PrometheusOptions, prometheusMetrics } from "../../js/telemetry/metrics.ts";

export const URL_OF_SELLER = "https://api.example.com/x";

export interface Measured {
  readonly warden: Warden;
  readonly control: Control;
  readonly metrics: PrometheusMetrics;
  /** The figure of this series; nothing where there is none. */
  figure(series: string): Promise<number | undefined>;
}

export async function measuredWarden(
  policy: object,
  options: Partial<WardenOptions> = {},
  prometheus: PrometheusOptions = {},
): Promise<Measured> {
  const metrics = prometheusMetrics({ refreshMs: 0, ...prometheus });
  const opened = await openWardenWithControl({
    policy,
    store: memoryStore(options.now === undefined ? {} : { now: options.now }),
    agent: "a",
    telemetry: metrics,
    ...options,
  });
  return { ...opened, metrics, figure: async (series) => figureOf(await metrics.text(), series) };
}

/** `name{label="value"}` as it stands in the text. */
export function figureOf(text: string, series: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** The names of all series, without their values. */
export function seriesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(0, line.lastIndexOf(" ")));
}
