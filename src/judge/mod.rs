//! One entry of an offer against the policy and the ledger: what every rule says to it. All rules are heard, so that a
//! refusal names each one that stands in the way, and the strictest wins.

use crate::asset::Network;
use crate::decision::Fix;
use crate::faults::fault;
use crate::ledger::cells::Cell;
use crate::ledger::hold::Share;
use crate::ledger::key;
use crate::ledger::moves::{foresee, sweep};
use crate::ledger::working::{Missing, Working};
use crate::money::{Amount, Usd, usd_of};
use crate::offer::{Offered, Terms};
use crate::order::{Set, sorted};
use crate::origin::Target;
use crate::policy::when::Asked;
use crate::policy::{Policy, Price};
use crate::reason::{Reason, Refusal};
use crate::request::Request;
use crate::time::{Millis, format_instant};
use crate::trace::{Recorder, Said};

mod counterparty;
pub mod counters;
mod fixed;
mod limits;
mod prices;
mod rules;

/// What an entry is judged on.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// The request.
    pub request: &'a Request,
    /// The requested URL.
    pub target: &'a Target,
    /// The entry.
    pub terms: &'a Terms,
    /// Which entry of the offer it is.
    pub accept: usize,
    /// What its asset counts as, if that is known.
    pub price: Option<&'a Price>,
    /// Its amount in US dollars, where the asset has a price.
    pub usd: Option<Usd>,
    /// How often the address was paid before.
    pub prior_payments: u64,
    /// Now.
    pub now: Millis,
}

impl<'a> Case<'a> {
    fn field(&self, name: &str) -> String {
        format!("accepts[{}].{name}", self.accept)
    }

    fn amount_field(&self) -> String {
        self.field(if self.terms.version == 1 { "maxAmountRequired" } else { "amount" })
    }

    /// What conditions are asked about.
    #[must_use]
    pub fn asked(&self) -> Asked<'a> {
        Asked {
            agent: &self.request.agent,
            client: &self.request.client,
            method: &self.request.method,
            target: self.target,
            terms: self.terms,
            usd: self.usd,
            prior_payments: self.prior_payments,
            risk: self.request.facts.payee_risk,
            at: self.now,
        }
    }
}

/// One thing that stands in the way.
#[derive(Clone, Debug)]
pub struct Denial {
    /// How far the entry came: the later the check, the larger.
    pub step: u8,
    /// Why.
    pub reason: Reason,
    /// The field concerned; empty if none.
    pub field: String,
    /// One sentence for people.
    pub message: String,
    /// The rule that fired: a name, or a place in the policy.
    pub rule: Option<String>,
    /// The largest amount that it lets pass, where a smaller one helps.
    pub most: Option<Amount>,
    /// When it lets pass, where waiting helps.
    pub retry: Option<Millis>,
    /// Whether the caller should wait rather than give up.
    pub delay: bool,
}

/// Everything that the rules say to an entry.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What stands in the way, in the order of the checks.
    pub denials: Vec<Denial>,
    /// The rules that want people to decide, each with its reason.
    pub approvals: Vec<(String, String)>,
    /// The rules that mark it.
    pub flags: Vec<String>,
    /// What a hold puts into which counter.
    pub shares: Vec<Share>,
    /// What a hold notes down beside: a pin, a price, the time of the latest payment.
    pub notes: Vec<(String, Cell, Option<Millis>)>,
    /// Takes down what each rule saw, where somebody wants to know.
    pub recorder: Recorder,
}

impl Findings {
    /// Adds a denial that neither less money nor more time helps.
    fn deny(&mut self, step: u8, reason: Reason, field: String, message: String, rule: Option<&str>) {
        let rule = rule.map(str::to_owned);
        self.denials.push(Denial { step, reason, field, message, rule, most: None, retry: None, delay: false });
    }

    /// A rule is asked: what it adds to the findings from here on is what it says. Nothing added is a pass.
    fn saw(&mut self, rule: &str, saw: impl FnOnce() -> String) {
        self.recorder.begin(self.counts(), rule, Said::Pass, saw);
    }

    /// A rule speaks for the payment.
    fn spoke(&mut self, rule: &str, saw: impl FnOnce() -> String) {
        self.recorder.begin(self.counts(), rule, Said::Allow, saw);
    }

    /// A rule is not asked about this payment, and why.
    fn skip(&mut self, rule: &str, why: impl FnOnce() -> String) {
        self.recorder.begin(self.counts(), rule, Said::NotAsked, why);
    }

    fn counts(&self) -> (usize, usize, usize) {
        (self.denials.len(), self.approvals.len(), self.flags.len())
    }
}

/// An entry and what the policy says to it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Which entry of the offer.
    pub accept: usize,
    /// What it asks for, if it could be read.
    pub terms: Option<Offered>,
    /// What its asset counts as, if that is known.
    pub price: Option<Price>,
    /// Its amount in US dollars.
    pub usd: Option<Usd>,
    /// What the rules say.
    pub findings: Findings,
    /// The smallest change that would let it pass.
    pub fix: Option<Fix>,
}

impl Judged {
    /// An entry that could not be read.
    #[must_use]
    pub fn malformed(accept: usize, refusal: &Refusal) -> Self {
        let mut findings = Findings::default();
        findings.deny(0, refusal.reason, refusal.field.clone(), refusal.message.clone(), None);
        Self { accept, terms: None, price: None, usd: None, findings, fix: None }
    }
}

/// The keys that judging an entry reads.
#[must_use]
pub fn keys(policy: &Policy, request: &Request, target: &Target, terms: &Terms, now: Millis) -> Vec<String> {
    let mut keys = counters::keys(policy, request, target, terms, now);
    keys.push(key::payee(terms));
    if policy.pin.is_some() {
        keys.push(key::pin(&target.origin(), terms));
    }
    if policy.prices.max_drift.is_some() {
        keys.push(key::price(&target.endpoint(), terms));
    }
    keys
}

/// Judges one entry, and finds the smallest change that would let it pass.
///
/// # Errors
/// The cells that are not here.
pub fn judge(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    target: &Target,
    terms: &Offered,
    accept: usize,
    now: Millis,
) -> Result<Judged, Missing> {
    let price = policy.price(&terms.asset);
    let hear = |work: &mut Working<'_>, terms: &Terms, now: Millis| {
        hear(policy, work, request, target, (terms, price.as_ref()), accept, now)
    };
    let findings = hear(work, terms, now)?;
    let usd = dollars(terms, price.as_ref());
    let mut fix = None;
    if !findings.denials.is_empty() {
        let most = largest_amount(&findings, |amount| {
            let changed = Terms { amount, ..(**terms).clone() };
            hear(work, &changed, now)
        })?;
        let at = earliest_time(&findings, work, now, |work, at| hear(work, terms, at))?;
        fix = Some(Fix {
            max_amount: most,
            max_amount_usd: most.and_then(|amount| dollars(&Terms { amount, ..(**terms).clone() }, price.as_ref())),
            retry_at: at.map(format_instant),
        });
    }
    Ok(Judged { accept, terms: Some(terms.clone()), price, usd, findings, fix })
}

/// Hears every rule. Changes nothing.
fn hear(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    target: &Target,
    (terms, price): (&Terms, Option<&Price>),
    accept: usize,
    now: Millis,
) -> Result<Findings, Missing> {
    let prior_payments = match request.facts.payee_prior_payments {
        Some(known) => known,
        None => work.payments(&key::payee(terms))?.max(fault!("first-payment").into()),
    };
    let usd = dollars(terms, price);
    let case = Case { policy, request, target, terms, accept, price, usd, prior_payments, now };
    let mut findings = Findings { recorder: Recorder::new(work.trace.is_some()), ..Findings::default() };
    fixed::hear(&case, &mut findings);
    counterparty::hear(&case, &mut findings);
    limits::hear(&case, &mut findings);
    prices::hear(&case, work, &mut findings)?;
    counters::hear(&case, work, &mut findings)?;
    rules::hear(&case, &mut findings);
    findings.recorder.end(findings.counts());
    findings.denials = sorted(std::mem::take(&mut findings.denials), |a, b| a.step.cmp(&b.step));
    Ok(findings)
}

/// More dollars than can be counted are the most that can: no limit is that high.
fn dollars(terms: &Terms, price: Option<&Price>) -> Option<Usd> {
    let price = price?;
    price.usd.map(|rate| usd_of(terms.amount, price.decimals, rate).unwrap_or(Usd::MAX))
}

/// So often a change is tried before it is given up: each try meets what the one before could not see.
const TRIES: usize = 16;

/// The largest amount that passes now, if a smaller one is all it takes. It is tried out, and one atomic unit more as
/// well; what does not come out so is not said.
fn largest_amount(
    findings: &Findings,
    mut hear: impl FnMut(Amount) -> Result<Findings, Missing>,
) -> Result<Option<Amount>, Missing> {
    let mut allowed: Option<Vec<Amount>> = findings.denials.iter().map(|denial| denial.most).collect();
    // A smaller amount may meet a rule that the larger did not; each further try starts from what that one lets pass.
    for _ in 0..TRIES {
        let candidate = allowed.as_ref().and_then(|all| all.iter().min().copied());
        let Some(candidate) = candidate.filter(|most| *most > Amount::ZERO) else { return Ok(None) };
        let tried = hear(candidate)?;
        if tried.denials.is_empty() {
            let exact = match candidate.checked_add(Amount::new(1)) {
                Some(over) => !hear(over)?.denials.is_empty(),
                None => true,
            };
            return Ok(exact.then_some(candidate));
        }
        allowed = tried.denials.iter().map(|denial| denial.most.filter(|most| *most < candidate)).collect();
    }
    Ok(None)
}

/// The earliest time at which the same payment passes, if waiting is all it takes and nothing is done until then: open
/// holds that nobody closes lapse, or are booked as spent, as they would. It is tried out, and a millisecond earlier as
/// well; what does not come out so is not said.
fn earliest_time(
    findings: &Findings,
    work: &Working<'_>,
    now: Millis,
    mut hear: impl FnMut(&mut Working<'_>, Millis) -> Result<Findings, Missing>,
) -> Result<Option<Millis>, Missing> {
    let mut hear_at = |at: Millis| {
        let mut then = work.scratch();
        sweep(&mut then, at)?;
        let open = then.open()?.to_vec();
        Ok::<_, Missing>((hear(&mut then, at)?, open))
    };
    let waiting = |denials: &[Denial], at: Millis| -> Option<Millis> {
        let all: Option<Vec<Millis>> = denials.iter().map(|denial| denial.retry.filter(|retry| *retry > at)).collect();
        all.and_then(|all| all.into_iter().max())
    };
    let mut at = now;
    let mut next = waiting(&findings.denials, now);
    let mut open = work.scratch().open()?.to_vec();
    foresee(&mut work.scratch())?;
    for _ in 0..TRIES {
        // What happens first: the rules would let it pass, or a hold closes and they have to be asked again.
        let closes = open.iter().map(|hold| hold.until).find(|until| *until > at);
        let Some(candidate) = next.into_iter().chain(closes).min() else { return Ok(None) };
        let (tried, still_open) = hear_at(candidate)?;
        if tried.denials.is_empty() {
            let (before, _) = hear_at(candidate.saturating_sub(1))?;
            return Ok((!before.denials.is_empty()).then_some(candidate));
        }
        (at, next, open) = (candidate, waiting(&tried.denials, candidate), still_open);
    }
    Ok(None)
}

/// Networks as people write them, for messages.
fn list(networks: &Set<Network>) -> String {
    networks.iter().map(|network| format!("`{network}`")).collect::<Vec<_>>().join(", ")
}
