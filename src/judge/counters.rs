//! Budgets and rates: the counters that a payment falls under, and what they leave.

use super::limits::{at_least, at_most, largest};
use super::rules::edges;
use super::{Case, Denial, Findings};
use crate::faults::fault;
use crate::ledger::cells::Cell;
use crate::ledger::hold::{REMEMBERED, Share, Unit};
use crate::ledger::key;
use crate::ledger::tally::{Tally, Window};
use crate::ledger::working::{Missing, Working};
use crate::money::{Amount, Usd};
use crate::offer::Terms;
use crate::origin::Target;
use crate::policy::words::{Per, WindowWord};
use crate::policy::{Budget, Counter, Limit, Pace, Policy};
use crate::reason::Reason;
use crate::request::Request;
use crate::time::{Millis, format_duration, format_instant};
use crate::trace::{Side, cap, floor};

/// The keys that the counters of a payment have, whether or not their conditions hold in the end.
#[must_use]
pub fn keys(policy: &Policy, request: &Request, target: &Target, terms: &Terms, now: Millis) -> Vec<String> {
    let whose = Whose { request, target, terms };
    let budgets = policy.budgets.iter().filter(|budget| counts_asset(budget, terms));
    let mut keys: Vec<String> = budgets.filter_map(|budget| budget_key(budget, whose, now)).collect();
    for pace in &policy.rates {
        keys.extend(pace.max.and_then(|_| pace_key(pace, whose, now)));
        keys.extend(pace.min_gap.map(|_| latest_key(pace, whose)));
    }
    keys
}

/// Whose payment it is, where, and to whom: what tells the cells of one counter apart.
#[derive(Clone, Copy)]
struct Whose<'a> {
    request: &'a Request,
    target: &'a Target,
    terms: &'a Terms,
}

impl<'a> Whose<'a> {
    const fn of(case: &Case<'a>) -> Self {
        Self { request: case.request, target: case.target, terms: case.terms }
    }
}

/// The key of a budget's cell; nothing where the table of its time zone has ended.
fn budget_key(budget: &Budget, whose: Whose<'_>, now: Millis) -> Option<String> {
    cell_key(&budget.counter, &|| budget_unit(budget), whose, now)
}

/// The key of a rate's cell; nothing where the table of its time zone has ended.
fn pace_key(pace: &Pace, whose: Whose<'_>, now: Millis) -> Option<String> {
    cell_key(&pace.counter, &|| String::from("count"), whose, now)
}

/// The key of the cell of the latest payment that a rate counts.
fn latest_key(pace: &Pace, whose: Whose<'_>) -> String {
    key::latest(&pace.counter.name, &scope(&pace.counter, whose))
}

/// What the keys of all cells of a budget begin with.
#[must_use]
pub fn budget_prefix(budget: &Budget) -> String {
    cell_prefix(&budget.counter, &budget_unit(budget))
}

fn budget_unit(budget: &Budget) -> String {
    match &budget.limit {
        Some(Limit::Asset(_, asset)) => key::escape(&asset.text()),
        Some(Limit::Usd(_)) | None => String::from("usd"),
    }
}

/// The key of a counter's cell: its name, window and unit, and whose counter it is. Each period of a calendar has a
/// cell of its own.
fn cell_key(counter: &Counter, unit: &dyn Fn() -> String, whose: Whose<'_>, now: Millis) -> Option<String> {
    let prefix = counter.prefix.get_or_init(|| cell_prefix(counter, &unit()));
    let period = period(counter, now)?;
    let mut key = String::with_capacity(prefix.len().saturating_add(SCOPE));
    key.push_str(prefix);
    write_scope(&mut key, counter, whose);
    key.push_str(&period);
    Some(key)
}

/// What is enough for most scopes and periods, in bytes: then a key is made in one piece.
const SCOPE: usize = 64;

/// What a key ends with: the period of a calendar; empty for other windows, nothing where the zone's table has ended.
#[must_use]
pub fn period(counter: &Counter, now: Millis) -> Option<String> {
    let now = now.saturating_sub(if fault!("calendar-late") { 3_600_000 } else { 0 });
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
    format!("{}{}/{}{zone}/{unit}/{}=", key::BUDGETS, counter.name, counter.window_name, per.join("+"))
}

/// Whose counter a payment counts in: the values of `per`, escaped and joined.
fn scope(counter: &Counter, whose: Whose<'_>) -> String {
    let mut scope = String::new();
    write_scope(&mut scope, counter, whose);
    scope
}

fn write_scope(key: &mut String, counter: &Counter, Whose { request, target, terms }: Whose<'_>) {
    let most = if fault!("scope-shared") { 1 } else { usize::MAX };
    for (place, per) in counter.per.iter().take(most).enumerate() {
        if place > 0 {
            key.push(',');
        }
        match per {
            Per::All => key.push('*'),
            Per::Agent => key::escape_into(key, &request.agent),
            Per::Client => key::escape_into(key, &request.client),
            Per::Session => key::escape_into(key, &request.session),
            Per::Vendor => key::escape_into(key, &target.host),
            Per::Endpoint => key::escape_into(key, &target.endpoint()),
            Per::Payee => {
                for part in [terms.network.as_str(), "/", &terms.pay_to] {
                    key::escape_into(key, part);
                }
            }
            Per::Network => key::escape_into(key, terms.network.as_str()),
        }
    }
}

/// Hears them.
pub(super) fn hear(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings) -> Result<(), Missing> {
    for budget in &case.policy.budgets {
        if !counts_asset(budget, case.terms) {
            findings.skip(&budget.counter.name, || String::from("it counts another asset"));
        } else if counts(&budget.counter, case, findings) {
            hear_budget(case, work, findings, budget)?;
        }
    }
    for pace in &case.policy.rates {
        if counts(&pace.counter, case, findings) {
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
fn counts(counter: &Counter, case: &Case<'_>, findings: &mut Findings) -> bool {
    let fails = counter.when.as_ref().and_then(|when| when.fails(&case.asked(), true));
    if let Some(condition) = fails {
        findings.skip(&counter.name, || format!("not counted here: `when.{condition}` does not hold"));
        edges(case, findings, &counter.name, counter.when.as_ref());
    }
    fails.is_none()
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
        (_, None) => {
            findings.skip(&counter.name, || String::from("the asset has no price in US dollars"));
            return Ok(());
        }
    };
    let Some(key) = budget_key(budget, Whose::of(case), case.now) else {
        findings.saw(&counter.name, || String::from("no calendar"));
        no_calendar(case, findings, counter);
        return Ok(());
    };
    let tally = &work.tally(&key)?;
    let held = if fault!("limit-ignores-held") { tally.held.get() } else { 0 };
    let used = tally.used(counter.window.into(), case.now).saturating_sub(held);
    let limit = budget.limit.as_ref().map(|limit| match limit {
        Limit::Usd(limit) => limit.get(),
        Limit::Asset(limit, _) => limit.get(),
    });
    record(case, findings, (budget, tally, limit), (unit, used, amount));
    if let Some(limit) =
        limit.filter(|limit| amount > limit.saturating_sub(used).saturating_add(fault!("limit-off-by-one").into()))
    {
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
            retry: limit.checked_sub(amount).and_then(|most| room(counter, tally, case.now, most)),
            delay: false,
        });
    }
    if let Some(from) = budget.approve_from.filter(|from| used.saturating_add(amount) >= from.get()) {
        let sum = Usd::new(used.saturating_add(amount));
        let message = format!("{sum} USD in `{}` with this one; from {from} USD on people decide", counter.name);
        findings.approvals.push((counter.name.clone(), message));
    }
    findings.shares.push(Share { key, window: counter.window.into(), unit, amount: Amount::new(amount) });
    Ok(())
}

/// Takes down what a budget saw: what is used, what would be added, and how near that comes to its figures.
fn record(
    case: &Case<'_>,
    findings: &mut Findings,
    (budget, tally, limit): (&Budget, &Tally, Option<u128>),
    (unit, used, amount): (Unit, u128, u128),
) {
    let counter = &budget.counter;
    let dollars = unit == Unit::Usd;
    findings.saw(&counter.name, || {
        let show = |units: u128| if dollars { Usd::new(units).to_string() } else { units.to_string() };
        let kind = if dollars { "USD" } else { "atomic units" };
        let limit = limit.map_or_else(String::new, |limit| format!(", of at most {}", show(limit)));
        let from = budget.approve_from.map_or_else(String::new, |from| format!(", people decide from {from} on"));
        format!(
            "{} used and {} more{limit}{from} {kind} {}{}",
            show(used),
            show(amount),
            window(counter),
            of(counter, case)
        )
    });
    edges(case, findings, &counter.name, counter.when.as_ref());
    let left = limit.map(|limit| limit.checked_sub(used));
    let side = || match left.flatten()? {
        left if dollars => at_most(case, Usd::new(left)),
        left => cap(amount, left),
    };
    let figure = if dollars { "limit_usd" } else { "limit_amount" };
    findings.recorder.edge(side, || format!("{}.{figure}", counter.name));
    let side = || budget.approve_from.and_then(|from| at_least(case, from.checked_sub(Usd::new(used))?));
    findings.recorder.edge(side, || format!("{}.approve_from_usd", counter.name));
    findings.recorder.edge(|| turn(counter, tally, case.now), || format!("{}.window", counter.name));
}

/// Whether something has left the window at this millisecond, or will at the next.
fn turn(counter: &Counter, tally: &Tally, now: Millis) -> Option<Side> {
    let period = |at: Millis| period(counter, at);
    let spent = |at: Millis| tally.spent(counter.window.into(), at);
    let (before, after) = (now.saturating_sub(1), now.saturating_add(1));
    match counter.window {
        WindowWord::Calendar(_) if period(before) != period(now) => Some(Side::Met),
        WindowWord::Calendar(_) if period(now) != period(after) => Some(Side::Crossed),
        WindowWord::Rolling(_) if spent(before) > spent(now) => Some(Side::Met),
        WindowWord::Rolling(_) if spent(now) > spent(after) => Some(Side::Crossed),
        _ => None,
    }
}

fn window(counter: &Counter) -> String {
    match counter.window {
        WindowWord::Calendar(calendar) => format!("this {}", calendar.word()),
        WindowWord::Rolling(span) => format!("in {}", format_duration(span)),
        WindowWord::Session => String::from("this session"),
        WindowWord::Lifetime => String::from("ever"),
    }
}

fn of(counter: &Counter, case: &Case<'_>) -> String {
    match scope(counter, Whose::of(case)).as_str() {
        "*" => String::new(),
        scope => format!(" for `{scope}`"),
    }
}

fn hear_pace(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings, pace: &Pace) -> Result<(), Missing> {
    let counter = &pace.counter;
    if let Some(max) = pace.max {
        let Some(key) = pace_key(pace, Whose::of(case), case.now) else {
            findings.saw(&counter.name, || String::from("no calendar"));
            no_calendar(case, findings, counter);
            return Ok(());
        };
        let tally = &work.tally(&key)?;
        let used = tally.used(counter.window.into(), case.now);
        findings.saw(&counter.name, || {
            let gap = pace.min_gap.map_or_else(String::new, |gap| format!(", at least {} apart", format_duration(gap)));
            format!("{used} payments and 1 more, of at most {max}, {}{}{gap}", window(counter), of(counter, case))
        });
        edges(case, findings, &counter.name, counter.when.as_ref());
        findings.recorder.edge(|| cap(used.saturating_add(1), max.into()), || format!("{}.max", counter.name));
        findings.recorder.edge(|| turn(counter, tally, case.now), || format!("{}.window", counter.name));
        if used >= u128::from(max).saturating_add(fault!("rate-off-by-one").into()) {
            let retry = room(counter, tally, case.now, u128::from(max.saturating_sub(1)));
            too_soon(findings, pace, format!("{used} payments in `{}`, and {max} are the most", counter.name), retry);
        }
        let window = Window::from(counter.window);
        findings.shares.push(Share { key, window, unit: Unit::Count, amount: Amount::new(1) });
    }
    if let Some(gap) = pace.min_gap {
        let key = latest_key(pace, Whose::of(case));
        let latest = work.latest(&key)?;
        let next = latest.map(|latest| latest.saturating_add(gap));
        if pace.max.is_none() {
            findings.saw(&counter.name, || match latest {
                None => format!("the first payment{}; {} between two", of(counter, case), format_duration(gap)),
                Some(latest) => {
                    let since = format_duration(case.now.saturating_sub(latest));
                    format!("{since} since the one before{}, of at least {}", of(counter, case), format_duration(gap))
                }
            });
            edges(case, findings, &counter.name, counter.when.as_ref());
        }
        let side = || next.and_then(|next| floor(case.now.into(), next.into()));
        findings.recorder.edge(side, || format!("{}.min_gap", counter.name));
        if let Some(next) = next.filter(|next| *next > case.now && !fault!("gap-ignored")) {
            let message = format!("`{}` wants {} between two payments", counter.name, format_duration(gap));
            too_soon(findings, pace, message, Some(next));
        }
        // A policy that wants more time between two payments may take over: it is remembered as long as a payment is.
        findings.notes.push((key, Cell::Latest(case.now), Some(case.now.saturating_add(gap.max(REMEMBERED)))));
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
fn room(counter: &Counter, tally: &Tally, now: Millis, most: u128) -> Option<Millis> {
    match counter.window {
        WindowWord::Calendar(calendar) => counter.zone.period(calendar, now).map(|(_, next)| next),
        window => tally.earliest(window.into(), now, most),
    }
}
