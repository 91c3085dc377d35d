//! The caps on a single payment, and the figure from which people decide.

use super::{Case, Denial, Findings};
use crate::faults::fault;
use crate::money::{Amount, Usd, largest_within};
use crate::policy::Price;
use crate::reason::Reason;
use crate::trace::{Side, cap, floor};

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    let payment = &case.policy.payment;
    let caps = [
        (case.request.max_usd, "maxUsd", Reason::CallerLimit),
        (payment.max_usd, "payment.max_usd", Reason::PaymentTooLarge),
        (payment.max_first_usd, "payment.max_first_usd", Reason::PaymentTooLarge),
    ];
    for (cap, rule, reason) in caps {
        let Some(most) = cap else { continue };
        let Some(usd) = case.usd else {
            findings.skip(rule, || String::from("the asset has no price in US dollars"));
            continue;
        };
        if rule == "payment.max_first_usd" && case.prior_payments > 0 {
            findings.skip(rule, || format!("the address was paid {} times before", case.prior_payments));
            continue;
        }
        findings.saw(rule, || format!("{usd} USD, of at most {most} USD"));
        findings.recorder.edge(|| at_most(case, most), || rule.to_owned());
        if usd <= most && !(usd == most && fault!("cap-at-least")) {
            continue;
        }
        findings.denials.push(Denial {
            step: 6,
            reason,
            field: case.amount_field(),
            message: format!("{usd} USD, more than {most} USD"),
            rule: Some(rule.to_owned()),
            most: largest(most, case.price),
            retry: None,
            delay: false,
        });
    }
    let rule = "payment.approve_from_usd";
    match (payment.approve_from_usd, case.usd) {
        (None, _) => {}
        (Some(_), None) => findings.skip(rule, || String::from("the asset has no price in US dollars")),
        (Some(from), Some(usd)) => {
            let message = || format!("{usd} USD; from {from} USD on people decide");
            findings.saw(rule, message);
            findings.recorder.edge(|| at_least(case, from), || rule.to_owned());
            if usd >= from && !(usd == from && fault!("approve-above")) {
                findings.approvals.push((rule.to_owned(), message()));
            }
        }
    }
}

/// Whether the amount is the largest within a limit in US dollars, or one atomic unit more.
pub(super) fn at_most(case: &Case<'_>, limit: Usd) -> Option<Side> {
    largest(limit, case.price).and_then(|most| cap(case.terms.amount.get(), most.get()))
}

/// Whether the amount is the smallest that is worth a figure in US dollars, or one atomic unit less.
pub(super) fn at_least(case: &Case<'_>, from: Usd) -> Option<Side> {
    let below = largest(from.checked_sub(Usd::new(1))?, case.price)?;
    floor(case.terms.amount.get(), below.get().checked_add(1)?)
}

/// The largest amount within a limit in US dollars.
pub(super) fn largest(limit: Usd, price: Option<&Price>) -> Option<Amount> {
    price.and_then(|price| price.usd.map(|rate| largest_within(limit, price.decimals, rate)))
}
