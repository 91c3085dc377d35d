//! What is left of each budget.

use std::collections::BTreeMap;

use super::{Engine, Reply, error_reply};
use crate::decision::BudgetLine;
use crate::json::Json;
use crate::judge::counters;
use crate::ledger::key;
use crate::ledger::working::Missing;
use crate::policy::Limit;
use crate::policy::words::Per;
use crate::request;
use crate::time::Millis;

impl Engine {
    /// What is left of each counter that is here, and of those that the named agent, session and client would use.
    pub(super) fn budgets(&mut self, event: &Json, at: Millis) -> Reply {
        let mut names = BTreeMap::new();
        for (per, member) in [(Per::Agent, "agent"), (Per::Session, "session"), (Per::Client, "client")] {
            match request::name(event, member) {
                Ok(name) if event.get(member).is_some() => drop(names.insert(per, key::escape(&name))),
                Ok(_) => {}
                Err(refusal) => return error_reply("malformed_event", format!("`{member}`: {}", refusal.message)),
            }
        }
        names.insert(Per::All, String::from("*"));
        let mut work = self.ledger.begin(at);
        let now = match work.need([key::CLOCK]).and_then(|()| work.time(at)) {
            Ok(now) => now,
            Err(Missing(missing)) => return Reply::Missing { missing },
        };
        let mut lines = Vec::new();
        for budget in &self.policy.budgets {
            let prefix = counters::budget_prefix(budget);
            let per = budget.counter.per.as_slice();
            let named: Option<Vec<&String>> = per.iter().map(|per| names.get(per)).collect();
            let named = named.map(|parts| parts.into_iter().cloned().collect::<Vec<_>>().join(","));
            let Some(period) = counters::period(&budget.counter, now) else { continue };
            let present = self.ledger.tallies(now).filter_map(|(name, tally)| {
                let scope = name.strip_prefix(&prefix)?.strip_suffix(&period)?;
                (!scope.contains('/')).then(|| (scope.to_owned(), tally.clone()))
            });
            let mut counters: BTreeMap<String, _> = present.filter(|(scope, _)| concerns(per, scope, &names)).collect();
            if let Some(scope) = named {
                counters.entry(scope).or_default();
            }
            lines.extend(counters.into_iter().map(|(scope, tally)| line(budget, &scope, &tally, now)));
        }
        Reply::Budgets { budgets: lines }
    }
}

/// Whether a counter belongs to those that were named; who isn't named isn't asked for.
fn concerns(per: &[Per], scope: &str, names: &BTreeMap<Per, String>) -> bool {
    per.iter().zip(scope.split(',')).all(|(per, value)| names.get(per).is_none_or(|name| name == value))
}

fn line(budget: &crate::policy::Budget, scope: &str, tally: &crate::ledger::tally::Tally, now: Millis) -> BudgetLine {
    let (unit, limit, usd) = match &budget.limit {
        Some(Limit::Usd(limit)) => (String::from("usd"), Some(limit.get()), true),
        Some(Limit::Asset(limit, asset)) => (asset.to_string(), Some(limit.get()), false),
        None => (String::from("usd"), None, true),
    };
    let counter = &budget.counter;
    let window = counter.window.counting();
    let show = |units: u128| if usd { crate::money::Usd::new(units).to_string() } else { units.to_string() };
    BudgetLine {
        name: counter.name.clone(),
        key: scope.to_owned(),
        unit,
        limit: limit.map(show),
        held: show(tally.held),
        spent: show(tally.spent(window, now)),
        available: limit.map(|limit| show(limit.saturating_sub(tally.used(window, now)))),
        window: counter.window.word(),
    }
}
