//! What things cost: a price may not drift from its reference, nor the money's address from the one first paid. The
//! reference is set by a payment that was allowed, never by an offer that was refused, and does not move: a ramp is
//! caught however slow it is.

use super::limits::largest;
use super::{Case, Denial, Findings};
use crate::ledger::cells::Cell;
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::money::{Amount, Usd};
use crate::policy::words::OnChange;
use crate::reason::Reason;
use crate::trace::cap;

/// Hundredths of a per cent in the whole.
const WHOLE: u128 = 10_000;

/// Hears them.
pub(super) fn hear(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings) -> Result<(), Missing> {
    if let Some(then) = case.policy.pin {
        pin(case, work, findings, then)?;
    }
    if let Some(drift) = case.policy.prices.max_drift {
        price(case, work, findings, drift)?;
    }
    Ok(())
}

fn pin(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings, then: OnChange) -> Result<(), Missing> {
    let name = key::pin(&case.target.origin(), case.terms);
    let first = work.pin(&name)?;
    findings.saw("payees.pin", || match &first {
        None => format!("`{}` for the first time, at `{}`", case.target.origin(), case.terms.pay_to),
        Some(first) => format!("`{}`, first paid at `{first}`", case.terms.pay_to),
    });
    match first {
        None => findings.notes.push((name, Cell::Pin(case.terms.pay_to.clone()), None)),
        Some(first) if first == case.terms.pay_to => {}
        Some(first) => {
            let message =
                format!("`{}` was paid at `{first}`, and now wants `{}`", case.target.origin(), case.terms.pay_to);
            changed(findings, then, ("payees.pin", Reason::PayeeChanged, case.field("payTo")), message, None);
        }
    }
    Ok(())
}

fn price(case: &Case<'_>, work: &mut Working<'_>, findings: &mut Findings, drift: u64) -> Result<(), Missing> {
    let share = WHOLE.saturating_add(u128::from(drift));
    let agreed = case.policy.prices.agreed.iter().find(|(vendors, _)| vendors.covers(case.target)).map(|(_, usd)| *usd);
    let name = key::price(&case.target.endpoint(), case.terms);
    let first = work.price(&name)?;
    let rule = "prices.max_drift_percent";
    let (most, reference) = match (agreed, case.usd, first) {
        (Some(agreed), Some(_), _) => {
            let most = Usd::new(agreed.get().checked_mul(share).map_or(u128::MAX, |scaled| scaled / WHOLE));
            (largest(most, case.price), format!("{agreed} USD were agreed on"))
        }
        // A price in dollars was agreed on, and the asset has none: it can't be met.
        (Some(agreed), None, _) => (Some(Amount::ZERO), format!("{agreed} USD were agreed on")),
        (None, _, Some(first)) => {
            let most = first.get().checked_mul(share).map_or(u128::MAX, |scaled| scaled / WHOLE);
            (Some(Amount::new(most)), format!("the first price here was {first} atomic units"))
        }
        (None, _, None) => {
            findings.saw(rule, || format!("{} atomic units, the first price here", case.terms.amount));
            findings.notes.push((name, Cell::Price(case.terms.amount), None));
            return Ok(());
        }
    };
    findings.saw(rule, || match most {
        Some(most) => format!("{} atomic units, of at most {most}: {reference}", case.terms.amount),
        None => format!("{} atomic units: {reference}", case.terms.amount),
    });
    let side = || most.and_then(|most| cap(case.terms.amount.get(), most.get()));
    findings.recorder.edge(side, || rule.to_owned());
    if most.is_none_or(|most| case.terms.amount > most) {
        let per_cent = Usd::new(u128::from(drift).saturating_mul(10u128.pow(16)));
        let message = format!("{} atomic units: {reference}, and {per_cent} % more is the most", case.terms.amount);
        let place = (rule, Reason::PriceDrift, case.amount_field());
        changed(findings, case.policy.prices.then, place, message, most);
    }
    Ok(())
}

fn changed(
    findings: &mut Findings,
    then: OnChange,
    (rule, reason, field): (&str, Reason, String),
    message: String,
    most: Option<Amount>,
) {
    match then {
        OnChange::Warn => findings.flags.push(rule.to_owned()),
        OnChange::Approve => findings.approvals.push((rule.to_owned(), message)),
        OnChange::Deny => findings.denials.push(Denial {
            step: 6,
            reason,
            field,
            message,
            rule: Some(rule.to_owned()),
            most,
            retry: None,
            delay: false,
        }),
    }
}
