//! What is left of each budget.

use super::{Engine, error_reply};
use crate::decision::BudgetLine;
use crate::json::Json;
use crate::judge::counters;
use crate::ledger::key;
use crate::ledger::tally::{Tally, Window};
use crate::ledger::working::Missing;
use crate::members;
use crate::order::sorted;
use crate::policy::Limit;
use crate::policy::words::Per;
use crate::reply::Reply;
use crate::time::Millis;

impl Engine {
    /// What is left of each counter that is here, and of those that the named agent, session and client would use.
    pub(super) fn budgets(&mut self, event: &Json, at: Millis) -> Reply {
        let mut names = Vec::new();
        for (per, member) in [(Per::Agent, "agent"), (Per::Session, "session"), (Per::Client, "client")] {
            match members::name(event, member) {
                Ok(name) if event.get(member).is_some() => names.push((per, key::escape(&name))),
                Ok(_) => {}
                Err(refusal) => return error_reply("malformed_event", format!("`{member}`: {}", refusal.message)),
            }
        }
        names.push((Per::All, String::from("*")));
        let mut work = self.ledger.begin(at);
        let now = match work.need([key::CLOCK]).and_then(|()| work.time(at)) {
            Ok(now) => now,
            Err(Missing(missing)) => return Reply::Missing { missing },
        };
        let mut lines = Vec::new();
        for budget in &self.policy.budgets {
            let prefix = counters::budget_prefix(budget);
            let per = budget.counter.per.as_slice();
            let parts: Option<Vec<&str>> = per.iter().map(|per| named(&names, *per)).collect();
            let wanted = parts.map(|parts| parts.join(","));
            let Some(period) = counters::period(&budget.counter, now) else { continue };
            let present = self.ledger.tallies().filter_map(|(name, tally)| {
                let scope = name.strip_prefix(&prefix)?.strip_suffix(&period)?;
                (!scope.contains('/')).then(|| (scope.to_owned(), tally.clone()))
            });
            let mut counters: Vec<_> = present.filter(|(scope, _)| concerns(per, scope, &names)).collect();
            if let Some(wanted) = wanted.filter(|wanted| counters.iter().all(|(scope, _)| scope != wanted)) {
                counters.push((wanted, Tally::default()));
            }
            let counters = sorted(counters, |a, b| a.0.cmp(&b.0));
            lines.extend(counters.into_iter().map(|(scope, tally)| line(budget, &scope, &tally, now)));
        }
        Reply::Budgets { budgets: lines }
    }
}

fn named(names: &[(Per, String)], per: Per) -> Option<&str> {
    names.iter().find(|(other, _)| *other == per).map(|(_, name)| name.as_str())
}

/// Whether a counter belongs to those that were named; who isn't named isn't asked for.
fn concerns(per: &[Per], scope: &str, names: &[(Per, String)]) -> bool {
    per.iter().zip(scope.split(',')).all(|(per, value)| named(names, *per).is_none_or(|name| name == value))
}

fn line(budget: &crate::policy::Budget, scope: &str, tally: &Tally, now: Millis) -> BudgetLine {
    let (unit, limit, usd) = match &budget.limit {
        Some(Limit::Usd(limit)) => (String::from("usd"), Some(limit.get()), true),
        Some(Limit::Asset(limit, asset)) => (asset.text(), Some(limit.get()), false),
        None => (String::from("usd"), None, true),
    };
    let counter = &budget.counter;
    let window = Window::from(counter.window);
    let show = |units: u128| if usd { crate::money::Usd::new(units).to_string() } else { units.to_string() };
    BudgetLine {
        name: counter.name.clone(),
        key: scope.to_owned(),
        unit,
        limit: limit.map(show),
        held: show(tally.held.get()),
        spent: show(tally.spent(window, now)),
        available: limit.map(|limit| show(limit.saturating_sub(tally.used(window, now)))),
        window: counter.window.word(),
    }
}
