//! Conditions that no payment can meet, or none that the rest of the policy lets through.

use super::within::{
    Conditions, hours_apart, name_apart, name_within, payees_apart, payees_within, same_zone, shut_out, vendors_apart,
    vendors_within,
};
use super::{View, usd_limit_for_all};
use crate::policy::document::ListSection;
use crate::policy::words::{RiskWord, Then};
use crate::policy::{Lists, PayeeSet};

/// Why no payment that could be made meets these conditions, if that is certain.
pub(super) fn unreachable(view: &View<'_>, conditions: Conditions<'_>, then: Option<Then>) -> Option<String> {
    contradiction(view, conditions, then).or_else(|| match then {
        // A deny for what is denied anyway is a second lock, not a mistake.
        Some(Then::Deny) => None,
        _ => shut(view, conditions),
    })
}

/// Why no payment at all meets them.
fn contradiction(view: &View<'_>, conditions: Conditions<'_>, then: Option<Then>) -> Option<String> {
    let (written, compiled) = (conditions.written?, conditions.compiled?);
    let empty = [
        ("agents", written.agents.as_ref().is_some_and(Vec::is_empty)),
        ("clients", written.clients.as_ref().is_some_and(Vec::is_empty)),
        ("vendors", written.vendors.as_ref().is_some_and(Vec::is_empty)),
        ("payees", written.payees.as_ref().is_some_and(Vec::is_empty)),
        ("networks", written.networks.as_ref().is_some_and(Vec::is_empty)),
        ("assets", written.assets.as_ref().is_some_and(Vec::is_empty)),
        ("schemes", written.schemes.as_ref().is_some_and(Vec::is_empty)),
        ("methods", written.methods.as_ref().is_some_and(Vec::is_empty)),
    ];
    if let Some((member, _)) = empty.iter().find(|(_, empty)| *empty) {
        return Some(format!("`{member}` is empty, and an empty list covers nothing"));
    }
    // Without a price, a figure in dollars counts as met by all but an allow; then both may be.
    let priced = view.dollars_needed || then == Some(Then::Allow);
    if let (Some(least), Some(most)) = (compiled.min_usd, compiled.max_usd)
        && least > most
        && priced
    {
        return Some(format!("no payment is at least {least} USD and at most {most} USD"));
    }
    if let (Some(assets), Some(networks)) = (&compiled.assets, &compiled.networks)
        && !assets.iter().any(|asset| networks.contains(&asset.network))
    {
        return Some(String::from("none of its `assets` is on one of its `networks`"));
    }
    None
}

/// Why each payment that meets them is denied by something else.
fn shut(view: &View<'_>, conditions: Conditions<'_>) -> Option<String> {
    let (written, compiled) = (conditions.written?, conditions.compiled?);
    let (policy, document) = (view.policy, view.document);
    let payment = &policy.payment;
    if let Some(least) = compiled.min_usd {
        if let Some(most) = payment.max_usd.filter(|most| least > *most) {
            return Some(format!("it begins at {least} USD, and `payment.max_usd` is {most} USD"));
        }
        if let Some((name, limit)) = usd_limit_for_all(policy).filter(|(_, limit)| least > *limit) {
            return Some(format!("it begins at {least} USD, and the whole of `{name}` is {limit} USD"));
        }
        if let Some(most) = payment.max_first_usd.filter(|most| least > *most && compiled.first_payment == Some(true)) {
            return Some(format!("it begins at {least} USD, and `payment.max_first_usd` is {most} USD"));
        }
    }
    if compiled.first_payment == Some(true) && policy.counterparty.min_prior_payments.is_some_and(|least| least > 0) {
        return Some(String::from("a first payment is denied by `counterparty.min_prior_payments`"));
    }
    if let (Some(least), Some(most)) = (compiled.min_risk, policy.counterparty.max_risk)
        && least > most
        && !policy.counterparty.let_missing_pass
    {
        let word = RiskWord::word;
        return Some(format!("it begins at a risk of {}, and `counterparty.max_risk` is {}", word(least), word(most)));
    }
    if let Some(networks) = &compiled.networks {
        let lists = &payment.networks;
        let within = |block: &_| networks.is_subset(block);
        if let Some(list) = shut_out(lists, within, |allow| networks.is_disjoint(allow)) {
            let place = if list == "block" { "payment.block_networks" } else { "payment.networks" };
            return Some(format!("`{place}` denies each of its `networks`"));
        }
    }
    if let Some(assets) = &compiled.assets {
        let payable = |asset: &crate::asset::AssetId| {
            policy.price(asset).is_some()
                && payment.assets.as_ref().is_none_or(|assets| assets.contains(asset))
                && payment.networks.allow.as_ref().is_none_or(|networks| networks.contains(&asset.network))
                && !payment.networks.block.as_ref().is_some_and(|networks| networks.contains(&asset.network))
        };
        if !assets.iter().any(payable) {
            return Some(String::from("none of its `assets` may be paid in"));
        }
    }
    if compiled.schemes.as_ref().is_some_and(|schemes| !schemes.iter().any(|s| payment.schemes.contains(s))) {
        return Some(String::from("none of its `schemes` is in `payment.schemes`"));
    }
    let list = |list: Option<&'static str>, section: &str| {
        list.map(|list| format!("`{section}.{list}` denies each of its `{section}`"))
    };
    let names = |texts: Option<&Vec<String>>, lists: &Lists<_>, section: Option<&ListSection>| {
        let (texts, section) = (texts?, section?);
        let (allow, block) = (section.allow.as_deref().unwrap_or_default(), section.block.as_deref());
        shut_out(
            lists,
            |set| texts.iter().all(|text| name_within(text, block.unwrap_or_default(), set)),
            |set| texts.iter().all(|text| name_apart(text, allow, set)),
        )
    };
    let (vendors, payees) = (document.vendors.as_ref(), compiled.payees.as_ref());
    list(names(written.agents.as_ref(), &policy.agents, document.agents.as_ref()), "agents")
        .or_else(|| list(names(written.clients.as_ref(), &policy.clients, document.clients.as_ref()), "clients"))
        .or_else(|| list(written.vendors.as_ref().and_then(|texts| vendors_shut(texts, vendors?)), "vendors"))
        .or_else(|| list(payees.and_then(|set| payees_shut(set, &policy.payees)), "payees"))
        .or_else(|| {
            let section = document.schedule.as_ref().and_then(|section| section.time_zone.as_deref());
            (!compiled.hours.is_empty()
                && !policy.schedule.is_empty()
                && same_zone(written.time_zone.as_deref(), section)
                && hours_apart(&compiled.hours, &policy.schedule))
            .then(|| String::from("its hours lie outside of `schedule`"))
        })
}

fn vendors_shut(texts: &[String], lists: &ListSection) -> Option<&'static str> {
    let lists = Lists { allow: lists.allow.clone(), block: lists.block.clone() };
    shut_out(&lists, |block: &Vec<String>| vendors_within(texts, block), |allow| vendors_apart(texts, allow))
}

fn payees_shut(set: &PayeeSet, lists: &Lists<PayeeSet>) -> Option<&'static str> {
    shut_out(lists, |block| payees_within(set, block), |allow| payees_apart(set, allow))
}
