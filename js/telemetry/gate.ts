/** A gate's figures: what became of requests, and what is owed and unresolved. */

import { type Backend, type Sample, sample } from "./backend.ts";
import { remembered } from "./ledger.ts";
import type { GateTelemetry, GateView } from "./telemetry.ts";

export function measureGate(view: GateView, backend: Backend, refreshMs: number): GateTelemetry {
  // Records of months are gone over: not more often than once a minute.
  const read = remembered(Math.max(refreshMs, 60_000), view.now, () => standing(view));
  const stop = backend.gauges(read);
  return {
    happened({ what, route, reason, ms, usd }) {
      backend.count("tollwarden_gate_requests_total", { route, outcome: what }, 1);
      if (what === "refused") {
        backend.count("tollwarden_gate_refusals_total", { reason: CODE.test(reason ?? "") ? `${reason}` : "other" }, 1);
      }
      if (ms !== undefined) backend.observe("tollwarden_gate_upstream_seconds", { route }, ms / 1_000);
      const earned = what === "captured" ? Number(usd ?? Number.NaN) : Number.NaN;
      if (earned >= 0) backend.count("tollwarden_gate_revenue_usd_total", { route }, earned);
    },
    anomaly: ({ kind }) => backend.count("tollwarden_gate_anomalies_total", { kind }, 1),
    close: stop,
  };
}

const KINDS = ["route", "upstream", "payer", "facilitator"] as const;

function kindOf(key: string): string {
  return KINDS.find((kind) => key === kind || key.startsWith(`${kind}:`)) ?? "other";
}

/** Refusals come from lists of the gate's own; a word that can't be one of them is not told. */
const CODE = /^[a-z_]{1,40}$/;

async function standing({ payments, circuits, now }: GateView): Promise<readonly Sample[]> {
  try {
    let [owed, disputed, unresolved, oldest] = [0, 0, 0, Number.POSITIVE_INFINITY];
    for await (const { state, refund, dispute, at } of payments()) {
      if (refund !== undefined && refund.paidAt === undefined) owed += 1;
      if (dispute !== undefined && dispute.resolvedAt === undefined) disputed += 1;
      if (state !== "unresolved") continue;
      unresolved += 1;
      oldest = Math.min(oldest, at);
    }
    return [
      sample("tollwarden_gate_refunds_owed", {}, owed),
      sample("tollwarden_gate_disputes_open", {}, disputed),
      sample("tollwarden_gate_unresolved", {}, unresolved),
      sample("tollwarden_gate_unresolved_oldest_seconds", {}, Math.max(0, now() - Math.min(oldest, now())) / 1_000),
      ...(await circuits()).map(([key, { kind }]) =>
        // `route:…`, `upstream:…`, `payer:…`: payers are invented by clients, and only counted.
        sample("tollwarden_gate_breakers", { what: kindOf(key), state: kind }, 1),
      ),
    ];
  } catch {
    return [sample("tollwarden_sample_ok", {}, 0)];
  }
}
