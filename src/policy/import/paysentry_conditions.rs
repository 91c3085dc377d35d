//! The conditions of PaySentry's rules, as a rule's `when`. All must hold, and of a list any.

use super::Level;
use super::draft::{text, texts};
use super::names::{Currency, currency, payee};
use super::notes::{NOWHERE, Place, Work};
use crate::json::Json;
use crate::money::Usd;
use crate::policy::vendors::VendorSet;
use crate::words::{nearest, quoted};

/// What a rule can ask for.
pub(super) const CONDITIONS: [&str; 8] =
    ["agents", "recipients", "services", "protocols", "minAmount", "maxAmount", "currencies", "metadata"];
const PROTOCOLS: [&str; 5] = ["x402", "acp", "ap2", "stripe", "custom"];

/// A rule's conditions, translated.
#[derive(Default)]
pub(super) struct Conditions<'a> {
    lists: Vec<(&'static str, Vec<String>)>,
    figures: Vec<(&'static str, String)>,
    payees: Vec<String>,
    hosts: Vec<String>,
    notes: Vec<(Level, Place<'a>, String)>,
    /// The least amount, and where it stands.
    pub least: Option<(Usd, Place<'a>)>,
    /// Some condition could not be carried.
    pub lost: bool,
    /// No payment here can match.
    pub never: bool,
}

impl<'a> Conditions<'a> {
    pub fn read(at: &Place<'a>, then: &str, work: &mut Work) -> Self {
        let mut found = Self::default();
        for (key, place) in at.members() {
            let Some(place) = work.setting(at, key).map(|_| place) else { continue };
            match key {
                "agents" | "recipients" | "services" | "protocols" | "currencies" => {
                    let Some(entries) = work.texts(&place) else {
                        found.lost = true;
                        continue;
                    };
                    if place.items().is_empty() {
                        work.carried(&place, NOWHERE, "empty: no condition");
                        continue;
                    }
                    match key {
                        "agents" => found.agents(entries),
                        "recipients" => found.recipients(entries, work),
                        "services" => found.services(entries, work),
                        "protocols" => found.protocols(entries, work),
                        _ => found.currencies(entries, work),
                    }
                    found.lost = found.lost || work.is_lost(&place);
                }
                "minAmount" | "maxAmount" => {
                    let Some(usd) = work.usd(&place) else {
                        found.lost = found.lost || work.is_lost(&place);
                        continue;
                    };
                    let is_least = key == "minAmount";
                    found.figures.push((if is_least { "min_usd" } else { "max_usd" }, usd.to_string()));
                    if is_least {
                        found.least = Some((usd, place.clone()));
                    }
                    found.keep(Level::Carried, place, "a payment of exactly this much matches too, as there");
                }
                "metadata" => {
                    if matches!(place.json, Json::Object(members) if members.is_empty()) {
                        continue;
                    }
                    work.lost(&place, "tollwarden has no conditions on what a caller says about a payment");
                    found.lost = true;
                }
                _ => found.lost = true,
            }
        }
        if found.lost {
            let how = match then {
                "allow" => "part of its conditions is lost, so the rule is switched off here",
                _ => "part of its conditions is lost; the rule speaks of more payments without it",
            };
            work.remark(Level::Lost, at, NOWHERE, how);
        }
        found
    }

    fn keep(&mut self, level: Level, place: Place<'a>, message: &str) {
        self.notes.push((level, place, message.to_owned()));
    }

    fn agents(&mut self, entries: Vec<(&'a str, Place<'a>)>) {
        let any = entries.iter().any(|(name, _)| *name == "*");
        let names: Vec<String> = entries.iter().map(|(name, _)| (*name).to_owned()).collect();
        for (name, place) in entries {
            let (level, message) = if any {
                (Level::Carried, "any agent: no condition")
            } else if name.starts_with("0x") {
                (
                    Level::Differs,
                    "there the payer's address, unless the adapter names its agents; here the name that a request gives",
                )
            } else {
                (Level::Carried, "the agent by its name; `*` and `?` mean the same")
            };
            self.keep(level, place, message);
        }
        if !any {
            self.lists.push(("agents", names));
        }
    }

    fn recipients(&mut self, entries: Vec<(&'a str, Place<'a>)>, work: &mut Work) {
        if entries.iter().any(|(name, _)| *name == "*") {
            for (_, place) in entries {
                self.keep(Level::Carried, place, "any recipient: no condition");
            }
            return;
        }
        for (name, place) in entries {
            if let Ok(address) = payee(name) {
                let folded = name.starts_with("0x");
                self.payees.push(address);
                let (level, message) = if folded {
                    (Level::Differs, "there one spelling of the address, here all: case is a checksum and nothing else")
                } else {
                    (Level::Carried, "the address that is paid")
                };
                self.keep(level, place, message);
            } else if let Some(host) = host(name) {
                self.hosts.push(host);
                self.keep(
                    Level::Differs,
                    place,
                    "there compared with whom the payment names, here with the host that was requested",
                );
            } else {
                work.lost(&place, format!("{} is neither a whole address nor a host", quoted(name)));
            }
        }
    }

    fn services(&mut self, entries: Vec<(&'a str, Place<'a>)>, work: &mut Work) {
        for (name, place) in entries {
            match host(name).filter(|_| !name.contains(['*', '?']) && self.hosts.is_empty() && self.payees.is_empty()) {
                Some(host) => {
                    match self.lists.iter_mut().find(|(key, _)| *key == "vendors") {
                        Some((_, hosts)) => hosts.push(host),
                        None => self.lists.push(("vendors", vec![host])),
                    }
                    self.keep(Level::Differs, place, "there a service's name, here the host that was requested");
                }
                None => work.lost(
                    &place,
                    format!("{}: tollwarden knows a service by the host that was requested", quoted(name)),
                ),
            }
        }
    }

    fn protocols(&mut self, entries: Vec<(&'a str, Place<'a>)>, work: &mut Work) {
        let x402 = entries.iter().any(|(name, _)| *name == "x402");
        let all_known = entries.iter().all(|(name, _)| PROTOCOLS.contains(name));
        for (name, place) in entries {
            if !PROTOCOLS.contains(&name) {
                let hint =
                    nearest(name, PROTOCOLS).map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
                work.lost(&place, format!("{} is not a protocol of PaySentry{hint}", quoted(name)));
                continue;
            }
            let message = if x402 { "every payment here is one of x402" } else { "no payment here is one of it" };
            self.keep(Level::Carried, place, message);
        }
        self.never = self.never || (!x402 && all_known);
    }

    fn currencies(&mut self, entries: Vec<(&'a str, Place<'a>)>, work: &mut Work) {
        let (mut assets, mut dollars) = (Vec::new(), false);
        for (symbol, place) in entries {
            match currency(symbol) {
                Currency::Dollars => {
                    dollars = true;
                    self.keep(Level::Carried, place, "US dollars: whatever has a price");
                }
                Currency::Assets(ids) => {
                    assets.extend(ids);
                    self.keep(
                        Level::Differs,
                        place,
                        "by the addresses that the registry has of it: a symbol proves nothing",
                    );
                }
                Currency::Unknown => {
                    let message = format!("nothing can be paid in {} here", quoted(symbol));
                    self.keep(Level::Differs, place, &message);
                }
                Currency::Misspelt(hint) => {
                    work.lost(&place, format!("{} is not a known currency; did you mean `{hint}`?", quoted(symbol)));
                    self.lost = true;
                }
            }
        }
        if !dollars && !assets.is_empty() {
            self.lists.push(("assets", assets));
        } else if !dollars && !self.lost {
            self.never = true;
        }
    }

    /// Whether nothing but the currency and the least amount is asked for.
    pub fn currency_only(&self) -> bool {
        let lists = self.lists.iter().all(|(key, _)| *key == "assets");
        lists && self.figures.len() == 1 && self.payees.is_empty() && self.hosts.is_empty() && !self.lost && !self.never
    }

    /// The conditions as tables. Addresses and hosts are alternatives there, and here members that must both hold.
    pub fn ways(&self) -> Vec<Option<Json>> {
        let mut common: Vec<(String, Json)> =
            self.lists.iter().map(|(key, names)| ((*key).to_owned(), texts(names))).collect();
        common.extend(self.figures.iter().map(|(key, figure)| ((*key).to_owned(), text(figure))));
        let whom = [("payees", &self.payees), ("vendors", &self.hosts)];
        let mut ways: Vec<Option<Json>> = whom
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(key, names)| {
                let mut members = common.clone();
                members.push((key.to_owned(), texts(names)));
                Some(Json::Object(members))
            })
            .collect();
        if ways.is_empty() {
            ways.push((!common.is_empty()).then_some(Json::Object(common)));
        }
        ways
    }

    pub fn note(&self, to: &[String], work: &mut Work) {
        for (level, place, message) in &self.notes {
            work.note(*level, place, to.to_vec(), message.clone());
        }
    }
}

/// A recipient that is a host, with `*` and `?` as wildcards within it.
fn host(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let plain = |host: &str| {
        host.contains('.') && !host.contains(['*', '?', '/', ':']) && VendorSet::default().add(host).is_ok()
    };
    if plain(name.strip_prefix("*.").unwrap_or(&name)) {
        return Some(name);
    }
    let letters =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'*' | b'?'));
    if !letters || !name.contains('.') || name.contains("..") || name.starts_with("0x") {
        return None;
    }
    let mut expression = String::from("regex:");
    for character in name.chars() {
        match character {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '.' => expression.push_str("\\."),
            other => expression.push(other),
        }
    }
    expression.push_str("/.*");
    Some(expression)
}
