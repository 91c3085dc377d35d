/** What every entry of the package exports. The entries differ in where the core comes from, and the default store. */

export type { ApprovalAnswer, ApprovalContext, OnApproval } from "./approvals/ask.ts";
export type { AnswerOptions, Approvals } from "./approvals/desk.ts";
export type { SecretSource } from "./approvals/secrets.ts";
export type { WaitOptions } from "./approvals/waiting.ts";
export type { Control, FreezeOptions, Resolution, UnfreezeOptions } from "./control.ts";
export type { FactName, Facts, PolicySummary, WhichHolds } from "./core/ledger.ts";
export type {
  ApprovalCard,
  ApprovalView,
  BudgetLine,
  Decision,
  Document as PolicyDocument,
  Fix,
  FreezeLine,
  HoldLine,
  Outcome,
  PolicyError,
  Reason,
} from "./core/types.ts";
export { coreVersion } from "./core/version.ts";
export {
  ApprovalRequired,
  PaymentDenied,
  PaymentUnresolved,
  PolicyInvalid,
  TollwardenError,
  WardenUnavailable,
} from "./errors.ts";
export type { FactProvider, FactQuestion } from "./facts.ts";
export type { Pay, PayRequest } from "./fetch.ts";
export { type GuardOptions, guard } from "./guard.ts";
export { type PaymentInfo, paymentOf } from "./paid.ts";
export {
  allowAll,
  allowOnlyPayees,
  allowOnlyVendors,
  blockAbove,
  blockPayees,
  blockVendor,
  dailyBudget,
  type PolicyPart,
  policy,
  requireApprovalAbove,
} from "./policy/builders.ts";
export { type PolicyWatch, type WatchOptions, watchPolicy } from "./policy/watch.ts";
export type { PolicySource } from "./policy-source.ts";
export type { PersonalData, PrivacyOptions } from "./privacy/privacy.ts";
export type { Place, Recognised, Recogniser } from "./privacy/recogniser.ts";
export type { Proof, Prover, Reconciled } from "./reconcile.ts";
export type { Scope } from "./scope.ts";
export { type Simulation, simulation } from "./simulate.ts";
export { memoryStore } from "./stores/memory.ts";
export { sqliteStore } from "./stores/sqlite.ts";
export type { Store } from "./stores/store.ts";
export {
  type AuthorizeRequest,
  getWarden,
  openWarden,
  openWardenWithControl,
  type PresentInit,
  type Settlement,
  type Warden,
  type WardenOptions,
} from "./warden.ts";
export type { Hook, HookContext } from "./x402/hook.ts";
