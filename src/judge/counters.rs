//! Budgets and rates: the counters that a payment falls under, and what they leave.

use super::limits::largest;
use super::{Case, Denial, Findings};
use crate::ledger::cells::{Cell, Missing, Working, key};
use crate::ledger::hold::{Share, Unit};
use crate::money::{Amount, Usd};
use crate::offer::Terms;
use crate::origin::Target;
use crate::policy::words::{Per, WindowWord};
use crate::policy::{Budget, Counter, Limit, Pace, Policy};
use crate::reason::Reason;
use crate::request::Request;
use crate::time::{Millis, format_instant};

/// The keys that the counters of a payment have, whether or not their conditions hold in the end.
#[must_use]
pub fn keys(policy: &Policy, request: &Request, target: &Target, terms: &Terms, now: Millis) -> Vec<String> {
    let budgets = policy.budgets.iter().filter(|budget| counts_asset(budget, terms)).map(|budget| {
        let scope = scope(&budget.counter, request, target, terms);
        budget_key(budget, &scope, now).unwrap_or_default()
    });
    let rates = policy.rates.iter().flat_map(|pace| {
        let scope = scope(&pace.counter, request, target, terms);
        let window = pace.max.and_then(|_| cell_key(&pace.counter, "count", &scope, now));
        let latest = pace.min_gap.map(|_| key::latest(&pace.counter.name, &scope));
        [window, latest]
    });
    budgets.chain(rates.flatten()).filter(|key| !key.is_empty()).collect()
}

/// The key of a budget's cell; nothing where the table of its time zone has ended.
#[must_use]
pub fn budget_key(budget: &Budget, scope: &str, now: Millis) -> Option<String> {
    cell_key(&budget.counter, &budget_unit(budget), scope, now)
}

/// What the keys of all cells of a budget begin with.
#[must_use]
pub fn budget_prefix(budget: &Budget) -> String {
    cell_prefix(&budget.counter, &budget_unit(budget))
}

fn budget_unit(budget: &Budget) -> String {
    match &budget.limit {
        Some(Limit::Asset(_, asset)) => key::escape(&asset.to_string()),
        Some(Limit::Usd(_)) | None => String::from("usd"),
    }
}

/// The key of a counter's cell: its name, window and unit, and whose counter it is. Each period of a calendar has a
/// cell of its own.
fn cell_key(counter: &Counter, unit: &str, scope: &str, now: Millis) -> Option<String> {
    Some(format!("{}{scope}{}", cell_prefix(counter, unit), period(counter, now)?))
}

/// What a key ends with: the period of a calendar; empty for other windows, nothing where the zone's table has ended.
#[must_use]
pub fn period(counter: &Counter, now: Millis) -> Option<String> {
    match counter.window {
        WindowWord::Calendar(calendar) => Some(format!("/{}", format_instant(counter.zone.period(calendar, now)?.0))),
        WindowWord::Rolling(_) | WindowWord::Session | WindowWord::Lifetime => Some(String::new()),
    }
}

/// What the keys of all cells of a counter begin with: a policy that changes it would forget what was spent.
#[must_use]
pub fn cell_prefix(counter: &Counter, unit: &str) -> String {
    let per: Vec<&str> = counter.per.iter().map(|per| per.word()).collect();
    let zone = match counter.window {
        WindowWord::Calendar(_) => format!("@{}", key::escape(&counter.zone_name)),
        WindowWord::Rolling(_) | WindowWord::Session | WindowWord::Lifetime => String::new(),
    };
    format!("{}{}/{}{zone}/{unit}/{}=", key::BUDGETS, counter.name, counter.window.word(), per.join("+"))
}

/// Whose counter a payment counts in: the values of `per`, escaped and joined.
#[must_use]
pub fn scope(counter: &Counter, request: &Request, target: &Target, terms: &Terms) -> String {
    let value = |per: &Per| match per {
        Per::All => String::from("*"),
        Per::Agent => key::escape(&request.agent),
        Per::Client => key::escape(&request.client),
        Per::Session => key::escape(&request.session),
        Per::Vendor => key::escape(&target.host),
        Per::Endpoint => key::escape(&target.endpoint()),
        Per::Payee => key::escape(&format!("{}/{}", terms.network, terms.pay_to)),
        Per::Network => key::escape(terms.network.as_str()),
    };
    counter.per.iter().map(value).collect::<Vec<_>>().join(",")
}

/// Hears them.
pub(super) fn hear(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings) -> Result<(), Missing> {
    for budget in case.policy.budgets.iter().filter(|budget| counts_asset(budget, case.terms)) {
        if counts(&budget.counter, case) {
            hear_budget(case, work, findings, budget)?;
        }
    }
    for pace in &case.policy.rates {
        if counts(&pace.counter, case) {
            hear_pace(case, work, findings, pace)?;
        }
    }
    Ok(())
}

/// A limit in atomic units counts its own asset alone.
fn counts_asset(budget: &Budget, terms: &Terms) -> bool {
    !matches!(&budget.limit, Some(Limit::Asset(_, asset)) if *asset != terms.asset)
}

/// What can't be known counts.
fn counts(counter: &Counter, case: &Case<'_>) -> bool {
    counter.when.as_ref().is_none_or(|when| when.covers(&case.asked(), true))
}

fn hear_budget(
    case: &Case<'_>,
    work: &mut Working<'_>,
    findings: &mut Findings,
    budget: &Budget,
) -> Result<(), Missing> {
    let counter = &budget.counter;
    let (unit, amount) = match (&budget.limit, case.usd) {
        (Some(Limit::Asset(..)), _) => (Unit::Asset, case.terms.amount.get()),
        (_, Some(usd)) => (Unit::Usd, usd.get()),
        // Without a price no limit in dollars is met; that is said elsewhere.
        (_, None) => return Ok(()),
    };
    let scope = scope(counter, case.request, case.target, case.terms);
    let Some(key) = budget_key(budget, &scope, case.now) else {
        no_calendar(case, findings, counter);
        return Ok(());
    };
    let tally = work.tally(&key)?;
    let used = tally.used(counter.window.counting(), case.now);
    let limit = budget.limit.as_ref().map(|limit| match limit {
        Limit::Usd(limit) => limit.get(),
        Limit::Asset(limit, _) => limit.get(),
    });
    if let Some(limit) = limit.filter(|limit| amount > limit.saturating_sub(used)) {
        let left = limit.saturating_sub(used);
        let (left_text, most) = match unit {
            Unit::Usd => (format!("{} USD", Usd::new(left)), largest(Usd::new(left), case.price)),
            Unit::Asset | Unit::Count => (format!("{left} atomic units"), Some(Amount::new(left))),
        };
        findings.denials.push(Denial {
            step: 8,
            reason: Reason::BudgetExceeded,
            field: case.amount_field(),
            message: format!("{left_text} left in `{}`", counter.name),
            rule: Some(counter.name.clone()),
            most,
            retry: limit.checked_sub(amount).and_then(|most| room(counter, &tally, case.now, most)),
            delay: false,
        });
    }
    if let Some(from) = budget.approve_from.filter(|from| used.saturating_add(amount) >= from.get()) {
        let sum = Usd::new(used.saturating_add(amount));
        let message = format!("{sum} USD in `{}` with this one; from {from} USD on people decide", counter.name);
        findings.approvals.push((counter.name.clone(), message));
    }
    findings.shares.push(Share { key, window: counter.window.counting(), unit, amount: Amount::new(amount) });
    Ok(())
}

fn hear_pace(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings, pace: &Pace) -> Result<(), Missing> {
    let counter = &pace.counter;
    let scope = scope(counter, case.request, case.target, case.terms);
    if let Some(max) = pace.max {
        let Some(key) = cell_key(counter, "count", &scope, case.now) else {
            no_calendar(case, findings, counter);
            return Ok(());
        };
        let tally = work.tally(&key)?;
        let used = tally.used(counter.window.counting(), case.now);
        if used >= u128::from(max) {
            let retry = room(counter, &tally, case.now, u128::from(max.saturating_sub(1)));
            too_soon(findings, pace, format!("{used} payments in `{}`, and {max} are the most", counter.name), retry);
        }
        let window = counter.window.counting();
        findings.shares.push(Share { key, window, unit: Unit::Count, amount: Amount::new(1) });
    }
    if let Some(gap) = pace.min_gap {
        let key = key::latest(&counter.name, &scope);
        let next = work.latest(&key)?.map(|latest| latest.saturating_add(gap));
        if let Some(next) = next.filter(|next| *next > case.now) {
            let message =
                format!("`{}` wants {} between two payments", counter.name, crate::time::format_duration(gap));
            too_soon(findings, pace, message, Some(next));
        }
        findings.notes.push((key, Cell::Latest(case.now), Some(case.now.saturating_add(gap))));
    }
    Ok(())
}

fn too_soon(findings: &mut Findings, pace: &Pace, message: String, retry: Option<Millis>) {
    findings.denials.push(Denial {
        step: 8,
        reason: Reason::RateExceeded,
        field: String::new(),
        message,
        rule: Some(pace.counter.name.clone()),
        most: None,
        retry,
        delay: pace.delay,
    });
}

fn no_calendar(case: &Case<'_>, findings: &mut Findings, counter: &Counter) {
    let message = format!("the table of the time zone of `{}` has ended; load the policy anew", counter.name);
    findings.deny(8, Reason::OutOfHours, case.field("amount"), message, Some(&counter.name));
}

/// When no more than `most` is used, if nothing more is spent until then: the window moves on, or the period ends.
fn room(counter: &Counter, tally: &crate::ledger::tally::Tally, now: Millis, most: u128) -> Option<Millis> {
    match counter.window {
        WindowWord::Calendar(calendar) => counter.zone.period(calendar, now).map(|(_, next)| next),
        window => tally.earliest(window.counting(), now, most),
    }
}
