/** For each alert, series that have to raise it: as promtool writes them, a value a minute. */

export const HEALTHY: Readonly<Record<string, string>> = {
  'up{job="tollwarden",instance="i"}': "1x180",
  'x402_payments_total{outcome="allowed",reason="none",instance="i"}': "0+10x180",
  'x402_payments_total{outcome="blocked",reason="policy",instance="i"}': "0+1x180",
  'tollwarden_decisions_total{action="allow",reason="allowed",instance="i"}': "0+10x180",
  'tollwarden_decisions_total{action="deny",reason="payment_too_large",instance="i"}': "0+1x180",
  'tollwarden_decisions_total{action="deny",reason="internal_error",instance="i"}': "0x180",
  'tollwarden_moves_total{step="sign",result="ok",instance="i"}': "0+10x180",
  'tollwarden_breaches_total{instance="i"}': "0x180",
  'tollwarden_unknown_oldest_seconds{instance="i"}': "20x180",
  'tollwarden_budget_use_ratio{budget="daily",unit="usd",instance="i"}': "0.4x180",
  'x402_replay_detections_total{instance="i"}': "0x180",
  'tollwarden_frozen{what="all",instance="i"}': "0x180",
  'tollwarden_approvals_pending{instance="i"}': "0x180",
  'tollwarden_breakers{state="open",instance="i"}': "0x180",
  'tollwarden_decision_seconds_bucket{le="0.25",instance="i"}': "0+10x180",
  'tollwarden_decision_seconds_bucket{le="5",instance="i"}': "0+10x180",
  'tollwarden_decision_seconds_bucket{le="+Inf",instance="i"}': "0+10x180",
  'tollwarden_decision_seconds_count{instance="i"}': "0+10x180",
  'tollwarden_store_conflicts_total{instance="i"}': "0+1x180",
  'tollwarden_sample_ok{instance="i"}': "1x180",
  'tollwarden_audit_behind{instance="i"}': "3x180",
  'tollwarden_policy_info{name="p",version="1",hash="a",instance="i"}': "1x180",
  'tollwarden_policy_reloads_total{result="ok",instance="i"}': "0+1x180",
  'tollwarden_service_requests_total{route="/v1/authorize",method="POST",status="200",instance="i"}': "0+9x180",
  'tollwarden_gate_refusals_total{reason="frozen",instance="i"}': "0+1x180",
  'tollwarden_gate_refunds_owed{instance="i"}': "0x180",
  'tollwarden_gate_unresolved_oldest_seconds{instance="i"}': "0x180",
  'tollwarden_gate_disputes_open{instance="i"}': "0x180",
  'tollwarden_gate_breakers{what="payer",state="open",instance="i"}': "3x180",
  'tollwarden_gate_anomalies_total{kind="new_payer",instance="i"}': "0+1x180",
};

const denials = (reason: string) => ({
  [`tollwarden_decisions_total{action="deny",reason="${reason}",instance="i"}`]: "0x100 1+1x80",
});

/** Each after a time that was well: what begins at minute 100 is looked at 70 minutes later. */
export const RAISING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  TollwardenDown: { 'up{job="tollwarden",instance="i"}': "1x100 0x80" },
  TollwardenCoreFailed: denials("internal_error"),
  TollwardenFailsClosed: denials("store_unavailable"),
  TollwardenNotBound: { 'tollwarden_moves_total{step="sign",result="payee_mismatch",instance="i"}': "0x100 0+1x80" },
  TollwardenBreach: { 'tollwarden_breaches_total{instance="i"}': "0x150 1x30" },
  TollwardenUnknownOld: { 'tollwarden_unknown_oldest_seconds{instance="i"}': "0x100 0+60x80" },
  TollwardenBudgetAt80: { 'tollwarden_budget_use_ratio{budget="daily",unit="usd",instance="i"}': "0.4x100 0.8x80" },
  TollwardenBudgetExceeded: denials("budget_exceeded"),
  TollwardenPaymentSpike: {
    'x402_payments_total{outcome="allowed",reason="none",instance="i"}': "0+1x160 160+80x20",
  },
  TollwardenDenialSpike: { 'x402_payments_total{outcome="blocked",reason="policy",instance="i"}': "0x100 0+30x80" },
  TollwardenReplays: { 'x402_replay_detections_total{instance="i"}': "0x100 0+2x80" },
  TollwardenPayeeChanged: denials("payee_changed"),
  TollwardenPersonalData: denials("personal_data"),
  TollwardenFrozen: { 'tollwarden_frozen{what="all",instance="i"}': "0x100 1x80" },
  TollwardenApprovalsWaiting: { 'tollwarden_approvals_pending{instance="i"}': "0x100 2x80" },
  TollwardenApprovalsTimeOut: { 'x402_mpa_events_total{outcome="timeout",instance="i"}': "0x100 0+1x80" },
  TollwardenBreakerOpen: { 'tollwarden_breakers{state="open",instance="i"}': "0x100 1x80" },
  TollwardenDecisionsSlow: {
    'tollwarden_decision_seconds_bucket{le="0.25",instance="i"}': "0+10x100 1000x80",
  },
  TollwardenStoreErrors: { 'tollwarden_store_errors_total{operation="commit",instance="i"}': "0x100 0+1x80" },
  TollwardenStoreContended: { 'tollwarden_store_conflicts_total{instance="i"}': "0x100 0+30x80" },
  TollwardenFiguresUnread: { 'tollwarden_sample_ok{instance="i"}': "1x100 0x80" },
  TollwardenAuditBehind: { 'tollwarden_audit_behind{instance="i"}': "3x100 20000x80" },
  TollwardenAuditSinkFailing: { 'tollwarden_audit_sink_failing{sink="file",instance="i"}': "_x100 1x80" },
  TollwardenPolicyRefused: { 'tollwarden_policy_reloads_total{result="refused",instance="i"}': "0x100 0+1x80" },
  TollwardenPoliciesDiffer: { 'tollwarden_policy_info{name="p",version="1",hash="b",instance="j"}': "_x100 1x80" },
  TollwardenServiceErrors: {
    'tollwarden_service_requests_total{route="/v1/authorize",method="POST",status="500",instance="i"}': "0x100 0+1x80",
  },
  TollwardenGateUnavailable: {
    'tollwarden_gate_refusals_total{reason="facilitator_unavailable",instance="i"}': "0x100 0+1x80",
  },
  TollwardenGateRefundsOwed: { 'tollwarden_gate_refunds_owed{instance="i"}': "0x100 1x80" },
  TollwardenGateUnresolved: { 'tollwarden_gate_unresolved_oldest_seconds{instance="i"}': "0x100 0+60x80" },
  TollwardenGateDisputes: { 'tollwarden_gate_disputes_open{instance="i"}': "0x100 1x80" },
  TollwardenGateBreakerOpen: {
    'tollwarden_gate_breakers{what="facilitator",state="open",instance="i"}': "_x100 1x80",
  },
  TollwardenGateAnomaly: { 'tollwarden_gate_anomalies_total{kind="spend_spike",instance="i"}': "0x100 0+1x80" },
};
