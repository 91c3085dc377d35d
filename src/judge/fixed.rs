//! The rules that need neither figures nor a ledger: what may be used, and who may pay whom, when.

use super::{Case, Findings, list};
use crate::money::Usd;
use crate::reason::Reason;

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    means(case, findings);
    who(case, findings);
    when(case, findings);
}

fn means(case: &Case<'_>, findings: &mut Findings) {
    let (policy, terms) = (case.policy, case.terms);
    let allowed = &policy.payment.networks;
    if let Some(networks) = allowed.allow.as_ref().filter(|networks| !networks.contains(&terms.network)) {
        let message = format!("`{}` is not among {}", terms.network, list(networks));
        findings.deny(1, Reason::NetworkNotAllowed, case.field("network"), message, Some("payment.networks"));
    }
    if allowed.block.as_ref().is_some_and(|networks| networks.contains(&terms.network)) {
        let message = format!("`{}` is blocked", terms.network);
        findings.deny(1, Reason::NetworkNotAllowed, case.field("network"), message, Some("payment.block_networks"));
    }
    if case.request.networks.as_ref().is_some_and(|networks| !networks.contains(&terms.network)) {
        let message = format!("`{}` is not among the networks that this call gave", terms.network);
        findings.deny(1, Reason::CallerLimit, case.field("network"), message, None);
    }
    if case.price.is_none() {
        findings.deny(1, Reason::UnknownAsset, case.field("asset"), format!("`{}`", terms.asset), None);
    }
    if policy.payment.assets.as_ref().is_some_and(|assets| !assets.contains(&terms.asset)) {
        let message = format!("`{}`", terms.asset);
        findings.deny(1, Reason::AssetNotAllowed, case.field("asset"), message, Some("payment.assets"));
    }
    if !policy.payment.schemes.contains(&terms.scheme) {
        let message = format!("`{}`", terms.scheme.as_str());
        findings.deny(2, Reason::SchemeNotAllowed, case.field("scheme"), message, Some("payment.schemes"));
    }
    if !policy.payment.flows.contains(&terms.flow) {
        let message = String::from("the money would move before the seller has answered");
        let field = case.field("extra.paymentFlow");
        findings.deny(2, Reason::UnsupportedFlow, field, message, Some("payment.flows"));
    }
    let longest = policy.payment.max_lifetime_seconds;
    if terms.lifetime_seconds > longest {
        let message = format!("{} seconds, more than {longest}", terms.lifetime_seconds);
        let field = case.field("maxTimeoutSeconds");
        findings.deny(3, Reason::LifetimeTooLong, field, message, Some("payment.max_lifetime_seconds"));
    }
}

fn who(case: &Case<'_>, findings: &mut Findings) {
    let (policy, terms) = (case.policy, case.terms);
    let named = |name: &str| if name.is_empty() { String::from("nobody is named") } else { format!("`{name}`") };
    let callers = [
        (&policy.agents, &case.request.agent, "agents", Reason::AgentBlocked, Reason::AgentNotAllowed),
        (&policy.clients, &case.request.client, "clients", Reason::ClientBlocked, Reason::ClientNotAllowed),
    ];
    for (lists, name, section, blocked, not_allowed) in callers {
        if lists.block.as_ref().is_some_and(|names| names.covers(name)) {
            findings.deny(
                0,
                blocked,
                section.trim_end_matches('s').into(),
                named(name),
                Some(&format!("{section}.block")),
            );
        }
        if lists.allow.as_ref().is_some_and(|names| !names.covers(name)) {
            let rule = format!("{section}.allow");
            findings.deny(0, not_allowed, section.trim_end_matches('s').into(), named(name), Some(&rule));
        }
    }
    let origin = || format!("`{}`", case.target.origin());
    if policy.vendors.block.as_ref().is_some_and(|vendors| vendors.covers(case.target)) {
        findings.deny(0, Reason::VendorBlocked, "url".into(), origin(), Some("vendors.block"));
    }
    if policy.vendors.allow.as_ref().is_some_and(|vendors| !vendors.covers(case.target)) {
        findings.deny(0, Reason::VendorNotAllowed, "url".into(), origin(), Some("vendors.allow"));
    }
    let payee = || format!("`{}`", terms.pay_to);
    if policy.payees.block.as_ref().is_some_and(|payees| payees.covers(&terms.network, &terms.pay_to)) {
        findings.deny(4, Reason::PayeeBlocked, case.field("payTo"), payee(), Some("payees.block"));
    }
    if policy.payees.allow.as_ref().is_some_and(|payees| !payees.covers(&terms.network, &terms.pay_to)) {
        findings.deny(4, Reason::PayeeNotAllowed, case.field("payTo"), payee(), Some("payees.allow"));
    }
    if case.usd.is_none() && case.price.is_some() && needs_dollars(case) {
        let message = format!("a limit in US dollars applies, and `{}` has no price", terms.asset);
        findings.deny(5, Reason::AssetWithoutPrice, case.field("asset"), message, None);
    }
}

/// Whether any figure in US dollars applies: without a price none can be met.
fn needs_dollars(case: &Case<'_>) -> bool {
    let policy = case.policy;
    let payment = &policy.payment;
    let caps: [Option<Usd>; 4] =
        [case.request.max_usd, payment.max_usd, payment.max_first_usd, payment.approve_from_usd];
    caps.iter().any(Option::is_some)
        || policy.budgets.iter().any(|budget| {
            !matches!(budget.limit, Some(crate::policy::Limit::Asset(..)))
                && budget.counter.when.as_ref().is_none_or(|when| when.covers(&case.asked(), true))
        })
}

fn when(case: &Case<'_>, findings: &mut Findings) {
    let open = case.policy.schedule.cover(case.now);
    if open == Some(true) {
        return;
    }
    let message = match open {
        Some(_) => "outside of the hours in which may be paid",
        None => "the table of the time zone has ended; load the policy anew",
    };
    findings.deny(5, Reason::OutOfHours, String::new(), message.into(), Some("schedule"));
    if let Some(denial) = findings.denials.last_mut() {
        denial.retry = case.policy.schedule.next(case.now);
    }
}
