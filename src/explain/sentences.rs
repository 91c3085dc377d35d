//! What a policy means, in the order in which a person would ask: who, what one payment may be, how much in all, how
//! often, when, who decides, what is watched.

use serde::Serialize;

use super::words::{amount, duration, hours, list, payments, per, window};
use crate::offer::{Flow, Scheme};
use crate::policy::document::{Document, ListSection, RuleSection};
use crate::policy::words::{OnChange, Per, ReplayMode, Then, WindowWord};
use crate::policy::{Limit, Policy};
use crate::privacy::{EntityName, PrivacySection, Treatment};

/// A question and what the policy answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Section {
    /// The question.
    pub title: String,
    /// The answers, a sentence each.
    pub lines: Vec<String>,
}

/// A policy in sentences. It was read without an error from this document.
#[must_use]
pub fn sections(policy: &Policy, document: &Document) -> Vec<Section> {
    let section = |title: &str, lines: Vec<String>| Section { title: title.to_owned(), lines };
    let mut sections = vec![
        section("who may pay whom", who(policy, document)),
        section("what one payment may be", one(policy, document)),
        section("how much in all", budgets(policy, document)),
        section("how often", rates(policy, document)),
        section("when", when(document)),
        section("what the rules say", rules(policy, document)),
        section("who decides", deciders(policy, document)),
        section("what is watched", watched(policy, document)),
    ];
    if let Some(privacy) = &document.privacy {
        sections.push(section("what becomes of personal data", personal_data(privacy)));
    }
    sections
}

fn personal_data(privacy: &PrivacySection) -> Vec<String> {
    let otherwise = privacy.action.unwrap_or(Treatment::Redact).word();
    let mut lines: Vec<String> = Vec::new();
    for rule in privacy.rules.iter().flatten() {
        let Some(then) = rule.then else { continue };
        let entities: Option<Vec<&str>> =
            rule.entities.as_ref().map(|names| names.iter().map(EntityName::as_str).collect());
        let places: Option<Vec<&str>> =
            rule.places.as_ref().map(|places| places.iter().map(|place| place.word()).collect());
        let what = entities.map_or_else(|| String::from("all that is found"), |names| list(&names, "and"));
        let place = places.map_or_else(|| String::from("everywhere"), |places| format!("in {}", list(&places, "and")));
        lines.push(format!("{what} {place}: {}", then.word()));
    }
    let rest = if lines.is_empty() { "all that is found" } else { "what no rule speaks of" };
    lines.push(format!("{rest}: {otherwise}"));
    if let Some(headers) = privacy.headers.as_ref().filter(|headers| !headers.is_empty()) {
        lines.push(format!("of the headers, {} are looked through", list(headers, "and")));
    }
    lines
}

fn who(policy: &Policy, document: &Document) -> Vec<String> {
    let mut lines = Vec::new();
    let mut listed = |section: Option<&ListSection>, plural: &str, any: &str, unknown: &str| {
        let section = section.cloned().unwrap_or_default();
        match &section.allow {
            Some(allow) if allow.is_empty() => lines.push(format!("no {plural} may {unknown}")),
            Some(allow) => lines.push(format!("only {} may {unknown}", list(allow, "and"))),
            None if section.block.is_none() => lines.push(any.to_owned()),
            None => {}
        }
        if let Some(block) = section.block.filter(|block| !block.is_empty()) {
            lines.push(format!("never may {} {unknown}", list(&block, "or")));
        }
    };
    listed(document.agents.as_ref(), "agent", "any agent may pay", "pay");
    listed(document.clients.as_ref(), "client", "on anybody's behalf may be paid", "be paid for");
    listed(document.vendors.as_ref(), "vendor", "any vendor may be paid", "be paid");
    let payees = document.payees.clone().unwrap_or_default();
    let addresses = ListSection { allow: payees.allow, block: payees.block };
    listed(Some(&addresses), "address", "any address may be paid", "receive the money");
    if !policy.origins.is_empty() {
        let origins: Vec<&String> = policy.origins.iter().collect();
        lines.push(format!("beside https with a DNS name, {} may be asked", list(&origins, "and")));
    } else {
        lines.push(String::from("a vendor has to be asked by https, on the default port, by a DNS name"));
    }
    if let Some(pin) = policy.pin {
        lines.push(format!("an origin that wants its money at another address than the first time {}", change(pin)));
    }
    let wanted = &policy.counterparty;
    let facts = [
        (!wanted.allow_contracts).then(|| String::from("must not be a contract")),
        wanted.require_verified.then(|| String::from("must be verified, if it is a contract")),
        wanted.min_wallet_age_days.map(|days| format!("must be at least {days} days old")),
        wanted.min_prior_payments.map(|count| format!("must have been paid at least {count} times before")),
        wanted.max_risk.map(|risk| format!("must have a risk of {} at most", risk.word())),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    lines.extend(facts.iter().map(|fact| format!("the address that is paid {fact}")));
    if !facts.is_empty() {
        let then = if wanted.let_missing_pass { "is let pass" } else { "is denied" };
        lines.push(format!("a payment about whose address such a fact is not known {then}"));
    }
    lines
}

fn one(policy: &Policy, document: &Document) -> Vec<String> {
    let payment = &policy.payment;
    let mut lines = vec![match payment.max_usd {
        Some(most) => format!("a payment may be {most} USD, and no more"),
        None => String::from("a payment may be as much as the budgets have left"),
    }];
    if let Some(most) = payment.max_first_usd {
        lines.push(format!("to an address that was never paid it may be {most} USD, and no more"));
    }
    if let Some(from) = payment.approve_from_usd {
        lines.push(format!("from {from} USD on people decide"));
    }
    let section = document.payment.clone().unwrap_or_default();
    if let Some(networks) = &section.networks {
        lines.push(format!("only on {}", list(networks, "and")));
    }
    if let Some(networks) = section.block_networks.as_ref().filter(|list| !list.is_empty()) {
        lines.push(format!("never on {}", list(networks, "or")));
    }
    match &section.assets {
        Some(assets) => lines.push(format!("only in {}", list(assets, "and"))),
        None => lines.push(String::from("in any stablecoin of the registry, and what `assets` makes known")),
    }
    for asset in document.assets.iter().flatten() {
        let name = asset.symbol.as_deref().unwrap_or("a token");
        let place = [asset.network.clone(), asset.address.clone()].map(Option::unwrap_or_default).join("/");
        let price = match asset.usd {
            Some(rate) => format!("counts as {rate} USD"),
            None => String::from("has no price, so it meets no limit in US dollars"),
        };
        lines.push(format!("{name} ({place}) {price}"));
    }
    let schemes: Vec<&str> = payment.schemes.iter().map(|scheme: &Scheme| scheme.as_str()).collect();
    lines.push(format!("by the schemes {}", list(&schemes, "and")));
    let flows: Vec<&str> = payment.flows.iter().map(|flow: &Flow| flow.as_str()).collect();
    lines.push(format!("by the flow {}", list(&flows, "or")));
    lines.push(format!("a signature may stay usable for {} seconds", payment.max_lifetime_seconds));
    let prices = document.prices.clone().unwrap_or_default();
    for agreed in prices.agreed.iter().flatten() {
        if let (Some(vendor), Some(usd)) = (&agreed.vendor, agreed.usd) {
            lines.push(format!("`{vendor}` costs {usd} USD, as agreed"));
        }
    }
    if let Some(drift) = policy.prices.max_drift {
        let share = crate::money::Usd::new(u128::from(drift).saturating_mul(10_000_000_000_000_000));
        let then = change(policy.prices.then);
        lines.push(format!("a price more than {share} % above the one agreed on, or first paid on that route, {then}"));
    }
    lines
}

fn budgets(policy: &Policy, document: &Document) -> Vec<String> {
    let sections = document.budgets.iter().flatten();
    let mut lines: Vec<String> = Vec::new();
    for (budget, section) in policy.budgets.iter().zip(sections) {
        let counter = &budget.counter;
        let of = section.when.as_ref().map_or_else(String::new, |when| format!("; it counts {}", payments(Some(when))));
        let whose = match (counter.window, counter.per.as_slice()) {
            (WindowWord::Session, [Per::Session]) => String::new(),
            (_, words) => per(words),
        };
        let place = format!("{}{whose}{of}", window(counter.window, &counter.zone_name));
        match &budget.limit {
            Some(Limit::Usd(limit)) => lines.push(format!("`{}`: at most {limit} USD {place}", counter.name)),
            Some(Limit::Asset(limit, asset)) => {
                let limit = amount(policy, *limit, asset);
                lines.push(format!("`{}`: at most {limit} {place}", counter.name));
            }
            None => {}
        }
        if let Some(from) = budget.approve_from {
            lines.push(format!("`{}`: people decide from {from} USD on {place}", counter.name));
        }
    }
    if lines.is_empty() {
        lines.push(String::from("nothing limits the sum of all payments"));
    } else {
        lines.push(String::from("what is held counts until it is known not to have been paid"));
    }
    lines
}

fn rates(policy: &Policy, document: &Document) -> Vec<String> {
    let mut lines = Vec::new();
    for (pace, section) in policy.rates.iter().zip(document.rates.iter().flatten()) {
        let counter = &pace.counter;
        let whose = per(&counter.per);
        let of = section.when.as_ref().map_or_else(String::new, |when| format!("; it counts {}", payments(Some(when))));
        let then = if pace.delay { "; what comes sooner waits" } else { "; what comes sooner is denied" };
        let name = &counter.name;
        if let Some(max) = pace.max {
            let window = window(counter.window, &counter.zone_name);
            lines.push(format!("`{name}`: at most {max} payments {window}{whose}{of}{then}"));
        }
        if let Some(gap) = pace.min_gap {
            lines.push(format!("`{name}`: at least {} between two payments{whose}{of}{then}", duration(gap)));
        }
    }
    if lines.is_empty() {
        lines.push(String::from("as often as the budgets allow"));
    }
    lines
}

fn when(document: &Document) -> Vec<String> {
    let section = document.schedule.clone().unwrap_or_default();
    let open = hours(section.hours.as_ref(), section.days.as_ref(), section.time_zone.as_deref());
    vec![open.map_or_else(|| String::from("at any time"), |open| format!("only {open}"))]
}

fn rules(policy: &Policy, document: &Document) -> Vec<String> {
    let enabled = |rule: &&RuleSection| rule.enabled != Some(false);
    let mut lines = Vec::new();
    for section in document.rules.iter().flatten().filter(enabled) {
        let (Some(name), Some(then)) = (&section.name, section.then) else { continue };
        let becomes = match then {
            Then::Allow => "is spoken for; no limit is lifted by that",
            Then::Flag => "is marked",
            Then::RequireApproval => "needs people to decide",
            Then::Deny => "is denied",
        };
        lines.push(format!("`{name}`: {} {becomes}", payments(section.when.as_ref())));
    }
    let off: Vec<&String> =
        document.rules.iter().flatten().filter(|rule| !enabled(rule)).filter_map(|rule| rule.name.as_ref()).collect();
    if !off.is_empty() {
        lines.push(format!("switched off: {}", list(&off, "and")));
    }
    if policy.deny_unmatched {
        lines.push(String::from("a payment that no rule allows is denied"));
    } else if lines.is_empty() {
        lines.push(String::from("there are none; what the sections above let pass is paid"));
    }
    lines
}

fn deciders(policy: &Policy, document: &Document) -> Vec<String> {
    let asks = policy.payment.approve_from_usd.is_some()
        || policy.budgets.iter().any(|budget| budget.approve_from.is_some())
        || policy.rules.iter().any(|rule| rule.then == Then::RequireApproval)
        || policy.pin == Some(OnChange::Approve)
        || (policy.prices.max_drift.is_some() && policy.prices.then == OnChange::Approve);
    if !asks {
        return vec![String::from("nothing needs approval")];
    }
    let count = match policy.approvals.threshold {
        1 => String::from("one approval is"),
        more => format!("{more} approvals by different people are"),
    };
    let approvers = document.approvals.as_ref().and_then(|section| section.approvers.as_ref());
    let who = approvers.map_or_else(|| String::from("anybody but the agent itself"), |names| list(names, "or"));
    vec![
        format!("{count} needed, by {who}"),
        String::from("an approval is for one payment, and is used once"),
        format!("no answer within {} is a denial", duration(policy.approvals.timeout)),
    ]
}

fn watched(policy: &Policy, document: &Document) -> Vec<String> {
    let recovery = duration(policy.breaker_recovery);
    let mut lines = vec![format!(
        "after {} failures in a row an origin is not paid; one payment is tried again after {recovery}",
        policy.breaker_failures
    )];
    if document.replay.is_some() {
        let window = duration(policy.replay.window);
        lines.push(match policy.replay.mode {
            ReplayMode::Intent => format!("the same idempotency key is paid for once in {window}"),
            ReplayMode::Strict => format!("the same payment, or the same idempotency key, is paid once in {window}"),
        });
    }
    lines
}

fn change(then: OnChange) -> &'static str {
    match then {
        OnChange::Warn => "is paid and marked",
        OnChange::Approve => "needs people to decide",
        OnChange::Deny => "is denied",
    }
}
