/** Amounts over time, as uPlot draws them. Beside the picture its figures are a table: for those who can't see it, and to copy. */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { pixels } from "../lib/money.ts";
import { stamp } from "../lib/time.ts";
import { Table } from "./table.tsx";

export interface Point {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** One for each series, as decimal texts. */
  readonly values: readonly (string | null)[];
}

export type Tone = "accent" | "good" | "bad" | "ask" | "odd" | "dim";

export interface Series {
  readonly name: string;
  readonly tone: Tone;
  readonly kind?: "steps" | "outline" | "line" | "bars" | "limit";
}

interface ChartProps {
  readonly label: string;
  readonly series: readonly Series[];
  readonly points: readonly Point[];
  readonly show: (value: string) => string;
  readonly height?: number;
}

export function Chart({ label, series, points, show, height = 200 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useScheme();

  // Drawn anew for new points: there are a few hundred at most.
  useEffect(() => {
    const element = place.current;
    if (element === null || points.length === 0) return;
    const width = (): number => Math.max(element.clientWidth, 200);
    const plot = new uPlot(
      { ...optionsOf(series, points, show), width: width(), height },
      dataOf(series, points),
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: width(), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [series, points, show, height, scheme]);

  if (points.length === 0) return <p class="empty">Nothing yet in this time.</p>;
  return (
    <figure class="chart">
      <figcaption class="unseen">{label}</figcaption>
      <ul class="legend" aria-hidden="true">
        {series.map((one) => (
          <li key={one.name}>
            <Key series={one} />
            {one.name}
          </li>
        ))}
      </ul>
      <div class="canvas" ref={place} aria-hidden="true" />
      <details>
        <summary>
          The figures<span class="unseen"> of {label}</span>
        </summary>
        <Table
          caption={label}
          none=""
          rows={points}
          keyOf={({ at }) => String(at)}
          columns={[
            { name: "Time", kind: "when", heads: true, show: ({ at }) => stamp(at) },
            ...series.map(({ name }, index) => ({
              name,
              kind: "number" as const,
              show: ({ values }: Point) => {
                const value = values[index];
                return value == null ? "–" : show(value);
              },
            })),
          ]}
        />
      </details>
    </figure>
  );
}

function Key({ series: { kind, tone } }: { series: Series }) {
  const stroke = colour(tone);
  return (
    <span class="key">
      <svg width="18" height="10" aria-hidden="true" focusable="false">
        {kind === "bars" ? (
          <rect x="4" y="1" width="10" height="9" fill={stroke} />
        ) : (
          <path d="M0 5H18" stroke={stroke} stroke-width="2" stroke-dasharray={kind === "limit" ? "5 4" : "none"} />
        )}
      </svg>
    </span>
  );
}

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#888";

/** Light or dark: a picture does not follow by itself. */
function useScheme(): boolean {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const follow = (): void => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, [query]);
  return dark;
}

function dataOf(series: readonly Series[], points: readonly Point[]): uPlot.AlignedData {
  return [
    points.map(({ at }) => at / 1000),
    ...series.map((_, index) => points.map(({ values }) => pixels(values[index]))),
  ];
}

/** A bar stands for the time from its beginning on: the last one needs its own. */
const ends = (series: readonly Series[]): boolean => series.some(({ kind }) => kind === "bars");
const stepOf = ([first, second]: readonly Point[]): number =>
  first === undefined || second === undefined ? 3_600 : (second.at - first.at) / 1000;

function optionsOf(
  series: readonly Series[],
  points: readonly Point[],
  show: (value: string) => string,
): Omit<uPlot.Options, "width" | "height"> {
  const steps = uPlot.paths.stepped?.({ align: 1 });
  const bars = uPlot.paths.bars?.({ size: [0.7, 28], align: 1 });
  const font = `12px ${colour("text")}`;
  const grid = { stroke: colour("line"), width: 1 };
  const axis = { stroke: colour("dim"), font, grid, ticks: { show: false } };
  return {
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { show: true, drag: { setScale: false, x: false, y: false }, points: { show: false } },
    padding: [10, 8, 0, 0],
    scales: {
      x: { range: (_plot, from, to) => [from, ends(series) ? to + stepOf(points) : to] },
      y: { range: (_plot, least, most) => [Math.min(0, least ?? 0), (most || 1) * 1.08] },
    },
    axes: [
      { ...axis, space: 80, values: HOURS },
      {
        ...axis,
        size: 64,
        space: 32,
        values: (_plot, splits) => splits.map((split) => show(plain(split))),
      },
    ],
    series: [
      {},
      ...series.map(({ name, tone, kind = "line" }): uPlot.Series => {
        const stroke = colour(tone);
        const paths = kind === "steps" || kind === "outline" ? steps : kind === "bars" ? bars : undefined;
        return {
          label: name,
          stroke,
          width: kind === "limit" ? 1.5 : 2,
          points: { show: false },
          spanGaps: true,
          ...(kind === "limit" && { dash: [6, 4] }),
          ...(kind === "steps" && { fill: `color-mix(in srgb, ${stroke} 12%, transparent)` }),
          ...(kind === "bars" && { fill: stroke }),
          ...(paths !== undefined && { paths }),
        };
      }),
    ],
  };
}

/** A tick of the axis: a number of its own making, with no amount behind it. */
const plain = (tick: number): string => String(Number(tick.toPrecision(6)));

/** By what is between two ticks: days, hours, seconds; the date again where it changes. */
const HOURS: uPlot.Axis.Values = [
  [86_400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
];
