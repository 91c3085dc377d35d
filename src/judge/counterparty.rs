//! What has to be known of who is paid. A fact that is asked for and missing denies, unless the policy says otherwise.

use super::{Case, Findings};
use crate::reason::Reason;

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    let (wanted, facts) = (&case.policy.counterparty, &case.request.facts);
    let mut missing = |fact: &str, rule: &str| {
        if !wanted.let_missing_pass {
            let message = format!("`{fact}` is not known of `{}`", case.terms.pay_to);
            findings.deny(5, Reason::FactMissing, format!("facts.{fact}"), message, Some(rule));
        }
    };
    let mut denied = Vec::new();
    if !wanted.allow_contracts {
        match facts.payee_is_contract {
            None => missing("payee_is_contract", "counterparty.allow_contracts"),
            Some(true) => denied.push(("counterparty.allow_contracts", String::from("a contract"))),
            Some(false) => {}
        }
    }
    if wanted.require_verified {
        match (facts.payee_is_contract, facts.payee_contract_verified) {
            (Some(false), _) | (_, Some(true)) => {}
            (Some(true), Some(false)) | (None, Some(false)) => {
                denied.push(("counterparty.require_verified", String::from("a contract that is not verified")));
            }
            (None, None) => missing("payee_is_contract", "counterparty.require_verified"),
            (Some(true), None) => missing("payee_contract_verified", "counterparty.require_verified"),
        }
    }
    if let Some(least) = wanted.min_wallet_age_days {
        match facts.payee_wallet_age_days {
            None => missing("payee_wallet_age_days", "counterparty.min_wallet_age_days"),
            Some(age) if age < least => {
                denied.push((
                    "counterparty.min_wallet_age_days",
                    format!("a wallet of {age} days, younger than {least}"),
                ));
            }
            Some(_) => {}
        }
    }
    if let Some(least) = wanted.min_prior_payments.filter(|least| case.prior_payments < *least) {
        let message = format!("paid {} times before, less than {least}", case.prior_payments);
        denied.push(("counterparty.min_prior_payments", message));
    }
    if let Some(most) = wanted.max_risk {
        match facts.payee_risk {
            None => missing("payee_risk", "counterparty.max_risk"),
            Some(risk) if risk > most => {
                denied.push(("counterparty.max_risk", format!("a risk of {}, more than {}", risk.word(), most.word())));
            }
            Some(_) => {}
        }
    }
    for (rule, what) in denied {
        let message = format!("`{}` is {what}", case.terms.pay_to);
        findings.deny(5, Reason::CounterpartyNotAllowed, case.field("payTo"), message, Some(rule));
    }
}
