/** Decisions of a service on loopback, against a bare HTTP echo of the same size, in turn in the same run. */

import { remoteWarden } from "../../js/remote/index.ts";
import { offer } from "../cli/support.ts";
import { start } from "./processes.ts";
import { callsOf, WEATHER } from "./support.ts";

export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

export interface Load {
  readonly echo: Figures;
  readonly decision: Figures;
  readonly requests: number;
  readonly denied: number;
}

/** `seconds` in all; `at`: how many ask at the same time. */
export async function load(store: string, seconds: number, at = 1): Promise<Load> {
  const echo = await start("echo.ts");
  const served = await start("served.ts", [store, "0", "100000000"]);
  try {
    const { url, admin } = JSON.parse(served.line) as { url: string; admin: string };
    const { body } = await callsOf(url)(admin, "POST", "/v1/keys", {
      name: "load",
      scopes: ["evaluate", "settle"],
      agent: "load",
    });
    const warden = await remoteWarden({ url, key: body.key });
    const text = JSON.stringify({ id: "0".repeat(32), method: "GET", url: WEATHER, offer: offer() });
    const echoes: number[] = [];
    const decisions: number[] = [];
    const time = { echo: 0, decision: 0 };
    let denied = 0;

    async function oneEcho(): Promise<void> {
      const since = performance.now();
      const response = await fetch(echo.line, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: text,
      });
      JSON.parse(await response.text());
      echoes.push(performance.now() - since);
    }

    async function oneDecision(): Promise<void> {
      const since = performance.now();
      const decision = await warden.authorize({ url: WEATHER, offer: offer() });
      decisions.push(performance.now() - since);
      if (decision.action !== "allow") denied += 1;
      // Or a thousand would be open at once, which is refused.
      else await warden.settle(decision.id, { outcome: "failed" });
    }

    const round = async (work: () => Promise<void>, count: number): Promise<number> => {
      const since = performance.now();
      await Promise.all(
        Array.from({ length: at }, async () => {
          for (let n = 0; n < count; n++) await work();
        }),
      );
      return performance.now() - since;
    };

    await round(oneEcho, 200);
    await round(oneDecision, 200);
    echoes.length = 0;
    decisions.length = 0;
    const until = performance.now() + seconds * 1_000;
    // In turn, a little of each: whatever else the machine does, it does to both.
    while (performance.now() < until) {
      time.echo += await round(oneEcho, 50);
      time.decision += await round(oneDecision, 50);
    }
    return {
      echo: figures(echoes, time.echo),
      decision: figures(decisions, time.decision),
      requests: echoes.length + decisions.length * 2,
      denied,
    };
  } finally {
    await Promise.all([echo.kill(), served.kill()]);
  }
}

function figures(times: readonly number[], ms: number): Figures {
  const sorted = [...times].sort((a, b) => a - b);
  const of = (share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { p50: of(0.5), p99: of(0.99), perSecond: sorted.length / (ms / 1_000) };
}
