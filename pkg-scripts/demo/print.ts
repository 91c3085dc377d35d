// How the demo looks on a terminal: aligned columns, at most 108 wide, colours only where they can be seen.

import type { Report } from "./report.ts";
import { usdOfAtomic } from "./report.ts";
import type { Purchase } from "./watch.ts";

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);

type Cell = readonly [text: string, paint?: (text: string) => string];

/** Padded before it is painted: an escape code has no width on the screen. */
function row(widths: readonly number[], cells: readonly Cell[]): string {
  const padded = cells.map(([text, colour = (plain: string) => plain], at) => {
    const width = widths[at] ?? 0;
    return colour(width < 0 ? text.padStart(-width) : text.padEnd(width));
  });
  return `  ${padded.join("  ")}`.trimEnd();
}

/** Negative: to the right. */
const PURCHASE = [5, 37, -5, 15, 17, 5, 8];
const BALANCE = [7, -12, -12, -9];
const BUDGET = [7, 9, -7, -7, -7, -7];

const yes = (value: boolean | null): Cell => (value === null ? ["-", dim] : value ? ["yes", green] : ["no", red]);

export function headline(title: string): string {
  return `\n${bold(title)}`;
}

export function quiet(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : dim(`  ${line}`)))
    .join("\n");
}

export function purchaseHead(): string {
  const titles = ["", "request", "USD", "rule", "reason", "bound", "captured"];
  return row(
    PURCHASE,
    titles.map((title) => [title, dim]),
  );
}

export function purchaseRows(purchase: Purchase): string {
  const { action, method, url, amount, rules, reason, bound, captured, notes } = purchase;
  const colour = action === "allow" ? green : red;
  const line = row(PURCHASE, [
    [action, colour],
    [`${method} ${url}`],
    [usdOfAtomic(amount)],
    [rules.join(", ") || "-"],
    action === "allow" ? [reason] : [reason, red],
    yes(bound),
    yes(captured),
  ]);
  return [line, ...notes.map((note) => dim(`         ${note}`))].join("\n");
}

export function balanceTable({ balances }: Report): string {
  const head = row(
    BALANCE,
    ["", "before", "after", "change"].map((title) => [title, dim]),
  );
  const lines = Object.entries(balances).map(([who, { before, after }]) => {
    const change = BigInt(after) - BigInt(before);
    const sign = change > 0n ? "+" : "";
    return row(BALANCE, [[who], [usdOfAtomic(before)], [usdOfAtomic(after)], [`${sign}${usdOfAtomic(change)}`, bold]]);
  });
  return [head, ...lines].join("\n");
}

export function budgetTable({ budgets }: Report): string {
  const head = row(
    BUDGET,
    ["", "window", "limit", "spent", "held", "left"].map((title) => [title, dim]),
  );
  const lines = budgets.map(({ name, window, limit, spent, held, available }) =>
    row(BUDGET, [
      [name],
      [window],
      [usdOfAtomic(limit)],
      [usdOfAtomic(spent)],
      [usdOfAtomic(held)],
      [usdOfAtomic(available), bold],
    ]),
  );
  return [head, ...lines].join("\n");
}

export function verdict(failed: readonly string[]): string {
  if (failed.length === 0) return green("  everything adds up, to the atomic unit");
  return failed.map((what) => red(`  this does not hold: ${what}`)).join("\n");
}
