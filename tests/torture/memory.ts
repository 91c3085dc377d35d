/** Offers of a hostile seller, each another: what they leave behind, in the module's memory, in the store and in the heap. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as bindings from "../../js/core/generated/bindings.js";
import { memoryStore, openWarden } from "../../js/index.ts";
import { prometheusMetrics } from "../../js/telemetry/metrics.ts";
import { offer } from "../cli/support.ts";

export interface Left {
  readonly offers: number;
  /** Bytes. */
  readonly module: number;
  readonly heap: number;
  readonly cells: number;
  readonly series: number;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** After each of these numbers of offers. */
export async function hostileOffers(marks: readonly number[]): Promise<readonly Left[]> {
  const store = memoryStore();
  const metrics = prometheusMetrics();
  const warden = await openWarden({
    policy: {
      payment: { max_usd: "0.001" },
      budgets: [{ name: "each", limit_usd: "1", window: "24h", per: ["vendor", "payee"] }],
    },
    store,
    telemetry: metrics,
  });
  const found: Left[] = [];
  let made = 0;
  for (const mark of marks) {
    for (; made < mark; made++) {
      const kind = made % 7;
      const text = kind === 0 ? "x".repeat((made * 7_919) % 20_000) : `d${made}`;
      const whole = offer(kind === 1 ? `9000000${made}` : kind === 2 ? `${made}.5` : "1000000", text) as {
        accepts: Record<string, unknown>[];
      };
      Object.assign(whole.accepts[0] ?? {}, {
        payTo: `0x${made.toString(16).padStart(40, "1")}`,
        ...(kind === 3 && { network: `eip155:${made}` }),
        ...(kind === 4 && { scheme: `s${made}` }),
        ...(kind === 5 && { asset: `0x${made.toString(16).padStart(40, "2")}` }),
        ...(kind === 6 && { extra: { [`k${made}`]: made } }),
      });
      const { action } = await warden.authorize({
        id: `p${made}`,
        url: `https://v${made}.example.com/${made}`,
        offer: whole,
      });
      if (action !== "deny") throw new Error(`offer ${made} was not denied`);
    }
    collect();
    let cells = 0;
    for await (const _ of store.scan("")) cells += 1;
    found.push({
      offers: mark,
      module: (bindings.initSync({} as never) as { memory: WebAssembly.Memory }).memory.buffer.byteLength,
      heap: process.memoryUsage().heapUsed,
      cells,
      series: (await metrics.text()).split("\n").length,
    });
  }
  return found;
}
