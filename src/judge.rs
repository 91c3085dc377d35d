//! One entry of an offer against the policy and the budgets: allowed, or the first thing that stands in the way, with
//! the smallest change that would let it pass.

use crate::decision::Fix;
use crate::ledger::cells::{Missing, Working, key};
use crate::ledger::hold::Share;
use crate::ledger::tally::Tally;
use crate::money::{Amount, Rate, Usd, largest_within, usd_of};
use crate::offer::Terms;
use crate::origin::Target;
use crate::policy::document::Per;
use crate::policy::{Budget, Limit, Policy, Price};
use crate::reason::{Reason, Refusal};
use crate::request::Request;
use crate::time::{Millis, format_instant};

/// An entry and what the policy says to it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Which entry of the offer.
    pub accept: usize,
    /// What it asks for, if it could be read.
    pub terms: Option<Terms>,
    /// What its asset counts as, if that is known.
    pub price: Option<Price>,
    /// Its amount in US dollars.
    pub usd: Option<Usd>,
    /// What the policy says.
    pub verdict: Verdict,
}

/// What the policy says to an entry.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It may be paid, with these parts in the budgets.
    Allow {
        /// What the hold puts into which budget.
        shares: Vec<Share>,
    },
    /// It may be paid if people approve.
    Approve {
        /// What the hold puts into which budget.
        shares: Vec<Share>,
        /// The place in the policy that wants it.
        rule: &'static str,
        /// One sentence for people.
        message: String,
    },
    /// It may not be paid.
    Deny {
        /// How far it came: the later the check that failed, the larger.
        step: u8,
        /// Why.
        reason: Reason,
        /// The field concerned; empty if none.
        field: String,
        /// One sentence for people.
        message: String,
        /// The rules that fired.
        rules: Vec<String>,
        /// The smallest change that would let it pass.
        fix: Option<Fix>,
    },
}

impl Judged {
    /// An entry that could not be read.
    #[must_use]
    pub fn malformed(accept: usize, refusal: &Refusal) -> Self {
        let verdict = Verdict::Deny {
            step: 0,
            reason: refusal.reason,
            field: refusal.field.clone(),
            message: refusal.message.clone(),
            rules: Vec::new(),
            fix: None,
        };
        Self { accept, terms: None, price: None, usd: None, verdict }
    }
}

/// The keys of the budgets that an entry counts in, in the order of the policy.
#[must_use]
pub fn budget_keys(policy: &Policy, request: &Request, target: &Target, terms: &Terms) -> Vec<String> {
    counting(policy, terms).map(|budget| budget_key(budget, &scope(budget, request, target, terms))).collect()
}

/// The key of a budget's cell: its name, window and unit, and whose counter it is.
#[must_use]
pub fn budget_key(budget: &Budget, scope: &str) -> String {
    let unit = match &budget.limit {
        Limit::Usd(_) => String::from("usd"),
        Limit::Asset(_, asset) => key::escape(&asset.to_string()),
    };
    let per: Vec<&str> = budget.per.iter().map(|per| per.word()).collect();
    format!("{}{}/{}/{unit}/{}={scope}", key::BUDGETS, budget.name, budget.window.word(), per.join("+"))
}

/// Whose counter of a budget a payment counts in: the values of `per`, escaped and joined.
#[must_use]
pub fn scope(budget: &Budget, request: &Request, target: &Target, terms: &Terms) -> String {
    let value = |per: &Per| match per {
        Per::All => String::from("*"),
        Per::Agent => key::escape(&request.agent),
        Per::Client => key::escape(&request.client),
        Per::Session => key::escape(&request.session),
        Per::Vendor => key::escape(&target.host),
        Per::Endpoint => key::escape(&target.endpoint()),
        Per::Payee => key::escape(&format!("{}/{}", terms.network, terms.pay_to)),
        Per::Network => key::escape(terms.network.as_str()),
    };
    budget.per.iter().map(value).collect::<Vec<_>>().join(",")
}

/// The budgets that count payments like this one.
fn counting<'p>(policy: &'p Policy, terms: &Terms) -> impl Iterator<Item = &'p Budget> {
    let asset = terms.asset.clone();
    policy.budgets.iter().filter(move |budget| match &budget.limit {
        Limit::Usd(_) => true,
        Limit::Asset(_, counted) => *counted == asset,
    })
}

/// Judges one entry.
///
/// # Errors
/// The cells that are not here.
pub fn judge(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    target: &Target,
    terms: &Terms,
    accept: usize,
    now: Millis,
) -> Result<Judged, Missing> {
    let price = policy.price(&terms.asset);
    // More dollars than can be counted are the most that can: no limit is that high.
    let rate = price.as_ref().and_then(|price| price.usd.map(|rate| (price.decimals, rate)));
    let usd = rate.map(|(decimals, rate)| usd_of(terms.amount, decimals, rate).unwrap_or(Usd::MAX));
    let judged = |verdict| Judged { accept, terms: Some(terms.clone()), price: price.clone(), usd, verdict };
    if let Some(verdict) = fixed_rules(policy, request, terms, accept, price.is_some()) {
        return Ok(judged(verdict));
    }

    let mut limits = Limits::new(terms, price.as_ref(), usd, accept);
    if let Some(most) = request.max_usd {
        limits.cap(most, "maxUsd", Reason::CallerLimit);
    }
    if let Some(most) = policy.max_usd {
        limits.cap(most, "payment.max_usd", Reason::PaymentTooLarge);
    }
    for budget in counting(policy, terms) {
        let key = budget_key(budget, &scope(budget, request, target, terms));
        let tally = work.tally(&key)?;
        limits.budget(budget, key, &tally, now);
    }
    let needs_price = policy.approve_from_usd.is_some() && usd.is_none();
    if limits.unpriced || needs_price {
        return Ok(judged(denied(
            5,
            Reason::AssetWithoutPrice,
            format!("accepts[{accept}].asset"),
            format!("a limit in US dollars applies, and `{}` has no price", terms.asset),
            Vec::new(),
        )));
    }
    if let Some(verdict) = limits.broken(now) {
        return Ok(judged(verdict));
    }
    let shares = limits.shares;
    match (policy.approve_from_usd, usd) {
        (Some(from), Some(usd)) if usd >= from => Ok(judged(Verdict::Approve {
            shares,
            rule: "payment.approve_from_usd",
            message: format!("{usd} USD; from {from} USD on people decide"),
        })),
        _ => Ok(judged(Verdict::Allow { shares })),
    }
}

/// The rules that need no ledger.
fn fixed_rules(
    policy: &Policy,
    request: &Request,
    terms: &Terms,
    accept: usize,
    asset_is_known: bool,
) -> Option<Verdict> {
    let at = |field: &str| format!("accepts[{accept}].{field}");
    let deny = |step, reason, field: &str, message: String, rule: Option<&str>| {
        Some(denied(step, reason, at(field), message, rule.map(str::to_owned).into_iter().collect()))
    };
    if policy.networks.as_ref().is_some_and(|allowed| !allowed.contains(&terms.network)) {
        let message = format!("`{}`", terms.network);
        return deny(1, Reason::NetworkNotAllowed, "network", message, Some("payment.networks"));
    }
    if request.networks.as_ref().is_some_and(|allowed| !allowed.contains(&terms.network)) {
        let message = format!("`{}` is not among the networks that this call gave", terms.network);
        return deny(1, Reason::CallerLimit, "network", message, None);
    }
    if !asset_is_known {
        return deny(1, Reason::UnknownAsset, "asset", format!("`{}`", terms.asset), None);
    }
    if policy.assets.as_ref().is_some_and(|allowed| !allowed.contains(&terms.asset)) {
        let message = format!("`{}`", terms.asset);
        return deny(1, Reason::AssetNotAllowed, "asset", message, Some("payment.assets"));
    }
    if !policy.schemes.contains(&terms.scheme) {
        let message = format!("`{}`", terms.scheme.as_str());
        return deny(2, Reason::SchemeNotAllowed, "scheme", message, Some("payment.schemes"));
    }
    if !policy.flows.contains(&terms.flow) {
        let message = String::from("the money would move before the seller has answered");
        return deny(2, Reason::UnsupportedFlow, "extra.paymentFlow", message, Some("payment.flows"));
    }
    if terms.lifetime_seconds > policy.max_lifetime_seconds {
        let message = format!("{} seconds, more than {}", terms.lifetime_seconds, policy.max_lifetime_seconds);
        let rule = Some("payment.max_lifetime_seconds");
        return deny(3, Reason::LifetimeTooLong, "maxTimeoutSeconds", message, rule);
    }
    if policy.payees_block.covers(&terms.network, &terms.pay_to) {
        return deny(4, Reason::PayeeBlocked, "payTo", format!("`{}`", terms.pay_to), Some("payees.block"));
    }
    if policy.payees_allow.as_ref().is_some_and(|allowed| !allowed.covers(&terms.network, &terms.pay_to)) {
        return deny(4, Reason::PayeeNotAllowed, "payTo", format!("`{}`", terms.pay_to), Some("payees.allow"));
    }
    None
}

fn denied(step: u8, reason: Reason, field: String, message: String, rules: Vec<String>) -> Verdict {
    Verdict::Deny { step, reason, field, message, rules, fix: None }
}

/// The limits in figures, all of them together: a refusal names every one that is broken, and its fix heeds them all.
struct Limits<'a> {
    terms: &'a Terms,
    price: Option<&'a Price>,
    usd: Option<Usd>,
    accept: usize,
    /// What the hold would put into which budget.
    shares: Vec<Share>,
    /// A limit in US dollars applies, and there is no price.
    unpriced: bool,
    /// The largest amount that all limits leave, in atomic units.
    most: Amount,
    /// The reason of the first limit that is broken, and what was found there.
    first: Option<(Reason, String)>,
    rules: Vec<String>,
    /// When the broken budgets would leave enough; `None` once one never will.
    retry_at: Option<Millis>,
}

impl<'a> Limits<'a> {
    fn new(terms: &'a Terms, price: Option<&'a Price>, usd: Option<Usd>, accept: usize) -> Self {
        Self {
            terms,
            price,
            usd,
            accept,
            shares: Vec::new(),
            unpriced: false,
            most: Amount::MAX,
            first: None,
            rules: Vec::new(),
            retry_at: Some(0),
        }
    }

    /// A cap on the payment itself: no waiting helps.
    fn cap(&mut self, most: Usd, rule: &str, reason: Reason) {
        let Some(usd) = self.usd else {
            self.unpriced = true;
            return;
        };
        self.leave_usd(most);
        if usd > most {
            self.break_at(reason, rule, format!("{usd} USD, more than {most} USD"));
            self.retry_at = None;
        }
    }

    fn budget(&mut self, budget: &Budget, key: String, tally: &Tally, now: Millis) {
        let (amount, limit, in_usd) = match &budget.limit {
            Limit::Usd(limit) => match self.usd {
                Some(usd) => (usd.get(), limit.get(), true),
                None => {
                    self.unpriced = true;
                    return;
                }
            },
            Limit::Asset(limit, _) => (self.terms.amount.get(), limit.get(), false),
        };
        let left = limit.saturating_sub(tally.used(budget.window, now));
        if in_usd {
            self.leave_usd(Usd::new(left));
        } else {
            self.most = self.most.min(Amount::new(left));
        }
        if amount > left {
            let unit = if in_usd { format!("{} USD", Usd::new(left)) } else { format!("{left} atomic units") };
            self.break_at(Reason::BudgetExceeded, &budget.name, format!("{unit} left in `{}`", budget.name));
            let room = limit.checked_sub(amount).and_then(|most| tally.earliest(budget.window, now, most));
            self.retry_at = self.retry_at.zip(room).map(|(a, b)| a.max(b));
        }
        self.shares.push(Share { key, window: budget.window, in_usd, amount: Amount::new(amount) });
    }

    fn leave_usd(&mut self, left: Usd) {
        if let Some((decimals, rate)) = self.rate() {
            self.most = self.most.min(largest_within(left, decimals, rate));
        }
    }

    fn rate(&self) -> Option<(u8, Rate)> {
        self.price.and_then(|price| price.usd.map(|rate| (price.decimals, rate)))
    }

    fn break_at(&mut self, reason: Reason, rule: &str, message: String) {
        self.first.get_or_insert((reason, message));
        self.rules.push(rule.to_owned());
    }

    /// The denial, if a limit is broken.
    fn broken(&self, now: Millis) -> Option<Verdict> {
        let (reason, message) = self.first.clone()?;
        let most = Some(self.most).filter(|most| *most > Amount::ZERO);
        let field = if self.terms.version == 1 { "maxAmountRequired" } else { "amount" };
        Some(Verdict::Deny {
            step: 6,
            reason,
            field: format!("accepts[{}].{field}", self.accept),
            message,
            rules: self.rules.clone(),
            fix: Some(Fix {
                max_amount: most,
                max_amount_usd: most.zip(self.rate()).and_then(|(most, (decimals, rate))| usd_of(most, decimals, rate)),
                retry_at: self.retry_at.filter(|at| *at > now).map(format_instant),
            }),
        })
    }
}
