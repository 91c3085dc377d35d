/** The rows of the table: what each turns on, and who takes part in it. */

import type { Task } from "./measure.ts";
import { PLAIN, type Setup } from "./payment.ts";
import type { Peers } from "./peers.ts";

export interface Row {
  /** For `--only` and for the file of results. */
  readonly name: string;
  readonly title: string;
  readonly setup: Setup;
  /** Payments that were made and captured before. */
  readonly history: number;
  /** The criterion bench that does the same. */
  readonly native?: string;
  readonly peers?: (peers: Peers) => readonly Task[];
}

const row = (name: string, title: string, setup: Partial<Setup>, more: Partial<Row> = {}): Row => ({
  name,
  title,
  setup: { ...PLAIN, ...setup },
  history: 0,
  ...more,
});

const count = (n: number): string => n.toLocaleString("en-US");
const some = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
const WHOLE: Partial<Setup> = { rules: 100, vendors: 100, budgets: 4, replay: true, privacy: true, audit: true };
const ALL_PARTS = ["pii", "policy", "replay", "audit"];

export const ROWS: readonly Row[] = [
  ...[1, 10, 100, 1_000].map((rules) =>
    row(
      `rules-${rules}`,
      some(rules, "rule"),
      { rules },
      {
        native: `rules-${rules}`,
        ...(rules === 1 && { peers: (peers: Peers) => [peers.presidio({ parts: ["policy"] }), peers.firewall(0)] }),
      },
    ),
  ),
  ...[1, 10, 100, 10_000].map((vendors) =>
    row(
      `vendors-${vendors}`,
      some(vendors, "vendor pattern"),
      { vendors },
      {
        native: `vendors-${vendors}`,
        ...(vendors <= 100 && { peers: (peers: Peers) => [peers.firewall(vendors)] }),
      },
    ),
  ),
  ...[1, 8].map((budgets) =>
    row(`budgets-${budgets}`, some(budgets, "budget"), { budgets }, { native: `budgets-${budgets}` }),
  ),
  ...[0, 1_000, 100_000].map((history) =>
    row(
      `history-${history}`,
      `100 rules, 4 rolling budgets, ${some(history, "payment")} before`,
      { rules: 100, budgets: 4 },
      {
        history,
        native: `history-${history}`,
        peers: (peers) => [peers.presidio({ history, parts: ["policy"] })],
      },
    ),
  ),
  row(
    "replay",
    "1 rule, replay fingerprint",
    { replay: true },
    {
      peers: (peers) => [peers.presidio({ parts: ["policy", "replay"] })],
    },
  ),
  row(
    "audit",
    "1 rule, audit record",
    { audit: true },
    { peers: (peers) => [peers.presidio({ parts: ["policy", "audit"] })] },
  ),
  row(
    "privacy",
    "1 rule, three fields looked through",
    { privacy: true },
    {
      peers: (peers) => [peers.presidio({ parts: ["pii", "policy"] })],
    },
  ),
  ...[0, 100_000].map((history) =>
    row(`whole-${history}`, `the whole: all of these, ${some(history, "payment")} before`, WHOLE, {
      history,
      peers: (peers) => [peers.presidio({ history, parts: ALL_PARTS })],
    }),
  ),
];
