// Generated from the Rust types by pkg-scripts/types.mjs: `npm run types`. Do not edit.

/**
 * US dollars, in units of 10^-18. Reads and writes as a decimal string such as `4.99`.
 */
export type Usd = string;
/**
 * An amount of some asset, in its atomic units. Reads and writes as a decimal string.
 */
export type Amount = string;
/**
 * Where a hold stands. From `Signing` on, only proof frees the money.
 */
export type State = "held" | "signing" | "signed" | "captured" | "voided" | "unknown";
/**
 * On what ground a hold was closed.
 */
export type Ground = "receipt" | "delivery" | "operator" | "chain" | "assumed" | "lapsed";
/**
 * Why a verb answered as it did. Serialises as its stable code.
 */
export type Reason =
  | "allowed"
  | "approval_required"
  | "approval_rejected"
  | "approval_expired"
  | "approval_void"
  | "approval_impossible"
  | "too_many_prompts"
  | "bad_countersignature"
  | "not_an_approver"
  | "malformed_request"
  | "malformed_url"
  | "origin_not_allowed"
  | "redirected_offer"
  | "malformed_offer"
  | "malformed_amount"
  | "malformed_lifetime"
  | "malformed_network"
  | "malformed_address"
  | "unknown_network"
  | "unknown_asset"
  | "unknown_scheme"
  | "unsupported_flow"
  | "unsupported_extension"
  | "lifetime_too_long"
  | "not_payable"
  | "network_not_allowed"
  | "asset_not_allowed"
  | "scheme_not_allowed"
  | "vendor_blocked"
  | "vendor_not_allowed"
  | "payee_blocked"
  | "payee_not_allowed"
  | "agent_blocked"
  | "agent_not_allowed"
  | "client_blocked"
  | "client_not_allowed"
  | "payee_changed"
  | "price_drift"
  | "out_of_hours"
  | "fact_missing"
  | "counterparty_not_allowed"
  | "rate_exceeded"
  | "denied_by_rule"
  | "not_allowed_by_rule"
  | "asset_without_price"
  | "payment_too_large"
  | "caller_limit"
  | "budget_exceeded"
  | "personal_data"
  | "personal_data_bound"
  | "frozen"
  | "agent_paused"
  | "agent_disabled"
  | "circuit_open"
  | "intent_unresolved"
  | "replayed"
  | "clock_jump"
  | "clock_skew"
  | "too_many_holds"
  | "conflict"
  | "store_conflict"
  | "store_unavailable"
  | "audit_unavailable"
  | "internal_error"
  | "unknown_id"
  | "wrong_state"
  | "hold_expired"
  | "malformed_payload"
  | "version_mismatch"
  | "scheme_mismatch"
  | "network_mismatch"
  | "asset_mismatch"
  | "payee_mismatch"
  | "amount_mismatch"
  | "lifetime_mismatch"
  | "spender_mismatch"
  | "payer_mismatch"
  | "accepted_mismatch"
  | "unticketed_signature"
  | "ticket_used";
/**
 * A length of time, such as `30s`, `24h` or `1h30m`.
 */
export type Span = string;
/**
 * What one whole token costs, in units of 10^-18 dollars. Reads and writes as a decimal string.
 */
export type Rate = string;
/**
 * One word, or a list of words: a counter for each combination.
 */
export type PerWords = Per | [Per, ...Per[]];
/**
 * What a budget or a rate keeps a counter for.
 */
export type Per = "all" | "agent" | "client" | "session" | "vendor" | "endpoint" | "payee" | "network";
/**
 * A day of the week.
 */
export type DayWord = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
/**
 * Hours of a day, such as `09:00-17:30`; `22:00-06:00` goes over midnight.
 */
export type Hours = string;
/**
 * A level of risk, by the operator's facts.
 */
export type RiskWord = "low" | "medium" | "high";
/**
 * How the price is charged.
 */
export type Scheme = "exact" | "upto";
/**
 * What becomes of a payment for which a fact is missing.
 */
export type OnMissing = "deny" | "allow";
/**
 * One path, or a list of paths; the later ones stand on the earlier ones.
 */
export type Files = string | string[];
/**
 * What becomes of a payment when something is not what it was.
 */
export type OnChange = "warn" | "approve" | "deny";
/**
 * When the money is taken, relative to the delivery (`extra.paymentFlow`).
 */
export type Flow = "authorization" | "upfront" | "escrow";
/**
 * A share in per cent, with at most two decimals, such as `12.5`.
 */
export type Percent = number | string;
/**
 * What becomes of personal data, from the mildest to the strictest.
 */
export type Treatment = "allow" | "warn" | "mask" | "hash" | "redact" | "block";
/**
 * A kind of personal data, or a name of your own that begins with `X_`.
 */
export type EntityName =
  | (
      | "EMAIL_ADDRESS"
      | "PHONE_NUMBER"
      | "US_SSN"
      | "US_ITIN"
      | "US_PASSPORT"
      | "CREDIT_CARD"
      | "IBAN_CODE"
      | "IP_ADDRESS"
      | "API_KEY"
      | "PRIVATE_KEY"
      | "SEED_PHRASE"
      | "PERSON"
      | "LOCATION"
      | "ORGANIZATION"
    )
  | string;
/**
 * A place where text leaves the agent.
 */
export type Place = "url_path" | "query" | "fragment" | "description" | "reason" | "header" | "audit" | "webhook";
/**
 * What becomes of a payment that comes too soon.
 */
export type RateThen = "deny" | "delay";
/**
 * A rolling span such as `24h`, or `day`, `week`, `month`, `session`, `lifetime`.
 */
export type Window = string;
/**
 * When the same payment is refused a second time.
 */
export type ReplayMode = "intent" | "strict";
/**
 * To let something be, or not.
 */
export type Choice = "allow" | "deny";
/**
 * What the policy says to a payment.
 */
export type Action = "allow" | "require_approval" | "deny";
/**
 * What a lint is about. Serialises as its stable code.
 */
export type LintCode =
  | "cap_never_binds"
  | "rule_never_fires"
  | "rule_shadowed"
  | "allow_without_effect"
  | "entry_without_effect"
  | "unused_asset"
  | "max_above_budget"
  | "nothing_allowed"
  | "no_total"
  | "splitting_dodges"
  | "sessions_start_anew"
  | "pays_before_delivery"
  | "missing_facts_pass"
  | "loose_pattern"
  | "plain_pattern"
  | "double_burst"
  | "no_total_over_all"
  | "never_first";
/**
 * How much a lint matters.
 */
export type LintLevel = "warning" | "info";
/**
 * What a rule said, from the mildest to the strictest.
 */
export type Said = "not_asked" | "pass" | "allow" | "flag" | "approve" | "deny";
/**
 * Which side of a figure a payment touched, to the smallest step: one atomic unit, one payment, one day or one
 * millisecond.
 */
export type Side = "met" | "crossed";
/**
 * Where a question stands.
 */
export type Standing = "pending" | "approved" | "rejected" | "expired" | "used";
/**
 * What is signed so that the money moves.
 */
export type Transfer = "eip3009" | "permit2" | "svm_transfer";

/**
 * All types that cross the boundary, so that one schema holds their definitions. Its fields have no words of their own:
 * beside a reference, they would make TypeScript's generator write each type twice.
 */
export interface Boundary {
  approval: ApprovalView;
  budget: BudgetLine;
  decision: Decision;
  description: Description;
  error: PolicyError;
  freeze: FreezeLine;
  hold: HoldLine;
  outcome: Outcome;
  policy: Document;
  reason: Reason;
  scan: Scan;
  trace: Trace;
}
/**
 * A question as a page, a message or a terminal shows it.
 */
export interface ApprovalView {
  /**
   * What was said.
   */
  answers: AnswerLine[];
  /**
   * Who is asked; absent where anybody but the agent may answer.
   */
  approvers?: ApproverLine[] | null;
  /**
   * When it was asked (ISO 8601).
   */
  asked_at: string;
  /**
   * What an answer is bound to.
   */
  digest: string;
  /**
   * From then on silence is a denial (ISO 8601).
   */
  expires_at: string;
  /**
   * The payment's id.
   */
  id: string;
  payment: ApprovalCard;
  /**
   * The hash of the policy that asks.
   */
  policy: string;
  /**
   * Where it stands.
   */
  standing: "pending" | "approved" | "rejected" | "expired" | "used";
  /**
   * How many have to approve.
   */
  threshold: number;
}
/**
 * What one approver said.
 */
export interface AnswerLine {
  /**
   * Whether they approve.
   */
  approved: boolean;
  /**
   * Who.
   */
  approver: string;
  /**
   * When (ISO 8601).
   */
  at: string;
  /**
   * Their words.
   */
  note?: string | null;
  /**
   * Whether a signature stands beside it.
   */
  signed: boolean;
}
/**
 * Somebody who is asked.
 */
export interface ApproverLine {
  /**
   * `ed25519`, or the reference of the secret for an HMAC; absent where the name is believed without a signature.
   */
  key?: string | null;
  /**
   * The name.
   */
  name: string;
}
/**
 * What an approver needs to see. Each invisible or directing character in it is written out, as `⟨U+202E⟩`.
 */
export interface ApprovalCard {
  /**
   * The agent that wants to pay; empty if it has no name.
   */
  agent: string;
  /**
   * The amount, in atomic units.
   */
  amount: string;
  /**
   * The asset, as `network/address`.
   */
  asset: string;
  /**
   * What it does to each budget.
   */
  budgets: BudgetEffect[];
  /**
   * On whose behalf; empty if on nobody's.
   */
  client: string;
  /**
   * How many decimals the asset has.
   */
  decimals?: number | null;
  /**
   * What the seller says that it is for. Anybody can write anything here.
   */
  description?: string | null;
  /**
   * The rules that mark the payment.
   */
  flags: string[];
  /**
   * The HTTP method.
   */
  method: string;
  /**
   * The chain, in CAIP-2.
   */
  network: string;
  /**
   * The origin of that.
   */
  origin: string;
  /**
   * Who is paid.
   */
  payee: string;
  /**
   * How often this address was paid before; 0 is a new payee.
   */
  payee_prior_payments: number;
  /**
   * The session; empty if it has no name.
   */
  session: string;
  /**
   * A name of the asset for people. It decides nothing.
   */
  symbol?: string | null;
  /**
   * What is requested.
   */
  url: string;
  /**
   * The amount in US dollars, rounded up; absent where the asset has no price.
   */
  usd?: Usd | null;
  /**
   * Why people are asked, a sentence for each rule.
   */
  why: string[];
}
/**
 * What a payment does to a budget, as it was when people were asked.
 */
export interface BudgetEffect {
  /**
   * With it.
   */
  after: string;
  /**
   * Held and spent, without this payment.
   */
  before: string;
  /**
   * Its limit.
   */
  limit?: string | null;
  /**
   * The budget's name.
   */
  name: string;
  /**
   * `usd`, or the asset as `network/address`, in atomic units.
   */
  unit: string;
  /**
   * Its window.
   */
  window: string;
}
/**
 * What is left of one budget's counter.
 */
export interface BudgetLine {
  /**
   * What is left of the limit; 0 if more was captured than was held.
   */
  available?: string | null;
  /**
   * Held in open holds.
   */
  held: string;
  /**
   * Whose counter: the values of `per`, joined by `,`; `*` where there is one for all.
   */
  key: string;
  /**
   * The limit: US dollars, or atomic units. Absent where only approval is asked from a figure on.
   */
  limit?: string | null;
  /**
   * The budget's name.
   */
  name: string;
  /**
   * Spent within the window.
   */
  spent: string;
  /**
   * `usd`, or the asset as `network/address`.
   */
  unit: string;
  /**
   * The window: a span, `session` or `lifetime`.
   */
  window: string;
}
/**
 * The answer to *may this be paid?*
 */
export interface Decision {
  /**
   * Which entry of the offer was chosen, or came nearest.
   */
  accept?: number | null;
  /**
   * What the policy says.
   */
  action: "allow" | "require_approval" | "deny";
  /**
   * The amount of that entry, in atomic units, as a decimal text.
   */
  amount?: Amount | null;
  /**
   * Whose approval is wanted.
   */
  approval?: ApprovalWanted | null;
  /**
   * The asset, as `network/address`.
   */
  asset?: string | null;
  /**
   * How many decimals the asset has.
   */
  decimals?: number | null;
  /**
   * True if the payment only comes too soon, and the policy wants it to wait until `fix.retry_at`.
   */
  delay?: boolean;
  /**
   * The field concerned, such as `accepts[0].amount`.
   */
  field?: string | null;
  /**
   * The smallest change that would let it pass, where there is one.
   */
  fix?: Fix | null;
  /**
   * The rules that mark the payment, whatever becomes of it.
   */
  flags?: string[];
  /**
   * An earlier hold that stands in the way.
   */
  hold?: string | null;
  /**
   * The caller's id for the payment.
   */
  id: string;
  /**
   * One sentence for people: what was wrong, with the value.
   */
  message?: string | null;
  /**
   * The address that is paid.
   */
  payee?: string | null;
  /**
   * Why, as a stable code.
   */
  reason:
    | "allowed"
    | "approval_required"
    | "approval_rejected"
    | "approval_expired"
    | "approval_void"
    | "approval_impossible"
    | "too_many_prompts"
    | "bad_countersignature"
    | "not_an_approver"
    | "malformed_request"
    | "malformed_url"
    | "origin_not_allowed"
    | "redirected_offer"
    | "malformed_offer"
    | "malformed_amount"
    | "malformed_lifetime"
    | "malformed_network"
    | "malformed_address"
    | "unknown_network"
    | "unknown_asset"
    | "unknown_scheme"
    | "unsupported_flow"
    | "unsupported_extension"
    | "lifetime_too_long"
    | "not_payable"
    | "network_not_allowed"
    | "asset_not_allowed"
    | "scheme_not_allowed"
    | "vendor_blocked"
    | "vendor_not_allowed"
    | "payee_blocked"
    | "payee_not_allowed"
    | "agent_blocked"
    | "agent_not_allowed"
    | "client_blocked"
    | "client_not_allowed"
    | "payee_changed"
    | "price_drift"
    | "out_of_hours"
    | "fact_missing"
    | "counterparty_not_allowed"
    | "rate_exceeded"
    | "denied_by_rule"
    | "not_allowed_by_rule"
    | "asset_without_price"
    | "payment_too_large"
    | "caller_limit"
    | "budget_exceeded"
    | "personal_data"
    | "personal_data_bound"
    | "frozen"
    | "agent_paused"
    | "agent_disabled"
    | "circuit_open"
    | "intent_unresolved"
    | "replayed"
    | "clock_jump"
    | "clock_skew"
    | "too_many_holds"
    | "conflict"
    | "store_conflict"
    | "store_unavailable"
    | "audit_unavailable"
    | "internal_error"
    | "unknown_id"
    | "wrong_state"
    | "hold_expired"
    | "malformed_payload"
    | "version_mismatch"
    | "scheme_mismatch"
    | "network_mismatch"
    | "asset_mismatch"
    | "payee_mismatch"
    | "amount_mismatch"
    | "lifetime_mismatch"
    | "spender_mismatch"
    | "payer_mismatch"
    | "accepted_mismatch"
    | "unticketed_signature"
    | "ticket_used";
  /**
   * Why the other entries of the offer were not chosen.
   */
  refused?: RefusedAccept[];
  /**
   * The rules that fired: names of budgets, rates and rules, or places in the policy such as `payment.max_usd`.
   */
  rules: string[];
  /**
   * Where the hold stands, where there is one.
   */
  state?: State | null;
  /**
   * A name of the asset for people. It decides nothing.
   */
  symbol?: string | null;
  /**
   * The amount in US dollars, rounded up, as a decimal text; absent where the asset has no price.
   */
  usd?: Usd | null;
}
/**
 * Whose approval is wanted.
 */
export interface ApprovalWanted {
  /**
   * How many have.
   */
  approved: number;
  /**
   * Who is asked; absent where anybody but the agent may answer.
   */
  approvers?: string[] | null;
  /**
   * SHA-256 of what is asked, in hex: an approval can name it, and is then good for nothing else.
   */
  digest: string;
  /**
   * From then on silence is a denial (ISO 8601).
   */
  expires_at: string;
  /**
   * The id to approve: the payment's own.
   */
  id: string;
  /**
   * True if people are asked just now: then they have to be told.
   */
  new?: boolean;
  /**
   * How many people have to approve.
   */
  threshold: number;
}
/**
 * The smallest change that would let a payment pass.
 */
export interface Fix {
  /**
   * The largest amount that would pass now, in atomic units.
   */
  max_amount?: Amount | null;
  /**
   * The same in US dollars, rounded down to what the limits leave.
   */
  max_amount_usd?: Usd | null;
  /**
   * The earliest time at which the same payment would pass, if nothing more is spent until then (ISO 8601).
   */
  retry_at?: string | null;
}
/**
 * Why one entry of an offer was not chosen.
 */
export interface RefusedAccept {
  /**
   * Which entry.
   */
  accept: number;
  /**
   * The field concerned.
   */
  field?: string | null;
  /**
   * Why, as a stable code.
   */
  reason:
    | "allowed"
    | "approval_required"
    | "approval_rejected"
    | "approval_expired"
    | "approval_void"
    | "approval_impossible"
    | "too_many_prompts"
    | "bad_countersignature"
    | "not_an_approver"
    | "malformed_request"
    | "malformed_url"
    | "origin_not_allowed"
    | "redirected_offer"
    | "malformed_offer"
    | "malformed_amount"
    | "malformed_lifetime"
    | "malformed_network"
    | "malformed_address"
    | "unknown_network"
    | "unknown_asset"
    | "unknown_scheme"
    | "unsupported_flow"
    | "unsupported_extension"
    | "lifetime_too_long"
    | "not_payable"
    | "network_not_allowed"
    | "asset_not_allowed"
    | "scheme_not_allowed"
    | "vendor_blocked"
    | "vendor_not_allowed"
    | "payee_blocked"
    | "payee_not_allowed"
    | "agent_blocked"
    | "agent_not_allowed"
    | "client_blocked"
    | "client_not_allowed"
    | "payee_changed"
    | "price_drift"
    | "out_of_hours"
    | "fact_missing"
    | "counterparty_not_allowed"
    | "rate_exceeded"
    | "denied_by_rule"
    | "not_allowed_by_rule"
    | "asset_without_price"
    | "payment_too_large"
    | "caller_limit"
    | "budget_exceeded"
    | "personal_data"
    | "personal_data_bound"
    | "frozen"
    | "agent_paused"
    | "agent_disabled"
    | "circuit_open"
    | "intent_unresolved"
    | "replayed"
    | "clock_jump"
    | "clock_skew"
    | "too_many_holds"
    | "conflict"
    | "store_conflict"
    | "store_unavailable"
    | "audit_unavailable"
    | "internal_error"
    | "unknown_id"
    | "wrong_state"
    | "hold_expired"
    | "malformed_payload"
    | "version_mismatch"
    | "scheme_mismatch"
    | "network_mismatch"
    | "asset_mismatch"
    | "payee_mismatch"
    | "amount_mismatch"
    | "lifetime_mismatch"
    | "spender_mismatch"
    | "payer_mismatch"
    | "accepted_mismatch"
    | "unticketed_signature"
    | "ticket_used";
  /**
   * The rules that fired.
   */
  rules: string[];
}
/**
 * A policy, described.
 */
export interface Description {
  /**
   * SHA-256 of the canonical document, in hex.
   */
  hash: string;
  /**
   * What is odd about it.
   */
  lints: Lint[];
  /**
   * Its name for people.
   */
  name?: string | null;
  /**
   * What it says, and the figures in that: what a test of it should touch.
   */
  rules: Coverable[];
  /**
   * What it means, in the order in which a person would ask.
   */
  sections: Section[];
  /**
   * Its version; 0 where it names none.
   */
  version: number;
}
/**
 * Something odd about a policy.
 */
export interface Lint {
  /**
   * What it is about, as a stable code.
   */
  code:
    | "cap_never_binds"
    | "rule_never_fires"
    | "rule_shadowed"
    | "allow_without_effect"
    | "entry_without_effect"
    | "unused_asset"
    | "max_above_budget"
    | "nothing_allowed"
    | "no_total"
    | "splitting_dodges"
    | "sessions_start_anew"
    | "pays_before_delivery"
    | "missing_facts_pass"
    | "loose_pattern"
    | "plain_pattern"
    | "double_burst"
    | "no_total_over_all"
    | "never_first";
  /**
   * What to do about it.
   */
  fix?: string | null;
  /**
   * How much it matters.
   */
  level: "warning" | "info";
  /**
   * What is odd, in one sentence without a full stop.
   */
  message: string;
  /**
   * Where, such as `budgets[1].limit_usd`; empty for the policy itself.
   */
  path: string;
}
/**
 * A rule of the policy, by the name that a trace gives it.
 */
export interface Coverable {
  /**
   * Its figures, each with two sides that a payment can touch.
   */
  figures?: string[];
  /**
   * The rule: the name of a budget, rate or rule, or a place in the policy such as `payment.max_usd`.
   */
  rule: string;
}
/**
 * A question and what the policy answers.
 */
export interface Section {
  /**
   * The answers, a sentence each.
   */
  lines: string[];
  /**
   * The question.
   */
  title: string;
}
/**
 * One thing wrong with a policy.
 */
export interface PolicyError {
  /**
   * What is wrong and what was expected, in one sentence without a full stop.
   */
  message: string;
  /**
   * Where, such as `budgets[1].window`; empty for the document itself.
   */
  path: string;
}
/**
 * A freeze, for people.
 */
export interface FreezeLine {
  /**
   * The agent; absent where all are frozen.
   */
  agent?: string | null;
  /**
   * Since when (ISO 8601).
   */
  at: string;
  /**
   * What a signature that lifts it is bound to.
   */
  digest: string;
  /**
   * The agent is taken out of service, rather than paused.
   */
  disabled: boolean;
  /**
   * Who has lifted it. Whether that counts is for the policy of whoever decides.
   */
  lifted_by?: string | null;
  /**
   * The words of whoever froze it.
   */
  reason: string;
}
/**
 * A hold, as it stands. Nothing in it can be used to pay: no signature is kept in the ledger.
 */
export interface HoldLine {
  /**
   * An amount of some asset, in its atomic units. Reads and writes as a decimal string.
   */
  amount: string;
  /**
   * The address of the asset on it.
   */
  asset: string;
  /**
   * When it was taken (ISO 8601).
   */
  at: string;
  /**
   * True if more was captured than was held, or after the hold was let go.
   */
  breach?: boolean;
  /**
   * What is booked as captured, in atomic units.
   */
  captured?: Amount | null;
  /**
   * In which moment of its windows that counts (ISO 8601).
   */
  captured_at?: string | null;
  /**
   * How many decimals the asset has.
   */
  decimals?: number | null;
  /**
   * The requested origin and path.
   */
  endpoint: string;
  /**
   * On what ground it was closed.
   */
  ground?: Ground | null;
  /**
   * The caller's id for the payment.
   */
  id: string;
  /**
   * The network, in CAIP-2.
   */
  network: string;
  /**
   * The authorization's own number on its chain, where it is known.
   */
  nonce?: string | null;
  /**
   * The words of whoever closed it by hand.
   */
  note?: string | null;
  /**
   * The address that is paid.
   */
  payee: string;
  /**
   * The wallet that signed, where it is known.
   */
  payer?: string | null;
  /**
   * What was given back in all, in atomic units.
   */
  refunded?: Amount | null;
  /**
   * The most that was signed, where that is more.
   */
  signed?: Amount | null;
  /**
   * Where a hold stands. From `Signing` on, only proof frees the money.
   */
  state: "held" | "signing" | "signed" | "captured" | "voided" | "unknown";
  /**
   * A name of the asset for people. It decides nothing.
   */
  symbol?: string | null;
  /**
   * The transaction, as a receipt, a chain or a person names it.
   */
  transaction?: string | null;
  /**
   * How the money moves.
   */
  transfer: "eip3009" | "permit2" | "svm_transfer";
  /**
   * True if what was signed is not what is held.
   */
  unbound?: boolean;
  /**
   * Held: when it lapses. Else: from when on the signature can't be used any more, with 30 s for a chain's clock.
   */
  until: string;
  /**
   * What is held, in US dollars.
   */
  usd?: Usd | null;
}
/**
 * The answer of a verb that moves a hold on.
 */
export interface Outcome {
  /**
   * True if more was captured than was held, or after the hold was let go.
   */
  breach?: boolean;
  /**
   * What is booked as captured, in atomic units.
   */
  captured?: Amount | null;
  /**
   * The field concerned.
   */
  field?: string | null;
  /**
   * On what ground the hold was closed.
   */
  ground?: Ground | null;
  /**
   * The caller's id for the payment.
   */
  id: string;
  /**
   * One sentence for people.
   */
  message?: string | null;
  /**
   * The authorization's own number on its chain.
   */
  nonce?: string | null;
  /**
   * Whether it was done.
   */
  ok: boolean;
  /**
   * Why not, as a stable code.
   */
  reason?: Reason | null;
  /**
   * What was given back in all, in atomic units.
   */
  refunded?: Amount | null;
  /**
   * Where the hold stands now.
   */
  state?: State | null;
  /**
   * The latest time at which the signature can be used (ISO 8601).
   */
  valid_before?: string | null;
}
/**
 * A policy: what an agent may pay, to whom, and how much in all.
 */
export interface Document {
  /**
   * Which agents may pay, by name; `*` and `?` stand for any letters and any letter.
   */
  agents?: ListSection;
  /**
   * Who decides about what needs approval.
   */
  approvals?: ApprovalSection;
  /**
   * Assets that are known beside the registry of stablecoins.
   */
  assets?: AssetSection[];
  /**
   * When to stop calling an origin or a facilitator that fails.
   */
  breaker?: BreakerSection;
  /**
   * How much in all, over a window of time.
   */
  budgets?: BudgetSection[];
  /**
   * On whose behalf may be paid, by name; `*` and `?` stand for any letters and any letter.
   */
  clients?: ListSection;
  /**
   * What has to be known of who is paid, from facts that the operator's own provider looks up.
   */
  counterparty?: CounterpartySection;
  /**
   * Policies that this one stands on, as paths relative to this file. What they say holds: this one adds, and
   * the strictest wins. Only in a file.
   */
  extends?: Files;
  /**
   * A name for people, shown in decisions and reports.
   */
  name?: string;
  /**
   * Exact origins that are let through although they are not https on the default port with a DNS name,
   * such as `http://127.0.0.1:4021`.
   */
  origins?: string[];
  /**
   * Who may be paid, by the address that receives the money: `0x…` on any network, or `eip155:8453/0x…`.
   */
  payees?: PayeeSection;
  /**
   * What a single payment may be.
   */
  payment?: PaymentSection;
  /**
   * What things cost, and how far a price may move.
   */
  prices?: PriceSection;
  /**
   * Personal data and secrets: what becomes of them before they leave. Without this section nothing is looked for.
   */
  privacy?: PrivacySection;
  /**
   * How often, over a window of time.
   */
  rates?: RateSection[];
  /**
   * When the same payment is refused a second time.
   */
  replay?: ReplaySection;
  /**
   * Rules for what the sections above can't say.
   */
  rules?: RuleSection[];
  /**
   * When may be paid.
   */
  schedule?: ScheduleSection;
  /**
   * What becomes of a payment that no rule with `then = "allow"` speaks for: `allow` or `deny`. Default `allow`.
   */
  unmatched?: Choice;
  /**
   * Who may be paid, by the URL that was requested: `api.example.com`, `*.example.com`, `api.example.com/v1`,
   * `https://api.example.com:8443`, or `regex:` with an expression for the whole of host and path.
   */
  vendors?: ListSection;
  /**
   * The policy's own version: a whole number that rises with each change.
   */
  version?: number;
  /**
   * The offsets of the time zones that are named above. The wrapper fills this in; leave it out.
   */
  zones?: ZoneTables;
}
/**
 * An allow list and a block list. What is blocked is blocked, allowed or not. An allow list that is there, even
 * an empty one, denies all that is not on it.
 */
export interface ListSection {
  /**
   * Only these.
   */
  allow?: string[];
  /**
   * Never these.
   */
  block?: string[];
}
/**
 * Who decides about what needs approval.
 */
export interface ApprovalSection {
  /**
   * Who may approve, by name. Default: anybody but the agent itself.
   */
  approvers?: string[];
  /**
   * What approvers prove themselves with. Who has a key is believed by a signature alone, and what lifts a freeze
   * has to be signed by one of them.
   */
  keys?: ApproverKeySection[];
  /**
   * How many questions of one agent may stand at once, the refused ones among them until their time is over. More are
   * denied. Default 5.
   */
  max_prompts_per_agent?: number;
  /**
   * How many questions may wait for one approver at once; who has as many is not asked. Default 20.
   */
  max_prompts_per_approver?: number;
  /**
   * How old a countersignature may be when it comes in. Default `5m`.
   */
  max_signature_age?: Span;
  /**
   * How many different people have to approve. Default 1.
   */
  threshold?: number;
  /**
   * How long people have to answer, from `1s` to `30d`; then silence is a denial. Default `5m`.
   */
  timeout?: Span;
}
/**
 * What an approver proves themselves with: an Ed25519 public key, or a secret for HMAC-SHA256.
 */
export interface ApproverKeySection {
  /**
   * Whose it is: a name under `approvals.approvers`.
   */
  approver: string;
  /**
   * An Ed25519 public key: 64 digits of lower-case hex.
   */
  ed25519?: string;
  /**
   * Where the secret stands: `env:NAME` or `file:PATH`. Never the secret itself.
   */
  hmac?: string;
}
/**
 * An asset that the policy makes known.
 */
export interface AssetSection {
  /**
   * The address of the token's contract (or mint) on that network.
   */
  address: string;
  /**
   * How many decimals the token has: one whole token is 10^decimals atomic units.
   */
  decimals: number;
  /**
   * The network, as a CAIP-2 name or a known alias.
   */
  network: string;
  /**
   * A name for people. It decides nothing.
   */
  symbol?: string;
  /**
   * What one whole token counts as, in US dollars. Without it no limit in US dollars can be met.
   */
  usd?: Rate;
}
/**
 * The circuit breaker. The wrapper keeps its state; the core is told of it.
 */
export interface BreakerSection {
  /**
   * Failures in a row after which nothing more is paid there. Default 5.
   */
  failure_threshold?: number;
  /**
   * How long until one payment is let through again to see, such as `30s`. Default `30s`.
   */
  recovery_timeout?: Span;
}
/**
 * A budget: what is held and what is spent, over its window, never exceeds its limit.
 */
export interface BudgetSection {
  /**
   * From this much on in all, in US dollars, each further payment needs approval: splitting dodges nothing.
   */
  approve_from_usd?: Usd;
  /**
   * The asset that `limit_amount` counts, as `network/address`. Payments in other assets don't count here.
   */
  asset?: string;
  /**
   * The limit in atomic units of `asset`.
   */
  limit_amount?: Amount;
  /**
   * The limit in US dollars; this or `limit_amount`.
   */
  limit_usd?: Usd;
  /**
   * The budget's name, in lower-case letters, digits, `-` and `_`. Decisions name it.
   */
  name: string;
  /**
   * What has a counter of its own: one or more of agent, client, session, vendor, endpoint, payee, network;
   * or `all` for a single counter. Default `all`.
   */
  per?: PerWords;
  /**
   * The time zone of a calendar window, such as `Europe/Berlin`. Default `UTC`.
   */
  time_zone?: string;
  /**
   * Which payments count here. Default: all.
   */
  when?: WhenSection;
  /**
   * How long a spend counts: a rolling span such as `24h`; a calendar `day`, `week` (from Monday) or `month`;
   * `session`; or `lifetime`.
   */
  window: string;
}
/**
 * Which payments: those for which every member holds. A list holds if any of its entries does.
 */
export interface WhenSection {
  /**
   * The agent's name; `*` and `?` stand for any letters and any letter.
   */
  agents?: string[];
  /**
   * The asset, as `network/address`.
   */
  assets?: string[];
  /**
   * The client's name, likewise.
   */
  clients?: string[];
  /**
   * Days of the week, as in `schedule`.
   */
  days?: DayWord[];
  /**
   * Whether this ledger has never paid the address before.
   */
  first_payment?: boolean;
  /**
   * Hours of the day, as in `schedule`.
   */
  hours?: Hours[];
  /**
   * A payment of at most this much, in US dollars.
   */
  max_usd?: Usd;
  /**
   * The HTTP method, such as `POST`.
   */
  methods?: string[];
  /**
   * A risk of at least this level, by the operator's facts. An unknown risk is the highest.
   */
  min_risk?: RiskWord;
  /**
   * A payment of at least this much, in US dollars.
   */
  min_usd?: Usd;
  /**
   * The network.
   */
  networks?: string[];
  /**
   * The address that is paid, as in `payees`.
   */
  payees?: string[];
  /**
   * The payment scheme.
   */
  schemes?: Scheme[];
  /**
   * The time zone of the hours and days. Default `UTC`.
   */
  time_zone?: string;
  /**
   * The requested URL, as in `vendors`.
   */
  vendors?: string[];
}
/**
 * What has to be known of who is paid. The facts come from the operator's own provider, never from the seller.
 */
export interface CounterpartySection {
  /**
   * Whether a contract may be paid. Default true.
   */
  allow_contracts?: boolean;
  /**
   * The highest risk that may be paid.
   */
  max_risk?: RiskWord;
  /**
   * How often this address must have been paid before.
   */
  min_prior_payments?: number;
  /**
   * The youngest wallet that may be paid, in days.
   */
  min_wallet_age_days?: number;
  /**
   * What becomes of a payment for which a fact that is asked for is missing: `deny` or `allow`. Default `deny`.
   */
  on_missing?: OnMissing;
  /**
   * Whether a contract that is paid has to be verified.
   */
  require_verified?: boolean;
}
/**
 * Who may be paid, by address.
 */
export interface PayeeSection {
  /**
   * Only these.
   */
  allow?: string[];
  /**
   * Never these.
   */
  block?: string[];
  /**
   * What becomes of an origin that asks for its money at another address than the one first paid: `warn` flags
   * the payment, `deny` denies it, `approve` asks people. Left out, addresses may change.
   */
  pin?: OnChange;
}
/**
 * What a single payment may be.
 */
export interface PaymentSection {
  /**
   * From this much on, in US dollars, a payment needs approval. A payment of exactly this much needs it.
   */
  approve_from_usd?: Usd;
  /**
   * Assets that may be used, as `network/address`. Default: the registry and those listed under `assets`.
   */
  assets?: string[];
  /**
   * Networks that may not be used.
   */
  block_networks?: string[];
  /**
   * Payment flows that may be used. Default: `authorization` alone; the others take the money before delivery.
   */
  flows?: Flow[];
  /**
   * The largest payment to an address that this ledger has never paid, in US dollars.
   */
  max_first_usd?: Usd;
  /**
   * The longest that a signature may stay usable, in seconds. Default 600.
   */
  max_lifetime_seconds?: number;
  /**
   * The largest single payment, in US dollars. A payment of exactly this much is allowed.
   */
  max_usd?: Usd;
  /**
   * Networks that may be used, as CAIP-2 names or known aliases such as `base`. Default: all that are known.
   */
  networks?: string[];
  /**
   * Payment schemes that may be used. Default: `exact` and `upto`.
   */
  schemes?: Scheme[];
}
/**
 * What things cost. The first price that was paid on a route (origin and path, in one asset) is its reference.
 */
export interface PriceSection {
  /**
   * Prices that were agreed on; each is the reference of its routes from the beginning.
   */
  agreed?: AgreedSection[];
  /**
   * The most that a price may lie above the reference of its route, in per cent, however slowly it got there.
   */
  max_drift_percent?: Percent;
  /**
   * What becomes of a price that lies above: `deny`, `approve` or `warn`. Default `deny`.
   */
  then?: OnChange;
}
/**
 * A price that was agreed on.
 */
export interface AgreedSection {
  /**
   * The price in US dollars.
   */
  usd: string;
  /**
   * The routes, as a vendor: `api.example.com/report`.
   */
  vendor: string;
}
/**
 * What becomes of personal data and secrets in what the agent sends, pays for and logs.
 */
export interface PrivacySection {
  /**
   * What becomes of what no rule speaks of. Default `redact`. What can't be written anew without breaking the payment
   * (the path of the URL, what the signature or the seller's match covers) is blocked where it would be.
   */
  action?: Treatment;
  /**
   * Headers of the agent's request that are looked through, by name.
   */
  headers?: string[];
  /**
   * What becomes of some kinds in some places. Of the rules that speak of one, the strictest holds.
   */
  rules?: PrivacyRuleSection[];
}
/**
 * What becomes of some kinds of personal data in some places.
 */
export interface PrivacyRuleSection {
  /**
   * Which kinds. Default: all.
   */
  entities?: EntityName[];
  /**
   * In which places. Default: all.
   */
  places?: Place[];
  /**
   * What becomes of them: `allow`, `warn`, `mask`, `hash`, `redact` or `block`.
   */
  then: "allow" | "warn" | "mask" | "hash" | "redact" | "block";
}
/**
 * A rate: so many payments over its window, or so much time between two.
 */
export interface RateSection {
  /**
   * The most payments within the window; with `window`.
   */
  max?: number;
  /**
   * The shortest time between two payments.
   */
  min_gap?: Span;
  /**
   * The rate's name, in lower-case letters, digits, `-` and `_`. Decisions name it.
   */
  name: string;
  /**
   * What has a counter of its own, as in a budget. Default `all`.
   */
  per?: PerWords;
  /**
   * What becomes of a payment that comes too soon: `deny`, or `delay` until it may be made. Default `deny`.
   */
  then?: RateThen;
  /**
   * The time zone of a calendar window. Default `UTC`.
   */
  time_zone?: string;
  /**
   * Which payments count here. Default: all.
   */
  when?: WhenSection;
  /**
   * How long a payment counts, as in a budget.
   */
  window?: Window;
}
/**
 * When the same payment is refused a second time.
 */
export interface ReplaySection {
  /**
   * `intent`: each call is an intent of its own, unless it gives an idempotency key that was used before.
   * `strict`: the same payment for the same request is refused too, unless it gives a key. Default `intent`.
   */
  mode?: ReplayMode;
  /**
   * How long an earlier payment is remembered, such as `24h`, from its decision on. Default `24h`.
   */
  window?: Span;
}
/**
 * A rule. All rules are heard, and the strictest wins: deny over require_approval over flag over allow. An allow
 * lifts no limit.
 */
export interface RuleSection {
  /**
   * False to leave the rule out for now.
   */
  enabled?: boolean;
  /**
   * The rule's name, in lower-case letters, digits, `-` and `_`. Decisions name it.
   */
  name: string;
  /**
   * What becomes of them: `deny`, `require_approval`, `flag` or `allow`.
   */
  then: "allow" | "flag" | "require_approval" | "deny";
  /**
   * Which payments it speaks of. Default: all.
   */
  when?: WhenSection;
}
/**
 * When may be paid. Outside of it everything is denied.
 */
export interface ScheduleSection {
  /**
   * Days of the week, such as `["mon", "tue"]`.
   */
  days?: DayWord[];
  /**
   * Hours of the day, such as `["09:00-17:30"]`; a span may go over midnight.
   */
  hours?: Hours[];
  /**
   * The time zone of the hours and days, such as `Europe/Berlin`. Default `UTC`.
   */
  time_zone?: string;
}
/**
 * The offsets of the time zones that the policy names. The wrapper fills this in; leave it out.
 */
export interface ZoneTables {
  /**
   * A zone's offsets.
   */
  [k: string]: {
    /**
     * From when on, in milliseconds since the epoch, so many minutes east of UTC.
     *
     * @minItems 1
     */
    offsets: [[number, number], ...[number, number][]];
    /**
     * From here on nobody knows the offset, in milliseconds since the epoch.
     */
    until: number;
  };
}
/**
 * What was found in a text.
 */
export interface Scan {
  /**
   * The strictest of what becomes of it; absent where nothing was found.
   */
  action?: Treatment | null;
  /**
   * What was found, in order.
   */
  entities: ScanEntity[];
  /**
   * The text with all that is to be masked, hashed, redacted or blocked written over.
   */
  redacted: string;
}
/**
 * Something found in a text.
 */
export interface ScanEntity {
  /**
   * What becomes of personal data, from the mildest to the strictest.
   */
  action: "allow" | "warn" | "mask" | "hash" | "redact" | "block";
  /**
   * Where it ends.
   */
  end: number;
  /**
   * What it is: a name such as `EMAIL_ADDRESS`, or one of the user's own.
   */
  entity: string;
  /**
   * Where it begins, in UTF-16 code units, as JavaScript counts.
   */
  start: number;
}
/**
 * One payment, explained.
 */
export interface Trace {
  decision: Decision;
  /**
   * The other entries of the offer.
   */
  others?: EntryTrace[];
  /**
   * Each rule, and what it said to the entry that the decision is about. Empty where the answer was clear before
   * any rule was asked, such as for a URL that can't be read or while the warden is frozen.
   */
  rules: TraceLine[];
}
/**
 * What the rules saw and said of one entry of an offer.
 */
export interface EntryTrace {
  /**
   * Which entry of the offer.
   */
  accept: number;
  /**
   * Each rule, in the order in which they were asked.
   */
  rules: TraceLine[];
}
/**
 * What one rule saw and said.
 */
export interface TraceLine {
  /**
   * The figures that the payment touched exactly, or missed by the smallest step.
   */
  edges?: Edge[];
  /**
   * The rule: the name of a budget, rate or rule, or a place in the policy such as `payment.max_usd`.
   */
  rule: string;
  /**
   * What it said.
   */
  said: "not_asked" | "pass" | "allow" | "flag" | "approve" | "deny";
  /**
   * What it saw, with the figures; or why it was not asked.
   */
  saw: string;
}
/**
 * A figure of the policy that a payment touched.
 */
export interface Edge {
  /**
   * The figure, such as `payment.max_usd` or `daily.limit_usd`.
   */
  figure: string;
  /**
   * On which side.
   */
  side: "met" | "crossed";
}
/**
 * What an approver needs to see, in texts that are safe to show.
 */
export interface ApprovalCard1 {
  /**
   * The agent that wants to pay; empty if it has no name.
   */
  agent: string;
  /**
   * The amount, in atomic units.
   */
  amount: string;
  /**
   * The asset, as `network/address`.
   */
  asset: string;
  /**
   * What it does to each budget.
   */
  budgets: BudgetEffect[];
  /**
   * On whose behalf; empty if on nobody's.
   */
  client: string;
  /**
   * How many decimals the asset has.
   */
  decimals?: number | null;
  /**
   * What the seller says that it is for. Anybody can write anything here.
   */
  description?: string | null;
  /**
   * The rules that mark the payment.
   */
  flags: string[];
  /**
   * The HTTP method.
   */
  method: string;
  /**
   * The chain, in CAIP-2.
   */
  network: string;
  /**
   * The origin of that.
   */
  origin: string;
  /**
   * Who is paid.
   */
  payee: string;
  /**
   * How often this address was paid before; 0 is a new payee.
   */
  payee_prior_payments: number;
  /**
   * The session; empty if it has no name.
   */
  session: string;
  /**
   * A name of the asset for people. It decides nothing.
   */
  symbol?: string | null;
  /**
   * What is requested.
   */
  url: string;
  /**
   * The amount in US dollars, rounded up; absent where the asset has no price.
   */
  usd?: Usd | null;
  /**
   * Why people are asked, a sentence for each rule.
   */
  why: string[];
}
