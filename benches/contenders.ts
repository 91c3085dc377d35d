/** Who judges the payment: the warden as it is used, the core alone, and plain JavaScript. Each in the same words. */

import { createHash } from "node:crypto";
import { loadCore } from "../js/core/load.ts";
import { findScreens } from "../js/core/screens.ts";
import { memoryStore, openWarden, type Store } from "../js/index.ts";
import { openPrivacy } from "../js/privacy/open.ts";
import type { Task } from "./measure.ts";
import { FIELDS, OFFER, PLAIN, policyOf, type Setup, START, urlOf } from "./payment.ts";
import { PlainEngine } from "./plain.ts";

export interface Contender {
  /** Judges one payment; afterwards the hold is let go, unmeasured. */
  readonly task: Task;
  /** Makes so many payments that are captured, spread over the last hour. */
  fill(payments: number): Promise<void>;
  close(): Promise<void>;
}

const HOUR = 3_600_000;

/** A clock that goes on by some milliseconds at each look. */
function clock(): { now: () => number; step: number } {
  let at = START;
  const self = {
    step: 7,
    now: () => {
      at += self.step;
      return Math.floor(at);
    },
  };
  return self;
}

/**
 * `warden.authorize` on a store: judged, held and committed before it answers. Warden and store go by one clock: a store that
 * is months ahead forgets each budget at once, and the warden has to load it anew.
 */
export async function wardenOn(
  opened: (now: () => number) => Store | Promise<Store>,
  setup: Setup,
): Promise<Contender> {
  const time = clock();
  const store = await opened(time.now);
  const policy = policyOf({ ...setup, privacy: false });
  const warden = await openWarden({
    policy,
    store,
    agent: "agent-1",
    now: time.now,
    ...(setup.audit && { audit: {} }),
  });
  const privacy = setup.privacy
    ? openPrivacy(() => ({ ...warden.policy, privacy: JSON.stringify({ action: "redact" }) }), {})
    : undefined;
  let n = 0;
  const authorize = async (): Promise<void> => {
    n++;
    const { action } = await warden.authorize({ id: `p${n}`, url: urlOf(n), offer: OFFER });
    if (action !== "allow") throw new Error(`the payment was not allowed: ${action}`);
  };
  return {
    task: {
      name: "warden",
      async run() {
        // What a guarded fetch looks through before it asks for a payment.
        if (privacy !== undefined) for (const field of FIELDS) await privacy.clean("audit", field);
        await authorize();
      },
      after: () => warden.settle(`p${n}`, { outcome: "failed" }),
    },
    async fill(payments) {
      time.step = Math.min(HOUR / Math.max(payments, 1) / 2, 7);
      for (let i = 0; i < payments; i++) {
        await authorize();
        await warden.settle(`p${n}`, { outcome: "captured" });
      }
      time.step = 7;
    },
    close: () => warden.close(),
  };
}

export const warden = (setup: Setup): Promise<Contender> => wardenOn((now) => memoryStore({ now }), setup);

const EVENT = { type: "authorize", agent: "agent-1", method: "GET", offer_text: OFFER };

/**
 * The core by itself, its own cells the state: one call into the module, with the event as text. `more`: what is another in
 * the payment of this number, such as its agent or its offer.
 */
export function core(setup: Setup, more: (n: number) => Partial<typeof EVENT> = () => ({})): Contender {
  const { Engine } = loadCore();
  const document = JSON.stringify(policyOf({ ...setup, privacy: false }));
  const engine = new Engine(document, true);
  if (setup.audit) engine.audit("bench", "bench", "00".repeat(16), undefined, document);
  const time = clock();
  const look = setup.privacy ? screen() : undefined;
  let [n, at] = [0, START];
  const authorize = (): void => {
    n++;
    at = time.now();
    const event = { ...EVENT, ...more(n), id: `p${n}`, url: urlOf(n), at };
    const answer = engine.handle(JSON.stringify(event));
    if (!answer.includes('"action":"allow"')) throw new Error(`the payment was not allowed: ${answer}`);
  };
  const settle = (outcome: string): void => {
    engine.handle(JSON.stringify({ type: "settle", id: `p${n}`, at, outcome }));
    if (setup.audit) engine.takeRecords();
  };
  return {
    task: {
      name: "core",
      run() {
        look?.();
        authorize();
      },
      after: () => settle("failed"),
    },
    async fill(payments) {
      time.step = Math.min(HOUR / Math.max(payments, 1), 7);
      for (let i = 0; i < payments; i++) {
        authorize();
        settle("captured");
      }
      time.step = 7;
    },
    close: async () => engine.free(),
  };
}

/** Looks through three fields, as a warden does before anything leaves. */
function screen(): () => void {
  const screens = findScreens();
  if (screens === undefined) throw new Error("the detectors are not here; import js/privacy/index.ts too");
  const made = new screens.Screen(undefined, new Uint8Array());
  const place = screens.Screen.place("audit");
  return () => {
    for (const field of FIELDS) made.screen(place, field);
  };
}

export function plain(setup: Setup): Contender {
  const engine = new PlainEngine(setup);
  const time = clock();
  let [n, at] = [0, START];
  const authorize = (): void => {
    n++;
    at = time.now();
    const { action } = engine.authorize(
      { id: `p${n}`, agent: "agent-1", method: "GET", url: urlOf(n), offer: OFFER },
      at,
    );
    if (action !== "allow") throw new Error(`the payment was not allowed: ${action}`);
  };
  return {
    task: { name: "plain", run: authorize, after: () => engine.settle(`p${n}`, false, at) },
    async fill(payments) {
      time.step = Math.min(HOUR / Math.max(payments, 1), 7);
      for (let i = 0; i < payments; i++) {
        authorize();
        engine.settle(`p${n}`, true, at);
      }
      time.step = 7;
    },
    close: async () => undefined,
  };
}

const REQUEST = JSON.stringify({ ...EVENT, id: "p1", url: urlOf(1), at: START });

/** What nothing that crosses into the module can be faster than: the same text handed over, and nothing done with it. */
export function call(): Task {
  const { networkName } = loadCore();
  return { name: "call", run: () => networkName(REQUEST), batch: 100 };
}

/** The same text handed over and read as JSON. */
export function read(): Task {
  const { jsonError } = loadCore();
  return { name: "read", run: () => jsonError(REQUEST), batch: 20 };
}

/** SHA-256 of the same bytes, by Node. */
export function sha256(): Task {
  return { name: "sha256", run: () => createHash("sha256").update(REQUEST).digest(), batch: 50 };
}

export const floors = (): readonly Task[] => [call(), read(), sha256()];

export { PLAIN };
