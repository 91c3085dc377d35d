/**
 * What the books must say, written down from outside: from what was asked and answered, and nothing else. A step without
 * an answer leaves two possibilities, until the books show which it was; from then on it is certain.
 */

import assert from "node:assert/strict";
import type { Note } from "./pay.ts";

/** Where the money of a payment counts. `held` is any state from which only proof frees it. */
type Counts = "nowhere" | "held" | "spent";

interface Entry {
  readonly amount: bigint;
  /** The ticket may be out: then a failure frees nothing. */
  ticketed: boolean;
  may: readonly Counts[];
}

export interface Books {
  note(note: Note): void;
  /** Fails if no way to fill in what is open gives these sums; otherwise fills it in. */
  check(found: { readonly spent: bigint; readonly held: bigint }, what: string): void;
  /** The payments whose money is held, for certain. */
  held(): readonly string[];
  /** How many payments have left something open, in all. */
  readonly opened: number;
}

export function openBooks(limit: bigint): Books {
  const entries = new Map<string, Entry>();
  let opened = 0;

  /** Where the money may be if the step was carried out. */
  function after(entry: Entry, { step }: Note): Counts {
    if (step === "captured") return "spent";
    if (step === "failed" && !entry.ticketed) return "nowhere";
    return "held";
  }

  return {
    note(note) {
      const { payment, step, answer } = note;
      const entry = entries.get(payment.id) ?? { amount: BigInt(payment.amount), ticketed: false, may: ["nowhere"] };
      entries.set(payment.id, entry);
      if (step === "ticket") entry.ticketed = true;
      if (answer === undefined) {
        // A step that can't move the money leaves nothing open.
        const next = after(entry, note);
        if (!entry.may.includes(next)) entry.may = [...entry.may, next];
        return;
      }
      if (answer === "deny") entry.may = ["nowhere"];
      else if (answer === "captured") entry.may = ["spent"];
      else if (answer === "voided") entry.may = ["nowhere"];
      else entry.may = ["held"];
    },

    check({ spent, held }, what) {
      assert.ok(spent + held <= limit, `${what}: ${spent} spent and ${held} held are above the limit ${limit}`);
      const certain = (where: Counts) =>
        [...entries.values()]
          .filter(({ may }) => may.length === 1 && may[0] === where)
          .reduce((total, { amount }) => total + amount, 0n);
      const open = [...entries.values()].filter(({ may }) => may.length > 1);
      const found = choose(open, spent - certain("spent"), held - certain("held"));
      const told = `certain: ${certain("spent")} and ${certain("held")}; open: ${open.map(({ amount }) => amount)}`;
      assert.ok(found, `${what}: the books say ${spent} spent and ${held} held, which nothing gives (${told})`);
      for (const [i, entry] of open.entries()) entry.may = found.slice(i, i + 1);
      opened += open.length;
    },

    held: () => [...entries].filter(([, { may }]) => may.length === 1 && may[0] === "held").map(([id]) => id),

    get opened() {
      return opened;
    },
  };
}

/** One possibility for each of these, so that they give these sums; undefined if there is none. */
function choose([first, ...others]: readonly Entry[], spent: bigint, held: bigint): readonly Counts[] | undefined {
  if (first === undefined) return spent === 0n && held === 0n ? [] : undefined;
  const { amount, may } = first;
  for (const where of may) {
    const rest = choose(others, where === "spent" ? spent - amount : spent, where === "held" ? held - amount : held);
    if (rest !== undefined) return [where, ...rest];
  }
  return undefined;
}
