/**
 * The core on a store: each event is one atomic step. The cells that it reads are loaded, the core decides, and what it
 * changed is committed with the versions of all that it read; when another writer was faster, it is decided again.
 *
 * One event at a time: a second one could only conflict with the first. Whatever fails is a denial or an error, never
 * an allowance: after a throw from the core the engine is built again, from the policy and the store.
 *
 * Where the store's versions never come back, the core keeps its cells between events, and takes those of a new payment
 * for absent: then an event is one call into the core and one commit. What it knew is checked by that commit, also where
 * nothing is written. If anything was otherwise, all cells are forgotten and it is decided again from the store.
 */

import { readSecret, type SecretSource } from "../approvals/secrets.ts";
import { type Clock, createClock, type Reading } from "../clock.ts";
import { denied, PolicyInvalid, WardenUnavailable } from "../errors.ts";
import type { CellRead, Commit, Store, StoredCell } from "../stores/store.ts";
import { type Core, type Engine, loadCore } from "./load.ts";
import type { ApprovalView, BudgetLine, Decision, FreezeLine, HoldLine, Outcome, PolicyError } from "./types.ts";

/** So often an event is decided again when other writers were faster; then it is denied. */
const ATTEMPTS = 128;
/** The longest wait between two of these attempts, in milliseconds. */
const LONGEST_WAIT = 16;
/** So often one attempt may ask for further cells: each answer of the core names all that it can know of. */
const ROUNDS = 16;
/** After cells that were kept have turned out old, so many events begin with none: others are at work here. */
const WITHOUT = 16;

/** A store that does not answer for this long has failed, in milliseconds: or one lost answer would stop all payments. */
const STORE_TIMEOUT = 15_000;

export type Event = Readonly<Record<string, unknown>> & { readonly type: string };

/** What the core answers; `missing` never leaves this file. */
interface Reply {
  readonly missing?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly budgets?: readonly BudgetLine[];
  readonly holds?: readonly HoldLine[];
  readonly approvals?: readonly ApprovalView[];
  readonly freezes?: readonly FreezeLine[];
  readonly ok?: boolean;
  readonly errors?: readonly PolicyError[];
}

/** What can be told about who is paid; a member that is left out is not known. */
export interface Facts {
  readonly payee_is_contract?: boolean;
  readonly payee_contract_verified?: boolean;
  readonly payee_wallet_age_days?: number;
  /** In place of the ledger's own count. */
  readonly payee_prior_payments?: number;
  readonly payee_risk?: "low" | "medium" | "high";
}

export type FactName = keyof Facts;

export interface PolicySummary {
  readonly name: string | null;
  readonly version: number;
  /** SHA-256 of the canonical document, in hex. */
  readonly hash: string;
  readonly breaker_failures: number;
  /** Milliseconds. */
  readonly breaker_recovery_ms: number;
  /** How long people have to answer, in milliseconds. */
  readonly approval_ms: number;
  /** Where the secrets of approvers stand: `env:NAME` or `file:PATH`. */
  readonly secrets: readonly string[];
  /** The facts that can bear on a decision. */
  readonly facts: readonly FactName[];
  /** The `privacy` section as JSON text, where the policy has one. */
  readonly privacy: string | null;
}

/**
 * Cells of the caller's own, to be written in the same step as the event's, or not at all. Asked for at each attempt, with
 * what the core answered; to throw stops the event, and nothing is written.
 */
export type Along<T> = (answer: T) => Promise<Commit | undefined>;

export interface Ledger {
  /** May this be paid? Never throws for a denial; a store that fails is one. */
  authorize(event: Omit<Event, "type"> & { readonly id: string }, along?: Along<Decision>): Promise<Decision>;
  /** The same question, holding nothing. */
  check(event: Omit<Event, "type"> & { readonly id: string }): Promise<Decision>;
  /** Moves a hold on: `ticket`, `message`, `sign`, `settle`, `reconcile`, `resolve`, `refund`, `approve`, `reject`. */
  move(event: Event & { readonly id: string }, along?: Along<Outcome>): Promise<Outcome>;
  /** `freeze` and `unfreeze`. Throws `PaymentDenied` where that is refused. */
  command(event: Event): Promise<void>;
  /** The questions to people: those with these ids, or all that are remembered. */
  approvals(filter: {
    readonly ids?: readonly string[];
    readonly agent?: string;
    readonly standing?: string;
  }): Promise<readonly ApprovalView[]>;
  freezes(): Promise<readonly FreezeLine[]>;
  /** Why nothing is sent again for this agent, where everything is frozen, or it is. */
  frozen(id: string, agent: string | undefined): Promise<Outcome | undefined>;
  /** As the store's own `watch`. */
  watch(key: string, changed: () => void): () => void;
  budgets(filter: {
    readonly agent?: string;
    readonly session?: string;
    readonly client?: string;
  }): Promise<readonly BudgetLine[]>;
  /** The hold of this id, if there is one; or those that are open, that proof could change, or all. */
  holds(which: { readonly id: string } | { readonly which: WhichHolds }): Promise<readonly HoldLine[]>;
  /** The host's clock, as it stands, is the right one from now on. */
  acceptClock(): void;
  /** The policy in force. */
  readonly policy: PolicySummary;
  /** Takes down in the audit log what happened outside of the ledger; nothing where there is none. */
  note(what: Note, members?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Another policy takes over, from the next event on. Throws `PolicyInvalid`; then the old one stays. */
  reload(policy: { readonly json: string; readonly name: string }): Promise<void>;
  drawId(): string;
  /** When all that was begun is over. */
  finished(): Promise<void>;
  close(): Promise<void>;
}

export type WhichHolds = "open" | "unresolved" | "all";
/** What is taken down beside the ledger's own events. */
export type Note =
  | "opened"
  | "recovered"
  | "sent"
  | "policy_changed"
  | "policy_refused"
  /** A seller's: what became of a request that was paid for. */
  | "delivered"
  | "refund_owed"
  | "refund_paid"
  | "disputed";

/** Who writes the audit log. */
export interface Auditing {
  /** What made the records: the core's version, and the hash of its module. */
  readonly core: string;
  /** The key of the HMAC over each record. */
  readonly key?: Uint8Array | undefined;
  /** Why no payment may be allowed now, if the log takes no more. */
  readonly blocked: () => string | undefined;
  /** Whether payments go on then, with a flag. */
  readonly flagOnly: boolean;
}

/** A policy for whoever only answers and looks, on a ledger that others decide on: nothing is ever authorized by it. */
export const NOTHING_IS_DECIDED = JSON.stringify({ payment: { max_usd: "0" }, unmatched: "deny" });

export interface LedgerOptions {
  /** The policy, as JSON text. */
  readonly policy: string;
  readonly store: Store;
  /** The host's clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** A clock that nobody sets, in milliseconds; see `js/clock.ts`. */
  readonly monotonic?: (() => number) | undefined;
  /** From 0 to below 1, to spread the attempts of those who collide. `Math.random` unless given. */
  readonly random?: () => number;
  /** With it each event is recorded in the same commit, and none is answered that can't be. */
  readonly audit?: Auditing | undefined;
  /** Where the secrets are that the policy refers to. Default: the environment, and files. */
  readonly secrets?: SecretSource | undefined;
  /** Secrets that no policy here refers to, by their references in the questions of others. */
  readonly held?: Readonly<Record<string, Uint8Array>> | undefined;
}

/** The flag of a payment that was allowed while a sink of the audit log was too far behind. */
const AUDIT_BEHIND = "audit_behind";

export function openLedger(options: LedgerOptions): Ledger {
  const { policy: first, store, now, monotonic, random = Math.random, audit, secrets, held = {} } = options;
  const core: Core = loadCore();
  let policy = first;
  let engine: Engine = newEngine();
  let summary = JSON.parse(engine.policy()) as PolicySummary;
  handSecrets();
  let last: Promise<unknown> = Promise.resolve();
  let recovered: unknown;
  /** Whether the core has cells from before. */
  let warm = false;
  /** So many events have still to begin without. */
  let without = 0;
  const storeNow =
    store.now === undefined ? undefined : () => answered(async () => (await store.now?.()) ?? Number.NaN);
  const clock: Clock = createClock({ now, monotonic, storeNow });

  function newEngine(): Engine {
    const made = new core.Engine(policy, false);
    // A log that begins here gets this name, and this key for what stands in the place of redacted values.
    if (audit !== undefined) made.audit(audit.core, core.drawId(), core.drawId(), audit.key, policy);
    return made;
  }

  /** Those that the policy refers to; one that can't be read stops everything, or its approver could never be heard. */
  function handSecrets(): void {
    for (const reference of [...summary.secrets, ...Object.keys(held)]) {
      try {
        engine.keepSecret(reference, held[reference] ?? readSecret(reference, secrets));
      } catch (cause) {
        if (cause instanceof WardenUnavailable) throw cause;
        throw new WardenUnavailable("no_secret", cause instanceof Error ? cause.message : String(cause));
      }
    }
  }

  /** After the events before it, whatever became of them. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  }

  /** `trusting`: from the cells that the core has, and what it takes for absent. Then whatever comes out is checked. */
  async function attempt(
    event: Event,
    time: Reading,
    since: number | undefined,
    along: Along<Reply> | undefined,
    trusting: boolean,
  ): Promise<Attempt> {
    const waited = audit !== undefined && event.type === "authorize" && time.ok && since !== undefined;
    // A time that is not believed is not told: then it is the latest that the ledger has seen.
    const timed = time.ok ? { ...event, at: time.at } : event;
    const text = JSON.stringify(waited ? { ...timed, noted: { waited_ms: time.at - since } } : timed);
    for (let round = 0; round < ROUNDS; round++) {
      const [answer, plan, ...texts] = guarded(() => engine.step(text, trusting));
      const reply = guarded(() => parseReply(answer));
      const { missing } = reply;
      if (missing !== undefined) {
        const cells = await answered(() => store.load(missing));
        guarded(() => engine.load(JSON.stringify(cells)));
        continue;
      }
      const staged = guarded(() => commitOf(plan, texts));
      const writes = staged.write.length > 0;
      // An answer without cells to check, from cells that may be old: it is asked for once more.
      if (trusting && !writes && staged.read.length === 0) return "stale";
      if (reply.error !== undefined) throw new WardenUnavailable(reply.error.code, reply.error.message);
      let more: Commit | undefined;
      try {
        more = await along?.(reply);
      } catch (error) {
        // It may have thrown at what is no longer so.
        if (trusting) return "stale";
        throw error;
      }
      const step = more === undefined ? staged : together(staged, more);
      if (step.write.length === 0 && !trusting) return { reply, version: 0 };
      const result = await answered(() => store.commit(step));
      if (result?.ok !== true) return trusting ? "stale" : "conflict";
      return { reply, ...(writes ? result.version !== undefined && { version: result.version } : { version: 0 }) };
    }
    throw new WardenUnavailable("internal_error", "the core kept asking for cells");
  }

  async function run(event: Event, along?: Along<Reply>): Promise<Reply> {
    let since: number | undefined;
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      const time = await clock.read();
      if (!time.ok && stops(event, time)) return refusedBy(event, time);
      since ??= time.ok ? time.at : undefined;
      const made = await attempt(event, time, since, along, warm).catch((error) => {
        forget();
        throw error;
      });
      if (typeof made !== "string") {
        keep(event, made.version);
        return made.reply;
      }
      if (made === "stale") without = WITHOUT;
      forget();
      // Spread at random over a time that doubles, so that those who collide do not collide again.
      if (made === "conflict") await sleep(random() * Math.min(LONGEST_WAIT, 2 ** tries));
    }
    throw new WardenUnavailable("store_conflict", "others kept changing the ledger while this was decided");
  }

  function forget(): void {
    warm = false;
    guarded(() => engine.forget());
  }

  /** The cells stay for the next event, where the store can tell whether they are still what it has. */
  function keep({ type }: Event, version: number | undefined): void {
    const asks = ONLY_ASKS.has(type);
    if (store.keeps === true && version !== undefined && !asks && without === 0) {
      warm = guarded(() => engine.taken(BigInt(version)));
    } else forget();
    if (without > 0 && !asks) without--;
  }

  /**
   * A throw from the core leaves it in no known state: the engine is built again before it is asked again. Where the call
   * trapped, the bindings have begun a new instance (pkg-scripts/wasm.mjs), and the engines of all ledgers in this process
   * are stale: each throws at its next call, denies, and comes by here.
   */
  function guarded<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      warm = false;
      try {
        engine = newEngine();
        handSecrets();
        recovered = cause;
      } catch {
        // The old one is stale, and throws at the next call too: nothing is decided until the core works again.
      }
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new WardenUnavailable("internal_error", `the core failed: ${message}`, cause);
    }
  }

  /** What the log must say of a core that was built again, before anything else is decided. */
  async function tellRecovery(): Promise<void> {
    if (recovered === undefined || audit === undefined) return;
    const message = recovered instanceof Error ? recovered.message : String(recovered);
    await run({ type: "note", what: "recovered", message });
    recovered = undefined;
  }

  /** In turn, and from the store alone: what asks about many cells has no list of those that it read. */
  function afresh<T>(work: () => Promise<T>): Promise<T> {
    return inTurn(() => {
      if (warm) forget();
      return work();
    });
  }

  async function scanned(prefix: string): Promise<readonly StoredCell[]> {
    return answered(async () => {
      const found: StoredCell[] = [];
      for await (const cell of store.scan(prefix)) found.push(cell);
      return found;
    });
  }

  async function freezes(): Promise<readonly FreezeLine[]> {
    return afresh(async () => {
      const cells = [...(await scanned("freeze")), ...(await scanned("agent/"))];
      guarded(() => engine.load(JSON.stringify(cells)));
      const reply = await run({ type: "freezes" });
      return reply.freezes ?? [];
    });
  }

  async function decide(event: Event & { readonly id: string }, along?: Along<Decision>): Promise<Decision> {
    try {
      const full = event.type === "authorize" ? audit?.blocked() : undefined;
      if (full !== undefined && audit?.flagOnly !== true) throw new WardenUnavailable("audit_unavailable", full);
      const decision = (await inTurn(async () => {
        await tellRecovery();
        return run(event, along as Along<unknown> | undefined);
      })) as unknown as Decision;
      return full === undefined ? decision : { ...decision, flags: [...(decision.flags ?? []), AUDIT_BEHIND] };
    } catch (error) {
      const known = error instanceof WardenUnavailable;
      const reason = known && isReason(error.code) ? error.code : "internal_error";
      const message = error instanceof Error ? error.message : String(error);
      return { id: event.id, action: "deny", reason, message, rules: [] };
    }
  }

  return {
    authorize: (event, along) => decide({ ...event, type: "authorize" }, along),
    check: (event) => decide({ ...event, type: "check" }),
    move: async (event, along) =>
      (await inTurn(() => run(event, along as Along<unknown> | undefined))) as unknown as Outcome,
    command: async (event) => {
      const reply = await inTurn(() => run(event));
      if (reply.ok !== true) throw denied(reply as unknown as Outcome);
    },
    note: async (what, members = {}) => {
      if (audit !== undefined) await inTurn(() => run({ ...members, type: "note", what }));
    },
    approvals: async ({ ids, agent, standing }) =>
      afresh(async () => {
        if (ids === undefined) {
          const cells = await scanned("approval/");
          guarded(() => engine.load(JSON.stringify(cells)));
        }
        const reply = await run({ type: "approvals", ids, agent, standing });
        return reply.approvals ?? [];
      }),
    freezes,
    frozen: async (id, agent) => frozenFor(await freezes(), id, agent),
    watch: (key, changed) => store.watch(key, changed),
    budgets: async (filter) =>
      afresh(async () => {
        // All counters, not only those of the names given: the store is asked for each budget's cells.
        const cells = await scanned("budget/");
        guarded(() => engine.load(JSON.stringify(cells)));
        const reply = await run({ type: "budgets", ...filter });
        return reply.budgets ?? [];
      }),
    holds: async (which) =>
      afresh(async () => {
        if (!("id" in which)) {
          const cells = await scanned("hold/");
          guarded(() => engine.load(JSON.stringify(cells)));
        }
        const reply = await run({ type: "holds", ...which });
        return reply.holds ?? [];
      }),
    acceptClock: () => clock.accept(),
    get policy() {
      return summary;
    },
    reload: ({ json, name }) =>
      afresh(async () => {
        // What was spent under a counter that changes its key is seen in the store alone.
        const cells = [...(await scanned("budget/")), ...(await scanned("latest/"))];
        const reply = guarded(() => parseReply(engine.reload(json, JSON.stringify(cells))));
        if (reply.ok !== true) {
          const errors = (reply.errors ?? []).map(({ path, message }) =>
            path === "" ? message : `${path}: ${message}`,
          );
          if (audit !== undefined) await run({ type: "note", what: "policy_refused", errors });
          throw new PolicyInvalid(name, reply.errors ?? []);
        }
        policy = json;
        summary = guarded(() => JSON.parse(engine.policy()) as PolicySummary);
        handSecrets();
        if (audit !== undefined) await run({ type: "note", what: "policy_changed" });
      }),
    drawId: () => core.drawId(),
    finished: () => inTurn(async () => undefined),
    close: () => inTurn(() => store.close()),
  };
}

function together(a: Commit, b: Commit): Commit {
  return { read: [...a.read, ...b.read], write: [...a.write, ...b.write] };
}

/** What is answered from whatever cells are here: its reads are not told, and so can't be checked. */
const ONLY_ASKS: ReadonlySet<string> = new Set(["approvals", "freezes", "budgets", "holds"]);

/** What became of an attempt. `stale`: it rested on cells that may be others by now. */
type Attempt = { readonly reply: Reply; readonly version?: number } | "conflict" | "stale";

/** The commit that the core has planned, with the texts of the cells in their places. */
function commitOf(plan: string | undefined, texts: readonly string[]): Commit {
  const { read, write } = JSON.parse(plan ?? "") as Planned;
  let next = 0;
  return {
    read,
    write: write.map(({ key, gone, expires }) => ({ key, value: gone ? null : (texts[next++] ?? lost(key)), expires })),
  };
}

interface Planned {
  readonly read: readonly CellRead[];
  readonly write: readonly { readonly key: string; readonly gone: boolean; readonly expires: number | null }[];
}

function lost(key: string): never {
  throw new TypeError(`the text of the cell \`${key}\` is missing`);
}

/** What begins a payment. */
const BEGINS: ReadonlySet<string> = new Set(["authorize", "check", "ticket", "message"]);

/**
 * What a clock that is not believed stops. Beside a store with a clock of its own, only what begins a payment; the rest is
 * taken down at the latest time seen. A store that goes by the host's clock would drop cells that have not ended: there,
 * nothing is read or written but a freeze. A payment that is out stays held, and counts as spent when it runs out.
 */
function stops({ type }: Event, { reason }: Doubt): boolean {
  return reason === "clock_jump" ? type !== "freeze" : BEGINS.has(type);
}

function refusedBy(event: Event, { reason, message }: Doubt): Reply {
  if (event.id === undefined) throw new WardenUnavailable(reason, message);
  const known = { id: event.id, reason, message };
  const denial = event.type === "authorize" || event.type === "check";
  return denial ? ({ ...known, action: "deny", rules: [] } as Reply) : ({ ...known, ok: false } as Reply);
}

type Doubt = Exclude<Reading, { readonly ok: true }>;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function parseReply(text = ""): Reply {
  const reply: unknown = JSON.parse(text);
  if (typeof reply !== "object" || reply === null) throw new TypeError(`\`${text}\` is no answer`);
  return reply;
}

const REASONS = ["store_conflict", "store_unavailable", "audit_unavailable", "internal_error"] as const;

function isReason(code: string): code is (typeof REASONS)[number] {
  return REASONS.some((reason) => reason === code);
}

/** What the store answers, in time. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${STORE_TIMEOUT} ms`)), STORE_TIMEOUT);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WardenUnavailable("store_unavailable", `the store failed: ${message}`, cause);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Why nothing is sent again for this agent, where everything is frozen, or it is. A freeze with a name of who lifted it
 * stands no more: whether that signature is good is judged where money is held or signed for.
 */
function frozenFor(freezes: readonly FreezeLine[], id: string, agent: string | undefined): Outcome | undefined {
  const found = freezes.find((one) => one.lifted_by == null && (one.agent == null || one.agent === agent));
  if (found === undefined) return undefined;
  const of = found.disabled ? "agent_disabled" : "agent_paused";
  const reason = found.agent == null ? "frozen" : of;
  return { id, ok: false, reason, message: `frozen since ${found.at}: ${found.reason}; nothing is sent again` };
}
