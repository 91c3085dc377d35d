//! Which facts a policy asks for: the wrapper looks up those, and no others.

use super::Policy;
use super::when::When;

impl Policy {
    /// The names of the facts that can bear on a decision by this policy, sorted; empty if none can.
    #[must_use]
    pub fn facts(&self) -> Vec<&'static str> {
        let wanted = &self.counterparty;
        let counters = self.budgets.iter().map(|b| &b.counter).chain(self.rates.iter().map(|p| &p.counter));
        let conditions = counters.map(|counter| &counter.when).chain(self.rules.iter().map(|rule| &rule.when));
        let conditions: Vec<&When> = conditions.flatten().collect();
        let risk = conditions.iter().any(|when| when.min_risk.is_some());
        let first = conditions.iter().any(|when| when.first_payment.is_some());
        let contract = !wanted.allow_contracts || wanted.require_verified;
        [
            ("payee_contract_verified", wanted.require_verified),
            ("payee_is_contract", contract),
            (
                "payee_prior_payments",
                first || wanted.min_prior_payments.is_some() || self.payment.max_first_usd.is_some(),
            ),
            ("payee_risk", risk || wanted.max_risk.is_some()),
            ("payee_wallet_age_days", wanted.min_wallet_age_days.is_some()),
        ]
        .into_iter()
        .filter_map(|(fact, asked)| asked.then_some(fact))
        .collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that can't read its own policy has failed")]
mod tests {
    use super::*;

    fn facts(members: &str) -> Vec<&'static str> {
        let text = format!(r#"{{"payment":{{"max_usd":"1"}}{members}}}"#);
        Policy::read(&crate::json::parse(&text).unwrap()).unwrap().facts()
    }

    #[test]
    fn a_policy_asks_for_what_can_bear_on_it() {
        assert_eq!(facts(""), Vec::<&str>::new());
        assert_eq!(facts(r#","counterparty":{"allow_contracts":true,"on_missing":"deny"}"#), Vec::<&str>::new());
        assert_eq!(facts(r#","counterparty":{"allow_contracts":false}"#), ["payee_is_contract"]);
        assert_eq!(
            facts(r#","counterparty":{"require_verified":true,"min_wallet_age_days":1}"#),
            ["payee_contract_verified", "payee_is_contract", "payee_wallet_age_days"]
        );
        assert_eq!(
            facts(r#","rules":[{"name":"r","when":{"min_risk":"high","first_payment":true},"then":"deny"}]"#),
            ["payee_prior_payments", "payee_risk"]
        );
        assert_eq!(
            facts(r#","budgets":[{"name":"b","limit_usd":"1","window":"day","when":{"min_risk":"low"}}]"#),
            ["payee_risk"]
        );
    }
}
