//! Another policy takes over, with the history as it is, or is refused.

use super::Engine;
use crate::faults::fault;
use crate::json::Json;
use crate::judge::counters;
use crate::ledger::key;
use crate::policy::{Policy, PolicyError};
use crate::reply::Reply;

impl Engine {
    /// A new policy takes over with the history as it is, here where all cells are. On a store it takes
    /// [`Engine::reload`], which is given them.
    pub(super) fn replace_policy(&mut self, event: &Json) -> Reply {
        let refused = |message: &str| {
            let errors = vec![PolicyError { path: String::new(), message: message.to_owned() }];
            Reply::Policy { ok: false, policy: self.policy.hash.clone(), errors }
        };
        match event.get("document") {
            None => refused("`document` is missing"),
            Some(_) if !self.whole => refused("on a store a policy is replaced by `reload`, which is given the cells"),
            Some(document) => self.replace(document),
        }
    }

    /// A new policy takes over on a store. `cells` are all that begin with [`key::BUDGETS`] or [`key::LATEST`], as the
    /// store has them: what was spent under a key that changes is seen there, and nowhere else.
    ///
    /// # Errors
    /// One sentence, if a cell is damaged; the old policy stays.
    pub fn reload<'a>(
        &mut self,
        document: &Json,
        cells: impl IntoIterator<Item = (&'a str, u64, Option<&'a str>)>,
    ) -> Result<Reply, String> {
        let loaded = cells.into_iter().try_for_each(|(name, version, text)| self.ledger.load(name, version, text));
        let reply = loaded.map(|()| self.replace(document));
        self.forget();
        reply
    }

    /// One that gives a counter other keys would forget what was spent, and is refused while something was.
    fn replace(&mut self, document: &Json) -> Reply {
        let refused = |policy: &Policy, errors| Reply::Policy { ok: false, policy: policy.hash.clone(), errors };
        match Policy::read(document) {
            Err(errors) => refused(&self.policy, errors),
            Ok(new) => match self.forgotten(&new) {
                errors if errors.is_empty() || fault!("reload-forgets") => {
                    let mut new = new;
                    new.approvals.secrets = std::mem::take(&mut self.policy.approvals.secrets);
                    self.policy = new;
                    if let Some(auditor) = &mut self.auditor {
                        auditor.document = document.canonical();
                    }
                    Reply::Policy { ok: true, policy: self.policy.hash.clone(), errors }
                }
                errors => refused(&self.policy, errors),
            },
        }
    }

    fn forgotten(&self, new: &Policy) -> Vec<PolicyError> {
        let (old, new) = (counted(&self.policy), counted(new));
        let changed = old.into_iter().filter(|(what, by)| new.iter().any(|(same, other)| same == what && other != by));
        changed
            .filter(|(_, by)| self.ledger.has_below(&by.prefix))
            .map(|((section, name, _), _)| PolicyError {
                path: String::from(section),
                message: format!(
                    "`{name}` counts by another window, unit or key now, and would forget what was spent; give it a new name"
                ),
            })
            .collect()
    }
}

/// What a counter counts by, and where its cells are.
#[derive(PartialEq, Eq)]
struct CountedBy {
    prefix: String,
    /// Whose counters they are, where the prefix doesn't say so.
    per: String,
}

/// The counters of a policy, by section, name and kind.
fn counted(policy: &Policy) -> Vec<((&'static str, String, &'static str), CountedBy)> {
    let by = |prefix: String| CountedBy { prefix, per: String::new() };
    let budgets = policy
        .budgets
        .iter()
        .map(|budget| (("budgets", budget.counter.name.clone(), "sum"), by(counters::budget_prefix(budget))));
    let counts =
        policy.rates.iter().filter(|pace| pace.max.is_some()).map(|pace| {
            (("rates", pace.counter.name.clone(), "count"), by(counters::cell_prefix(&pace.counter, "count")))
        });
    let gaps = policy.rates.iter().filter(|pace| pace.min_gap.is_some()).map(|pace| {
        let per = pace.counter.per.iter().map(|per| per.word()).collect::<Vec<_>>().join("+");
        let prefix = key::latest(&pace.counter.name, "");
        (("rates", pace.counter.name.clone(), "gap"), CountedBy { prefix, per })
    });
    budgets.chain(counts).chain(gaps).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't read its own policy has failed")]
mod tests {
    use super::*;
    use crate::json::parse;
    use crate::reply::text;

    fn document(budget: &str, rate: &str) -> Json {
        parse(&format!(
            r#"{{"payment":{{"max_usd":"1"}},"budgets":[{{"name":"daily","limit_usd":"5",{budget}}}],
                "rates":[{{"name":"calm","min_gap":"1h",{rate}}}]}}"#
        ))
        .unwrap()
    }

    const SPENT: (&str, u64, Option<&str>) = ("budget/daily/1d/usd/agent=a", 7, Some(r#"{"budget":{"h":"5","s":""}}"#));
    const LATEST: (&str, u64, Option<&str>) = ("latest/calm/a", 8, Some(r#"{"latest":1}"#));

    fn reload(budget: &str, rate: &str, cells: &[(&'static str, u64, Option<&'static str>)]) -> (bool, String, bool) {
        let old = Policy::read(&document(r#""window":"24h","per":"agent""#, r#""per":"agent""#)).unwrap();
        let before = old.hash.clone();
        let mut engine = Engine::of_store(old, "");
        match engine.reload(&document(budget, rate), cells.iter().copied()).unwrap() {
            Reply::Policy { ok, errors, .. } => {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                (ok, errors.join("\n"), engine.policy().hash == before)
            }
            _ => (false, String::from("no policy"), false),
        }
    }

    #[test]
    fn a_reload_on_a_store_keeps_the_history_or_is_refused() {
        let (same, other) = (r#""window":"24h","per":"agent""#, r#""window":"12h","per":"agent""#);
        let (calm, hasty) = (r#""per":"agent""#, r#""per":"vendor""#);
        // Another limit is another policy with the same counters.
        let raised = r#""window":"24h","per":"agent","when":{"methods":["GET"]}"#;
        assert_eq!(reload(raised, calm, &[SPENT, LATEST]), (true, String::new(), false));
        // Another window would forget what was spent, if anything was.
        assert_eq!(reload(other, calm, &[]), (true, String::new(), false));
        let (ok, errors, stays) = reload(other, calm, &[SPENT]);
        assert!(!ok && stays && errors.starts_with("budgets: `daily` counts by another window"), "{errors}");
        // Another key of a gap would forget the latest payment.
        assert_eq!(reload(same, hasty, &[SPENT]), (true, String::new(), false));
        let (ok, errors, stays) = reload(same, hasty, &[SPENT, LATEST]);
        assert!(!ok && stays && errors.starts_with("rates: `calm` counts by another window"), "{errors}");
        // A broken one.
        let (ok, errors, stays) = reload(r#""window":"24hh""#, calm, &[SPENT]);
        assert!(!ok && stays && errors.contains("budgets[0].window"), "{errors}");
    }

    #[test]
    fn a_store_is_not_asked_by_event() {
        let mut engine =
            Engine::of_store(Policy::read(&document(r#""window":"24h""#, r#""per":"agent""#)).unwrap(), "");
        let reply = text(&engine.line(r#"{"type":"policy","document":{"payment":{"max_usd":"9"}}}"#, None));
        assert!(reply.contains(r#""ok":false"#) && reply.contains("reload"), "{reply}");
    }

    #[test]
    fn a_damaged_cell_stops_a_reload() {
        let mut engine =
            Engine::of_store(Policy::read(&document(r#""window":"24h""#, r#""per":"agent""#)).unwrap(), "");
        let before = engine.policy().hash.clone();
        let damaged = [("budget/daily/24h/usd/*=", 1, Some("{}"))];
        assert!(engine.reload(&document(r#""window":"day""#, r#""per":"agent""#), damaged).is_err());
        assert_eq!(engine.policy().hash, before);
    }
}
