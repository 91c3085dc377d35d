/**
 * The module is made to trap, by writing over its memory while it works. What was asked is denied, nothing that was made in
 * the broken instance is used again, and the ledger goes on from its store; the audit log says so.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import "../../js/privacy/index.ts";
import { verifyLog } from "../../js/audit/verify.ts";
import { storedLog } from "../../js/audit.ts";
import * as bindings from "../../js/core/generated/bindings.js";
import * as detectors from "../../js/core/generated/privacy/bindings.js";
import { loadCore } from "../../js/core/load.ts";
import { findScreens } from "../../js/core/screens.ts";
import { memoryStore, openWarden, openWardenWithControl, simulation, type WardenOptions } from "../../js/index.ts";
import { offer } from "../cli/support.ts";

const policy = { payment: { max_usd: "1" }, budgets: [{ name: "daily", limit_usd: "0.03", window: "24h" }] };
const ask = (id: string, description?: string) => ({
  id,
  url: "https://api.example.com/x",
  offer: offer("10000", description),
});

interface Instance {
  readonly memory: WebAssembly.Memory;
}

/** The instance that works now. A second `initSync` gives it back. */
const current = (module: { initSync(given: never): unknown }): Instance => module.initSync({} as never) as Instance;

/** From here on nothing that the module reads is what it wrote: the next call traps. */
function wreck(module: { initSync(given: never): unknown }): Instance {
  const instance = current(module);
  new Uint8Array(instance.memory.buffer).fill(0xff);
  return instance;
}

test("a call that traps is a denial, and the next one decides from the store", async () => {
  loadCore();
  const warden = await openWarden({ policy, store: memoryStore() });
  assert.equal((await warden.authorize(ask("p1"))).action, "allow");
  const before = wreck(bindings);
  const denied = await warden.authorize(ask("p2"));
  assert.deepEqual([denied.action, denied.reason], ["deny", "internal_error"]);
  assert.notEqual(current(bindings), before, "a new instance, and not the broken one");
  assert.equal((await warden.authorize(ask("p3"))).action, "allow");
  const [line] = await warden.budgets();
  assert.equal(line?.held, "0.02", "what was held before is still held, and p2 is not");
  assert.equal((await warden.authorize(ask("p4"))).action, "allow");
  assert.equal((await warden.authorize(ask("p5"))).reason, "budget_exceeded");
});

test("fifty traps in a row deny fifty times, and overspend nothing", async () => {
  const warden = await openWarden({ policy, store: memoryStore() });
  for (let n = 0; n < 50; n++) {
    wreck(bindings);
    assert.equal((await warden.authorize(ask(`broken-${n}`))).reason, "internal_error");
  }
  const actions: string[] = [];
  for (let n = 0; n < 5; n++) actions.push((await warden.authorize(ask(`p${n}`))).action);
  assert.deepEqual(actions, ["allow", "allow", "allow", "deny", "deny"]);
});

test("every ledger of the process denies once and goes on; so does what was held by one of them", async () => {
  const [one, two] = [
    await openWarden({ policy, store: memoryStore() }),
    await openWarden({ policy, store: memoryStore() }),
  ];
  const driven = simulation(policy);
  assert.equal((await two.authorize(ask("held"))).action, "allow");
  wreck(bindings);
  assert.equal((await one.authorize(ask("p1"))).reason, "internal_error");
  const stale = await two.authorize(ask("p1"));
  assert.equal(stale.reason, "internal_error", "an engine of the broken instance is never asked in the new one");
  assert.equal((await two.authorize(ask("p1"))).action, "allow");
  assert.equal((await two.ticket("held")).ok, true);
  assert.throws(() => driven.answer('{"type":"budgets"}'), /stale/);
  driven.close();
  assert.equal((await one.authorize(ask("p2"))).action, "allow", "closing what is stale breaks nothing");
});

test("a step that traps throws, and moves nothing: the ticket is asked for again", async () => {
  const { warden, control } = await openWardenWithControl({ policy, store: memoryStore() });
  await warden.authorize(ask("p1"));
  wreck(bindings);
  await assert.rejects(warden.ticket("p1"), { code: "internal_error" });
  assert.equal((await control.holds())[0]?.state, "held");
  assert.equal((await warden.ticket("p1")).ok, true);
});

test("the audit log says that the core was built again, before anything else is decided, and verifies", async () => {
  const store = memoryStore();
  const options: WardenOptions = { policy, store, audit: { keep: true } };
  const warden = await openWarden(options);
  await warden.authorize(ask("p1"));
  wreck(bindings);
  await warden.authorize(ask("p2"));
  await warden.authorize(ask("p3"));
  const lines: string[] = [];
  for await (const line of storedLog(store)) lines.push(line);
  const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert.deepEqual(kinds, ["opened", "authorized", "recovered", "authorized"]);
  const verdict = await verifyLog([new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""))]);
  assert.equal(verdict.good, true, JSON.stringify(verdict));
});

test("where no new instance can be had, everything is denied until there is one", async (t) => {
  const warden = await openWarden({ policy, store: memoryStore() });
  await warden.authorize(ask("p1"));
  const real = WebAssembly.Instance;
  t.after(() => {
    WebAssembly.Instance = real;
  });
  WebAssembly.Instance = class {
    constructor() {
      throw new RangeError("out of memory");
    }
  } as never;
  wreck(bindings);
  for (const id of ["p2", "p3", "p4"]) assert.equal((await warden.authorize(ask(id))).reason, "internal_error");
  WebAssembly.Instance = real;
  await warden.authorize(ask("p5"));
  assert.equal((await warden.authorize(ask("p6"))).action, "allow");
  assert.equal((await warden.budgets())[0]?.held, "0.02");
});

test("the detectors: a text that nobody could look through does not leave, and the next one is looked through", async () => {
  assert.ok(findScreens() !== undefined);
  const sent: string[] = [];
  const warden = await openWarden({ policy: { ...policy, privacy: { action: "redact" } }, store: memoryStore() });
  const fetch = warden.fetch(async (input) => {
    sent.push((input as Request).url);
    return new Response("ok");
  });
  await fetch("https://api.example.com/?q=1");
  wreck(detectors);
  await assert.rejects(fetch("https://api.example.com/?q=jane.doe@example.com"), { code: "internal_error" });
  assert.equal(sent.length, 1);
  await fetch("https://api.example.com/?q=jane.doe@example.com");
  assert.equal(sent.length, 2);
  assert.doesNotMatch(sent[1] ?? "", /jane/);
});
