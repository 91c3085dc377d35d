/** One row: everybody who takes part, in turns. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pkg-scripts/lib/paths.mjs";
import { type Contender, core, floors, plain, warden } from "./contenders.ts";
import { type Effort, type Figure, measure, ratio } from "./measure.ts";
import type { Peers } from "./peers.ts";
import type { Row } from "./rows.ts";

export interface Result {
  readonly name: string;
  readonly title: string;
  /** Microseconds, by column. */
  readonly p50: Readonly<Record<string, number>>;
  readonly p99: Readonly<Record<string, number>>;
  /** How many times as long as the floor the core takes, and so on: each the median of ratios within a pass. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Of the same row: what is compared with what. */
const COMPARED: readonly (readonly [what: string, one: string, other: string])[] = [
  ["core / read", "core", "read"],
  ["core / plain", "core", "plain"],
  ["warden / plain", "warden", "plain"],
  ["new / again", "new", "again"],
  ["many / none", "many", "none"],
  ["guarded / bare", "guarded", "bare"],
  ["free, guarded / bare", "free, guarded", "free, bare"],
  ["paid, guarded / bare", "paid, guarded", "paid, bare"],
  ["presidio / warden", "presidio", "warden"],
  ["presidio / core", "presidio", "core"],
  ["x402-firewall / warden", "x402-firewall", "warden"],
  ["x402-firewall / core", "x402-firewall", "core"],
];

export async function runRow(row: Row, effort: Effort, peers: Peers | undefined): Promise<Result> {
  const contenders: Contender[] = [await warden(row.setup), core(row.setup), plain(row.setup)];
  try {
    for (const contender of contenders) await contender.fill(row.history);
    const theirs = peers === undefined ? [] : (row.peers?.(peers) ?? []);
    const figures = await measure([...contenders.map(({ task }) => task), ...floors(), ...theirs], effort);
    return result(row, figures);
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

export function result({ name, title, native }: Pick<Row, "name" | "title" | "native">, figures: Figures): Result {
  const all = native === undefined ? figures : { ...figures, ...nativeFigure(native) };
  const ratios = COMPARED.filter(([, one, other]) => all[one] !== undefined && all[other] !== undefined);
  return {
    name,
    title,
    p50: each(all, ({ p50 }) => p50),
    p99: each(all, ({ p99 }) => p99),
    ratios: Object.fromEntries(ratios.map(([what, one, other]) => [what, rounded(ratio(all[one], all[other]))])),
  };
}

type Figures = Readonly<Record<string, Figure>>;

const each = (figures: Figures, of: (figure: Figure) => number): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, rounded(of(figure))]));

/** Three digits that count. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

/** What criterion has found, if it has run here: `cargo bench --manifest-path benches/native/Cargo.toml`. */
function nativeFigure(name: string): Figures {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "benches/native/target");
  const path = join(target, "criterion", name, "new/estimates.json");
  if (!existsSync(path)) return {};
  const { median } = JSON.parse(readFileSync(path, "utf8")) as { median: { point_estimate: number } };
  const p50 = median.point_estimate / 1_000;
  return { native: { p50, p99: p50, passes: [p50] } };
}
