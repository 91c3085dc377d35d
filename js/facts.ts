/**
 * Facts about who is paid, from a provider that the operator configures, never from the seller. It is asked only for what
 * the policy wants to know. A provider that fails, answers too late or answers something else has not answered: a fact
 * that is missing denies, unless the policy says otherwise.
 *
 * A decision has one set of facts. Where an offer has entries that pay different addresses, each is looked up, and the
 * worst that is known of any of them is told; what is missing of one is missing.
 */

import type { FactName, Facts, Ledger } from "./core/ledger.ts";
import { loadCore } from "./core/load.ts";

export interface FactQuestion {
  /** As CAIP-2 has it, such as `eip155:8453`. */
  readonly network: string;
  /** The address that would be paid, as the seller wrote it. */
  readonly payee: string;
  /** The token's address, as the seller wrote it. */
  readonly asset: string;
  /** The URL that was requested. */
  readonly url: string;
  /** What the policy wants to know. More may be told; it decides nothing then. */
  readonly wanted: readonly FactName[];
  /** Aborted when the time is up: nobody waits any longer. */
  readonly signal: AbortSignal;
}

export type FactProvider = (question: FactQuestion) => Promise<Facts> | Facts;

export interface FactOptions {
  readonly facts?: FactProvider;
  /** How long the provider is waited for, in milliseconds. Default 2,000. */
  readonly factsTimeoutMs?: number;
}

/** More entries than this an offer is not looked up for: of the rest nothing is known. */
const MAX_ENTRIES = 16;

/** A ledger that looks up facts before it decides. Nothing waits in line behind a look-up. */
export function withFacts(ledger: Ledger, { facts: provider, factsTimeoutMs = 2_000 }: FactOptions): Ledger {
  if (provider === undefined) return ledger;
  if (!(factsTimeoutMs > 0)) throw new RangeError(`\`factsTimeoutMs\` must be above 0, not \`${factsTimeoutMs}\``);

  async function informed<E extends Readonly<Record<string, unknown>>>(event: E): Promise<E> {
    const wanted = ledger.policy.facts;
    if (wanted.length === 0) return event;
    const { facts: known } = event;
    const found = await lookUp(provider as FactProvider, questions(event, wanted), factsTimeoutMs);
    return { ...event, facts: { ...found, ...(isRecord(known) ? known : {}) } };
  }

  return {
    ...ledger,
    get policy() {
      return ledger.policy;
    },
    authorize: async (event, along) => ledger.authorize(await informed(event), along),
    check: async (event) => ledger.check(await informed(event)),
  };
}

type Question = Omit<FactQuestion, "signal">;

/** One for each address that the offer could pay; nothing where it can't be read, which denies anyway. */
function questions(event: Readonly<Record<string, unknown>>, wanted: readonly FactName[]): readonly Question[] {
  const offer = typeof event.offer_text === "string" ? parsed(event.offer_text) : event.offer;
  const accepts: readonly unknown[] = isRecord(offer) && Array.isArray(offer.accepts) ? offer.accepts : [];
  if (accepts.length > MAX_ENTRIES) return [];
  // Where the client can pay some of them alone, no other is chosen.
  const { payable } = event;
  const chosen = Array.isArray(payable) ? accepts.filter((_, place) => payable.includes(place)) : accepts;
  const asked = new Map<string, Question>();
  for (const entry of chosen) {
    const { network, payTo, asset } = isRecord(entry) ? entry : {};
    if (typeof network !== "string" || typeof payTo !== "string") return [];
    const name = loadCore().networkName(network);
    if (name === undefined) return [];
    const token = typeof asset === "string" ? asset : "";
    asked.set(`${name} ${payTo}`, { network: name, payee: payTo, asset: token, url: String(event.url), wanted });
  }
  return [...asked.values()];
}

async function lookUp(provider: FactProvider, asked: readonly Question[], timeout: number): Promise<Facts> {
  if (asked.length === 0) return {};
  const control = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Facts>((resolve) => {
    timer = setTimeout(() => resolve({}), timeout);
  });
  /** What one says; nothing where it throws, at once or later. */
  const answer = async (question: Question): Promise<Facts> =>
    clean(await provider({ ...question, signal: control.signal }));
  try {
    const answers = asked.map((question) => Promise.race([answer(question).catch(() => ({})), late]));
    return (await Promise.all(answers)).reduce(worst);
  } finally {
    clearTimeout(timer);
    control.abort();
  }
}

/** Only what is a fact; anything else is not known. Each property is read once. */
function clean(answer: unknown): Facts {
  if (!isRecord(answer)) return {};
  const flag = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined);
  const count = (value: unknown): number | undefined =>
    Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
  const risk = answer.payee_risk;
  return known({
    payee_is_contract: flag(answer.payee_is_contract),
    payee_contract_verified: flag(answer.payee_contract_verified),
    payee_wallet_age_days: count(answer.payee_wallet_age_days),
    payee_prior_payments: count(answer.payee_prior_payments),
    payee_risk: RISKS.find((word) => word === risk),
  });
}

const RISKS = ["low", "medium", "high"] as const;

/** Of two addresses, the worse of each fact; what is not known of both is not known. */
function worst(a: Facts, b: Facts): Facts {
  const both = <T>(one: T | undefined, other: T | undefined, worse: (one: T, other: T) => T): T | undefined =>
    one === undefined || other === undefined ? undefined : worse(one, other);
  const least = (one: number, other: number): number => Math.min(one, other);
  return known({
    payee_is_contract: both(a.payee_is_contract, b.payee_is_contract, (one, other) => one || other),
    payee_contract_verified: both(a.payee_contract_verified, b.payee_contract_verified, (one, other) => one && other),
    payee_wallet_age_days: both(a.payee_wallet_age_days, b.payee_wallet_age_days, least),
    payee_prior_payments: both(a.payee_prior_payments, b.payee_prior_payments, least),
    payee_risk: both(a.payee_risk, b.payee_risk, (one, other) =>
      RISKS.indexOf(one) > RISKS.indexOf(other) ? one : other,
    ),
  });
}

function known(facts: { readonly [K in FactName]: Facts[K] | undefined }): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
