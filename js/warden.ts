/** The warden: one policy, one ledger, and the ways to pay through them. */

import { type Asking, type AskOptions, asking } from "./approvals/ask.ts";
import { approvalsDesk } from "./approvals/desk.ts";
import type { SecretSource } from "./approvals/secrets.ts";
import type { Countersignature } from "./approvals/sign.ts";
import { type Audit, type AuditOptions, openAudit } from "./audit/audit.ts";
import { withoutLog } from "./audit/required.ts";
import { breakerOf, type Control, controlOf } from "./control.ts";
import { type Ledger, openLedger, type PolicySummary } from "./core/ledger.ts";
import type { BudgetLine, Decision, Outcome } from "./core/types.ts";
import { WardenUnavailable } from "./errors.ts";
import { type FactOptions, withFacts } from "./facts.ts";
import { guardedFetch, type Pay, payingFetch } from "./fetch.ts";
import type { PaymentInfo } from "./paid.ts";
import { type Payments, trackPayments } from "./payments.ts";
import { type PolicySource, readPolicy } from "./policy-source.ts";
import { mustBeScreened, openPrivacy } from "./privacy/open.ts";
import type { PersonalData, Privacy, PrivacyOptions } from "./privacy/privacy.ts";
import { withCleanMessages, withScreenedOffers } from "./privacy/wiring.ts";
import { carrier, type Scope, scopeMembers, within } from "./scope.ts";
import type { Store } from "./stores/store.ts";
import { defaultStore } from "./stores/unnamed.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { createVault, type Vault } from "./vault.ts";
import { guardClient } from "./x402/client.ts";
import { type Hook, paymentHook } from "./x402/hook.ts";
import { guardSigner } from "./x402/signer.ts";

export interface WardenOptions extends Omit<Scope, "idempotencyKey">, FactOptions, PrivacyOptions, AskOptions {
  /** A path (Node), the text of a policy in TOML or JSON, or an object. There is no default policy. */
  readonly policy: PolicySource;
  /** Where budgets are kept. Default: the SQLite file `tollwarden.sqlite` in the working folder, where there is one. */
  readonly store?: Store;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** A clock that nobody sets, in milliseconds, to tell when the first one jumps; see `docs/ledger.md`. */
  readonly monotonic?: () => number;
  /** The longest that a guarded fetch waits for a rate with `then = "delay"`, in milliseconds. Default 10,000. */
  readonly maxDelayMs?: number;
  /**
   * Keeps signed payments in the store too, encrypted with AES-GCM, so that they can be presented again after a restart:
   * 32 bytes, or a `CryptoKey`. Without it they are in this process's memory alone.
   */
  readonly keepKey?: Uint8Array | CryptoKey;
  /** Called after each payment that was sent, with its hold's id. What it throws is lost. */
  readonly onPayment?: (payment: PaymentInfo) => void;
  /** Records every decision, with it or not at all: docs/audit.md. */
  readonly audit?: AuditOptions;
  /** Where the secrets of approvers are, for references of the policy. Default: the environment, and files. */
  readonly secrets?: SecretSource;
  /** What counts and times all of it: `tollwarden/metrics` or `tollwarden/otel`; see docs/metrics.md. */
  readonly telemetry?: Telemetry;
}

/** A payment to judge by hand. */
export interface AuthorizeRequest extends Scope {
  /** An id of your own; drawn at random if you give none. The same id with other content is a conflict. */
  readonly id?: string;
  /** Default `GET`. */
  readonly method?: string;
  /** The URL that was requested: vendors and budgets go by it. */
  readonly url: string;
  /** The offer: the decoded `PaymentRequired`, or its text. Text is better: it shows a key that stands there twice. */
  readonly offer: string | object;
  /** What approvers have signed already, by their names: answers, in the same step as the question about them. */
  readonly countersignatures?: Readonly<Record<string, Countersignature>>;
}

export interface Settlement {
  readonly outcome: "captured" | "failed" | "unknown";
  /**
   * Captured, in atomic units; default: as much as was held. A smaller one gives money back to the budgets: name what you
   * know, such as from the chain, and not what a seller's receipt says, which nobody signs.
   */
  readonly amount?: bigint | string;
  readonly transaction?: string;
}

export interface PresentInit {
  readonly body?: BodyInit;
  readonly headers?: HeadersInit;
  readonly signal?: AbortSignal;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

export interface Warden {
  /** A fetch for `wrapFetchWithPayment`, or for any other client that pays by itself. */
  fetch(base?: typeof fetch): typeof fetch;
  /** Guards an official `x402Client` in place, and gives it back. */
  client<C extends object>(client: C): C;
  /** A signer that signs what was authorized, and nothing else. */
  signer<S extends object>(signer: S): S;
  /** A fetch that pays with a signer of your own. */
  payingFetch(options: { readonly pay: Pay; readonly fetch?: typeof fetch }): typeof fetch;
  /** For `client.onBeforePaymentCreation`; see `js/x402/hook.ts` for what it can't see. */
  hook(): Hook;
  /** The same warden for another scope. */
  scoped(scope: Scope): Warden;
  /** Runs `work` with this warden and these limits: everything paid inside is paid by them. */
  run<R>(scope: Scope, work: () => R): R;

  /** Judges a payment and holds the money. A denial is a value. */
  authorize(request: AuthorizeRequest): Promise<Decision>;
  /** Judges a payment and holds nothing. */
  check(request: AuthorizeRequest): Promise<Decision>;
  /** Issues the ticket of a hold that you sign for yourself: from then on only proof frees the money. */
  ticket(id: string): Promise<Outcome>;
  /** Binds what you signed to its hold. Send it only if `ok`. */
  sign(id: string, payment: object): Promise<Outcome>;
  settle(id: string, settlement: Settlement): Promise<Outcome>;
  /**
   * Sends a signed payment once more, while nobody knows what became of it: the same signature, so that it can be charged
   * once. The request has to be the same; give its body again in `init`, and headers that matter. Throws `PaymentDenied`
   * where nothing is kept, the payment is settled, or everything (or this agent) is frozen.
   */
  present(id: string, init?: PresentInit): Promise<Response>;
  /** Denies everything, until whoever holds the control lifts it. */
  freeze(reason: string): Promise<void>;
  /** What is left of each budget; of those of this scope's agent, session and client, where it names them. */
  budgets(): Promise<readonly BudgetLine[]>;
  readonly policy: PolicySummary;
  readonly scope: Scope;
  /** The audit log, where there is one. */
  readonly audit: Pick<Audit, "behind" | "failures" | "flush"> | undefined;
  /** Closes the store. What was begun is finished first. */
  close(): Promise<void>;
}

interface Current {
  readonly warden: Warden;
  readonly scope: Scope;
}

const current = carrier<Current>();

/** Opens a warden. Throws `PolicyInvalid`, or an error of the store: it never opens in a weaker way than was asked. */
export async function openWarden(options: WardenOptions): Promise<Warden> {
  return (await openWardenWithControl(options)).warden;
}

/** Opens a warden for the agent, and the control of it for whoever answers for the money. */
export async function openWardenWithControl(
  options: WardenOptions,
): Promise<{ readonly warden: Warden; readonly control: Control }> {
  const { warden, control } = await openParts(options);
  return { warden, control };
}

/** The same, with what they stand on: for the decision service. */
export async function openParts(options: WardenOptions): Promise<OpenedWarden> {
  const { policy, store, now, monotonic, facts, factsTimeoutMs, audit, secrets, ...rest } = options;
  const read = readPolicy(policy);
  mustBeScreened(read);
  const opened = store ?? (await defaultStore());
  const log = audit === undefined ? await withoutLog(opened) : openAudit(opened, audit, now ?? Date.now);
  const known = { ...(facts && { facts }), ...(factsTimeoutMs !== undefined && { factsTimeoutMs }) };
  const measured = options.telemetry?.store(opened) ?? opened;
  const ledger = withFacts(
    openLedger({ policy: read.json, store: measured, now, monotonic, secrets, audit: log?.auditing }),
    known,
  );
  try {
    await ledger.note("opened");
  } catch (error) {
    await log?.close().catch(() => undefined);
    throw error;
  }
  return wardenOn(ledger, { ...rest, store: opened, now: now ?? Date.now, log });
}

/** What a warden takes that has a ledger already. */
export type LedgerlessOptions = Omit<
  WardenOptions,
  "policy" | "store" | "now" | "monotonic" | "audit" | "secrets" | keyof FactOptions
> & { readonly store: Store; readonly now: () => number; readonly log: Audit | undefined };

export interface OpenedWarden {
  readonly warden: Warden;
  readonly control: Control;
  readonly ledger: Ledger;
  readonly vault: Vault;
  readonly people: Asking;
  readonly log: Audit | undefined;
}

/** A warden on a ledger that is open: one in this process, or a decision service's. */
export function wardenOn(bare: Ledger, options: LedgerlessOptions): OpenedWarden {
  const { store, now, log, maxDelayMs, keepKey, onPayment, onApproval, approvalWaitMs, telemetry, ...more } = options;
  const { recognisers, privacyKey, onPersonalData, ...scope } = more;
  const found = (data: PersonalData): void => {
    telemetry?.personalData(data);
    onPersonalData?.(data);
  };
  const unmeasured = openPrivacy(() => bare.policy, {
    ...(recognisers && { recognisers }),
    ...(privacyKey && { privacyKey }),
    onPersonalData: found,
  });
  const privacy = telemetry?.privacy(unmeasured) ?? unmeasured;
  const breaker = breakerOf(bare.policy, now);
  const clean = withCleanMessages(bare, privacy);
  const ledger = telemetry?.ledger(clean, { breaker, audit: log, now }) ?? clean;
  const vault = createVault({ store, now, key: keepKey });
  const approvals = approvalsDesk(ledger);
  const people = asking(approvals, () => ledger.policy, { onApproval, approvalWaitMs });
  const patience = { now, ...(maxDelayMs !== undefined && { maxDelayMs }) };
  const tracked = trackPayments(ledger, breaker, now, { patience, vault, people, ...(onPayment && { onPayment }) });
  const screened = withScreenedOffers(tracked, privacy);
  const payments = telemetry?.payments(screened) ?? screened;
  const core = { ledger, payments, vault, privacy, people, log };
  const control = controlOf(ledger, breaker, approvals);
  return { warden: assemble(core, scope), control, ledger, vault, people, log };
}

/** The warden that the surrounding `guard` or `warden.run` works with. */
export function getWarden(): Warden {
  const found = current?.getStore();
  if (found === undefined) {
    throw new WardenUnavailable("no_warden", "getWarden() is called outside of guard() and warden.run()");
  }
  return found.warden;
}

interface Parts {
  readonly ledger: Ledger;
  readonly payments: Payments;
  readonly vault: Vault;
  readonly privacy: Privacy;
  readonly people: Asking;
  readonly log: Audit | undefined;
}

function assemble(parts: Parts, scope: Scope): Warden {
  const { ledger, payments, vault, privacy, people, log } = parts;
  /** The names of the surrounding call come first, then this warden's; of limits, each holds. */
  const here = (): Scope => within(scope, current?.getStore()?.scope);
  const base = globalThis.fetch;

  function event(request: AuthorizeRequest): Record<string, unknown> & { readonly id: string } {
    const { id, method, url, offer, countersignatures, ...own } = request;
    const body = typeof offer === "string" ? { offer_text: offer } : { offer };
    return {
      id: id ?? ledger.drawId(),
      ...scopeMembers(within(here(), own)),
      method: method ?? "GET",
      url,
      ...body,
      ...signed(countersignatures),
    };
  }

  const warden: Warden = {
    fetch: (given = base) => privacy.guard(guardedFetch(payments, given, here)),
    client: (client) => guardClient(client, payments),
    signer: (signer) => guardSigner(signer, payments),
    payingFetch: ({ pay, fetch: given = base }) => privacy.guard(payingFetch(payments, given, here, pay)),
    hook: () => paymentHook(payments, here),
    scoped: (inner) => assemble(parts, within(scope, inner)),
    run(inner, work) {
      if (current === undefined) {
        throw new WardenUnavailable(
          "no_async_context",
          "this runtime can't carry a scope; use warden.scoped() instead",
        );
      }
      const merged = within(here(), inner);
      return current.run({ warden: assemble(parts, merged), scope: merged }, work);
    },
    async authorize(request) {
      const asked = event(request);
      const decision = await ledger.authorize(asked);
      return (await people.tell(decision)) ? ledger.authorize(asked) : decision;
    },
    check: (request) => ledger.check(event(request)),
    ticket: (id) => ledger.move({ type: "ticket", id }),
    sign: (id, payment) => ledger.move({ type: "sign", id, payload: payment }),
    settle: (id, { outcome, amount, transaction }) =>
      ledger.move({
        type: "settle",
        id,
        outcome,
        ...(amount === undefined ? {} : { amount: String(amount) }),
        ...(transaction === undefined ? {} : { transaction }),
      }),
    present: (id, init = {}) => payments.present(id, init, privacy.guard(init.fetch ?? base), here().agent),
    freeze: (reason) => ledger.command({ type: "freeze", reason }),
    budgets: () => {
      const { agent, session, client } = here();
      return ledger.budgets(
        scopeMembers({ ...(agent && { agent }), ...(session && { session }), ...(client && { client }) }),
      );
    },
    get policy() {
      return ledger.policy;
    },
    scope,
    audit: log,
    async close() {
      vault.clear();
      await ledger.finished();
      await log?.close();
      await ledger.close();
    },
  };
  return warden;
}

/** As the core reads them. */
function signed(given: AuthorizeRequest["countersignatures"]): Record<string, unknown> {
  if (given === undefined) return {};
  const entries = Object.entries(given).map(([name, { signedAt, signature }]) => [
    name,
    { signed_at: signedAt, signature },
  ]);
  return { countersignatures: Object.fromEntries(entries) };
}
