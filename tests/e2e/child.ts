/**
 * A process of its own on a ledger file, for `crash.test.ts`. Says each step on its standard output.
 *   hold <file> <policy> <url> <offer>     takes a hold, then waits to be killed
 *   ticket <file> <policy> <url> <offer>   takes a hold and its ticket, then waits to be killed
 *   spend <file> <policy> <url> <offer>    waits for a line on its standard input, then holds, tickets and captures
 *                                          until it is denied, and says how often it could
 */

import { once } from "node:events";
import { writeSync } from "node:fs";
import { openWarden, sqliteStore } from "../../js/index.ts";

const [mode, file = "", policy = "", url = "", offer = ""] = process.argv.slice(2);
const w = await openWarden({ policy, store: await sqliteStore(file, { busyMs: 30_000 }), agent: "tester" });
const say = (text: string): void => void writeSync(1, `${text}\n`);

if (mode === "spend") {
  say("ready");
  await once(process.stdin, "data");
  process.stdin.destroy();
  for (let done = 0; ; done++) {
    const { id, action, reason } = await w.authorize({ url: `${url}?${process.pid}-${done}`, offer });
    if (action !== "allow") {
      say(JSON.stringify({ done, reason }));
      break;
    }
    const ticket = await w.ticket(id);
    const outcome = await w.settle(id, { outcome: "captured" });
    if (!ticket.ok || !outcome.ok) throw new Error(JSON.stringify([ticket, outcome]));
  }
  await w.close();
} else {
  const decision = await w.authorize({ id: `child-${mode}`, url, offer });
  if (decision.action !== "allow") throw new Error(JSON.stringify(decision));
  if (mode === "ticket") await w.ticket(decision.id);
  say("ready");
  setInterval(() => undefined, 1_000);
}
