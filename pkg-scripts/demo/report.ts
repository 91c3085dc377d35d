// The demo's result, as numbers and as checks. Amounts are in atomic units of the demo's token, of which a dollar is a
// million; budgets in dollars are told in the same unit.

import { NETWORK, USDC } from "../../examples/localnet/chain.ts";
import type { BudgetLine } from "../../js/index.ts";
import type { Balances, Scene } from "./scene.ts";
import type { Purchase } from "./watch.ts";

const DECIMALS = 6;
/** What every figure of the report counts. */
export const UNIT = `${NETWORK}/${USDC.toLowerCase()}`;

export interface Change {
  readonly before: string;
  readonly after: string;
}

export interface BudgetFigures {
  readonly name: string;
  readonly key: string;
  readonly window: string;
  readonly unit: string;
  readonly limit: string;
  readonly spent: string;
  readonly held: string;
  readonly available: string;
}

/** What `--json` prints. */
export interface Report {
  readonly payments: readonly Omit<Purchase, "method" | "notes">[];
  readonly balances: { readonly agent: Change; readonly seller: Change };
  readonly budgets: readonly BudgetFigures[];
}

export function reportOf(
  purchases: readonly Purchase[],
  before: Balances,
  after: Balances,
  budgets: readonly BudgetLine[],
): Report {
  const change = (who: keyof Balances): Change => ({ before: String(before[who]), after: String(after[who]) });
  return {
    payments: purchases.map(({ id, url, action, reason, rules, amount, captured, bound }) => {
      return { id, url, action, reason, rules, amount, captured, bound };
    }),
    balances: { agent: change("agent"), seller: change("seller") },
    budgets: budgets.map(figures),
  };
}

function figures({ name, key, window, unit, limit, spent, held, available }: BudgetLine): BudgetFigures {
  const figure = unit === "usd" ? atomicOfUsd : (text: string) => text;
  // A budget without a limit asks for approval from a figure on; the demo has none.
  const atomic = (text: string | null | undefined): string => figure(text ?? "0");
  return {
    name,
    key,
    window,
    unit: UNIT,
    limit: atomic(limit),
    spent: atomic(spent),
    held: atomic(held),
    available: atomic(available),
  };
}

/** `0.18` is 180000. A dollar figure that is no whole number of atomic units is an error here, not a rounding. */
export function atomicOfUsd(usd: string): string {
  const [whole = "", part = ""] = usd.split(".");
  if (!/^\d+$/.test(whole) || !/^\d*$/.test(part) || part.length > DECIMALS) {
    throw new Error(`\`${usd}\` dollars are no whole number of atomic units`);
  }
  return String(BigInt(whole + part.padEnd(DECIMALS, "0")));
}

/** 180000 is `0.18`; two places at least. */
export function usdOfAtomic(atomic: string | bigint): string {
  const units = BigInt(atomic);
  const digits = String(units < 0n ? -units : units).padStart(DECIMALS + 1, "0");
  const part = digits.slice(-DECIMALS).replace(/0{1,4}$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -DECIMALS)}.${part}`;
}

/** What has to be so for the demo to have worked, each in a sentence. The answer is what is not. */
export function broken(scene: Scene, report: Report, before: Balances, after: Balances): readonly string[] {
  const captured = report.payments.filter((payment) => payment.captured);
  const paid = captured.reduce((sum, payment) => sum + BigInt(payment.amount), 0n);
  const denied = report.payments.filter((payment) => payment.action === "deny");
  const reasons = denied.map(({ reason, rules, bound }) => [reason, ...rules, String(bound)].join(" "));
  const wanted = ["payment_too_large payment.max_usd null", "amount_mismatch false", "budget_exceeded daily null"];
  const facts: readonly (readonly [what: string, holds: boolean])[] = [
    ["the agent lost exactly what was captured", before.agent - after.agent === paid],
    ["the seller gained exactly what was captured", after.seller - before.seller === paid],
    ["the lying seller gained nothing", after.attacker === before.attacker],
    ["no payment reached the lying seller", scene.liar.payments().length === 0],
    ["the key signed once for each captured payment", scene.signatures() === captured.length],
    ["something was bought", captured.length > 0],
    ["all that was allowed was bound and captured", captured.length + denied.length === report.payments.length],
    ["what was captured was bound", captured.every((payment) => payment.bound === true)],
    [`the denials are ${wanted.join("; ")}`, reasons.join("; ") === wanted.join("; ")],
    ["each payment has an id of its own", new Set(report.payments.map(({ id }) => id)).size === report.payments.length],
    ...report.budgets.map(({ name, limit, spent, held, available }) => {
      const whole = BigInt(limit) === BigInt(spent) + BigInt(held) + BigInt(available);
      return [
        `budget ${name}: limit = spent + held + left, and spent = captured`,
        whole && BigInt(spent) === paid,
      ] as const;
    }),
    ["both budgets were told", report.budgets.length === 2],
  ];
  return facts.filter(([, holds]) => !holds).map(([what]) => what);
}
