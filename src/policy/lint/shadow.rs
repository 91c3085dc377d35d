//! Rules that others have already said: one for the same payments that is as strict.

use super::{Lint, LintCode, View, add, conditions_of_rule};
use crate::policy::Rule;
use crate::policy::words::Then;

pub(super) fn find(view: &View<'_>, lints: &mut Vec<Lint>) {
    for (place, rule, section) in &view.rules {
        let path = format!("rules[{place}]");
        if rule.then == Then::Allow && !view.policy.deny_unmatched {
            let message =
                format!("`{}` allows, and without `unmatched = \"deny\"` nothing needs to be allowed", rule.name);
            let fix = "set `unmatched` to `deny`, or take the rule out";
            add(lints, LintCode::AllowWithoutEffect, path, message, Some(fix));
            continue;
        }
        let conditions = conditions_of_rule(rule, section);
        let shadow = view.rules.iter().find(|(other_place, other, other_section)| {
            let wider = conditions_of_rule(other, other_section);
            // Of two that say the same, one does matter: the first.
            let first = other.then != rule.then || !wider.within(&conditions) || other_place < place;
            other_place != place && first && says(other.then, rule.then) && conditions.within(&wider)
        });
        if let Some((_, other, _)) = shadow {
            let what = if other.then == rule.then { "the same" } else { "deny" };
            let message = format!("`{}` adds nothing: `{}` says {what} to all its payments", rule.name, other.name);
            add(
                lints,
                LintCode::RuleShadowed,
                path,
                message,
                Some("take it out, or give it the payments that it is for"),
            );
        } else if let Some(message) = by_threshold(view, rule) {
            add(
                lints,
                LintCode::RuleShadowed,
                path,
                message,
                Some("take it out, or give it the payments that it is for"),
            );
        }
    }
}

/// Whether a rule leaves nothing to say to another. A flag marks with its own name, what people approve too, and an allow
/// still speaks for that: only a denial leaves nothing.
fn says(other: Then, this: Then) -> bool {
    other == Then::Deny || (other == this && this != Then::Flag)
}

fn by_threshold(view: &View<'_>, rule: &Rule) -> Option<String> {
    let from = view.policy.payment.approve_from_usd?;
    let least = rule.when.as_ref()?.min_usd.filter(|least| *least >= from)?;
    (rule.then == Then::RequireApproval).then(|| {
        format!(
            "`{}` adds nothing: from {from} USD on people are asked anyway, and it begins at {least} USD",
            rule.name
        )
    })
}
