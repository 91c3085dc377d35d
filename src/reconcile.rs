//! What is known of a payment afterwards: a chain's own answer, a person's, and money that came back.

use crate::decision::Outcome;
use crate::faults::fault;
use crate::json::Json;
use crate::ledger::hold::{Ground, Hold, State};
use crate::ledger::moves::{rebook, uncapture, void};
use crate::ledger::working::{Missing, Working};
use crate::members::{instant, optional_text, wrong};
use crate::money::Amount;
use crate::reason::{Reason, Refusal};
use crate::settle::{Said, Settlement, amount, captured, corrected, weaker};
use crate::sign::{done, failed, find};
use crate::time::{Millis, format_instant};

/// So many refunds of one payment are told apart.
const MAX_REFUNDS: usize = 64;

/// A chain's own answer about an authorization.
#[derive(Clone, Debug)]
pub enum Proof {
    /// It was used: this much moved.
    Used {
        /// In atomic units.
        amount: Amount,
        /// The transaction that moved it.
        transaction: Option<String>,
    },
    /// It was not used as of this time, by the chain's clock.
    Unused {
        /// The time of the block that says so.
        at: Millis,
    },
    /// It was taken back on the chain, and can never be used: EIP-3009's `AuthorizationCanceled`, or Permit2's
    /// `UnorderedNonceInvalidation`.
    Cancelled {
        /// The transaction that took it back.
        transaction: Option<String>,
    },
}

impl Proof {
    /// Reads `{"authorization":"used","amount":…,"transaction":…}`, `{"authorization":"unused","at":…}` or
    /// `{"authorization":"cancelled","transaction":…}`.
    ///
    /// # Errors
    /// [`Reason::MalformedRequest`] with the member that is wrong.
    pub fn read(json: &Json) -> Result<Self, Refusal> {
        match optional_text(json, "authorization")?.as_deref() {
            Some("used") => Ok(Self::Used {
                amount: amount(json)?.ok_or_else(|| wrong("proof.amount", "missing"))?,
                transaction: optional_text(json, "transaction")?,
            }),
            Some("unused") => {
                let at = json.get("at").ok_or_else(|| wrong("proof.at", "missing"))?;
                Ok(Self::Unused { at: instant(at).map_err(|error| wrong("proof.at", error))? })
            }
            Some("cancelled") => Ok(Self::Cancelled { transaction: optional_text(json, "transaction")? }),
            _ => Err(wrong("proof.authorization", "expected `used`, `unused` or `cancelled`")),
        }
    }
}

/// Closes a hold by proof. An authorization frees its money only if it was unused *after* it could be used any more, or
/// if it was taken back.
///
/// # Errors
/// The cells that are not here.
pub fn reconcile(work: &mut Working<'_>, id: &str, proof: &Proof, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    match proof {
        Proof::Used { amount, transaction } => {
            let said = Said::Captured(Some(*amount));
            let settlement = Settlement { said, ground: Ground::Chain, transaction: transaction.clone() };
            return captured(work, hold, *amount, &settlement, now);
        }
        Proof::Unused { at } if *at < hold.until && !fault!("unused-early") => {
            return Ok(refusal(&hold, "unused so far proves nothing: the signature can still be used"));
        }
        Proof::Unused { .. } => {}
        Proof::Cancelled { transaction } => hold.transaction = transaction.clone().or(hold.transaction),
    }
    if hold.unbound && !fault!("unbound-freed") {
        return Ok(refusal(
            &hold,
            "what was signed is not what is held, so that a chain can't show that it is of no use",
        ));
    }
    if hold.state == State::Held {
        return Ok(failed(id, Reason::WrongState, Some(&hold)));
    }
    free(work, hold, Ground::Chain, now)
}

/// What a person has found out, in their own words. Freeing money is possible once the signature has run out.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The amount that was spent, in atomic units; nothing if no money moved.
    pub spent: Option<Amount>,
    /// Why; it is kept on the hold.
    pub reason: String,
}

impl Resolution {
    /// Reads `outcome` (`spent` or `free`), `amount` and `reason`.
    ///
    /// # Errors
    /// [`Reason::MalformedRequest`] with the member that is wrong.
    pub fn read(json: &Json) -> Result<Self, Refusal> {
        let amount = amount(json)?;
        let spent = match (optional_text(json, "outcome")?.as_deref(), amount) {
            (Some("spent"), Some(amount)) => Some(amount),
            (Some("spent"), None) => return Err(wrong("amount", "missing")),
            (Some("free"), None) => None,
            (Some("free"), Some(_)) => return Err(wrong("amount", "what is free has none")),
            _ => return Err(wrong("outcome", "expected `spent` or `free`")),
        };
        let reason = optional_text(json, "reason")?.filter(|reason| !reason.trim().is_empty());
        let reason = reason.ok_or_else(|| wrong("reason", "missing"))?;
        if reason.len() > MAX_REASON {
            return Err(wrong("reason", format!("longer than {MAX_REASON} bytes")));
        }
        Ok(Self { spent, reason })
    }
}

/// The longest reason that is kept, in bytes.
const MAX_REASON: usize = 1_024;

/// Closes a hold by a person's word, and keeps the reason.
///
/// # Errors
/// The cells that are not here.
pub fn resolve(work: &mut Working<'_>, id: &str, told: &Resolution, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    let stands = match hold.state {
        State::Captured => !matches!(hold.ground, Some(Ground::Assumed | Ground::Receipt | Ground::Delivery)),
        State::Voided => told.spent.is_none(),
        _ => false,
    };
    if stands {
        let same = match told.spent {
            Some(spent) => hold.state == State::Captured && hold.captured == spent,
            None => hold.state == State::Voided,
        };
        return Ok(if same { done(&hold) } else { failed(id, Reason::Conflict, Some(&hold)) });
    }
    let usable = hold.state != State::Held && hold.state != State::Voided && now < hold.until;
    if told.spent.is_none() && usable && !fault!("resolve-early") {
        let until = format_instant(hold.until);
        return Ok(refusal(&hold, &format!("the signature can still be used, until {until}; free it after that")));
    }
    hold.note = Some(told.reason.clone());
    let Some(amount) = told.spent else { return free(work, hold, Ground::Operator, now) };
    if hold.state == State::Captured {
        // A person's word goes before a seller's.
        return corrected(work, hold, amount, Ground::Operator, now);
    }
    let transaction = hold.transaction.clone();
    let settlement = Settlement { said: Said::Captured(Some(amount)), ground: Ground::Operator, transaction };
    captured(work, hold, amount, &settlement, now)
}

/// Lets go of a hold that was open, or booked on weaker ground.
fn free(work: &mut Working<'_>, mut hold: Hold, ground: Ground, now: Millis) -> Result<Outcome, Missing> {
    match hold.state {
        State::Captured if weaker(hold.ground, Ground::Chain) => uncapture(work, &mut hold, ground, now)?,
        State::Captured => return Ok(failed(&hold.id, Reason::WrongState, Some(&hold))),
        State::Voided => {}
        _ => void(work, &mut hold, ground)?,
    }
    Ok(done(&hold))
}

/// Gives back part of a captured payment. In all, never more than was captured; the same refund twice is one.
/// `refund`: its own id; a payment has one refund without.
///
/// # Errors
/// The cells that are not here.
pub fn refund(work: &mut Working<'_>, id: &str, refund: &str, amount: Amount, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    if hold.state != State::Captured {
        return Ok(failed(id, Reason::WrongState, Some(&hold)));
    }
    if let Some(before) = hold.refunds.get(refund).filter(|_| !fault!("refund-again")) {
        if *before == amount {
            return Ok(done(&hold));
        }
        let mut conflict = failed(id, Reason::Conflict, Some(&hold));
        conflict.message = Some(match refund {
            "" => format!("{before} atomic units were refunded before; give each refund an id of its own"),
            name => format!("the refund `{name}` was one of {before} atomic units"),
        });
        return Ok(conflict);
    }
    let left = hold.captured.saturating_sub(hold.refunded);
    if (amount > left && !fault!("refund-over")) || amount == Amount::ZERO {
        return Ok(refusal(&hold, &format!("{left} atomic units are left to refund, not {amount}")));
    }
    if hold.refunds.len() >= MAX_REFUNDS {
        return Ok(refusal(&hold, &format!("{MAX_REFUNDS} refunds of one payment are the most")));
    }
    hold.refunds.insert(refund.to_owned(), amount);
    let (booked, refunded) = (hold.captured, hold.refunded.saturating_add(amount));
    rebook(work, &mut hold, booked, refunded, now)?;
    Ok(done(&hold))
}

fn refusal(hold: &Hold, message: &str) -> Outcome {
    Outcome { message: Some(message.to_owned()), ..failed(&hold.id, Reason::WrongState, Some(hold)) }
}
