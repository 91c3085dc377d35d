//! The policy's own rules. What a rule can't know counts against the payment: a deny hears it as true, an allow as false.

use super::limits::largest;
use super::{Case, Denial, Findings};
use crate::money::Usd;
use crate::policy::Rule;
use crate::policy::words::Then;
use crate::reason::Reason;

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    let asked = case.asked();
    let mut spoken_for = false;
    for rule in &case.policy.rules {
        let unknown = rule.then != Then::Allow;
        if !rule.when.as_ref().is_none_or(|when| when.covers(&asked, unknown)) {
            continue;
        }
        match rule.then {
            Then::Allow => spoken_for = true,
            Then::Flag => findings.flags.push(rule.name.clone()),
            Then::RequireApproval => {
                findings.approvals.push((rule.name.clone(), format!("`{}` wants people to decide", rule.name)));
            }
            Then::Deny => findings.denials.push(denial(case, rule)),
        }
    }
    if case.policy.deny_unmatched && !spoken_for {
        let message = String::from("no rule allows it, and `unmatched` is deny");
        findings.deny(7, Reason::NotAllowedByRule, String::new(), message, Some("unmatched"));
        if let Some(denial) = findings.denials.last_mut() {
            denial.most = allowed_amount(case);
        }
    }
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
