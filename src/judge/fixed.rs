//! The rules that need neither figures nor a ledger: what may be used, and who may pay whom, when.

use super::{Case, Findings, list};
use crate::money::Usd;
use crate::policy::Price;
use crate::reason::Reason;
use crate::trace::{cap, span};

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    means(case, findings);
    who(case, findings);
    when(case, findings);
}

fn means(case: &Case<'_>, findings: &mut Findings) {
    let (policy, terms) = (case.policy, case.terms);
    let allowed = &policy.payment.networks;
    let network = || terms.network.to_string();
    if let Some(networks) = &allowed.allow {
        findings.saw("payment.networks", network);
        if !networks.contains(&terms.network) {
            let message = format!("`{}` is not among {}", terms.network, list(networks));
            findings.deny(1, Reason::NetworkNotAllowed, case.field("network"), message, Some("payment.networks"));
        }
    }
    if let Some(networks) = &allowed.block {
        findings.saw("payment.block_networks", network);
        if networks.contains(&terms.network) {
            let message = format!("`{}` is blocked", terms.network);
            findings.deny(1, Reason::NetworkNotAllowed, case.field("network"), message, Some("payment.block_networks"));
        }
    }
    if let Some(networks) = &case.request.networks {
        findings.saw("network", || format!("{}; this call names its own networks", terms.network));
        if !networks.contains(&terms.network) {
            let message = format!("`{}` is not among the networks that this call gave", terms.network);
            findings.deny(1, Reason::CallerLimit, case.field("network"), message, None);
        }
    }
    findings.saw("assets", || asset(case));
    if case.price.is_none() {
        findings.deny(1, Reason::UnknownAsset, case.field("asset"), format!("`{}`", terms.asset), None);
    }
    if let Some(assets) = &policy.payment.assets {
        findings.saw("payment.assets", || terms.asset.text());
        if !assets.contains(&terms.asset) {
            let message = format!("`{}`", terms.asset);
            findings.deny(1, Reason::AssetNotAllowed, case.field("asset"), message, Some("payment.assets"));
        }
    }
    findings.saw("payment.schemes", || terms.scheme.as_str().to_owned());
    if !policy.payment.schemes.contains(&terms.scheme) {
        let message = format!("`{}`", terms.scheme.as_str());
        findings.deny(2, Reason::SchemeNotAllowed, case.field("scheme"), message, Some("payment.schemes"));
    }
    findings.saw("payment.flows", || terms.flow.as_str().to_owned());
    if !policy.payment.flows.contains(&terms.flow) {
        let message = String::from("the money would move before the seller has answered");
        let field = case.field("extra.paymentFlow");
        findings.deny(2, Reason::UnsupportedFlow, field, message, Some("payment.flows"));
    }
    let longest = policy.payment.max_lifetime_seconds;
    findings
        .saw("payment.max_lifetime_seconds", || format!("{} seconds, of at most {longest}", terms.lifetime_seconds));
    let side = || cap(u128::from(terms.lifetime_seconds), u128::from(longest));
    findings.recorder.edge(side, || String::from("payment.max_lifetime_seconds"));
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
        let field = || section.trim_end_matches('s').into();
        if let Some(names) = &lists.block {
            let rule = format!("{section}.block");
            findings.saw(&rule, || named(name));
            if names.covers(name) {
                findings.deny(0, blocked, field(), named(name), Some(&rule));
            }
        }
        if let Some(names) = &lists.allow {
            let rule = format!("{section}.allow");
            findings.saw(&rule, || named(name));
            if !names.covers(name) {
                findings.deny(0, not_allowed, field(), named(name), Some(&rule));
            }
        }
    }
    let origin = || format!("`{}`", case.target.origin());
    if let Some(vendors) = &policy.vendors.block {
        findings.saw("vendors.block", || format!("`{}`", case.target.endpoint()));
        if vendors.covers(case.target) {
            findings.deny(0, Reason::VendorBlocked, "url".into(), origin(), Some("vendors.block"));
        }
    }
    if let Some(vendors) = &policy.vendors.allow {
        findings.saw("vendors.allow", || format!("`{}`", case.target.endpoint()));
        if !vendors.covers(case.target) {
            findings.deny(0, Reason::VendorNotAllowed, "url".into(), origin(), Some("vendors.allow"));
        }
    }
    let payee = || format!("`{}`", terms.pay_to);
    if let Some(payees) = &policy.payees.block {
        findings.saw("payees.block", payee);
        if payees.covers(&terms.network, &terms.pay_to) {
            findings.deny(4, Reason::PayeeBlocked, case.field("payTo"), payee(), Some("payees.block"));
        }
    }
    if let Some(payees) = &policy.payees.allow {
        findings.saw("payees.allow", payee);
        if !payees.covers(&terms.network, &terms.pay_to) {
            findings.deny(4, Reason::PayeeNotAllowed, case.field("payTo"), payee(), Some("payees.allow"));
        }
    }
    if case.usd.is_none() && case.price.is_some() && needs_dollars(case) {
        findings.saw("assets.usd", || asset(case));
        let message = format!("a limit in US dollars applies, and `{}` has no price", terms.asset);
        findings.deny(5, Reason::AssetWithoutPrice, case.field("asset"), message, None);
    }
}

/// The asset as people read it, for a trace.
fn asset(case: &Case<'_>) -> String {
    let asset = &case.terms.asset;
    match case.price {
        None => format!("{asset}, which neither the registry nor the policy knows"),
        Some(Price { usd: None, .. }) => format!("{asset}, without a price in US dollars"),
        Some(Price { usd: Some(rate), decimals, .. }) => format!("{asset}, {decimals} decimals, {rate} USD each"),
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
    let schedule = &case.policy.schedule;
    let open = schedule.cover(case.now);
    if !schedule.is_empty() {
        findings.saw("schedule", || crate::time::format_instant(case.now));
        let side = || span(|at| schedule.cover(at) == Some(true), case.now);
        findings.recorder.edge(side, || String::from("schedule"));
    }
    if open == Some(true) {
        return;
    }
    let message = match open {
        Some(_) => "outside of the hours in which may be paid",
        None => "the table of the time zone has ended; load the policy anew",
    };
    findings.deny(5, Reason::OutOfHours, String::new(), message.into(), Some("schedule"));
    if let Some(denial) = findings.denials.last_mut() {
        denial.retry = schedule.next(case.now);
    }
}
