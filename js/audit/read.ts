/** `tollwarden/audit/read`: whether a log is whole, and questions to it. The second module of the core comes along. */

export {
  type AuditEntry,
  type AuditFilter,
  type AuditTotals,
  auditEntries,
  auditTotals,
  entriesForSession,
  type LogSource,
  totalSpent,
} from "./query.ts";
export { type AuditVerdict, type VerifyOptions, verifyLog } from "./verify.ts";
