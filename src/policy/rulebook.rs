//! The policy's own rules, and which of them can speak of an agent's payments. Most rules of a long policy name their
//! agents: those of others are not even looked at, so that a thousand of them cost a decision nothing.

use std::ops::Deref;

use super::Rule;
use crate::order::sorted;

/// The rules, in the order of the document.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    rules: Vec<Rule>,
    /// The places of those that name no agent, or some by pattern.
    of_any: Vec<usize>,
    /// The places of the others under each agent that they name: by name, and then by place.
    of_one: Vec<(String, usize)>,
}

impl RuleBook {
    /// Sorts them by the agents that they name.
    #[must_use]
    pub fn of(rules: Vec<Rule>) -> Self {
        let (mut of_any, mut of_one) = (Vec::new(), Vec::new());
        for (place, rule) in rules.iter().enumerate() {
            let agents = rule.when.as_ref().and_then(|when| when.agents.as_ref());
            match agents.and_then(|agents| agents.listed()) {
                Some(names) => of_one.extend(names.iter().map(|name| (name.clone(), place))),
                None => of_any.push(place),
            }
        }
        // Places of one name stay in their order.
        let of_one = sorted(of_one, |a: &(String, usize), b| a.0.cmp(&b.0));
        Self { rules, of_any, of_one }
    }

    /// The rules that can speak of this agent's payments, in the order of the document. The rest of their conditions are
    /// still to be asked; whatever is not among them does not speak of the payment.
    pub fn about(&self, agent: &str) -> impl Iterator<Item = &Rule> {
        let [from, to] = [false, true]
            .map(|with| self.of_one.partition_point(|(name, _)| name.as_str() < agent || (with && name == agent)));
        let (mut own, mut any) = (self.of_one.get(from..to).unwrap_or_default(), self.of_any.as_slice());
        std::iter::from_fn(move || {
            let place = match (own, any) {
                ([(_, one), rest @ ..], others) if others.first().is_none_or(|other| one < other) => {
                    own = rest;
                    one
                }
                (_, [other, rest @ ..]) => {
                    any = rest;
                    other
                }
                (_, []) => return None,
            };
            self.rules.get(*place)
        })
    }
}

impl Deref for RuleBook {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't read its own policy has failed")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::parse;
    use crate::policy::Policy;

    /// A policy with a rule for each list of agents; nothing for a rule that names none.
    fn book(agents: &[Option<Vec<&str>>]) -> RuleBook {
        let rules = agents.iter().enumerate().map(|(n, names)| match names {
            Some(names) => format!(r#"{{"name":"r{n}","then":"flag","when":{{"agents":{names:?}}}}}"#),
            None => format!(r#"{{"name":"r{n}","then":"flag","when":{{"min_usd":"1"}}}}"#),
        });
        let text = format!(r#"{{"payment":{{"max_usd":"1"}},"rules":[{}]}}"#, rules.collect::<Vec<_>>().join(","));
        Policy::read(&parse(&text).unwrap()).unwrap().rules
    }

    fn names<'a>(rules: impl Iterator<Item = &'a Rule>) -> Vec<&'a str> {
        rules.map(|rule| rule.name.as_str()).collect()
    }

    proptest! {
        #[test]
        fn whoever_asks_hears_the_rules_that_can_speak_of_it_in_their_order(
            agents in proptest::collection::vec(
                proptest::option::of(proptest::collection::vec(prop::sample::select(vec!["a", "b", "c", "d*", "?"]), 1..4)),
                0..12,
            ),
            agent in prop::sample::select(vec!["", "a", "b", "c", "d", "dd", "z"]),
        ) {
            let book = book(&agents);
            let heard = names(book.about(agent));
            let can_speak = |rule: &&Rule| {
                let listed = rule.when.as_ref().and_then(|when| when.agents.as_ref());
                listed.is_none_or(|agents| agents.listed().is_none() || agents.covers(agent))
            };
            prop_assert_eq!(heard, names(book.iter().filter(can_speak)));
        }
    }

    #[test]
    fn the_rules_of_others_are_not_looked_at() {
        let book = book(&[Some(vec!["b", "a"]), None, Some(vec!["b"]), Some(vec!["b*"]), Some(vec!["a", "z"])]);
        assert_eq!(names(book.about("a")), ["r0", "r1", "r3", "r4"]);
        assert_eq!(names(book.about("b")), ["r0", "r1", "r2", "r3"]);
        assert_eq!(names(book.about("nobody")), ["r1", "r3"]);
        assert_eq!(names(book.iter()), ["r0", "r1", "r2", "r3", "r4"]);
    }
}
