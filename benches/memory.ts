/** What the core's memory grows by, in bytes, as JSON: for payments that were captured, and for agents with one budget. */

import * as bindings from "../js/core/generated/bindings.js";
import { loadCore } from "../js/core/load.ts";
import "../js/index.ts";
import { OFFER, PLAIN, policyOf, START, urlOf } from "./payment.ts";

const COUNT = 20_000;

loadCore();
// It has been started: a second call gives what the first one did, and changes nothing.
const { memory } = bindings.initSync({ module: new Uint8Array() });
const engine = new bindings.Engine(JSON.stringify(policyOf(PLAIN)), true);
let at = START;

function pay(id: string, agent: string): void {
  at += 7;
  const event = { type: "authorize", method: "GET", offer_text: OFFER, id, agent, url: urlOf(1), at };
  if (!engine.handle(JSON.stringify(event)).includes('"allow"')) throw new Error("the payment was not allowed");
  engine.handle(JSON.stringify({ type: "settle", id, at, outcome: "captured" }));
}

function grown(each: (n: number) => void): number {
  const before = memory.buffer.byteLength;
  for (let n = 0; n < COUNT; n++) each(n);
  return (memory.buffer.byteLength - before) / COUNT;
}

const one = grown((n) => pay(`one-${n}`, "agent-1"));
const many = grown((n) => pay(`many-${n}`, `agent-${n}`));
process.stdout.write(JSON.stringify({ "bytes a payment": one, "bytes an agent": Math.max(many - one, 0) }));
