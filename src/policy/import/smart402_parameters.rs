//! The parameters of smart402's 13 types, one by one.

use super::Level;
use super::draft::{table, text};
use super::names::{Currency, NoNetwork, currency, currency_rows, ids, network, payee};
use super::notes::{NOWHERE, Place, Work};
use super::smart402_hours::{Opening, day, minute};
use crate::json::Json;
use crate::money::Usd;
use crate::words::quoted;

/// The parameters of one policy.
pub(super) struct Parameters<'a> {
    pub kind: &'static str,
    pub at: &'a Place<'a>,
}

impl Parameters<'_> {
    /// Whether anything was there to bring over.
    pub fn bring_over(&self, opening: &mut Opening, work: &mut Work) -> bool {
        match self.kind {
            "max_transaction_amount" => self.cap(work),
            "daily_budget" => self.budget("max_daily", "daily", "24h", work),
            "weekly_budget" => self.budget("max_weekly", "weekly", "7d", work),
            "monthly_budget" => self.budget("max_monthly", "monthly", "30d", work),
            "allowed_tokens" => self.tokens(work),
            "allowed_chains" => self.chains(work),
            "counterparty_allowlist" => self.addresses("payees.allow", work),
            "counterparty_blocklist" => self.addresses("payees.block", work),
            "time_restriction" => self.hours(opening, work),
            "contract_restriction" => self.contracts(work),
            "counterparty_familiarity" => self.familiarity(work),
            "wallet_age_restriction" => self.age(work),
            _ => self.risk(work),
        }
    }

    fn setting(&self, key: &str, work: &mut Work) -> Option<Place<'_>> {
        work.setting(self.at, key)
    }

    /// A figure in the units of `token`: here in dollars, over all assets.
    fn amount(&self, key: &str, work: &mut Work) -> Option<(Place<'_>, Usd)> {
        const ALL: &str = "here the limit is in dollars over all assets, which is stricter: a symbol proves nothing";
        let token = self.setting("token", work);
        let name = token.as_ref().and_then(|token| token.json.as_str());
        let problem = match (&token, name) {
            (None, _) => None,
            (Some(_), None) => Some(String::from("expected the symbol or the address of a token")),
            (Some(_), Some(name)) => match currency(name) {
                Currency::Dollars | Currency::Assets(_) => None,
                Currency::Misspelt(hint) => {
                    Some(format!("{} is not a known token; did you mean `{hint}`?", quoted(name)))
                }
                Currency::Unknown if !currency_rows(name).is_empty() => None,
                Currency::Unknown => {
                    Some(format!("{} has no price that is known, so a limit in it can't be kept", quoted(name)))
                }
            },
        };
        let amount_at = self.setting(key, work);
        if let Some(problem) = problem {
            for place in token.iter().chain(&amount_at) {
                work.lost(place, problem.clone());
            }
            return None;
        }
        if let Some(token) = token {
            work.differs(&token, NOWHERE, ALL);
        }
        let amount_at = amount_at?;
        let usd = work.usd(&amount_at)?;
        Some((amount_at, usd))
    }

    fn cap(&self, work: &mut Work) -> bool {
        let Some((at, usd)) = self.amount("max_amount", work) else { return false };
        let to = work.draft.tighten("payment.max_usd", usd);
        work.carried(&at, [to], "a payment above it is denied");
        true
    }

    fn budget(&self, key: &str, name: &str, window: &str, work: &mut Work) -> bool {
        let Some((at, usd)) = self.amount(key, work) else { return false };
        let name = work.draft.name(name);
        let budget = table([
            ("name", Some(text(&name))),
            ("limit_usd", Some(text(&usd.to_string()))),
            ("window", Some(text(window))),
        ]);
        let to = work.draft.push("budgets", budget);
        work.carried(&at, [to], format!("rolling over {window}, in one counter for all agents under this policy"));
        true
    }

    fn tokens(&self, work: &mut Work) -> bool {
        let Some(at) = self.setting("tokens", work) else { return false };
        let Some(tokens) = work.texts(&at) else { return false };
        let (mut allowed, mut found) = (Vec::new(), Vec::new());
        for (token, item) in tokens {
            let assets = ids(&currency_rows(token));
            if assets.is_empty() {
                work.lost(
                    &item,
                    format!("{} is not in the registry: list it under `assets` and `payment.assets`", quoted(token)),
                );
                continue;
            }
            let address = currency(token) == Currency::Unknown;
            allowed.extend(assets);
            found.push((item, address));
        }
        let to = work.draft.restrict("payment.assets", &allowed);
        for (item, address) in found {
            let message = if address {
                "this address, on the networks where the registry knows it"
            } else {
                "smart402's API says symbols and its site addresses; here the registry's addresses of that symbol, and no other"
            };
            let level = if address { Level::Carried } else { Level::Differs };
            work.note(level, &item, [to.clone()], message);
        }
        if at.items().is_empty() {
            work.carried(&at, [to], "no token is allowed: every payment is denied");
        }
        true
    }

    fn chains(&self, work: &mut Work) -> bool {
        let Some(at) = self.setting("chains", work) else { return false };
        let Some(chains) = work.texts(&at) else { return false };
        let (mut allowed, mut found) = (Vec::new(), Vec::new());
        for (chain, item) in chains {
            match network(chain) {
                Ok(network) => {
                    allowed.push(network);
                    found.push(item);
                }
                Err(NoNetwork::Unknown(message) | NoNetwork::Misspelt(message)) => work.lost(&item, message),
            }
        }
        let to = work.draft.restrict("payment.networks", &allowed);
        for item in found {
            work.carried(&item, [to.clone()], "only on these networks");
        }
        if at.items().is_empty() {
            work.carried(&at, [to], "no network is allowed: every payment is denied");
        }
        true
    }

    fn addresses(&self, list: &str, work: &mut Work) -> bool {
        let Some(at) = self.setting("addresses", work) else { return false };
        let Some(addresses) = work.texts(&at) else { return false };
        let allows = list == "payees.allow";
        let (mut kept, mut found) = (Vec::new(), Vec::new());
        for (address, item) in addresses {
            match payee(address) {
                Ok(address) => {
                    kept.push(address);
                    found.push(item);
                }
                Err(message) => work.lost(&item, message),
            }
        }
        const ONLY: &str = "smart402's site says that these are always approved, its API that only these are paid: only these \
                            are paid here, and every other limit holds for them too";
        if allows {
            let to = work.draft.restrict(list, &kept);
            for item in &found {
                work.differs(item, [to.clone()], ONLY);
            }
            if at.items().is_empty() {
                work.differs(&at, [to], ONLY);
            }
        } else {
            for (address, item) in kept.iter().zip(&found) {
                let to = work.draft.push(list, text(address));
                work.carried(item, [to], "never paid, on any network");
            }
        }
        true
    }

    fn hours(&self, opening: &mut Opening, work: &mut Work) -> bool {
        let (hours, days) = (self.setting("allowed_hours_utc", work), self.setting("allowed_days", work));
        let any = hours.is_some() || days.is_some();
        if let Some(at) = hours {
            let mut spans = Vec::new();
            for span in at.items() {
                let ends = span.json.as_array().and_then(|ends| match ends {
                    [from, to] => Some((minute(from)?, minute(to)?)),
                    _ => None,
                });
                match ends.filter(|(from, to)| from != to && *from < 1_440) {
                    Some(ends) => {
                        spans.push(ends);
                        work.carried(
                            &span,
                            ["schedule.hours"],
                            "in UTC, from the first hour to the beginning of the second",
                        );
                    }
                    None => work.malformed(&span, "two different hours of a day, such as [9, 17]"),
                }
            }
            if at.items().is_empty() {
                work.malformed(&at, "a list of hours, such as [[9, 17]]");
            } else {
                opening.restrict_hours(&spans);
            }
        }
        if let Some(at) = days {
            let mut allowed = Vec::new();
            for item in at.items() {
                match day(item.json) {
                    Some(name) => {
                        allowed.push(name);
                        work.carried(&item, ["schedule.days"], "in UTC");
                    }
                    None => work
                        .malformed(&item, "a day by its name, such as `monday`: a number can be counted from two days"),
                }
            }
            if at.items().is_empty() {
                work.malformed(&at, "a list of days, such as [\"monday\"]");
            } else {
                opening.restrict_days(&allowed);
            }
        }
        any
    }

    fn contracts(&self, work: &mut Work) -> bool {
        const FACT: &str = "by the fact that your own provider supplies; a payment without it is denied";
        let (may, verified) = (self.setting("allow_contracts", work), self.setting("require_verified", work));
        let any = may.is_some() || verified.is_some();
        if let Some(at) = may
            && let Some(allowed) = work.boolean(&at)
        {
            let before = work.draft.get("counterparty.allow_contracts") != Some(&Json::Bool(false));
            let to = work.draft.set("counterparty.allow_contracts", Json::Bool(allowed && before));
            work.carried(&at, [to], FACT);
        }
        if let Some(at) = verified
            && let Some(required) = work.boolean(&at)
        {
            let before = work.draft.get("counterparty.require_verified") == Some(&Json::Bool(true));
            let to = work.draft.set("counterparty.require_verified", Json::Bool(required || before));
            work.carried(&at, [to], FACT);
        }
        any
    }

    fn familiarity(&self, work: &mut Work) -> bool {
        let seen = self.setting("require_seen_before", work);
        let first = self.setting("max_amount_first_time", work);
        let least = self.setting("min_interactions", work);
        let any = seen.is_some() || first.is_some() || least.is_some();
        if let Some(at) = seen
            && let Some(required) = work.boolean(&at)
        {
            if required {
                let to = work.draft.raise("counterparty.min_prior_payments", 1);
                work.carried(&at, [to], "an address that was never paid is not paid");
            } else {
                work.carried(&at, NOWHERE, "an address that was never paid may be paid");
            }
        }
        if let Some(at) = first
            && let Some(usd) = work.usd(&at)
        {
            let to = work.draft.tighten("payment.max_first_usd", usd);
            work.carried(&at, [to], "the most for an address that was never paid, in dollars");
        }
        if let Some(at) = least
            && let Some(least) = work.whole(&at)
        {
            let to = work.draft.raise("counterparty.min_prior_payments", least);
            work.carried(&at, [to], "so many payments before");
        }
        any
    }

    fn age(&self, work: &mut Work) -> bool {
        let Some(at) = self.setting("min_age_days", work) else { return false };
        let Some(days) = work.whole(&at) else { return false };
        let to = work.draft.raise("counterparty.min_wallet_age_days", days);
        work.carried(&at, [to], "by the fact that your own provider supplies; a payment without it is denied");
        true
    }

    fn risk(&self, work: &mut Work) -> bool {
        const LEVELS: [&str; 3] = ["low", "medium", "high"];
        let Some(at) = self.setting("max_risk_score", work) else { return false };
        let Some(level) = LEVELS.iter().position(|level| Some(*level) == at.json.as_str()) else {
            work.malformed(&at, "`low`, `medium` or `high`");
            return false;
        };
        let before = work.draft.get("counterparty.max_risk").and_then(Json::as_str);
        let before = LEVELS.iter().position(|level| Some(*level) == before).unwrap_or(level);
        let strictest = LEVELS.get(level.min(before)).copied().unwrap_or("low");
        let to = work.draft.set("counterparty.max_risk", text(strictest));
        work.carried(&at, [to], "by the fact that your own provider supplies; an unknown risk is denied");
        true
    }
}
