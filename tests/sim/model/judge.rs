//! What the policy says to one entry of an offer.

use std::collections::BTreeSet;

use tollwarden::ledger::hold::State;

use super::super::event::{ASSETS, Content, Entry};
use super::super::rules::{Budget, Limit, Rate, Then};
use super::Model;
use super::counters::{Unit, scope};
use super::money::dollars;

/// The strictest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Allowed,
    Asks,
    Denied,
}

#[derive(Clone, Debug)]
pub struct Verdict {
    pub class: Class,
    /// The rules that deny it.
    pub denials: BTreeSet<String>,
    /// Whether money or a count stands in the way, and not only a property of the offer.
    pub limits: bool,
}

/// Which end of what a counter may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Low,
    High,
}

/// So many atomic units are worth as much.
fn exact(entry: &Entry, worth: u128) -> u128 {
    let asset = &ASSETS[entry.asset];
    match entry.asset {
        0 => worth / 1_000_000_000_000,
        _ => (worth / 1_000_000 * 10u128.pow(asset.decimals.min(6))) / (asset.rate / 1_000_000),
    }
}

impl Model {
    pub fn judge(&self, content: &Content, entry: &Entry, now: u64, end: End) -> Verdict {
        let rules = &self.rules;
        let mut denials = BTreeSet::new();
        let mut asks = false;
        let mut limits = false;
        let worth = dollars(entry.amount, entry.asset);

        if rules.max.is_some_and(|most| worth > most) {
            denials.insert(String::from("payment.max_usd"));
        }
        if rules.max_first.is_some_and(|most| worth > most) && !self.was_paid(entry) {
            denials.insert(String::from("payment.max_first_usd"));
        }
        asks |= rules.approve_from.is_some_and(|from| worth >= from);
        let mut changed = |then: Then, rule: &str| match then {
            Then::Warn => {}
            Then::Approve => asks = true,
            Then::Deny => drop(denials.insert(rule.to_owned())),
        };
        if let Some(then) = rules.pin {
            let first = self.pins.get(&(content.vendor, ASSETS[entry.asset].network));
            if first.is_some_and(|first| *first != entry.payee) {
                changed(then, "payees.pin");
            }
        }
        if let Some((per_cent, then)) = rules.drift {
            let first = self.prices.get(&(content.endpoint(), entry.asset));
            if first.is_some_and(|first| entry.amount * 100 > first * u128::from(100 + per_cent)) {
                changed(then, "prices.max_drift_percent");
            }
        }
        for budget in rules.budgets.iter().filter(|budget| counts(budget, content, entry)) {
            let scope = scope(&budget.key, content, entry);
            let used = self.used(self.counter(&budget.key, unit(budget), &scope, now), now);
            let used = if end == End::Low { used.low() } else { used.high() };
            let amount = match budget.limit {
                Limit::Units(..) => entry.amount,
                Limit::Usd(_) | Limit::None => worth,
            };
            let limit = match budget.limit {
                Limit::Usd(limit) | Limit::Units(limit, _) => Some(limit),
                Limit::None => None,
            };
            if limit.is_some_and(|limit| used + amount > limit) {
                denials.insert(budget.key.name.clone());
                limits = true;
            }
            asks |= budget.approve_from.is_some_and(|from| used + amount >= from);
        }
        for rate in &rules.rates {
            let scope = scope(&rate.key, content, entry);
            let used = self.used(self.counter(&rate.key, Unit::Payments, &scope, now), now);
            let used = if end == End::Low { used.low() } else { used.high() };
            let many = rate.max.is_some_and(|max| used >= u128::from(max));
            let latest = self.latest.get(&(rate.key.name.clone(), scope));
            let soon = rate.gap.is_some_and(|gap| latest.is_some_and(|latest| latest + gap > now));
            if many || soon {
                denials.insert(rate.key.name.clone());
                limits = true;
            }
        }
        let class = match (denials.is_empty(), asks) {
            (false, _) => Class::Denied,
            (true, true) => Class::Asks,
            (true, false) => Class::Allowed,
        };
        Verdict { class, denials, limits }
    }

    /// The largest amount that the caps and budgets leave for an entry, if there is any: for who wants to try it.
    pub fn most(&self, content: &Content, entry: &Entry, now: u64) -> Option<u128> {
        let exact = |worth: u128| exact(entry, worth);
        let left = self.rules.budgets.iter().filter(|budget| counts(budget, content, entry)).filter_map(|budget| {
            let scope = scope(&budget.key, content, entry);
            let used = self.used(self.counter(&budget.key, unit(budget), &scope, now), now).low();
            match budget.limit {
                Limit::Usd(limit) => Some(exact(limit.saturating_sub(used))),
                Limit::Units(limit, _) => Some(limit.saturating_sub(used)),
                Limit::None => None,
            }
        });
        left.chain(self.rules.max.map(exact)).min()
    }

    /// The amount from which on people are asked about one payment.
    pub fn asked_from(&self, entry: &Entry) -> Option<u128> {
        self.rules.approve_from.map(|from| exact(entry, from))
    }

    /// Whether this ledger has paid the address before.
    fn was_paid(&self, entry: &Entry) -> bool {
        let network = ASSETS[entry.asset].network;
        self.payments.iter().any(|payment| {
            payment.state == State::Captured
                && payment.entry.payee == entry.payee
                && ASSETS[payment.entry.asset].network == network
        })
    }

    /// The counters in which an entry counts once it is held, and what else it leaves behind.
    pub fn take(&mut self, content: &Content, entry: &Entry, now: u64) -> Vec<usize> {
        let rules = self.rules.clone();
        let mut places = Vec::new();
        for budget in rules.budgets.iter().filter(|budget| counts(budget, content, entry)) {
            places.push(self.counter_or_new(&budget.key, unit(budget), &scope(&budget.key, content, entry), now));
        }
        for Rate { key, max, gap } in &rules.rates {
            let scope = scope(key, content, entry);
            if max.is_some() {
                places.push(self.counter_or_new(key, Unit::Payments, &scope, now));
            }
            if gap.is_some() {
                self.latest.insert((key.name.clone(), scope), now);
            }
        }
        if rules.pin.is_some() {
            self.pins.entry((content.vendor, ASSETS[entry.asset].network)).or_insert(entry.payee);
        }
        if rules.drift.is_some() {
            self.prices.entry((content.endpoint(), entry.asset)).or_insert(entry.amount);
        }
        places
    }
}

pub fn unit(budget: &Budget) -> Unit {
    match budget.limit {
        Limit::Units(_, asset) => Unit::Units(asset),
        Limit::Usd(_) | Limit::None => Unit::Dollars,
    }
}

fn counts(budget: &Budget, content: &Content, entry: &Entry) -> bool {
    let asset = !matches!(budget.limit, Limit::Units(_, asset) if asset != entry.asset);
    asset && (content.post || !budget.posts)
}
