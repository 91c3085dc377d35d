/** 10,000 mixed purchases through the gateway, on the local chain, with its books in an SQLite file. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "../../js/index.ts";
import { mixedFlows } from "../gate/flows.ts";
import { seedOfRun } from "./random.ts";

const folder = mkdtempSync(join(tmpdir(), "tollwarden-gate-"));
try {
  const flows = Number(process.env.TOLLWARDEN_GATE_FLOWS ?? "10000");
  const store = await sqliteStore(join(folder, "gate.sqlite"));
  const figures = await mixedFlows({
    flows,
    seed: seedOfRun(),
    store,
    onProgress: (done) => console.error(`${done} flows`),
  });
  const { delivered, owed, unresolvedBefore, chain, redelivered, wire, kinds, ms } = figures;
  console.log(`${flows} flows in ${Math.round(ms / 1000)} s: ${JSON.stringify(kinds)}`);
  console.log(`the chain moved ${chain} = delivered ${delivered} + owed ${owed}; the buyers have what was delivered`);
  console.log(
    `unresolved before the chain was asked: ${unresolvedBefore}; delivered when sent again: ${redelivered}; lost on the wire: ${wire}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
