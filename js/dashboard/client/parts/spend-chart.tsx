/** What was spent in each hour or day. */

import { useMemo } from "preact/hooks";
import type { SeriesPoint } from "../../../service/api.ts";
import { dollars } from "../lib/money.ts";
import { Chart, type Series } from "./chart.tsx";
import { Waiting } from "./page.tsx";

const SERIES: readonly Series[] = [{ name: "spent", tone: "accent", kind: "bars" }];

interface SpendChartProps {
  readonly label: string;
  readonly points: readonly SeriesPoint[] | undefined;
  readonly step: "hour" | "day";
}

export function SpendChart({ label, points, step }: SpendChartProps) {
  const drawn = useMemo(() => filled(points ?? [], step === "hour" ? 3_600_000 : 86_400_000), [points, step]);
  if (points === undefined) return <Waiting />;
  return <Chart label={label} series={SERIES} points={drawn} show={dollars} height={150} />;
}

/** A step in which nothing happened is one with nothing spent, and not a gap. */
function filled(points: readonly SeriesPoint[], step: number) {
  const spent = new Map(points.map(({ at, spent_usd }) => [Date.parse(at), spent_usd]));
  const times = [...spent.keys()].sort((a, b) => a - b);
  const [first] = times;
  const last = Math.max(times.at(-1) ?? 0, Math.floor(Date.now() / step) * step);
  if (first === undefined) return [];
  const from = Math.min(first, last - 11 * step);
  const count = Math.min(Math.round((last - from) / step), 1_000);
  return Array.from({ length: count + 1 }, (_, index) => {
    const at = last - (count - index) * step;
    return { at, values: [spent.get(at) ?? "0"] };
  });
}
