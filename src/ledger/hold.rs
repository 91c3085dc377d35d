//! A hold: money set aside for one payment, from the decision until it is known what became of it.

use serde::Serialize;

use crate::ledger::key;
use crate::ledger::tally::Window;
use crate::money::{Amount, Usd};
use crate::offer::Offered;
use crate::order::Map;
use crate::policy::Price;
use crate::time::Millis;

/// A hold that was never ticketed is let go after this long, in milliseconds.
pub const UNUSED: Millis = 60_000;
/// How long a closed hold is remembered, for refunds and repeated calls, in milliseconds.
pub const REMEMBERED: Millis = 30 * 24 * 3_600_000;
/// How far a chain's clock may lag behind ours, in milliseconds: so much longer a signature counts as usable.
pub const SKEW: Millis = 30_000;

/// Where a hold stands. From `Signing` on, only proof frees the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Set aside; nothing was signed.
    Held,
    /// The ticket was issued: the signer may have signed.
    Signing,
    /// Signed, and what was signed is what was held.
    Signed,
    /// The money moved, or is booked as if it had.
    Captured,
    /// The money did not move and can't any more.
    Voided,
    /// It was signed, and nobody can say yet whether the money moved.
    Unknown,
}

impl State {
    /// The word as it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            State::Held => "held",
            State::Signing => "signing",
            State::Signed => "signed",
            State::Captured => "captured",
            State::Voided => "voided",
            State::Unknown => "unknown",
        }
    }
}

/// On what ground a hold was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// A receipt from the seller. Nobody signs those: it can book a spend, never free one.
    Receipt,
    /// The seller delivered and sent no receipt: taken for one.
    Delivery,
    /// The word of whoever drives the warden.
    Operator,
    /// A chain's own answer.
    Chain,
    /// No proof came before the signature ran out: booked as spent, at its maximum.
    Assumed,
    /// It was never ticketed, and its time ran out.
    Lapsed,
}

/// A hold's part in one budget or rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The key of the budget's cell.
    pub key: String,
    /// The budget's window.
    pub window: Window,
    /// What the budget counts.
    pub unit: Unit,
    /// What this hold put into it, in that unit, as a decimal text.
    pub amount: Amount,
}

/// What a budget or a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 10^-18 US dollars.
    Usd,
    /// Atomic units of one asset.
    Asset,
    /// Payments.
    Count,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The caller's id for the payment.
    pub id: String,
    /// SHA-256 of what was asked, in hex: the same id with other content is a conflict.
    pub digest: String,
    /// The agent that pays; empty where it has no name.
    pub agent: String,
    /// Where it stands.
    pub state: State,
    /// When it was taken.
    pub at: Millis,
    /// Held: when it lapses. Signing, signed, unknown: when the signature can't be used any more.
    pub until: Millis,
    /// Which entry of the offer was chosen.
    pub accept: usize,
    /// What was offered, and so what may be signed.
    pub terms: Offered,
    /// What the asset counts as, as it was when the hold was taken.
    pub price: Option<Price>,
    /// The amount in US dollars, where the asset has a price.
    pub usd: Option<Usd>,
    /// The most that was signed, in atomic units, where that is more than was held.
    pub signed: Option<Amount>,
    /// The requested origin and path.
    pub endpoint: String,
    /// What the hold put into which budget.
    pub shares: Vec<Share>,
    /// The key of the intent's cell.
    pub intent: String,
    /// The key of the cell that remembers the payment against replays, where one does.
    pub seen: Option<String>,
    /// What was signed is not what is held: no chain can show that none of it can be used any more.
    pub unbound: bool,
    /// The wallet that signed.
    pub payer: Option<String>,
    /// The authorization's own number on its chain.
    pub nonce: Option<String>,
    /// Captured, in atomic units.
    pub captured: Amount,
    /// When it was captured: in this moment of a window it counts.
    pub captured_at: Option<Millis>,
    /// Given back, in atomic units.
    pub refunded: Amount,
    /// Each refund by its own id: the same one twice is one.
    pub refunds: Map<Amount>,
    /// The transaction, as the receipt or the operator names it.
    pub transaction: Option<String>,
    /// The words of whoever closed it by hand.
    pub note: Option<String>,
    /// Why it was closed.
    pub ground: Option<Ground>,
    /// More was captured than was held, or after the hold was let go.
    pub breach: bool,
}

impl Hold {
    /// The most that can be lost: the larger of what was held and what was signed.
    #[must_use]
    pub fn exposure(&self) -> Amount {
        self.signed.map_or(self.terms.amount, |signed| signed.max(self.terms.amount))
    }

    /// The keys of the cells that closing it would change, beside those that every verb reads.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let shares = self.shares.iter().map(|share| share.key.clone());
        shares.chain([self.intent.clone(), key::payee(&self.terms)]).chain(self.seen.clone()).collect()
    }

    /// Whether the money is still out: it counts as held in every budget.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.state {
            State::Held | State::Signing | State::Signed | State::Unknown => true,
            State::Captured | State::Voided => false,
        }
    }

    /// From when on a closed hold is forgotten; an open one never is.
    #[must_use]
    pub fn forgotten(&self) -> Option<Millis> {
        let closed = self.captured_at.unwrap_or(self.until).max(self.until);
        (!self.is_open()).then(|| closed.saturating_add(REMEMBERED))
    }

    /// Whether it is remembered at this time. A store may have its cell for a while longer.
    #[must_use]
    pub fn is_remembered(&self, at: Millis) -> bool {
        self.forgotten().is_none_or(|end| end > at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::ledger::stored::Stored;

    /// The audit log has the word that the cells have.
    #[test]
    fn a_state_is_said_as_it_is_written() {
        for state in [State::Held, State::Signing, State::Signed, State::Captured, State::Voided, State::Unknown] {
            assert_eq!(State::restore(&Json::String(state.word().to_owned())), Ok(state));
        }
    }
}
