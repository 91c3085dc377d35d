//! The first verb: may this be paid? The check and the hold are one step: what is allowed is held.

use std::rc::Rc;

use crate::approval::ask::{self, Heard, asked_key, consult};
use crate::approval::switch::frozen;
use crate::approval::{self, Approval};
use crate::decision::{Action, Decision, RefusedAccept};
use crate::faults::fault;
use crate::judge::{self, Findings, Judged, judge};
use crate::ledger::cells::{Cell, Seen};
use crate::ledger::hold::{Hold, State, UNUSED};
use crate::ledger::key;
use crate::ledger::moves::{MAX_OPEN, sweep, take};
use crate::ledger::working::{Missing, Working};
use crate::money::Amount;
use crate::offer::Offer;
use crate::order::Map;
use crate::origin::Target;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::replay;
use crate::request::Request;
use crate::time::{Millis, format_instant};
use crate::trace::EntryTrace;

/// Judges a request and, if it passes, holds the money. All changes are in `work` afterwards; a denial leaves none but
/// what time alone has closed. A request that goes on with an earlier question takes that one's id.
///
/// # Errors
/// The cells that are not here: load them and ask again.
pub fn authorize(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &mut Request,
    now: Millis,
) -> Result<Decision, Missing> {
    let heard = Rc::clone(&request.offer);
    let (target, offer) = match (admitted(policy, request), heard.as_ref()) {
        (Ok(target), Ok(offer)) => (target, offer),
        (Err(refusal), _) => return Ok(refused(&request.id, refusal)),
        (_, Err(refusal)) => return Ok(refused(&request.id, refusal.clone())),
    };
    let intent = [key::INTENTS, &request.intent(&target)].concat();
    work.presume([&key::hold(&request.id), &key::approval(&request.id), &intent]);
    work.need_all(plan(policy, request, &target, offer, &intent, now))?;

    let now = work.time(now)?;
    let digest = request.digest();
    let question = if request.resume { ask::resumed(policy, work, request, offer, now)? } else { None };
    let is_resumed = question.is_some();
    if let Some(id) = question {
        request.id = id;
    }
    let request = &*request;
    if let Some(hold) = work.hold(&request.id)?.filter(|_| !fault!("again-holds")) {
        work.changes.clear();
        return Ok(again(policy, &hold, &digest));
    }
    let other = |asked: Approval| asked.request != digest && !fault!("approval-other");
    if !is_resumed && work.approval(&request.id, now)?.is_some_and(other) {
        work.changes.clear();
        return Ok(conflict(&request.id));
    }
    let swept = sweep(work, now)?;
    let decision = decide(policy, work, request, (&target, &intent), offer, &digest, now)?;
    if decision.action == Action::Deny && !swept && !fault!("denial-trace") {
        work.changes.clear();
    }
    Ok(decision)
}

/// The keys that a request's decision reads, as far as they can be known before any is read. Pure.
#[must_use]
pub fn plan(
    policy: &Policy,
    request: &Request,
    target: &Target,
    offer: &Offer,
    intent: &str,
    now: Millis,
) -> Vec<String> {
    let mut keys = vec![
        key::CLOCK.to_owned(),
        key::FREEZE.to_owned(),
        key::agent(&request.agent),
        key::OPEN.to_owned(),
        key::hold(&request.id),
        key::approval(&request.id),
        intent.to_owned(),
    ];
    if replay::remembers(policy, request) {
        keys.push(key::SALT.to_owned());
    }
    if request.resume {
        keys.push(asked_key(request));
    }
    for terms in offer.accepts.iter().flatten() {
        keys.extend(judge::keys(policy, request, target, terms, now));
    }
    keys
}

/// Who is asked, where the policy lets that origin be asked at all.
fn admitted(policy: &Policy, request: &Request) -> Result<Target, Refusal> {
    let target = Target::parse(&request.url)?;
    if !policy.admits_origin(&target) {
        let message = format!("`{}` is not https on the default port with a DNS name", target.origin());
        return Err(Refusal::at(Reason::OriginNotAllowed, "url", message));
    }
    if let Some(origin) = request.offer_origin.as_deref().filter(|origin| *origin != target.origin()) {
        let message = format!("`{}` was requested, and the offer came from `{origin}`", target.origin());
        return Err(Refusal::at(Reason::RedirectedOffer, "offer_origin", message));
    }
    Ok(target)
}

fn decide(
    policy: &Policy,
    work: &mut Working<'_>,
    request: &Request,
    (target, intent): (&Target, &str),
    offer: &Offer,
    digest: &str,
    now: Millis,
) -> Result<Decision, Missing> {
    if let Some(refusal) = frozen(policy, work, &request.agent)?.filter(|_| !fault!("freeze-ignored")) {
        return Ok(refused(&request.id, refusal));
    }
    if let Some(until) = request.facts.circuit_open_until.filter(|until| *until > now) {
        let mut denial = refused(&request.id, Refusal::at(Reason::CircuitOpen, "", "too many failures in a row"));
        denial.fix = Some(crate::decision::Fix { retry_at: Some(format_instant(until)), ..Default::default() });
        return Ok(denial);
    }
    if let Some(earlier) = work.intent(intent)?.into_iter().find(|_| !fault!("intent-ignored")) {
        let message = format!("payment `{earlier}` for the same request has an unknown outcome");
        let mut denial = refused(&request.id, Refusal::at(Reason::IntentUnresolved, "", message));
        denial.hold = Some(earlier);
        return Ok(denial);
    }
    let seen = replay::keys(policy, work, request, target, offer)?;
    // The offer is refused for as long as any entry of it is remembered.
    let mut earlier: Option<Seen> = None;
    for key in seen.iter().flatten() {
        let found = work.seen(key, now)?.filter(|_| !fault!("replay-ignored"));
        earlier =
            earlier.into_iter().chain(found).reduce(|one, other| if other.until > one.until { other } else { one });
    }
    if let Some(earlier) = earlier {
        return Ok(replayed(request, earlier));
    }
    if work.open()?.len() >= MAX_OPEN {
        let message = format!("{MAX_OPEN} payments are open");
        return Ok(refused(&request.id, Refusal::at(Reason::TooManyHolds, "", message)));
    }

    let mut judged = Vec::with_capacity(offer.accepts.len());
    for (accept, entry) in offer.accepts.iter().enumerate() {
        judged.push(match entry {
            Ok(_) if !can_pay(request, accept) => {
                let message = "no wallet of the caller's can pay it";
                Judged::malformed(accept, &Refusal::at(Reason::NotPayable, format!("accepts[{accept}]"), message))
            }
            Ok(terms) => judge(policy, work, request, target, terms, accept, now)?,
            Err(refusal) => Judged::malformed(accept, refusal),
        });
    }
    if let Some(trace) = &mut work.trace {
        let heard = judged.iter().map(|entry| (entry.accept, entry.findings.recorder.lines().to_vec()));
        *trace = heard.map(|(accept, rules)| EntryTrace { accept, rules }).collect();
    }
    let asked = work.approval(&request.id, now)?;
    let chosen = match &asked {
        Some(asked) => judged.iter().position(|judged| is_asked_about(asked, policy, request, judged)),
        None => best(&judged),
    };
    let Some(best) = chosen.map(|place| judged.remove(place)) else {
        if asked.is_some() {
            let message = "the policy or the offer has changed since people were asked";
            return Ok(refused(&request.id, Refusal::at(Reason::ApprovalVoid, "", message)));
        }
        return Ok(refused(&request.id, Refusal::at(Reason::MalformedOffer, "accepts", "no entry")));
    };
    let mut decision = report(&request.id, &best);
    decision.refused = refusals(&judged);
    let case = Case { request, target, intent, digest, now, seen: &seen, window: policy.replay.window };
    let heard = match best.class() {
        Class::Denied => return Ok(decision),
        // A no of people's stands, even where nobody would have to be asked by now.
        Class::Allowed => asked.and_then(|asked| ask::rejected(policy, &asked, now)).map_or(Heard::Use, Heard::Refuse),
        Class::Wanted => consult(policy, work, request, target, offer, &best, now)?,
    };
    match heard {
        Heard::Use => hold(work, case, best, decision),
        Heard::Wait(wanted) => {
            decision.approval = Some(wanted);
            Ok(decision)
        }
        Heard::Refuse(refusal) => {
            decision.action = Action::Deny;
            decision.reason = refusal.reason;
            decision.field = Some(refusal.field).filter(|field| !field.is_empty());
            decision.message = Some(refusal.message);
            Ok(decision)
        }
    }
}

/// Whether this is the entry that people were asked about, under the policy that asked.
fn is_asked_about(asked: &Approval, policy: &Policy, request: &Request, judged: &Judged) -> bool {
    judged.terms.as_ref().is_some_and(|terms| {
        let policy = if fault!("approval-reload") { &asked.policy } else { &policy.hash };
        approval::digest(request, &asked.id, terms, policy, asked.at, asked.until) == asked.digest
    })
}

/// What a hold is taken for.
struct Case<'a> {
    request: &'a Request,
    target: &'a Target,
    /// The key of the intent's cell.
    intent: &'a str,
    digest: &'a str,
    now: Millis,
    /// The keys of the cells that remember the entries against replays, and for how long.
    seen: &'a [Option<String>],
    window: Millis,
}

fn hold(
    work: &mut Working<'_>,
    Case { request, target, intent, digest, now, seen, window }: Case<'_>,
    best: Judged,
    mut decision: Decision,
) -> Result<Decision, Missing> {
    let seen = seen.get(best.accept).cloned().flatten();
    let Some(terms) = best.terms else { return Ok(Decision::deny(&request.id, Reason::InternalError)) };
    let hold = Hold {
        id: request.id.clone(),
        digest: digest.to_owned(),
        agent: request.agent.clone(),
        state: State::Held,
        at: now,
        until: now.saturating_add(UNUSED).saturating_add(if fault!("lapse-late") { 1_000 } else { 0 }),
        accept: best.accept,
        terms,
        price: best.price,
        usd: best.usd,
        signed: None,
        endpoint: target.endpoint(),
        shares: best.findings.shares,
        intent: intent.to_owned(),
        seen: seen.clone(),
        unbound: false,
        payer: None,
        nonce: None,
        captured: Amount::ZERO,
        captured_at: None,
        refunded: Amount::ZERO,
        refunds: Map::default(),
        transaction: None,
        note: None,
        ground: None,
        breach: false,
    };
    take(work, hold)?;
    ask::close(work, request, now)?;
    if let Some(key) = &seen {
        let until = now.saturating_add(window);
        work.put(key, Cell::Seen(Seen { id: request.id.clone(), until }), Some(until));
    }
    for (name, cell, expires) in best.findings.notes {
        work.put(&name, cell, expires);
    }
    decision.action = Action::Allow;
    decision.reason = Reason::Allowed;
    decision.message = None;
    decision.state = Some(State::Held);
    decision.approval = None;
    Ok(decision)
}

fn can_pay(request: &Request, accept: usize) -> bool {
    let payable = request.payable.as_ref();
    payable.is_none_or(|payable| u64::try_from(accept).is_ok_and(|accept| payable.contains(&accept)))
}

/// The same id again: with the same content the same answer, as far as the hold still stands.
fn again(policy: &Policy, hold: &Hold, digest: &str) -> Decision {
    if hold.digest != digest && !fault!("digest-ignored") {
        return conflict(&hold.id);
    }
    let judged = Judged {
        accept: hold.accept,
        terms: Some(hold.terms.clone()),
        price: policy.price(&hold.terms.asset),
        usd: hold.usd,
        findings: Findings::default(),
        fix: None,
    };
    let mut decision = report(&hold.id, &judged);
    decision.state = Some(hold.state);
    if hold.state == State::Voided {
        decision.action = Action::Deny;
        decision.reason = Reason::HoldExpired;
        decision.message = Some(String::from("the hold was let go; authorize again with a new id"));
    }
    decision
}

/// The same payment, or one with the same key, was held before.
fn replayed(request: &Request, earlier: Seen) -> Decision {
    let what = if request.idempotency_key.is_some() { "with the same idempotency key" } else { "that is the same" };
    let message = format!("payment `{}` {what} was held before", earlier.id);
    let mut denial = refused(&request.id, Refusal::at(Reason::Replayed, "", message));
    denial.hold = Some(earlier.id);
    denial.fix = Some(crate::decision::Fix { retry_at: Some(format_instant(earlier.until)), ..Default::default() });
    denial
}

fn conflict(id: &str) -> Decision {
    refused(id, Refusal::at(Reason::Conflict, "id", format!("`{id}` was used before for another payment")))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Allowed,
    Wanted,
    Denied,
}

impl Judged {
    fn class(&self) -> Class {
        if !self.findings.denials.is_empty() {
            Class::Denied
        } else if !self.findings.approvals.is_empty() {
            Class::Wanted
        } else {
            Class::Allowed
        }
    }

    /// The rules that fired: those that deny, else those that want people.
    fn rules(&self) -> Vec<String> {
        if self.findings.denials.is_empty() {
            return self.findings.approvals.iter().map(|(rule, _)| rule.clone()).collect();
        }
        self.findings.denials.iter().filter_map(|denial| denial.rule.clone()).collect()
    }
}

/// The best entry: one that is allowed, the cheapest in US dollars first; else one that people can allow; else the one
/// that came furthest. Between equals, the seller's own order. Its place in the list.
fn best(judged: &[Judged]) -> Option<usize> {
    let (place, _) = judged.iter().enumerate().min_by_key(|(_, candidate)| {
        let far = candidate.findings.denials.first().map_or(0, |denial| u8::MAX.saturating_sub(denial.step));
        (candidate.class(), far, candidate.usd.is_none(), candidate.usd)
    })?;
    Some(place)
}

fn report(id: &str, judged: &Judged) -> Decision {
    let mut decision = Decision::deny(id, Reason::InternalError);
    decision.accept = Some(judged.accept);
    if let Some(terms) = &judged.terms {
        decision.amount = Some(terms.amount);
        decision.asset = Some(terms.asset.text());
        decision.payee = Some(terms.pay_to.clone());
    }
    decision.usd = judged.usd;
    decision.symbol = judged.price.as_ref().and_then(|price| price.symbol.as_deref()).map(str::to_owned);
    decision.decimals = judged.price.as_ref().map(|price| price.decimals);
    decision.rules = judged.rules();
    decision.flags.clone_from(&judged.findings.flags);
    match (judged.class(), judged.findings.denials.first(), judged.findings.approvals.first()) {
        (_, Some(denial), _) => {
            decision.reason = denial.reason;
            decision.field = Some(denial.field.clone()).filter(|field| !field.is_empty());
            decision.message = Some(denial.message.clone());
            decision.fix.clone_from(&judged.fix);
            decision.delay = judged.findings.denials.iter().all(|denial| denial.delay);
        }
        (_, None, Some((_, message))) => {
            decision.action = Action::RequireApproval;
            decision.reason = Reason::ApprovalRequired;
            decision.message = Some(message.clone());
        }
        _ => {
            decision.action = Action::Allow;
            decision.reason = Reason::Allowed;
        }
    }
    decision
}

/// Those that were refused, and why.
fn refusals(judged: &[Judged]) -> Vec<RefusedAccept> {
    let refused = judged.iter().filter_map(|entry| entry.findings.denials.first().map(|denial| (entry, denial)));
    refused
        .map(|(candidate, denial)| RefusedAccept {
            accept: candidate.accept,
            reason: denial.reason,
            field: Some(denial.field.clone()).filter(|field| !field.is_empty()),
            rules: candidate.rules(),
        })
        .collect()
}

/// A denial in the words of a refusal.
#[must_use]
pub fn refused(id: &str, refusal: Refusal) -> Decision {
    let mut denial = Decision::deny(id, refusal.reason);
    denial.field = Some(refusal.field).filter(|field| !field.is_empty());
    denial.message = Some(refusal.message);
    denial
}
