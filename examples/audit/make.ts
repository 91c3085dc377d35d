/** Makes the example log: a week of two agents, with a restart, a person's approvals, a drill and another policy. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkpointFile, checkpointSigner, jsonlSink } from "../../js/audit.ts";
import { memoryStore, openWardenWithControl, PolicyInvalid, type Store } from "../../js/index.ts";

const HOUR = 3_600_000;
const USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";

function offer(usd: string, payTo: string) {
  const amount = String(Number(usd) * 1_000_000);
  const extra = { name: "USDC", version: "2" };
  const entry = { scheme: "exact", network: "eip155:84532", amount, asset: USDC, payTo, maxTimeoutSeconds: 300, extra };
  return { x402Version: 2, accepts: [entry] };
}

/** `skey`: the checkpoints' signer, if there is to be one. */
export async function makeExample(folder: string, skey?: string): Promise<{ readonly log: string }> {
  const log = join(folder, "example.jsonl");
  for (const path of [log, `${log}.checkpoint`, `${log}.lock`]) rmSync(path, { force: true });
  let at = Date.parse("2026-01-05T09:00:00Z");
  const now = () => at;
  const store: Store = memoryStore({ now });
  const policy = readFileSync(join(import.meta.dirname, "policy.toml"), "utf8");
  const checkpoint =
    skey === undefined
      ? {}
      : { checkpoint: { signer: await checkpointSigner(skey), to: checkpointFile(`${log}.checkpoint`) } };
  const open = () =>
    openWardenWithControl({
      policy,
      store: { ...store, close: async () => undefined },
      now,
      audit: { sinks: [jsonlSink(log)], ...checkpoint },
    });

  let { warden, control } = await open();
  const sellers = ["0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222"];
  async function pay(
    id: string,
    agent: string,
    host: string,
    usd: string,
    end: "captured" | "unknown" | "none",
  ): Promise<void> {
    at += HOUR;
    const request = {
      id,
      agent,
      session: `${agent}-${new Date(at).toISOString().slice(0, 10)}`,
      url: `https://${host}/v1/data?q=${id}`,
      offer: offer(usd, sellers[host.length % 2] ?? ""),
    };
    let decision = await warden.authorize(request);
    if (decision.action === "require_approval" && end !== "none") {
      at += 40_000;
      await control.approve(id, "alice");
      decision = await warden.authorize(request);
    }
    if (decision.action !== "allow") return;
    at += 800;
    await warden.ticket(id);
    await warden.settle(id, { outcome: end === "none" ? "unknown" : end });
  }

  await pay("p1", "researcher", "api.weather.example", "0.05", "captured");
  await pay("p2", "researcher", "maps.example", "0.20", "captured");
  await pay("p3", "writer", "api.weather.example", "0.60", "captured");
  await pay("p4", "writer", "films.example", "2.00", "captured");
  await pay("p5", "researcher", "films.example", "0.70", "none");
  at += 90_000;
  await control.reject("p5", "bob");
  // A restart.
  await warden.close();
  at += 20 * HOUR;
  ({ warden, control } = await open());
  await pay("p6", "researcher", "maps.example", "0.30", "unknown");
  await pay("p7", "writer", "maps.example", "0.40", "captured");
  await control.refund("p7", "100000");
  await control.freeze("the monthly drill");
  await pay("p8", "writer", "maps.example", "0.10", "captured");
  await control.unfreeze();
  const wrong = control.reload({ payment: { max_uds: "1" } } as never);
  await wrong.catch((error: unknown) => {
    if (!(error instanceof PolicyInvalid)) throw error;
  });
  const loosened = {
    payment: { max_usd: "2", approve_from_usd: "0.50" },
    budgets: [{ name: "daily", limit_usd: "3", window: "24h", per: "agent" }],
  };
  await control.reload(loosened as never);
  await pay("p9", "writer", "films.example", "0.45", "captured");
  await pay("p10", "researcher", "maps.example", "0.25", "unknown");
  await warden.close();
  return { log };
}

if (process.argv[1] === import.meta.filename) {
  const skey = process.env.TOLLWARDEN_CHECKPOINT_SKEY;
  const { log } = await makeExample(import.meta.dirname, skey);
  writeFileSync(1, `${log}\n`);
}
