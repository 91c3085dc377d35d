//! The third verb: what became of a payment. A seller's word can book a spend; only proof frees money once a ticket
//! was issued.

use crate::decision::Outcome;
use crate::json::Json;
use crate::ledger::hold::{Ground, Hold, State};
use crate::ledger::moves::{capture, give_back, keep, void};
use crate::ledger::working::{Missing, Working};
use crate::money::Amount;
use crate::reason::{Reason, Refusal};
use crate::request::{optional_text, wrong};
use crate::sign::{done, failed, find};
use crate::time::Millis;

/// What is said to have become of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The money moved; this much, or as much as was held where nobody says.
    Captured(Option<Amount>),
    /// It failed. That is proof only before a ticket was issued.
    Failed,
    /// Nobody can say: the answer was lost.
    Unknown,
}

/// A report of what became of a payment.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// What is said.
    pub said: Said,
    /// Who says it: a receipt can raise what is booked and never lower it.
    pub ground: Ground,
    /// The transaction, where one is named.
    pub transaction: Option<String>,
}

impl Settlement {
    /// Reads `outcome`, `amount`, `transaction` and `evidence` (`operator`, the default, `receipt` or
    /// `delivery`).
    ///
    /// # Errors
    /// [`Reason::MalformedRequest`] with the member that is wrong.
    pub fn read(json: &Json) -> Result<Self, Refusal> {
        let amount = amount(json)?;
        let said = match optional_text(json, "outcome")?.as_deref() {
            Some("captured") => Said::Captured(amount),
            Some("failed") => Said::Failed,
            Some("unknown") => Said::Unknown,
            _ => return Err(wrong("outcome", "expected `captured`, `failed` or `unknown`")),
        };
        let ground = match optional_text(json, "evidence")?.as_deref() {
            None | Some("operator") => Ground::Operator,
            Some("receipt") => Ground::Receipt,
            Some("delivery") => Ground::Delivery,
            Some(other) => {
                let message = format!("expected `operator`, `receipt` or `delivery`, found `{other}`");
                return Err(wrong("evidence", message));
            }
        };
        Ok(Self { said, ground, transaction: optional_text(json, "transaction")? })
    }
}

/// Reads an amount in atomic units.
///
/// # Errors
/// [`Reason::MalformedRequest`] with the member that is wrong.
pub fn amount(json: &Json) -> Result<Option<Amount>, Refusal> {
    let text = optional_text(json, "amount")?;
    text.map(|text| Amount::parse(&text).map_err(|error| wrong("amount", error.to_string()))).transpose()
}

/// Books what became of a payment. Saying the same twice changes nothing; saying something else is a conflict.
///
/// # Errors
/// The cells that are not here.
pub fn settle(work: &mut Working<'_>, id: &str, settlement: &Settlement, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    match settlement.said {
        Said::Captured(amount) => {
            let amount = match settlement.ground {
                // Nobody signs receipts. A smaller figure frees nothing, and more than was signed can't have moved.
                Ground::Receipt | Ground::Delivery => hold.exposure(),
                _ => amount.unwrap_or(hold.terms.amount),
            };
            captured(work, hold, amount, settlement, now)
        }
        Said::Failed if hold.state == State::Held => {
            void(work, &mut hold, settlement.ground)?;
            Ok(done(&hold))
        }
        Said::Failed | Said::Unknown => match hold.state {
            State::Signing | State::Signed => {
                hold.state = State::Unknown;
                keep(work, &hold)?;
                Ok(done(&hold))
            }
            State::Unknown => Ok(done(&hold)),
            State::Voided if settlement.said == Said::Failed => Ok(done(&hold)),
            State::Held | State::Captured | State::Voided => Ok(failed(id, Reason::WrongState, Some(&hold))),
        },
    }
}

fn captured(
    work: &mut Working<'_>,
    mut hold: Hold,
    amount: Amount,
    settlement: &Settlement,
    now: Millis,
) -> Result<Outcome, Missing> {
    if hold.state == State::Captured {
        // What is only assumed gives way to what is said, and what is only said to what a chain proves.
        let weaker = match hold.ground {
            Some(Ground::Assumed) => true,
            Some(Ground::Receipt | Ground::Delivery) => settlement.ground == Ground::Chain,
            _ => false,
        };
        if !weaker {
            let same = hold.captured == amount && hold.ground == Some(settlement.ground);
            return Ok(if same { done(&hold) } else { failed(&hold.id, Reason::Conflict, Some(&hold)) });
        }
        return confirmed(work, hold, amount, settlement.ground, settlement.transaction.clone(), now);
    }
    hold.transaction.clone_from(&settlement.transaction);
    capture(work, &mut hold, now, amount, settlement.ground)?;
    Ok(done(&hold))
}

/// A hold that was booked as spent on an assumption, now that it is known what was spent: the difference is given back
/// or added.
fn confirmed(
    work: &mut Working<'_>,
    mut hold: Hold,
    amount: Amount,
    ground: Ground,
    transaction: Option<String>,
    now: Millis,
) -> Result<Outcome, Missing> {
    if amount < hold.captured {
        let over = hold.captured.saturating_sub(amount);
        give_back(work, &mut hold, over)?;
        hold.refunded = hold.refunded.saturating_sub(over);
        hold.captured = amount;
    } else if amount > hold.captured {
        let (at, booked) = (hold.captured_at.unwrap_or(now), hold.captured);
        give_back(work, &mut hold, booked)?;
        hold.refunded = hold.refunded.saturating_sub(booked);
        let breach = amount > hold.terms.amount;
        capture(work, &mut hold, at, amount, ground)?;
        hold.breach = breach;
    }
    hold.ground = Some(ground);
    hold.transaction = transaction;
    keep(work, &hold)?;
    Ok(done(&hold))
}

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
}

impl Proof {
    /// Reads `{"authorization":"used","amount":…,"transaction":…}` or `{"authorization":"unused","at":…}`.
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
                Ok(Self::Unused { at: crate::request::instant(at).map_err(|error| wrong("proof.at", error))? })
            }
            _ => Err(wrong("proof.authorization", "expected `used` or `unused`")),
        }
    }
}

/// Closes a hold by proof. An authorization frees its money only if it was unused *after* it could be used any more.
///
/// # Errors
/// The cells that are not here.
pub fn reconcile(work: &mut Working<'_>, id: &str, proof: &Proof, now: Millis) -> Result<Outcome, Missing> {
    let (now, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    match proof {
        Proof::Used { amount, transaction } => {
            let said = Said::Captured(Some(*amount));
            let settlement = Settlement { said, ground: Ground::Chain, transaction: transaction.clone() };
            captured(work, hold, *amount, &settlement, now)
        }
        Proof::Unused { at } => {
            if *at < hold.until {
                let mut early = failed(id, Reason::WrongState, Some(&hold));
                early.message = Some(String::from("unused so far proves nothing: the signature can still be used"));
                return Ok(early);
            }
            match (hold.state, hold.ground) {
                (State::Signing | State::Signed | State::Unknown, _) => void(work, &mut hold, Ground::Chain)?,
                (State::Captured, Some(Ground::Assumed | Ground::Receipt | Ground::Delivery)) => {
                    let booked = hold.captured.saturating_sub(hold.refunded);
                    give_back(work, &mut hold, booked)?;
                    hold.state = State::Voided;
                    hold.captured = Amount::ZERO;
                    hold.refunded = Amount::ZERO;
                    hold.ground = Some(Ground::Chain);
                    keep(work, &hold)?;
                }
                (State::Voided, _) => {}
                _ => return Ok(failed(id, Reason::WrongState, Some(&hold))),
            }
            Ok(done(&hold))
        }
    }
}

/// Gives back part of a captured payment. In all, never more than was captured.
///
/// # Errors
/// The cells that are not here.
pub fn refund(work: &mut Working<'_>, id: &str, amount: Amount, now: Millis) -> Result<Outcome, Missing> {
    let (_, Some(mut hold)) = find(work, id, now)? else { return Ok(failed(id, Reason::UnknownId, None)) };
    if hold.state != State::Captured {
        return Ok(failed(id, Reason::WrongState, Some(&hold)));
    }
    let left = hold.captured.saturating_sub(hold.refunded);
    if amount > left || amount == Amount::ZERO {
        let mut refusal = failed(id, Reason::WrongState, Some(&hold));
        refusal.message = Some(format!("{left} atomic units are left to refund, not {amount}"));
        return Ok(refusal);
    }
    give_back(work, &mut hold, amount)?;
    Ok(done(&hold))
}
