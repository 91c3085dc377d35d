//! Limits and thresholds that others always come before.

use super::within::Conditions;
use super::{Lint, LintCode, View, add, conditions_of_budget, conditions_of_rate, usd_limit_for_all};
use crate::money::{Amount, Usd, largest_within, usd_of};
use crate::policy::words::{Calendar, Per, WindowWord};
use crate::policy::{Budget, Counter, Limit, Pace};

/// Up to this many payments a tally counts each by itself (`ledger::tally::EXACT`, less one that is on its way in).
const COUNTED_EXACTLY: u64 = 60;

pub(super) fn find(view: &View<'_>, lints: &mut Vec<Lint>) {
    payment(view, lints);
    for (place, (budget, _)) in view.budgets.iter().enumerate() {
        thresholds(lints, place, budget);
    }
    for place in 0..view.budgets.len() {
        if let Some(why) = unreachable_limit(view, place) {
            let name = view.budgets.get(place).map_or("limit_usd", |(budget, _)| limit_member(budget));
            add(
                lints,
                LintCode::CapNeverBinds,
                format!("budgets[{place}].{name}"),
                why,
                Some("lower it, or take it out"),
            );
        }
    }
    for (place, (pace, _)) in view.rates.iter().enumerate() {
        if let Some(other) = pace.max.and_then(|max| tighter_rate(view, place, pace, max)) {
            let message = format!("`{}` adds nothing to `{other}`, which is no looser", pace.counter.name);
            add(lints, LintCode::CapNeverBinds, format!("rates[{place}]"), message, Some("take one of the two out"));
        }
    }
}

fn payment(view: &View<'_>, lints: &mut Vec<Lint>) {
    let payment = &view.policy.payment;
    let whole = usd_limit_for_all(view.policy);
    if let (Some(first), Some(max)) = (payment.max_first_usd, payment.max_usd)
        && first >= max
    {
        let message = format!("a first payment may be {first} USD, and no payment may be more than {max} USD");
        add(lints, LintCode::CapNeverBinds, "payment.max_first_usd", message, Some("lower it, or take it out"));
    }
    if let Some(from) = payment.approve_from_usd {
        let above = payment.max_usd.map(|max| ("payment.max_usd", max)).into_iter().chain(whole);
        if let Some((name, most)) = above.filter(|(_, most)| from > *most).min_by_key(|(_, most)| *most) {
            let message = format!("people are asked from {from} USD on, and `{name}` denies all above {most} USD");
            add(lints, LintCode::CapNeverBinds, "payment.approve_from_usd", message, Some("lower it, or take it out"));
        }
    }
    for (place, (budget, section)) in view.budgets.iter().enumerate() {
        let Some(max) = payment.max_usd.filter(|_| conditions_of_budget(budget, section).is_all()) else { continue };
        let name = &budget.counter.name;
        let message = match &budget.limit {
            Some(Limit::Usd(limit)) if *limit < max => {
                format!("`{name}` is {limit} USD in all: a payment of `payment.max_usd`, {max} USD, never passes")
            }
            Some(Limit::Asset(limit, asset)) if largest(view, asset, max).is_some_and(|most| *limit < most) => format!(
                "`{name}` is {limit} atomic units of {asset} in all: a payment of `payment.max_usd`, {max} USD, never passes in it"
            ),
            _ => continue,
        };
        let path = format!("budgets[{place}].{}", limit_member(budget));
        add(lints, LintCode::MaxAboveBudget, path, message, Some("raise the budget, or lower `payment.max_usd`"));
    }
}

fn thresholds(lints: &mut Vec<Lint>, place: usize, budget: &Budget) {
    if let (Some(from), Some(Limit::Usd(limit))) = (budget.approve_from, &budget.limit)
        && from > *limit
    {
        let name = &budget.counter.name;
        let message = format!("people are asked from {from} USD on, and `{name}` denies all above {limit} USD");
        let path = format!("budgets[{place}].approve_from_usd");
        add(lints, LintCode::CapNeverBinds, path, message, Some("lower it, or take it out"));
    }
}

/// Why a budget's limit is never reached, or never before another's.
fn unreachable_limit(view: &View<'_>, place: usize) -> Option<String> {
    let (budget, section) = *view.budgets.get(place)?;
    let limit = budget.limit.as_ref()?;
    let conditions = conditions_of_budget(budget, section);
    for (other_place, (other, other_section)) in view.budgets.iter().enumerate() {
        let no_looser = match (&other.limit, limit) {
            (Some(Limit::Usd(other)), Limit::Usd(this)) => other <= this,
            (Some(Limit::Asset(other, asset)), Limit::Asset(this, mine)) => asset == mine && other <= this,
            _ => false,
        };
        let wider = conditions.within(&conditions_of_budget(other, other_section));
        // Of two that say the same, one does matter: the first.
        let same =
            matches(&budget.counter, &other.counter) && conditions_of_budget(other, other_section).within(&conditions);
        let first = !same || other.limit != budget.limit || other_place < place;
        if other_place != place && no_looser && wider && first && outlasts(&other.counter, &budget.counter) {
            let name = &budget.counter.name;
            return Some(format!(
                "`{name}` adds nothing to `{}`, which counts at least as much for at least as long, against no more",
                other.counter.name
            ));
        }
    }
    let max = view.policy.payment.max_usd?;
    view.rates.iter().find_map(|(pace, section)| {
        let (most, count) = reachable(pace, conditions_of_rate(pace, section), budget, conditions, max)?;
        let (reached, shown) = match limit {
            Limit::Usd(limit) => (most <= *limit, format!("{limit} USD")),
            Limit::Asset(limit, asset) => {
                let each = largest(view, asset, max)?.get();
                (each.checked_mul(u128::from(count))? <= limit.get(), format!("{limit} atomic units"))
            }
        };
        let (name, rate) = (&budget.counter.name, &pace.counter.name);
        reached.then(|| {
            format!("`{rate}` lets {count} payments of at most {max} USD through in that time, {most} USD in all: `{name}` is never more than its {shown}")
        })
    })
}

/// The most that a rate lets a budget come to, and in how many payments.
fn reachable(
    pace: &Pace,
    rate_when: Conditions<'_>,
    budget: &Budget,
    budget_when: Conditions<'_>,
    max: Usd,
) -> Option<(Usd, u64)> {
    let count = pace.max.filter(|count| *count <= COUNTED_EXACTLY)?;
    let covers = budget_when.within(&rate_when) && outlasts(&pace.counter, &budget.counter);
    let most = max.get().checked_mul(u128::from(count)).filter(|_| covers)?;
    Some((Usd::new(most), count))
}

fn tighter_rate(view: &View<'_>, place: usize, pace: &Pace, max: u64) -> Option<String> {
    let (_, section) = view.rates.get(place)?;
    let conditions = conditions_of_rate(pace, section);
    if pace.min_gap.is_some() {
        return None;
    }
    view.rates.iter().enumerate().find_map(|(other_place, (other, other_section))| {
        let other_when = conditions_of_rate(other, other_section);
        let no_looser = other.max.is_some_and(|other| other <= max) && other.delay == pace.delay;
        let same = matches(&pace.counter, &other.counter) && other_when.within(&conditions);
        let first = !same || other.max != pace.max || other.min_gap.is_some() || other_place < place;
        let tighter = other_place != place && no_looser && first;
        (tighter && conditions.within(&other_when) && outlasts(&other.counter, &pace.counter))
            .then(|| other.counter.name.clone())
    })
}

fn matches(a: &Counter, b: &Counter) -> bool {
    a.window == b.window && a.per == b.per && a.zone_name == b.zone_name
}

/// Whether whatever counts in the one counter counts in the other too, for at least as long. (Of more than 64 payments
/// in equal windows, the shorter may round a few up to the end of their 32nd of it. That is no limit that anybody set.)
fn outlasts(longer: &Counter, shorter: &Counter) -> bool {
    // One counter of the first kind has to hold all payments of one counter of the second.
    let joins = longer.per.iter().all(|per| *per == Per::All || shorter.per.contains(per));
    let lasts = match (longer.window, shorter.window) {
        // Where the table of its time zone ends, a calendar denies; the other would not.
        (WindowWord::Lifetime | WindowWord::Session, WindowWord::Calendar(_)) => shorter.zone_name == "UTC",
        (WindowWord::Lifetime | WindowWord::Session, _) => true,
        (WindowWord::Rolling(long), WindowWord::Rolling(short)) => long >= short,
        (WindowWord::Calendar(long), WindowWord::Calendar(short)) => {
            longer.zone_name == shorter.zone_name && (long == short || short == Calendar::Day)
        }
        _ => false,
    };
    joins && lasts
}

/// The largest amount of an asset within a figure in US dollars; nothing where every amount is.
fn largest(view: &View<'_>, asset: &crate::asset::AssetId, most: Usd) -> Option<Amount> {
    let price = view.policy.price(asset)?;
    let rate = price.usd?;
    let amount = largest_within(most, price.decimals, rate);
    usd_of(amount, price.decimals, rate).map(|_| amount)
}

fn limit_member(budget: &Budget) -> &'static str {
    match budget.limit {
        Some(Limit::Asset(..)) => "limit_amount",
        Some(Limit::Usd(_)) | None => "limit_usd",
    }
}
