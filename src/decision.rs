//! What the verbs answer. These types cross the boundary: TypeScript's are generated from them.

use serde::Serialize;

use crate::ledger::hold::{Ground, State};
use crate::money::{Amount, Usd};
use crate::offer::Transfer;
use crate::reason::Reason;

/// What the policy says to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Pay: the money is held.
    Allow,
    /// Ask people first.
    RequireApproval,
    /// Don't pay.
    Deny,
}

/// The answer to *may this be paid?*
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// The caller's id for the payment.
    pub id: String,
    /// What the policy says.
    pub action: Action,
    /// Why, as a stable code.
    pub reason: Reason,
    /// One sentence for people: what was wrong, with the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The field concerned, such as `accepts[0].amount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The rules that fired: names of budgets, rates and rules, or places in the policy such as `payment.max_usd`.
    pub rules: Vec<String>,
    /// The rules that mark the payment, whatever becomes of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// True if the payment only comes too soon, and the policy wants it to wait until `fix.retry_at`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delay: bool,
    /// Which entry of the offer was chosen, or came nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<usize>,
    /// The amount of that entry, in atomic units, as a decimal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// The amount in US dollars, rounded up, as a decimal text; absent where the asset has no price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<Usd>,
    /// The asset, as `network/address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// The address that is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    /// A name of the asset for people. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// How many decimals the asset has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// Where the hold stands, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The smallest change that would let it pass, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Whose approval is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalWanted>,
    /// Why the other entries of the offer were not chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedAccept>,
    /// An earlier hold that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
}

/// The smallest change that would let a payment pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fix {
    /// The largest amount that would pass now, in atomic units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_amount: Option<Amount>,
    /// The same in US dollars, rounded down to what the limits leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_amount_usd: Option<Usd>,
    /// The earliest time at which the same payment would pass, if nothing more is spent until then (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
}

/// Whose approval is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApprovalWanted {
    /// The id to approve: the payment's own.
    pub id: String,
    /// SHA-256 of what is asked, in hex: an approval can name it, and is then good for nothing else.
    pub digest: String,
    /// How many people have to approve.
    pub threshold: u64,
    /// How many have.
    pub approved: u64,
    /// From then on silence is a denial (ISO 8601).
    pub expires_at: String,
    /// Who is asked; absent where anybody but the agent may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Vec<String>>,
    /// True if people are asked just now: then they have to be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new: bool,
}

/// Why one entry of an offer was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefusedAccept {
    /// Which entry.
    pub accept: usize,
    /// Why, as a stable code.
    pub reason: Reason,
    /// The field concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The rules that fired.
    pub rules: Vec<String>,
}

impl Decision {
    /// A denial that concerns no entry of the offer.
    #[must_use]
    pub fn deny(id: &str, reason: Reason) -> Self {
        Self {
            id: id.to_owned(),
            action: Action::Deny,
            reason,
            message: None,
            field: None,
            rules: Vec::new(),
            flags: Vec::new(),
            delay: false,
            accept: None,
            amount: None,
            usd: None,
            asset: None,
            payee: None,
            symbol: None,
            decimals: None,
            state: None,
            fix: None,
            approval: None,
            refused: Vec::new(),
            hold: None,
        }
    }
}

/// The answer of a verb that moves a hold on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Outcome {
    /// The caller's id for the payment.
    pub id: String,
    /// Whether it was done.
    pub ok: bool,
    /// Why not, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The field concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where the hold stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What is booked as captured, in atomic units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<Amount>,
    /// What was given back in all, in atomic units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Amount>,
    /// On what ground the hold was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// The authorization's own number on its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The latest time at which the signature can be used (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_before: Option<String>,
    /// True if more was captured than was held, or after the hold was let go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub breach: bool,
}

/// A hold, as it stands. Nothing in it can be used to pay: no signature is kept in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HoldLine {
    /// The caller's id for the payment.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// On what ground it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// When it was taken (ISO 8601).
    pub at: String,
    /// Held: when it lapses. Else: from when on the signature can't be used any more, with 30 s for a chain's clock.
    pub until: String,
    /// The requested origin and path.
    pub endpoint: String,
    /// The network, in CAIP-2.
    pub network: String,
    /// The address of the asset on it.
    pub asset: String,
    /// A name of the asset for people. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// How many decimals the asset has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// The address that is paid.
    pub payee: String,
    /// The wallet that signed, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// The authorization's own number on its chain, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How the money moves.
    pub transfer: Transfer,
    /// What is held, in atomic units.
    pub amount: Amount,
    /// The most that was signed, where that is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Amount>,
    /// What is held, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<Usd>,
    /// What is booked as captured, in atomic units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<Amount>,
    /// In which moment of its windows that counts (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
    /// What was given back in all, in atomic units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Amount>,
    /// The transaction, as a receipt, a chain or a person names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// The words of whoever closed it by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// True if what was signed is not what is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unbound: bool,
    /// True if more was captured than was held, or after the hold was let go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub breach: bool,
}

/// What is left of one budget's counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BudgetLine {
    /// The budget's name.
    pub name: String,
    /// Whose counter: the values of `per`, joined by `,`; `*` where there is one for all.
    pub key: String,
    /// `usd`, or the asset as `network/address`.
    pub unit: String,
    /// The limit: US dollars, or atomic units. Absent where only approval is asked from a figure on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Held in open holds.
    pub held: String,
    /// Spent within the window.
    pub spent: String,
    /// What is left of the limit; 0 if more was captured than was held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<String>,
    /// The window: a span, `session` or `lifetime`.
    pub window: String,
}
