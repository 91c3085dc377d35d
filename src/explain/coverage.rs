//! What a policy says, as a list that tests can be measured against: each rule, and each of its figures.

use serde::Serialize;

use crate::policy::document::{Document, ListSection, WhenSection};
use crate::policy::words::WindowWord;
use crate::policy::{Counter, Limit, Policy};

/// A rule of the policy, by the name that a trace gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Coverable {
    /// The rule: the name of a budget, rate or rule, or a place in the policy such as `payment.max_usd`.
    pub rule: String,
    /// Its figures, each with two sides that a payment can touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<String>,
}

/// What the policy says beyond its defaults, in the order of the checks.
#[must_use]
pub fn coverables(policy: &Policy, document: &Document) -> Vec<Coverable> {
    let mut found = Vec::new();
    let mut add = |rule: &str, there: bool| {
        if there {
            found.push(Coverable { rule: rule.to_owned(), figures: Vec::new() });
        }
    };
    let payment = document.payment.clone().unwrap_or_default();
    add("payment.networks", payment.networks.is_some());
    add("payment.block_networks", payment.block_networks.is_some());
    add("payment.assets", payment.assets.is_some());
    add("payment.schemes", payment.schemes.is_some());
    add("payment.flows", payment.flows.is_some());
    let lists = [("agents", document.agents.as_ref()), ("clients", document.clients.as_ref())];
    let vendors = [("vendors", document.vendors.as_ref())];
    let payees = document.payees.as_ref();
    let addresses = payees.map(|payees| ListSection { allow: payees.allow.clone(), block: payees.block.clone() });
    for (section, list) in lists.into_iter().chain(vendors).chain([("payees", addresses.as_ref())]) {
        add(&format!("{section}.block"), list.is_some_and(|list| list.block.is_some()));
        add(&format!("{section}.allow"), list.is_some_and(|list| list.allow.is_some()));
    }
    let wanted = &policy.counterparty;
    add("counterparty.allow_contracts", !wanted.allow_contracts);
    add("counterparty.require_verified", wanted.require_verified);
    add("counterparty.max_risk", wanted.max_risk.is_some());
    add("payees.pin", policy.pin.is_some());
    add("unmatched", policy.deny_unmatched);
    let mut figure = |rule: &str, there: bool| {
        if there {
            found.push(Coverable { rule: rule.to_owned(), figures: vec![rule.to_owned()] });
        }
    };
    figure("payment.max_lifetime_seconds", payment.max_lifetime_seconds.is_some());
    figure("schedule", !policy.schedule.is_empty());
    figure("counterparty.min_wallet_age_days", wanted.min_wallet_age_days.is_some());
    figure("counterparty.min_prior_payments", wanted.min_prior_payments.is_some());
    figure("payment.max_usd", payment.max_usd.is_some());
    figure("payment.max_first_usd", payment.max_first_usd.is_some());
    figure("payment.approve_from_usd", payment.approve_from_usd.is_some());
    figure("prices.max_drift_percent", policy.prices.max_drift.is_some());
    for (budget, section) in policy.budgets.iter().zip(document.budgets.iter().flatten()) {
        let limit = match budget.limit {
            Some(Limit::Usd(_)) => Some("limit_usd"),
            Some(Limit::Asset(..)) => Some("limit_amount"),
            None => None,
        };
        let approve = budget.approve_from.map(|_| "approve_from_usd");
        found.push(counted(&budget.counter, section.when.as_ref(), &[limit, approve, turns(&budget.counter)]));
    }
    for (pace, section) in policy.rates.iter().zip(document.rates.iter().flatten()) {
        let max = pace.max.map(|_| "max");
        let window = max.and_then(|_| turns(&pace.counter));
        found.push(counted(&pace.counter, section.when.as_ref(), &[max, window, pace.min_gap.map(|_| "min_gap")]));
    }
    let enabled = document.rules.iter().flatten().filter(|rule| rule.enabled != Some(false));
    for (rule, section) in policy.rules.iter().zip(enabled) {
        found.push(Coverable { rule: rule.name.clone(), figures: conditions(&rule.name, section.when.as_ref()) });
    }
    found
}

fn counted(counter: &Counter, when: Option<&WhenSection>, figures: &[Option<&str>]) -> Coverable {
    let mut named: Vec<String> = figures.iter().flatten().map(|figure| format!("{}.{figure}", counter.name)).collect();
    named.extend(conditions(&counter.name, when));
    Coverable { rule: counter.name.clone(), figures: named }
}

/// A window that moves on by itself has a moment at which it does.
fn turns(counter: &Counter) -> Option<&'static str> {
    matches!(counter.window, WindowWord::Rolling(_) | WindowWord::Calendar(_)).then_some("window")
}

fn conditions(name: &str, when: Option<&WhenSection>) -> Vec<String> {
    let Some(when) = when else { return Vec::new() };
    let least = when.min_usd.map(|_| format!("{name}.when.min_usd"));
    let most = when.max_usd.map(|_| format!("{name}.when.max_usd"));
    least.into_iter().chain(most).collect()
}
