//! What a budget has counted: money that is held, and money that was spent within the window.
//!
//! A tally has a bounded size, whatever was spent before. Up to [`EXACT`] spends are kept to the millisecond. Beyond
//! that, spends within the same 32nd of the window are added up under the time of the *last* of them: each then
//! counts for at most 1/32 of the window longer than it should, and never shorter.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::faults::fault;
use crate::json::Json;
use crate::ledger::stored::{Damage, Stored, member};
use crate::money::Amount;
use crate::policy::words::WindowWord;
use crate::time::Millis;

/// As many spends are kept one by one.
pub const EXACT: usize = 64;
/// Into so many parts a window is cut when there are more.
pub const PARTS: u64 = 32;

/// How long a spend counts in a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// For this many milliseconds.
    Rolling(Millis),
    /// For as long as there is the tally: a session, a period of a calendar, or for ever.
    Total,
}

impl From<WindowWord> for Window {
    /// Each period of a calendar has a tally of its own, and so has each session.
    fn from(word: WindowWord) -> Self {
        match word {
            WindowWord::Rolling(span) => Self::Rolling(span),
            WindowWord::Calendar(_) | WindowWord::Session | WindowWord::Lifetime => Self::Total,
        }
    }
}

/// Money held and money spent, in the unit of the budget (10^-18 US dollars, or atomic units of its asset).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In open holds. It counts for as long as they are open, whatever the window.
    pub held: Amount,
    /// Spent. Most changes of a tally are of what is held: its copies have the same spends, and these one text.
    spends: Rc<Spends>,
}

/// Money spent.
#[derive(Debug, Default)]
struct Spends {
    /// In the order of time.
    list: Vec<Spend>,
    /// As they are written, once they were.
    line: OnceCell<String>,
}

impl PartialEq for Spends {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Spends {}

impl From<Vec<Spend>> for Spends {
    fn from(list: Vec<Spend>) -> Self {
        Self { list, line: OnceCell::new() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spend(Millis, Amount);

/// What is enough for most spends, in bytes: then the text is made in one piece.
const SPEND: usize = 32;

impl Stored for Tally {
    fn restore(json: &Json) -> Result<Self, Damage> {
        match json.as_object() {
            Some([_, _]) => {
                let spends = spends(&member::<String>(json, "s")?).ok_or("a spend")?;
                Ok(Self { held: member(json, "h")?, spends: Rc::new(spends.into()) })
            }
            _ => Err("the tally"),
        }
    }

    /// `{"h":"500","s":"1767607200000:10000 7:250"}`: what is held, and of each spend the time since the one before, and its
    /// amount. It is written at each payment, with up to 64 spends.
    fn write(&self, out: &mut String) {
        let line = self.spends.line.get_or_init(|| line(&self.spends.list));
        out.reserve(line.len().saturating_add(SPEND));
        out.push_str("{\"h\":");
        self.held.write(out);
        out.push_str(",\"s\":\"");
        out.push_str(line);
        out.push_str("\"}");
    }
}

/// Spends as they are written.
fn line(spends: &[Spend]) -> String {
    let mut line = String::with_capacity(spends.len().saturating_mul(SPEND));
    let (mut buffer, mut before) = (itoa::Buffer::new(), 0);
    for (place, Spend(at, amount)) in spends.iter().enumerate() {
        if place > 0 {
            line.push(' ');
        }
        line.push_str(buffer.format(at.saturating_sub(before)));
        line.push(':');
        line.push_str(amount.digits(&mut buffer));
        before = *at;
    }
    line
}

/// The spends of such a line.
fn spends(line: &str) -> Option<Vec<Spend>> {
    let mut spends: Vec<Spend> = Vec::new();
    for spend in line.split(' ').filter(|_| !line.is_empty()) {
        let (gap, amount) = spend.split_once(':')?;
        let gap = Millis::try_from(Amount::parse(gap).ok()?.get()).ok()?;
        let at = spends.last().map_or(0, |before| before.0).checked_add(gap)?;
        spends.push(Spend(at, Amount::parse(amount).ok()?));
    }
    Some(spends)
}

impl Tally {
    /// Changes the spends, and so their text.
    fn change<R>(&mut self, change: impl FnOnce(&mut Vec<Spend>) -> R) -> R {
        let mut list = match Rc::get_mut(&mut self.spends) {
            Some(own) => std::mem::take(&mut own.list),
            None => self.spends.list.clone(),
        };
        let changed = change(&mut list);
        self.spends = Rc::new(list.into());
        changed
    }

    /// What was spent and still counts at this time.
    #[must_use]
    pub fn spent(&self, window: Window, now: Millis) -> u128 {
        self.spends
            .list
            .iter()
            .filter(|spend| counts(spend.0, window, now))
            .fold(0, |sum, spend| spend.1.get().saturating_add(sum))
    }

    /// What is held and what was spent, together.
    #[must_use]
    pub fn used(&self, window: Window, now: Millis) -> u128 {
        self.held.get().saturating_add(self.spent(window, now))
    }

    /// Forgets what has left the window: then what is written does not tell whether a store had forgotten it before.
    pub fn forget(&mut self, window: Window, now: Millis) {
        if self.spends.list.first().is_some_and(|first| !counts(first.0, window, now)) {
            self.change(|spends| spends.retain(|spend| counts(spend.0, window, now)));
        }
    }

    /// Holds more.
    pub fn hold(&mut self, amount: u128) {
        self.held = self.held.saturating_add(Amount::new(amount));
    }

    /// Lets go of what was held.
    pub fn release(&mut self, amount: u128) {
        let amount = if fault!("release-twice") { amount.saturating_mul(2) } else { amount };
        let amount = amount.saturating_sub(u128::from(fault!("release-short")));
        self.held = self.held.saturating_sub(Amount::new(amount));
    }

    /// Books a spend. Its size is bounded if what has left the window was forgotten before.
    pub fn spend(&mut self, window: Window, at: Millis, amount: u128) {
        if amount == 0 {
            return;
        }
        self.change(|spends| book(spends, window, Spend(at, Amount::new(amount))));
    }

    /// Takes back part of a spend that was booked at this time. A spend that no longer counts is left alone: nothing
    /// of it need be in the tally, and what stands next to its place is another's. Returns what was taken back.
    pub fn credit(&mut self, window: Window, at: Millis, amount: u128, now: Millis) -> u128 {
        if !counts(at, window, now) {
            return 0;
        }
        let left = self.change(|spends| take_back(spends, window, Spend(at, Amount::new(amount))));
        amount.saturating_sub(left.get())
    }

    /// The earliest time, not before now, at which no more than `most` is used, if no more is spent until then.
    /// `None` if that never comes by itself: what is held, or a window without end, stands in the way.
    #[must_use]
    pub fn earliest(&self, window: Window, now: Millis, most: u128) -> Option<Millis> {
        let most_spent = most.checked_sub(self.held.get())?;
        let mut spent = self.spent(window, now);
        if spent <= most_spent {
            return Some(now);
        }
        let Window::Rolling(span) = window else { return None };
        for spend in self.spends.list.iter().filter(|spend| counts(spend.0, window, now)) {
            spent = spent.saturating_sub(spend.1.get());
            if spent <= most_spent {
                return spend.0.checked_add(span);
            }
        }
        None
    }

    /// When nothing in it can matter any more, if that time is known.
    #[must_use]
    pub fn expires(&self, window: Window) -> Option<Millis> {
        match (window, self.held, self.spends.list.last()) {
            (Window::Rolling(span), Amount::ZERO, Some(last)) => last.0.checked_add(span),
            _ => None,
        }
    }
}

/// Puts a spend to its place.
fn book(spends: &mut Vec<Spend>, window: Window, Spend(at, amount): Spend) {
    let Window::Rolling(span) = window else {
        match spends.first_mut() {
            Some(total) => *total = Spend(total.0.max(at), total.1.saturating_add(amount)),
            None => spends.push(Spend(at, amount)),
        }
        return;
    };
    let place = spends.partition_point(|spend| spend.0 <= at);
    match place.checked_sub(1).and_then(|before| spends.get_mut(before)).filter(|spend| spend.0 == at) {
        Some(same) => same.1 = same.1.saturating_add(amount),
        None => spends.insert(place, Spend(at, amount)),
    }
    if spends.len() > EXACT {
        add_up(spends, span);
    }
}

/// Takes so much out of the spends of this time. What is left of it.
fn take_back(spends: &mut Vec<Spend>, window: Window, Spend(at, amount): Spend) -> Amount {
    let first = match window {
        Window::Rolling(_) => spends.partition_point(|spend| spend.0 < at),
        Window::Total => 0,
    };
    // A spend that was added up stands under a later time of the same part of the window; look no further.
    let end = match window {
        Window::Rolling(span) => at.saturating_add(span.div_ceil(PARTS)),
        Window::Total => Millis::MAX,
    };
    let mut left = amount;
    for spend in spends.iter_mut().skip(first).take_while(|spend| spend.0 <= end) {
        let taken = left.min(spend.1);
        spend.1 = spend.1.saturating_sub(taken);
        left = left.saturating_sub(taken);
    }
    spends.retain(|spend| spend.1 > Amount::ZERO);
    left
}

/// Spends of one part of the window become one.
fn add_up(spends: &mut Vec<Spend>, span: Millis) {
    let part = span.div_ceil(if fault!("window-coarse") { 4 } else { PARTS }).max(1);
    let mut added: Vec<Spend> = Vec::with_capacity(EXACT);
    for spend in spends.drain(..) {
        match added.last_mut() {
            Some(last) if last.0.checked_div(part) == spend.0.checked_div(part) => {
                let at = if fault!("window-added-early") { last.0 } else { spend.0 };
                *last = Spend(at, last.1.saturating_add(spend.1));
            }
            _ => added.push(spend),
        }
    }
    *spends = if fault!("window-forgets") { Vec::new() } else { added };
}

/// A spend counts in the half-open span (now - window, now]: after exactly the window's length it has left.
fn counts(at: Millis, window: Window, now: Millis) -> bool {
    match window {
        Window::Rolling(span) => at.saturating_add(span) > now.saturating_add(u64::from(fault!("window-short"))),
        Window::Total => true,
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of a test are small")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Window = Window::Rolling(86_400_000);

    #[test]
    fn a_spend_counts_for_its_window_and_not_a_millisecond_longer() {
        let mut tally = Tally::default();
        tally.spend(DAY, 1_000, 5);
        assert_eq!(tally.spent(DAY, 1_000 + 86_400_000 - 1), 5);
        assert_eq!(tally.spent(DAY, 1_000 + 86_400_000), 0);
        assert_eq!(tally.earliest(DAY, 2_000, 4), Some(1_000 + 86_400_000));
    }

    #[test]
    fn what_is_held_has_no_window() {
        let mut tally = Tally::default();
        tally.hold(5);
        assert_eq!(tally.used(DAY, u64::MAX), 5);
        assert_eq!(tally.earliest(DAY, 0, 4), None);
        tally.release(5);
        assert_eq!(tally.used(DAY, 0), 0);
    }

    #[test]
    fn sessions_and_lifetimes_are_one_total() {
        let mut tally = Tally::default();
        for at in 0..1_000 {
            tally.spend(Window::Total, at, 3);
        }
        assert_eq!(tally.spends.list.len(), 1);
        assert_eq!(tally.credit(Window::Total, 7, 10, 1_000), 10);
        assert_eq!(tally.spent(Window::Total, u64::MAX), 2_990);
    }

    #[test]
    fn a_damaged_line_is_damage() {
        assert_eq!(spends(""), Some(Vec::new()));
        assert_eq!(spends("5:3 0:2"), Some(vec![Spend(5, Amount::new(3)), Spend(5, Amount::new(2))]));
        for line in [
            " ",
            "5",
            "5:",
            ":3",
            "5:3 ",
            "5:3  1:2",
            "5:-3",
            "+5:3",
            "05:3",
            "5:3:1",
            "18446744073709551616:1",
            "9:1 18446744073709551615:1",
        ] {
            assert_eq!(spends(line), None, "{line}");
        }
    }

    /// What a store writes does not tell whether it had forgotten the tally in between.
    #[test]
    fn what_is_forgotten_or_taken_back_leaves_nothing() {
        let mut tally = Tally::default();
        tally.spend(DAY, 1_000, 5);
        tally.forget(DAY, 1_000 + 86_400_000 - 1);
        assert_ne!(tally, Tally::default());
        tally.forget(DAY, 1_000 + 86_400_000);
        assert_eq!(tally, Tally::default());
        tally.spend(DAY, 1_000, 5);
        assert_eq!(tally.credit(DAY, 1_000, 5, 2_000), 5);
        assert_eq!(tally, Tally::default());
    }

    /// A store may drop a tally from then on, and not before.
    #[test]
    fn a_tally_expires_when_its_last_spend_leaves_the_window() {
        let mut tally = Tally::default();
        assert_eq!(tally.expires(DAY), None);
        tally.spend(DAY, 1_000, 5);
        tally.spend(DAY, 2_000, 5);
        let end = tally.expires(DAY).unwrap_or_default();
        assert_eq!((tally.used(DAY, end - 1), tally.used(DAY, end)), (5, 0));
        assert_eq!(tally.expires(Window::Total), None);
        tally.hold(1);
        assert_eq!(tally.expires(DAY), None, "what is held counts whatever the time is");
    }

    proptest! {
        #[test]
        fn a_tally_reads_back(held in any::<u128>(), gaps in proptest::collection::vec((0u64..1 << 40, 1u128..), 0..90)) {
            let mut tally = Tally::default();
            tally.hold(held);
            let mut now = 1_767_607_200_000;
            for (gap, amount) in gaps {
                now += gap;
                tally.spend(DAY, now, amount);
            }
            let mut text = String::new();
            tally.write(&mut text);
            let read = crate::json::parse(&text).map_err(TestCaseError::fail)?;
            prop_assert_eq!(Tally::restore(&read), Ok(tally));
        }

        /// Against a list of all spends: never less, and more only by spends that left within 1/32 of the window.
        #[test]
        fn never_too_little_and_little_too_much(
            gaps in proptest::collection::vec((0u64..4_000, 1u128..1_000), 1..400),
            span in 1_000u64..200_000,
        ) {
            let window = Window::Rolling(span);
            let mut tally = Tally::default();
            let (mut all, mut now) = (Vec::new(), 0);
            for (gap, amount) in gaps {
                now += gap;
                tally.forget(window, now);
                tally.spend(window, now, amount);
                all.push((now, amount));
                let within = |longest: u64| all.iter().filter(|(at, _)| at + longest > now).map(|(_, a)| a).sum::<u128>();
                let counted = tally.spent(window, now);
                prop_assert!(counted >= within(span));
                prop_assert!(counted <= within(span + span.div_ceil(PARTS)));
                prop_assert!(tally.spends.list.len() <= EXACT);
            }
        }

        /// The earliest time is exact: enough has left then, and not a millisecond before.
        #[test]
        fn the_earliest_time_is_exact(
            gaps in proptest::collection::vec((0u64..4_000, 1u128..1_000), 1..100), most in 0u128..20_000,
        ) {
            let window = Window::Rolling(60_000);
            let (mut tally, mut now) = (Tally::default(), 0);
            for (gap, amount) in gaps {
                now += gap;
                tally.spend(window, now, amount);
            }
            if let Some(at) = tally.earliest(window, now, most) {
                prop_assert!(tally.used(window, at) <= most);
                prop_assert!(at == now || tally.used(window, at - 1) > most);
            }
        }

        /// What is credited was in the tally, and it all comes back while it still counts.
        #[test]
        fn a_credit_takes_back_what_was_spent(
            gaps in proptest::collection::vec((0u64..4_000, 1u128..1_000), 1..300), pick in any::<prop::sample::Index>(),
        ) {
            let window = Window::Rolling(100_000);
            let (mut tally, mut now, mut all) = (Tally::default(), 0, Vec::new());
            for (gap, amount) in gaps {
                now += gap;
                tally.spend(window, now, amount);
                all.push((now, amount));
            }
            let (at, amount) = *pick.get(&all);
            let before = tally.spent(window, at.max(now));
            let credited = tally.credit(window, at, amount, now);
            if at + 100_000 > now {
                prop_assert_eq!(credited, amount);
                prop_assert_eq!(tally.spent(window, now), before - amount);
            }
        }
    }
}
