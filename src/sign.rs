//! The second verb: what is signed must be what was held. A ticket is issued once, before the signer is reached; from
//! then on only proof frees the money.

use crate::approval::switch::frozen;
use crate::bind::{self, claim};
use crate::decision::Outcome;
use crate::faults::fault;
use crate::json::Json;
use crate::ledger::hold::{Ground, Hold, SKEW, State};
use crate::ledger::key;
use crate::ledger::moves::{keep, raise, void};
use crate::ledger::working::{Missing, Working};
use crate::money::Amount;
use crate::offer::Transfer;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::time::{Millis, format_instant};

/// Loads a hold with the cells that closing it would change, and takes note of the time.
///
/// # Errors
/// The cells that are not here.
pub fn find(work: &mut Working<'_>, id: &str, now: Millis) -> Result<(Millis, Option<Hold>), Missing> {
    work.need([key::CLOCK, key::OPEN, key::hold(id).as_str()])?;
    let now = work.time(now)?;
    let hold = work.hold(id)?;
    if let Some(hold) = &hold {
        work.need(hold.cells().iter().map(String::as_str))?;
    }
    Ok((now, hold))
}

/// The same, with the freezes of everything and of the hold's agent. A store that is far away is asked twice, not three
/// times.
fn find_to_sign(work: &mut Working<'_>, id: &str, now: Millis) -> Result<(Millis, Option<Hold>), Missing> {
    work.need([key::CLOCK, key::OPEN, key::FREEZE, key::hold(id).as_str()])?;
    if let Some(hold) = work.hold(id)? {
        let mut cells = hold.cells();
        cells.push(key::agent(&hold.agent));
        work.need_all(cells)?;
    }
    find(work, id, now)
}

/// Issues the one ticket of a hold: the signer may be reached.
///
/// # Errors
/// The cells that are not here.
pub fn ticket(policy: &Policy, work: &mut Working<'_>, id: &str, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find_to_sign(work, id, now)? else {
        return Ok(failed(id, Reason::UnknownId, None));
    };
    if let Some(refusal) = frozen(policy, work, &hold.agent)?.filter(|_| !fault!("freeze-ticket")) {
        return Ok(refused(id, refusal, &hold));
    }
    match hold.state {
        State::Held if hold.until <= now => {
            void(work, &mut hold, Ground::Lapsed)?;
            Ok(failed(id, Reason::HoldExpired, Some(&hold)))
        }
        State::Held => {
            if let Some(refusal) = unresolved(work, &hold)? {
                return Ok(refusal);
            }
            issue(work, &mut hold, now)?;
            Ok(done(&hold))
        }
        State::Signing if fault!("ticket-twice") => Ok(done(&hold)),
        State::Voided => Ok(failed(id, Reason::HoldExpired, Some(&hold))),
        _ => Ok(failed(id, Reason::TicketUsed, Some(&hold))),
    }
}

/// Another payment for the same intent became unknown after this one was held: a second signature could pay twice.
fn unresolved(work: &mut Working<'_>, hold: &Hold) -> Result<Option<Outcome>, Missing> {
    let earlier = work.intent(&hold.intent)?.into_iter().find(|_| !fault!("intent-ticket"));
    Ok(earlier.map(|earlier| {
        let message = format!("payment `{earlier}` for the same request has an unknown outcome");
        refused(&hold.id, Refusal::at(Reason::IntentUnresolved, "", message), hold)
    }))
}

/// The hold's exposure is committed before anything is signed: the maximum, for the longest time it may be usable.
fn issue(work: &mut Working<'_>, hold: &mut Hold, now: Millis) -> Result<(), Missing> {
    hold.state = State::Signing;
    let seconds = match hold.terms.transfer {
        Transfer::SvmTransfer => hold.terms.lifetime_seconds.max(bind::SVM_LIFETIME_SECONDS),
        Transfer::Eip3009 | Transfer::Permit2 => hold.terms.lifetime_seconds,
    };
    hold.until = now.saturating_add(seconds.saturating_mul(1_000)).saturating_add(SKEW);
    keep(work, hold)
}

/// What a wallet is about to sign. It has to be what is held; then the ticket is issued, if it was not before, and the
/// authorization's number noted down, so that a chain can be asked about it whatever becomes of the signature. One that
/// is refused uses no ticket up.
///
/// # Errors
/// The cells that are not here.
pub fn message(
    policy: &Policy,
    work: &mut Working<'_>,
    id: &str,
    signer: &str,
    message: &Json,
    now: Millis,
) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find_to_sign(work, id, now)? else {
        return Ok(failed(id, Reason::UnknownId, None));
    };
    // Frozen after the money was held: nothing more is signed.
    if let Some(refusal) = frozen(policy, work, &hold.agent)? {
        return Ok(refused(id, refusal, &hold));
    }
    match hold.state {
        State::Held if hold.until <= now => {
            void(work, &mut hold, Ground::Lapsed)?;
            return Ok(failed(id, Reason::HoldExpired, Some(&hold)));
        }
        State::Held | State::Signing if hold.nonce.is_none() => {}
        State::Signing => return Ok(failed(id, Reason::TicketUsed, Some(&hold))),
        _ => return Ok(failed(id, Reason::WrongState, Some(&hold))),
    }
    if hold.state == State::Held
        && let Some(refusal) = unresolved(work, &hold)?
    {
        return Ok(refusal);
    }
    let bound = match message.as_str() {
        Some(transaction) => bind::svm_message(&hold.terms, transaction, now),
        None => bind::typed_data(&hold.terms, signer, message, now),
    };
    match bound {
        Ok(signed) => {
            hold.nonce = Some(signed.nonce);
            hold.payer = Some(signed.payer);
            if hold.state == State::Held {
                issue(work, &mut hold, now)?;
            } else {
                keep(work, &hold)?;
            }
            Ok(done(&hold))
        }
        Err(refusal) => Ok(refused(id, refusal, &hold)),
    }
}

/// Binds a signed payment to its hold. One that does not bind must not be sent; its hold is unknown from then on, at
/// the larger of what was held and what was signed: the signature exists.
///
/// # Errors
/// The cells that are not here.
pub fn sign(work: &mut Working<'_>, id: &str, payload: &Json, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    match hold.state {
        State::Held if hold.until <= now => {
            // The ticket was never asked for, yet something was signed: it is out, whether in time or not.
            issue(work, &mut hold, now)?;
            return unbound(work, hold, payload, Refusal::at(Reason::HoldExpired, "", "the hold had lapsed"));
        }
        State::Held => issue(work, &mut hold, now)?,
        State::Signing | State::Signed => {}
        State::Voided => return Ok(failed(id, Reason::HoldExpired, Some(&hold))),
        State::Captured | State::Unknown => return Ok(failed(id, Reason::WrongState, Some(&hold))),
    }
    match bind::payload(&hold.terms, payload, now) {
        Ok(signed) if hold.nonce.as_ref().is_some_and(|nonce| *nonce != signed.nonce) => {
            let message =
                format!("`{}` was signed, and this is `{}`", hold.nonce.clone().unwrap_or_default(), signed.nonce);
            unbound(work, hold, payload, Refusal::at(Reason::TicketUsed, "payload", message))
        }
        Ok(signed) => {
            // Of several signatures, each can be used until its own end.
            let earlier = if hold.state == State::Signed && !fault!("sign-shortens") { hold.until } else { 0 };
            hold.state = State::Signed;
            hold.nonce = Some(signed.nonce);
            hold.payer = Some(signed.payer);
            hold.until =
                signed.valid_before.saturating_add(if fault!("skew-forgotten") { 0 } else { SKEW }).max(earlier);
            keep(work, &hold)?;
            Ok(done(&hold))
        }
        Err(refusal) => unbound(work, hold, payload, refusal),
    }
}

fn unbound(work: &mut Working<'_>, mut hold: Hold, payload: &Json, refusal: Refusal) -> Result<Outcome, Missing> {
    if let Some(amount) = claim::amount(payload).filter(|amount| *amount > hold.exposure() && !fault!("unbound-amount"))
    {
        raise(work, &mut hold, amount)?;
        hold.signed = Some(amount);
    }
    // It counts for as long as it can be used, and not only for as long as what was held could be.
    hold.until = claim::end(payload)
        .filter(|_| !fault!("unbound-short"))
        .map_or(hold.until, |end| end.saturating_add(SKEW).max(hold.until));
    hold.state = if fault!("unbound-forgotten") { State::Signing } else { State::Unknown };
    hold.unbound = true;
    keep(work, &hold)?;
    Ok(refused(&hold.id, refusal, &hold))
}

/// The answer of a verb that was done.
#[must_use]
pub fn done(hold: &Hold) -> Outcome {
    let closed = hold.state == State::Captured;
    let signed = matches!(hold.state, State::Signing | State::Signed | State::Unknown);
    Outcome {
        id: hold.id.clone(),
        ok: true,
        reason: None,
        message: None,
        field: None,
        state: Some(hold.state),
        captured: closed.then_some(hold.captured),
        refunded: Some(hold.refunded).filter(|refunded| *refunded > Amount::ZERO),
        ground: hold.ground,
        nonce: hold.nonce.clone(),
        valid_before: signed.then(|| format_instant(hold.until)),
        breach: hold.breach,
    }
}

/// The answer of a verb that was not done.
#[must_use]
pub fn failed(id: &str, reason: Reason, hold: Option<&Hold>) -> Outcome {
    let message = hold.map(|hold| format!("the hold is {}", hold.state.word()));
    Outcome {
        id: id.to_owned(),
        ok: false,
        reason: Some(reason),
        message,
        field: None,
        state: hold.map(|hold| hold.state),
        captured: None,
        refunded: None,
        ground: None,
        nonce: None,
        valid_before: None,
        breach: false,
    }
}

fn refused(id: &str, refusal: Refusal, hold: &Hold) -> Outcome {
    let field = Some(refusal.field).filter(|field| !field.is_empty());
    Outcome { message: Some(refusal.message), field, ..failed(id, refusal.reason, Some(hold)) }
}
