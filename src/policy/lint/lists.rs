//! Entries of lists: what is allowed here and denied there, assets that nobody can pay in, expressions.

use super::patterns::{Looseness, looseness};
use super::within::{name_within, vendors_within};
use super::{Lint, LintCode, View, add};
use crate::asset::{AssetId, Network, known};
use crate::money::Rate;
use crate::policy::document::{AssetSection, ListSection};
use crate::policy::words::Then;
use crate::policy::{Lists, glob::Names};

pub(super) fn find(view: &View<'_>, lints: &mut Vec<Lint>) {
    vendors(view, lints);
    let document = view.document;
    for (section, list, lists) in
        [("agents", &document.agents, &view.policy.agents), ("clients", &document.clients, &view.policy.clients)]
    {
        names(section, list.as_ref(), lists, lints);
    }
    payees(view, lints);
    payment(view, lints);
    assets(view, lints);
    expressions(view, lints);
}

fn without_effect(lints: &mut Vec<Lint>, path: String, entry: &str, by: &str) {
    let message = format!("`{entry}` is allowed here, and `{by}` denies it");
    add(lints, LintCode::EntryWithoutEffect, path, message, Some("take it out of one of the two lists"));
}

fn vendors(view: &View<'_>, lints: &mut Vec<Lint>) {
    let Some(section) = &view.document.vendors else { return };
    let block = section.block.as_deref().unwrap_or_default();
    for (place, entry) in section.allow.iter().flatten().enumerate() {
        if vendors_within(std::slice::from_ref(entry), block) {
            without_effect(lints, format!("vendors.allow[{place}]"), entry, "vendors.block");
        }
    }
}

fn names(place: &str, section: Option<&ListSection>, lists: &Lists<Names>, lints: &mut Vec<Lint>) {
    let (Some(section), Some(blocked)) = (section, &lists.block) else { return };
    let block = section.block.as_deref().unwrap_or_default();
    for (index, entry) in section.allow.iter().flatten().enumerate() {
        if name_within(entry, block, blocked) {
            without_effect(lints, format!("{place}.allow[{index}]"), entry, &format!("{place}.block"));
        }
    }
}

fn payees(view: &View<'_>, lints: &mut Vec<Lint>) {
    let (Some(section), Some(blocked)) = (&view.document.payees, &view.policy.payees.block) else { return };
    for (place, entry) in section.allow.iter().flatten().enumerate() {
        let within = match entry.rsplit_once('/') {
            Some((network, address)) => Network::named(network)
                .ok()
                .and_then(|network| AssetId::new(network, address).ok())
                .is_some_and(|id| blocked.covers(&id.network, &id.address)),
            None => blocked.anywhere.contains(&entry.to_ascii_lowercase()) || blocked.anywhere.contains(entry),
        };
        if within {
            without_effect(lints, format!("payees.allow[{place}]"), entry, "payees.block");
        }
    }
}

fn payment(view: &View<'_>, lints: &mut Vec<Lint>) {
    let Some(section) = &view.document.payment else { return };
    let networks = &view.policy.payment.networks;
    for (place, entry) in section.networks.iter().flatten().enumerate() {
        let network = Network::named(entry).ok();
        if network.is_some_and(|network| networks.block.as_ref().is_some_and(|block| block.contains(&network))) {
            without_effect(lints, format!("payment.networks[{place}]"), entry, "payment.block_networks");
        }
    }
    for (place, entry) in section.assets.iter().flatten().enumerate() {
        let Some(id) = id(entry) else { continue };
        let path = format!("payment.assets[{place}]");
        if let Some(by) = network_denied(view, &id.network) {
            without_effect(lints, path, entry, by);
        } else if view.policy.price(&id).is_none() {
            let message = format!("`{entry}` is neither in the registry nor under `assets`: it can't be paid in");
            add(lints, LintCode::EntryWithoutEffect, path, message, Some("list it under `assets`, with its decimals"));
        }
    }
}

fn id(text: &str) -> Option<AssetId> {
    let (network, address) = text.rsplit_once('/')?;
    AssetId::new(Network::named(network).ok()?, address).ok()
}

fn network_denied(view: &View<'_>, network: &Network) -> Option<&'static str> {
    let networks = &view.policy.payment.networks;
    if networks.block.as_ref().is_some_and(|block| block.contains(network)) {
        return Some("payment.block_networks");
    }
    networks.allow.as_ref().is_some_and(|allow| !allow.contains(network)).then_some("payment.networks")
}

fn assets(view: &View<'_>, lints: &mut Vec<Lint>) {
    for (place, section) in view.document.assets.iter().flatten().enumerate() {
        let text = || Some(format!("{}/{}", section.network.as_deref()?, section.address.as_deref()?));
        let Some((text, id)) = text().and_then(|text| id(&text).map(|id| (text, id))) else { continue };
        let allowed = view.policy.payment.assets.as_ref();
        let why = if allowed.is_some_and(|allowed| !allowed.contains(&id)) {
            Some(String::from("`payment.assets` does not have it"))
        } else if let Some(by) = network_denied(view, &id.network) {
            Some(format!("`{by}` denies its network"))
        } else if says_nothing_new(section, &id) {
            Some(String::from("the registry knows it as it is"))
        } else {
            None
        };
        if let Some(why) = why {
            let message = format!("`{text}` is made known to no end: {why}");
            add(lints, LintCode::UnusedAsset, format!("assets[{place}]"), message, Some("take it out"));
        }
    }
}

fn says_nothing_new(section: &AssetSection, id: &AssetId) -> bool {
    // Other decimals than the registry's are an error already.
    known(id).is_some() && section.usd == Some(Rate::ONE)
}

fn expressions(view: &View<'_>, lints: &mut Vec<Lint>) {
    let list = |texts: Option<&Vec<String>>, path: &str, allows: bool, lints: &mut Vec<Lint>| {
        for (place, text) in texts.into_iter().flatten().enumerate() {
            expression(text, format!("{path}[{place}]"), allows, lints);
        }
    };
    if let Some(section) = &view.document.vendors {
        list(section.allow.as_ref(), "vendors.allow", true, lints);
        list(section.block.as_ref(), "vendors.block", false, lints);
    }
    for (place, rule, section) in &view.rules {
        let vendors = section.when.as_ref().and_then(|when| when.vendors.as_ref());
        list(vendors, &format!("rules[{place}].when.vendors"), rule.then == Then::Allow, lints);
    }
}

fn expression(text: &str, path: String, allows: bool, lints: &mut Vec<Lint>) {
    let Some(found) = text.strip_prefix("regex:").and_then(looseness) else { return };
    match found {
        Looseness::Plain(plain) => {
            let fix = format!("write `{plain}`");
            add(lints, LintCode::PlainPattern, path, format!("`{text}` says no more than `{plain}`"), Some(&fix));
        }
        // Who denies or watches more hosts than was meant has lost no money.
        Looseness::AnyHost | Looseness::OpenPoint if !allows => {}
        Looseness::AnyHost => {
            let message = format!("`{text}` begins with any letters, a `/` among them: it covers hosts of anybody");
            add(
                lints,
                LintCode::LoosePattern,
                path,
                message,
                Some("write `[^/]*` instead, or a pattern such as `*.example.com`"),
            );
        }
        Looseness::OpenPoint => {
            let message = format!("`{text}` has a `.` that stands for any letter: it covers other hosts too");
            add(lints, LintCode::LoosePattern, path, message, Some("write `\\.` for a point"));
        }
    }
}
