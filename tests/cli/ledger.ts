// A ledger with a few payments in it, always the same: of one nobody knows the end, one waits, one was paid. Its year is
// 2099, so that nothing in it has ended by the clock of the machine that reads it.

import { join } from "node:path";
import { openWardenWithControl, sqliteStore } from "../../js/index.ts";
import { offer, POLICY } from "./support.ts";

export const AT = Date.parse("2099-01-05T10:00:00Z");

/** Writes `tollwarden.sqlite` into the folder. */
export async function writeLedger(folder: string): Promise<void> {
  const clock = { now: AT };
  const now = () => clock.now;
  const store = await sqliteStore(join(folder, "tollwarden.sqlite"), { now });
  const { warden, control } = await openWardenWithControl({ policy: POLICY, store, now, agent: "researcher" });
  const ask = (id: string, path: string, amount: string) =>
    warden.authorize({ id, url: `https://api.example.com/${path}?city=Oslo`, offer: offer(amount) });

  await ask("3f9a0c51", "weather", "10000");
  await warden.ticket("3f9a0c51");
  const { accepts } = offer("10000") as { readonly accepts: readonly unknown[] };
  const authorization = {
    from: "0x2222222222222222222222222222222222222222",
    to: "0x1111111111111111111111111111111111111111",
    value: "10000",
    validAfter: "0",
    validBefore: String(AT / 1_000 + 300),
    nonce: `0x${"00".repeat(30)}0a7e`,
  };
  const payload = { signature: "0x00", authorization };
  await warden.sign("3f9a0c51", { x402Version: 2, payload, accepted: accepts[0] });
  await warden.settle("3f9a0c51", { outcome: "unknown" });

  clock.now += 20_000;
  await ask("77b2e4d8", "report", "250000");
  await warden.settle("77b2e4d8", { outcome: "captured", transaction: "0x5eed" });
  await control.refund("77b2e4d8", "50000");

  // The seller's answer to this one never came, and its signature has run out.
  await ask("c04d1e22", "film", "40000");
  await warden.ticket("c04d1e22");
  await warden.settle("c04d1e22", { outcome: "unknown" });
  clock.now += 10_000;
  await ask("e815aa90", "map", "5000");
  await warden.close();
}
