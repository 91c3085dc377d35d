//! What has to be known of who is paid. A fact that is asked for and missing denies, unless the policy says otherwise.

use super::{Case, Findings};
use crate::reason::Reason;
use crate::trace::floor;

/// What is known of the payee where a fact is asked for.
enum Known {
    /// It is as the policy asks.
    Good,
    /// It is not, and why.
    Bad(String),
    /// The named fact is missing.
    Missing(&'static str),
}

/// Hears them.
pub(super) fn hear(case: &Case<'_>, findings: &mut Findings) {
    let (wanted, facts) = (&case.policy.counterparty, &case.request.facts);
    if !wanted.allow_contracts {
        let known = match facts.payee_is_contract {
            None => Known::Missing("payee_is_contract"),
            Some(true) => Known::Bad(String::from("a contract")),
            Some(false) => Known::Good,
        };
        findings.saw("counterparty.allow_contracts", || said("a contract", facts.payee_is_contract));
        judge(case, findings, "counterparty.allow_contracts", known);
    }
    if wanted.require_verified {
        let known = match (facts.payee_is_contract, facts.payee_contract_verified) {
            (Some(false), _) | (_, Some(true)) => Known::Good,
            (Some(true), Some(false)) | (None, Some(false)) => {
                Known::Bad(String::from("a contract that is not verified"))
            }
            (None, None) => Known::Missing("payee_is_contract"),
            (Some(true), None) => Known::Missing("payee_contract_verified"),
        };
        findings.saw("counterparty.require_verified", || {
            let (contract, verified) = (facts.payee_is_contract, facts.payee_contract_verified);
            format!("{}; {}", said("a contract", contract), said("verified", verified))
        });
        judge(case, findings, "counterparty.require_verified", known);
    }
    if let Some(least) = wanted.min_wallet_age_days {
        let known = match facts.payee_wallet_age_days {
            None => Known::Missing("payee_wallet_age_days"),
            Some(age) if age < least => Known::Bad(format!("a wallet of {age} days, younger than {least}")),
            Some(_) => Known::Good,
        };
        findings.saw("counterparty.min_wallet_age_days", || match facts.payee_wallet_age_days {
            Some(age) => format!("a wallet of {age} days; {least} are the least"),
            None => String::from("how old the wallet is is not known"),
        });
        let side = || facts.payee_wallet_age_days.and_then(|age| floor(age.into(), least.into()));
        findings.recorder.edge(side, || String::from("counterparty.min_wallet_age_days"));
        judge(case, findings, "counterparty.min_wallet_age_days", known);
    }
    if let Some(least) = wanted.min_prior_payments {
        let prior = case.prior_payments;
        let known = match prior < least {
            true => Known::Bad(format!("paid {prior} times before, less than {least}")),
            false => Known::Good,
        };
        findings.saw("counterparty.min_prior_payments", || format!("paid {prior} times before; {least} are the least"));
        let side = || floor(prior.into(), least.into());
        findings.recorder.edge(side, || String::from("counterparty.min_prior_payments"));
        judge(case, findings, "counterparty.min_prior_payments", known);
    }
    if let Some(most) = wanted.max_risk {
        let known = match facts.payee_risk {
            None => Known::Missing("payee_risk"),
            Some(risk) if risk > most => Known::Bad(format!("a risk of {}, more than {}", risk.word(), most.word())),
            Some(_) => Known::Good,
        };
        findings.saw("counterparty.max_risk", || match facts.payee_risk {
            Some(risk) => format!("a risk of {}; {} is the most", risk.word(), most.word()),
            None => String::from("how risky the payee is is not known"),
        });
        judge(case, findings, "counterparty.max_risk", known);
    }
}

fn judge(case: &Case<'_>, findings: &mut Findings, rule: &str, known: Known) {
    match known {
        Known::Good => {}
        Known::Missing(_) if case.policy.counterparty.let_missing_pass => {}
        Known::Missing(fact) => {
            let message = format!("`{fact}` is not known of `{}`", case.terms.pay_to);
            findings.deny(5, Reason::FactMissing, format!("facts.{fact}"), message, Some(rule));
        }
        Known::Bad(what) => {
            let message = format!("`{}` is {what}", case.terms.pay_to);
            findings.deny(5, Reason::CounterpartyNotAllowed, case.field("payTo"), message, Some(rule));
        }
    }
}

/// A fact as a person reads it, for a trace.
fn said(what: &str, fact: Option<bool>) -> String {
    match fact {
        Some(true) => what.to_owned(),
        Some(false) => format!("not {what}"),
        None => format!("whether it is {what} is not known"),
    }
}
