//! What an approver needs to see: how much, to whom, for what, by whose agent, and what it does to the budgets.

use crate::json::{Json, Number, texts};
use crate::judge::{Judged, counters};
use crate::ledger::hold::Unit;
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::money::Usd;
use crate::offer::Offer;
use crate::origin::Target;
use crate::policy::{Limit, Policy};
use crate::request::Request;
use crate::time::Millis;

/// The most characters of a text of the agent's or the seller's that a question repeats.
const SHOWN: usize = 500;

/// What an approver needs to see, in texts that are safe to show.
// For the schema: in the module its members are written one by one, below.
#[cfg(feature = "schema")]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct ApprovalCard {
    /// The agent that wants to pay; empty if it has no name.
    pub agent: String,
    /// The session; empty if it has no name.
    pub session: String,
    /// On whose behalf; empty if on nobody's.
    pub client: String,
    /// The HTTP method.
    pub method: String,
    /// What is requested.
    pub url: String,
    /// The origin of that.
    pub origin: String,
    /// The amount, in atomic units.
    pub amount: crate::money::Amount,
    /// The amount in US dollars, rounded up; absent where the asset has no price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<Usd>,
    /// The asset, as `network/address`.
    pub asset: String,
    /// A name of the asset for people. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// How many decimals the asset has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// The chain, in CAIP-2.
    pub network: String,
    /// Who is paid.
    pub payee: String,
    /// How often this address was paid before; 0 is a new payee.
    pub payee_prior_payments: u64,
    /// What the seller says that it is for. Anybody can write anything here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why people are asked, a sentence for each rule.
    pub why: Vec<String>,
    /// The rules that mark the payment.
    pub flags: Vec<String>,
    /// What it does to each budget.
    pub budgets: Vec<BudgetEffect>,
}

/// What a payment does to a budget, as it was when people were asked.
#[cfg(feature = "schema")]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct BudgetEffect {
    /// The budget's name.
    pub name: String,
    /// Its window.
    pub window: String,
    /// `usd`, or the asset as `network/address`, in atomic units.
    pub unit: String,
    /// Its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Held and spent, without this payment.
    pub before: String,
    /// With it.
    pub after: String,
}

/// The card of an entry that needs people. Texts of the agent and the seller are as they came; a [`super::view::ApprovalView`]
/// makes them safe to show.
///
/// # Errors
/// The cells that are not here.
pub fn card(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    target: &Target,
    offer: &Offer,
    judged: &Judged,
    now: Millis,
) -> Result<Json, Missing> {
    let Some(terms) = &judged.terms else { return Ok(Json::Null) };
    let prior = match request.facts.payee_prior_payments {
        Some(known) => known,
        None => work.payments(&key::payee(terms))?,
    };
    let findings = &judged.findings;
    let why = findings.approvals.iter().map(|(rule, message)| Json::String(format!("{rule}: {message}")));
    let flags = findings.flags.iter().cloned().map(Json::String);
    let mut card = texts(vec![
        ("agent", request.agent.clone()),
        ("session", request.session.clone()),
        ("client", request.client.clone()),
        ("method", clipped(&request.method)),
        ("url", clipped(&request.url)),
        ("origin", target.origin()),
        ("amount", terms.amount.to_string()),
        ("asset", terms.asset.text()),
        ("network", terms.network.to_string()),
        ("payee", terms.pay_to.clone()),
    ]);
    let mut put = |name: &str, value: Json| card.push((name.to_owned(), value));
    put("payee_prior_payments", Json::Number(prior.into()));
    put("why", Json::Array(why.collect()));
    put("flags", Json::Array(flags.collect()));
    put("budgets", Json::Array(effects(policy, work, judged, now)?));
    if let Some(usd) = judged.usd {
        put("usd", Json::String(usd.to_string()));
    }
    if let Some(price) = &judged.price {
        put("decimals", Json::Number(Number::from(u64::from(price.decimals))));
        if let Some(symbol) = &price.symbol {
            put("symbol", Json::String(symbol.to_string()));
        }
    }
    if let Some(description) = &offer.description {
        put("description", Json::String(clipped(description)));
    }
    Ok(Json::Object(card))
}

fn effects(policy: &Policy, work: &mut Working<'_>, judged: &Judged, now: Millis) -> Result<Vec<Json>, Missing> {
    let mut effects = Vec::new();
    for share in judged.findings.shares.iter().filter(|share| share.unit != Unit::Count) {
        let budget = policy.budgets.iter().find(|budget| share.key.starts_with(&counters::budget_prefix(budget)));
        let Some(budget) = budget else { continue };
        let used = work.tally(&share.key)?.used(share.window, now);
        let usd = share.unit == Unit::Usd;
        let show = |units: u128| if usd { Usd::new(units).to_string() } else { units.to_string() };
        let (limit, unit) = match &budget.limit {
            Some(Limit::Usd(limit)) => (Some(limit.get()), None),
            Some(Limit::Asset(limit, asset)) => (Some(limit.get()), Some(asset.text())),
            None => (None, None),
        };
        let mut effect = texts(vec![
            ("name", budget.counter.name.clone()),
            ("window", budget.counter.window.word()),
            ("unit", unit.unwrap_or_else(|| String::from("usd"))),
            ("before", show(used)),
            ("after", show(used.saturating_add(share.amount.get()))),
        ]);
        if let Some(limit) = limit {
            effect.push((String::from("limit"), Json::String(show(limit))));
        }
        effects.push(Json::Object(effect));
    }
    Ok(effects)
}

fn clipped(text: &str) -> String {
    let mut out: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}
