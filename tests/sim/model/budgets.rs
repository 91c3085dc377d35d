//! What is left of each counter, as `budgets` tells it: limit = available + held + spent.

use tollwarden::decision::BudgetLine;

use super::super::event::ASSETS;
use super::super::rules::Limit;
use super::counters::{Unit, period};
use super::judge::unit;
use super::money::read_dollars;
use super::{Check, Model, trouble};

impl Model {
    pub fn budgets(&self, at: u64, lines: &[BudgetLine]) -> Check {
        let now = self.clock.max(at);
        for line in lines {
            self.line(line, now)?;
        }
        // What is counted is told.
        for counter in &self.counters {
            let Some(budget) = self.rules.budgets.iter().find(|budget| budget.key == counter.key) else { continue };
            let current = unit(budget) == counter.unit && period(counter.key.window, now) == counter.period;
            let used = self.used(self.counter(&counter.key, counter.unit, &counter.scope, now), now);
            let told = lines.iter().any(|line| line.name == counter.key.name && line.key == counter.scope);
            if current && used.low() > 0 && !told {
                return trouble("lost", format!("`{}` of {} is not told", counter.key.name, counter.scope));
            }
        }
        Ok(())
    }

    fn line(&self, line: &BudgetLine, now: u64) -> Check {
        let Some(budget) = self.rules.budgets.iter().find(|budget| budget.key.name == line.name) else {
            return trouble("budgets", format!("{line:?} is of no budget"));
        };
        let (unit, limit) = match budget.limit {
            Limit::Usd(limit) => (Unit::Dollars, Some(limit)),
            Limit::Units(limit, asset) => (Unit::Units(asset), Some(limit)),
            Limit::None => (Unit::Dollars, None),
        };
        let read = |text: &str| match unit {
            Unit::Dollars => read_dollars(text),
            _ => text.parse().ok(),
        };
        let wanted_unit = match unit {
            Unit::Units(asset) => format!("{}/{}", ASSETS[asset].network, ASSETS[asset].address),
            _ => String::from("usd"),
        };
        let (Some(held), Some(spent)) = (read(&line.held), read(&line.spent)) else {
            return trouble("negative", format!("{line:?} is not in amounts"));
        };
        let used = self.used(self.counter(&budget.key, unit, &line.key, now), now);
        if line.unit != wanted_unit || held != used.held {
            return trouble("held", format!("{line:?}, where {} is held", used.held));
        }
        if spent < used.exact {
            return trouble("spend lost", format!("{line:?}, where {} was spent", used.exact));
        }
        if spent > used.most {
            return trouble("too strict", format!("{line:?}, where at most {} counts", used.most));
        }
        let available = line.available.as_deref().map(read);
        let left = limit.map(|limit| Some(limit.saturating_sub(held + spent)));
        match line.limit.as_deref().map(read) == limit.map(Some) && available == left {
            true => Ok(()),
            false => trouble("conservation", format!("{line:?}: limit = available + held + spent does not hold")),
        }
    }
}
