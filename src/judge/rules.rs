//! The policy's own rules. What a rule can't know counts against the payment: a deny hears it as true, an allow as false.

use super::limits::{at_least, at_most, largest};
use super::{Case, Denial, Findings};
use crate::money::Usd;
use crate::policy::Rule;
use crate::policy::when::{Asked, When};
use crate::policy::words::Then;
use crate::reason::Reason;

/// Hears them: those that can speak of the agent's payments, or all where somebody wants to know what each one saw.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    let (asked, wants_all) = (case.asked(), findings.recorder.is_on());
    let mut spoken_for = false;
    let hear = |rule: &Rule| spoken_for |= speaks_for(case, &asked, rule, findings);
    if wants_all {
        case.policy.rules.iter().for_each(hear);
    } else {
        case.policy.rules.about(asked.agent).for_each(hear);
    }
    if case.policy.deny_unmatched {
        findings.saw("unmatched", || match spoken_for {
            true => String::from("a rule allows it"),
            false => String::from("no rule allows it"),
        });
    }
    if case.policy.deny_unmatched && !spoken_for {
        let message = String::from("no rule allows it, and `unmatched` is deny");
        findings.deny(7, Reason::NotAllowedByRule, String::new(), message, Some("unmatched"));
        if let Some(denial) = findings.denials.last_mut() {
            denial.most = allowed_amount(case);
        }
    }
}

/// What one rule says to the payment. Whether it speaks for it.
fn speaks_for(case: &Case<'_>, asked: &Asked<'_>, rule: &Rule, findings: &mut Findings) -> bool {
    let unknown = rule.then != Then::Allow;
    if let Some(condition) = rule.when.as_ref().and_then(|when| when.fails(asked, unknown)) {
        findings.skip(&rule.name, || format!("`when.{condition}` does not hold"));
        edges(case, findings, &rule.name, rule.when.as_ref());
        return false;
    }
    match rule.then {
        Then::Allow => findings.spoke(&rule.name, || String::from("speaks of it")),
        _ => findings.saw(&rule.name, || String::from("speaks of it")),
    }
    edges(case, findings, &rule.name, rule.when.as_ref());
    match rule.then {
        Then::Allow => return true,
        Then::Flag => findings.flags.push(rule.name.clone()),
        Then::RequireApproval => {
            findings.approvals.push((rule.name.clone(), format!("`{}` wants people to decide", rule.name)));
        }
        Then::Deny => findings.denials.push(denial(case, rule)),
    }
    false
}

/// Notes whether the payment just meets the figures of conditions whose other members hold, or just misses them.
pub(super) fn edges(case: &Case<'_>, findings: &mut Findings, name: &str, when: Option<&When>) {
    let Some(when) = when else { return };
    let rest = || When { min_usd: None, max_usd: None, ..when.clone() }.covers(&case.asked(), true);
    let least = || when.min_usd.filter(|_| rest()).and_then(|least| at_least(case, least));
    let most = || when.max_usd.filter(|_| rest()).and_then(|most| at_most(case, most));
    findings.recorder.edge(least, || format!("{name}.when.min_usd"));
    findings.recorder.edge(most, || format!("{name}.when.max_usd"));
}

fn denial(case: &Case<'_>, rule: &Rule) -> Denial {
    let when = rule.when.as_ref();
    // Less than the least that the rule speaks of.
    let below = when.and_then(|when| when.min_usd).and_then(|least| least.checked_sub(Usd::new(1)));
    let retry = when.and_then(|when| when.hours.next_outside(case.now));
    Denial {
        step: 7,
        reason: Reason::DeniedByRule,
        field: String::new(),
        message: format!("`{}` denies it", rule.name),
        rule: Some(rule.name.clone()),
        most: below.and_then(|below| largest(below, case.price)),
        retry,
        delay: false,
    }
}

/// The largest amount that any rule that allows would speak for, if it spoke of the rest.
fn allowed_amount(case: &Case<'_>) -> Option<crate::money::Amount> {
    let caps = case.policy.rules.iter().filter(|rule| rule.then == Then::Allow);
    caps.filter_map(|rule| rule.when.as_ref().and_then(|when| when.max_usd))
        .filter_map(|usd| largest(usd, case.price))
        .max()
}
