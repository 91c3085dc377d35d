//! The third verb: what became of a payment. A seller's word can book a spend; only proof frees money once a ticket
//! was issued.

use crate::decision::Outcome;
use crate::faults::fault;
use crate::json::Json;
use crate::ledger::hold::{Ground, Hold, State};
use crate::ledger::moves::{capture, keep, rebook, void};
use crate::ledger::working::{Missing, Working};
use crate::members::{optional_text, wrong};
use crate::money::Amount;
use crate::reason::{Reason, Refusal};
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
                Ground::Receipt | Ground::Delivery if !fault!("receipt-lowers") => hold.exposure(),
                _ if fault!("upto-maximum") => hold.terms.amount,
                _ => amount.unwrap_or(hold.terms.amount),
            };
            captured(work, hold, amount, settlement, now)
        }
        Said::Failed if hold.state == State::Held || (hold.is_open() && fault!("failed-frees")) => {
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

/// Books a spend: of an open hold, of one that was let go, or of one that was booked on weaker ground.
///
/// # Errors
/// The cells that are not here.
pub fn captured(
    work: &mut Working<'_>,
    mut hold: Hold,
    amount: Amount,
    settlement: &Settlement,
    now: Millis,
) -> Result<Outcome, Missing> {
    let amount = if fault!("breach-dropped") { amount.min(hold.terms.amount) } else { amount };
    if hold.state != State::Captured || fault!("capture-twice") {
        hold.transaction.clone_from(&settlement.transaction);
        capture(work, &mut hold, now, amount, settlement.ground)?;
        return Ok(done(&hold));
    }
    if weaker(hold.ground, settlement.ground) {
        hold.transaction.clone_from(&settlement.transaction);
        return corrected(work, hold, amount, settlement.ground, now);
    }
    let other = hold.transaction.is_some() && settlement.transaction.is_some();
    let same_transaction = !other || hold.transaction == settlement.transaction;
    if hold.captured != amount || hold.ground != Some(settlement.ground) || !same_transaction {
        return Ok(failed(&hold.id, Reason::Conflict, Some(&hold)));
    }
    if hold.transaction.is_none() && settlement.transaction.is_some() {
        hold.transaction.clone_from(&settlement.transaction);
        keep(work, &hold)?;
    }
    Ok(done(&hold))
}

/// Books another amount on stronger ground. The difference is given back or added; what was refunded stays refunded.
///
/// # Errors
/// The cells that are not here.
pub fn corrected(
    work: &mut Working<'_>,
    mut hold: Hold,
    amount: Amount,
    ground: Ground,
    now: Millis,
) -> Result<Outcome, Missing> {
    let refunded = hold.refunded;
    // What was only assumed to be too much was none; what came after the hold was let go stays a breach.
    let late = hold.breach && hold.ground != Some(Ground::Assumed) && !fault!("breach-forgotten");
    hold.breach = late || amount > hold.terms.amount;
    hold.ground = Some(ground);
    rebook(work, &mut hold, amount, refunded, now)?;
    Ok(done(&hold))
}

/// What is only assumed gives way to what is said, and what is only said to a chain's proof or a person's word.
#[must_use]
pub fn weaker(stands: Option<Ground>, said: Ground) -> bool {
    match stands {
        Some(Ground::Assumed) => true,
        Some(Ground::Receipt | Ground::Delivery) => said == Ground::Chain && !fault!("receipt-stands"),
        _ => false,
    }
}
