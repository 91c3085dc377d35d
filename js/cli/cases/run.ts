/** Runs cases through the core, each from an empty ledger, and takes down what they touched of the policy. */

import type { Coverable, Trace } from "../../core/types.ts";
import { loadTools } from "../core.ts";
import { compare, type Difference } from "./compare.ts";
import type { Case, Json } from "./read.ts";

export interface Failure {
  /** From 1. */
  readonly step: number;
  /** The event, shortened: `authorize p2`. */
  readonly event: string;
  readonly differences: readonly Difference[];
  readonly got: Json;
}

export interface Result {
  readonly name: string;
  readonly steps: number;
  /** The first step that went wrong; the rest of the case is not run, for it rests on it. */
  readonly failure?: Failure;
}

export interface Coverage {
  /** Rules of the policy that were never more than a pass. */
  readonly never_fired: readonly string[];
  /** Figures that no payment met exactly. */
  readonly never_met: readonly string[];
  /** Figures that no payment crossed by the smallest step. */
  readonly never_crossed: readonly string[];
  readonly rules: { readonly fired: number; readonly of: number };
  /** Each figure has two sides. */
  readonly sides: { readonly touched: number; readonly of: number };
}

export interface Report {
  readonly results: readonly Result[];
  readonly coverage: Coverage;
}

/** `policy`: as JSON. `rules`: what it says. */
export function runCases(policy: string, rules: readonly Coverable[], cases: readonly Case[]): Report {
  const touched = { fired: new Set<string>(), met: new Set<string>(), crossed: new Set<string>() };
  const results = cases.map((each) => runCase(policy, each, (trace) => touch(trace, touched)));
  const figures = rules.flatMap((rule) => rule.figures ?? []);
  const never_fired = rules.map(({ rule }) => rule).filter((rule) => !touched.fired.has(rule));
  const never_met = figures.filter((figure) => !touched.met.has(figure));
  const never_crossed = figures.filter((figure) => !touched.crossed.has(figure));
  const sides = 2 * figures.length;
  return {
    results,
    coverage: {
      never_fired,
      never_met,
      never_crossed,
      rules: { fired: rules.length - never_fired.length, of: rules.length },
      sides: { touched: sides - never_met.length - never_crossed.length, of: sides },
    },
  };
}

function runCase(policy: string, { name, steps }: Case, seen: (trace: Trace) => void): Result {
  const engine = new (loadTools().Engine)(policy, true);
  try {
    const ask = (event: object): Json => JSON.parse(engine.handle(JSON.stringify(event))) as Json;
    for (const [index, { send, want }] of steps.entries()) {
      // Explained first: the ledger is still as the event finds it.
      if (send.type === "authorize" || send.type === "check") {
        const trace = ask({ ...send, type: "explain" }) as unknown as Partial<Trace>;
        if (trace.decision !== undefined) seen(trace as Trace);
      }
      const got = ask(send);
      const differences = compare(want, got);
      if (differences.length > 0) {
        const event = [send.type, send.id].filter((word) => typeof word === "string").join(" ");
        return { name, steps: steps.length, failure: { step: index + 1, event, differences, got } };
      }
    }
    return { name, steps: steps.length };
  } finally {
    engine.free();
  }
}

/** A rule fires where it says more than *pass*. An allow list that is met has done its work too, so it is seen by what it denies. */
function touch(
  trace: Trace,
  { fired, met, crossed }: { fired: Set<string>; met: Set<string>; crossed: Set<string> },
): void {
  for (const { rule, said, edges } of [trace.rules, ...(trace.others ?? []).map((other) => other.rules)].flat()) {
    if (said !== "pass" && said !== "not_asked") fired.add(rule);
    for (const { figure, side } of edges ?? []) (side === "met" ? met : crossed).add(figure);
  }
}
