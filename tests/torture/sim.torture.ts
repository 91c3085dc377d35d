/** The simulation in its long form: ten million payments, and the test of its teeth (docs/simulator.md). */

import { ok } from "node:assert/strict";
import { attempt } from "../../pkg-scripts/lib/child.mjs";
import { seedOfRun } from "./random.ts";

const PAYMENTS = process.env.TOLLWARDEN_SIM_PAYMENTS ?? "10000000";

async function simulation(args: string[], env: Record<string, string>): Promise<string> {
  const { status, output } = await attempt("cargo", ["test", "--profile", "sim", ...args, "--nocapture"], { env });
  ok(status === 0, output);
  return output;
}

// Not the seeds that `npm test` has run already.
const firstSeed = String(1_000_000 + seedOfRun());
const payments = await simulation(["--test", "sim", "--", "the_core_does"], {
  TOLLWARDEN_SIM_PAYMENTS: PAYMENTS,
  TOLLWARDEN_SIM_FIRST_SEED: firstSeed,
});
console.log(`from seed ${firstSeed}: ${payments.match(/^\d+ payments, .*$/m)?.[0]}`);

const teeth = await simulation(["--features", "faults", "--test", "sim", "--", "every_fault_is_found"], {});
console.log(teeth.match(/^\| .*$/gm)?.join("\n"));
