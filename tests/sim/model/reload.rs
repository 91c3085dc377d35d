//! Another policy takes over, with the history as it is, or is refused: a counter whose key changes would forget what
//! was spent.

use tollwarden::policy::PolicyError;

use super::super::rules::{Key, Rules};
use super::counters::Unit;
use super::judge::unit;
use super::{Check, Model, trouble};

/// Whether a change has to be refused, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    Never,
    /// Something was counted there, and nothing of it counts any more.
    May,
    Must,
}

impl Model {
    pub fn reload(&mut self, rules: &Rules, taken: bool, errors: &[PolicyError]) -> Check {
        let refusal = self.refusal(rules);
        if taken && refusal == Refusal::Must {
            return trouble("spend forgotten", format!("{rules:?} was taken"));
        }
        if !taken && refusal == Refusal::Never {
            return trouble("reload", format!("{rules:?} was refused: {errors:?}"));
        }
        if taken {
            self.rules = rules.clone();
        }
        Ok(())
    }

    fn refusal(&self, rules: &Rules) -> Refusal {
        let mut refusal = Refusal::Never;
        for old in &self.rules.budgets {
            let new = rules.budgets.iter().find(|new| new.key.name == old.key.name);
            if new.is_some_and(|new| new.key != old.key || unit(new) != unit(old)) {
                refusal = refusal.max(self.forgets(&old.key, unit(old)));
            }
        }
        for old in &self.rules.rates {
            let Some(new) = rules.rates.iter().find(|new| new.key.name == old.key.name) else { continue };
            if old.max.is_some() && new.max.is_some() && new.key != old.key {
                refusal = refusal.max(self.forgets(&old.key, Unit::Payments));
            }
            if old.gap.is_some() && new.gap.is_some() && new.key.whose() != old.key.whose() {
                let latest = self.latest.iter().filter(|((name, _), _)| *name == old.key.name).map(|(_, at)| *at).max();
                let running = latest.is_some_and(|at| at + old.gap.unwrap_or(0) > self.clock);
                refusal = refusal.max(match latest {
                    None => Refusal::Never,
                    Some(_) if running => Refusal::Must,
                    Some(_) => Refusal::May,
                });
            }
        }
        refusal
    }

    fn forgets(&self, key: &Key, unit: Unit) -> Refusal {
        let mut refusal = Refusal::Never;
        for (place, counter) in self.counters.iter().enumerate() {
            if counter.key == *key && counter.unit == unit {
                let counts = self.used(Some(place), self.clock).low() > 0;
                refusal = refusal.max(if counts { Refusal::Must } else { Refusal::May });
            }
        }
        refusal
    }
}
