//! Counters: which payments a budget or a rate counts, and how much that is, added up from all of them.

use tollwarden::ledger::hold::State;

use super::super::event::{ASSETS, Content, Entry};
use super::super::rules::{Key, Per, Window};
use super::money::dollars;
use super::{Model, Payment};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Dollars,
    Units(usize),
    Payments,
}

#[derive(Clone, Debug)]
pub struct Counter {
    pub key: Key,
    pub unit: Unit,
    /// Whose counter it is, as `budgets` names it.
    pub scope: String,
    /// For a calendar, when its period began.
    pub period: Option<u64>,
    /// The payments that count in it, by their place.
    pub members: Vec<usize>,
    /// More than 64 spends were in one window: from then on it may count too much, within the bound.
    pub crowded: bool,
}

const DAY: u64 = 86_400_000;
/// As many spends are kept one by one.
const ONE_BY_ONE: usize = 64;

/// The beginning of the period, in UTC.
pub fn period(window: Window, at: u64) -> Option<u64> {
    let day = at / DAY;
    match window {
        Window::Day => Some(day * DAY),
        // The first of January 1970 was a Thursday.
        Window::Week => Some((day - (day + 3) % 7) * DAY),
        Window::Month => Some((day - (day_of_month(day) - 1)) * DAY),
        Window::Rolling(_) | Window::Session | Window::Lifetime => None,
    }
}

/// Counted through year by year and month by month.
fn day_of_month(mut day: u64) -> u64 {
    let mut year = 1970;
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if day < length {
            break;
        }
        day -= length;
        year += 1;
    }
    for month in 1..=12 {
        let length = match month {
            2 if leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if day < length {
            break;
        }
        day -= length;
    }
    day + 1
}

pub fn scope(key: &Key, content: &Content, entry: &Entry) -> String {
    let per = key.whose();
    if per.is_empty() {
        return String::from("*");
    }
    let part = |per: &Per| match per {
        Per::Agent => content.agent(),
        Per::Session => format!("s{}", content.session),
        Per::Client if content.client == 0 => String::new(),
        Per::Client => format!("c{}", content.client),
        Per::Vendor => content.host(),
        Per::Endpoint => content.endpoint().replace('/', "%2F"),
        Per::Payee => format!("{}%2F{}", ASSETS[entry.asset].network, entry.payee()),
        Per::Network => ASSETS[entry.asset].network.to_owned(),
    };
    per.iter().map(part).collect::<Vec<_>>().join(",")
}

/// An amount of a payment in the unit of a counter.
pub fn measure(unit: Unit, amount: u128, asset: usize) -> u128 {
    match unit {
        Unit::Dollars => dollars(amount, asset),
        Unit::Units(_) => amount,
        Unit::Payments => 1,
    }
}

/// What a counter has counted: exactly, and the most that its bound allows it to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub held: u128,
    pub exact: u128,
    pub most: u128,
}

impl Used {
    pub fn low(self) -> u128 {
        self.held + self.exact
    }

    pub fn high(self) -> u128 {
        self.held + self.most
    }
}

impl Model {
    /// The counter's place, if anything was ever counted there.
    pub fn counter(&self, key: &Key, unit: Unit, scope: &str, now: u64) -> Option<usize> {
        self.by_name.get(&label(key, unit, scope, now)).copied()
    }

    pub fn counter_or_new(&mut self, key: &Key, unit: Unit, scope: &str, now: u64) -> usize {
        let label = label(key, unit, scope, now);
        if let Some(place) = self.by_name.get(&label) {
            return *place;
        }
        self.counters.push(Counter {
            key: key.clone(),
            unit,
            scope: scope.to_owned(),
            period: period(key.window, now),
            members: Vec::new(),
            crowded: false,
        });
        self.by_name.insert(label, self.counters.len() - 1);
        self.counters.len() - 1
    }

    /// Held and spent in a counter at this time, added up from every payment in it.
    pub fn used(&self, place: Option<usize>, now: u64) -> Used {
        let Some(place) = place else { return Used::default() };
        let counter = &self.counters[place];
        let mut used = Used::default();
        for member in &counter.members {
            let payment = &self.payments[*member];
            match payment.state {
                State::Voided if payment.captured_at == 0 => {}
                State::Voided | State::Captured => {
                    let (exact, most) = spent(counter, payment, now);
                    used.exact += exact;
                    used.most += most;
                }
                _ => used.held += measure(counter.unit, payment.exposure(), payment.entry.asset),
            }
        }
        if !counter.crowded {
            used.most = used.exact;
        }
        used
    }

    /// Notes whether a counter had more spends in one window than are kept one by one.
    pub fn note_crowd(&mut self, index: usize) {
        let places = self.payments[index].counters.clone();
        for place in places {
            let counter = &self.counters[place];
            let Window::Rolling(span) = counter.key.window else { continue };
            if counter.crowded || counter.members.len() <= ONE_BY_ONE {
                continue;
            }
            let spends = counter.members.iter().map(|member| &self.payments[*member]);
            let mut moments: Vec<u64> =
                spends.filter(|payment| payment.captured_at > 0).map(|payment| payment.captured_at).collect();
            moments.sort_unstable();
            moments.dedup();
            let newest = moments.last().copied().unwrap_or(0);
            let within = moments.iter().filter(|moment| **moment + span > newest).count();
            self.counters[place].crowded = within > ONE_BY_ONE;
        }
    }
}

/// A spend counts from the moment it is captured for exactly its window's length; added up with others, for at most
/// 1/32 longer. Refunds count in the moment of the spend.
fn spent(counter: &Counter, payment: &Payment, now: u64) -> (u128, u128) {
    let kept = payment.captured.saturating_sub(payment.refunded);
    let asset = payment.entry.asset;
    let exact = if payment.state == State::Captured { measure(counter.unit, kept, asset) } else { 0 };
    match counter.key.window {
        Window::Rolling(span) if payment.captured_at + span <= now => {
            let longer = span + span.div_ceil(32);
            // What came back after it had left may not have been taken back.
            let most = measure(counter.unit, payment.booked, asset);
            (0, if payment.captured_at + longer > now { most } else { 0 })
        }
        _ => (exact, exact),
    }
}

fn label(key: &Key, unit: Unit, scope: &str, now: u64) -> String {
    format!("{}|{:?}|{:?}|{unit:?}|{scope}|{:?}", key.name, key.window, key.per, period(key.window, now))
}
