//! The caps on a single payment, and the figure from which people decide.

use super::{Case, Denial, Findings};
use crate::money::{Amount, Usd, largest_within};
use crate::policy::Price;
use crate::reason::Reason;

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    let Some(usd) = case.usd else { return };
    let payment = &case.policy.payment;
    let first = payment.max_first_usd.filter(|_| case.prior_payments == 0);
    let caps = [
        (case.request.max_usd, "maxUsd", Reason::CallerLimit),
        (payment.max_usd, "payment.max_usd", Reason::PaymentTooLarge),
        (first, "payment.max_first_usd", Reason::PaymentTooLarge),
    ];
    for (cap, rule, reason) in caps {
        let Some(most) = cap.filter(|most| usd > *most) else { continue };
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
    if let Some(from) = payment.approve_from_usd.filter(|from| usd >= *from) {
        let message = format!("{usd} USD; from {from} USD on people decide");
        findings.approvals.push((String::from("payment.approve_from_usd"), message));
    }
}

/// The largest amount within a limit in US dollars.
pub(super) fn largest(limit: Usd, price: Option<&Price>) -> Option<Amount> {
    price.and_then(|price| price.usd.map(|rate| largest_within(limit, price.decimals, rate)))
}
