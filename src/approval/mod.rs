//! What people and machines say to a payment that needs them: n of m, bound to exactly what was asked, used once.
//!
//! A question is a cell of the ledger, so it outlives the process that asked; what approvers answer stands in it with the
//! signatures that they gave. The answers are believed twice: when they come in, and again, by the policy of whoever
//! decides, in the step that uses them. A question holds no money: the payment is judged anew, with its budgets, when it
//! is used. Silence is a denial.

pub mod answer;
pub mod ask;
pub mod card;
pub mod freeze;
pub mod prompt;
pub mod proof;
pub mod switch;
pub mod view;

use serde::Serialize;

use crate::faults::fault;
use crate::hash::framed;
use crate::json::Json;
use crate::offer::{Scheme, Terms};
use crate::request::Request;
use crate::time::Millis;

use answer::Answer;
use proof::Key;

/// A question to people: what they are asked, and what they said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The payment's id.
    pub id: String,
    /// SHA-256 of all that is asked, in hex: an answer is good for that alone.
    pub digest: String,
    /// SHA-256 of the request with its offer, in hex: the same id for another one is a conflict.
    pub request: String,
    /// The agent that asks: it can't approve.
    pub agent: String,
    /// The hash of the policy that asks; under another one the question is void.
    pub policy: String,
    /// When it was asked.
    pub at: Millis,
    /// From then on silence was a denial.
    pub until: Millis,
    /// How many have to approve.
    pub threshold: u64,
    /// Who is asked; `None` is anybody but the agent.
    pub approvers: Option<Vec<Approver>>,
    /// How old a countersignature may be when it comes in, in milliseconds.
    pub max_age: Millis,
    /// What an approver needs to see.
    pub card: Json,
    /// What was said, one answer for each approver.
    pub answers: Vec<Answer>,
    /// The payment was held on it: it is good for no other.
    pub used: bool,
}

/// Somebody who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The name.
    pub name: String,
    /// What the answer has to be signed with; without one the name is believed.
    pub key: Option<Key>,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It waits for answers.
    Pending,
    /// Enough have approved; the payment can be made, if it passes the policy when it is judged again.
    Approved,
    /// So many have refused that the rest can't approve it any more.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// The payment was held.
    Used,
}

impl Standing {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Used => "used",
        }
    }
}

impl Approval {
    /// Where it stands, by answers that are believed already. Two of three are enough, and do not wait for the third.
    #[must_use]
    pub fn standing(&self, now: Millis) -> Standing {
        self.standing_of(&self.answers.iter().collect::<Vec<_>>(), now)
    }

    /// Where it stands if only these answers count.
    #[must_use]
    pub fn standing_of(&self, answers: &[&Answer], now: Millis) -> Standing {
        let approved = answers.iter().filter(|answer| answer.approved).count();
        let rejected = answers.len().saturating_sub(approved);
        let left = match &self.approvers {
            Some(approvers) => approvers.len().saturating_sub(rejected),
            // Where anybody may approve, anybody may refuse.
            None if rejected > 0 => 0,
            None => usize::MAX,
        };
        let threshold = usize::try_from(self.threshold).unwrap_or(usize::MAX);
        if self.used {
            Standing::Used
        } else if left < threshold && !fault!("refusal-ignored") {
            Standing::Rejected
        } else if now >= self.until {
            Standing::Expired
        } else if approved >= threshold {
            Standing::Approved
        } else {
            Standing::Pending
        }
    }

    /// Somebody who is asked. Where anybody may answer, everybody but the agent is.
    #[must_use]
    pub fn asked(&self, name: &str) -> Option<Approver> {
        if name.eq_ignore_ascii_case(&self.agent) && !fault!("approver-agent") {
            return None;
        }
        match &self.approvers {
            Some(approvers) => approvers.iter().find(|approver| approver.name == name).cloned(),
            None => Some(Approver { name: name.to_owned(), key: None }),
        }
    }
}

/// SHA-256 over everything that an approval is bound to, in hex: the request, the entry of the offer that is to be paid,
/// the policy and the time.
#[must_use]
pub fn digest(request: &Request, id: &str, terms: &Terms, policy: &str, at: Millis, until: Millis) -> String {
    let amount = terms.amount.to_string();
    let lifetime = terms.lifetime_seconds.to_string();
    let (at, until) = (at.to_string(), until.to_string());
    // The fee payer of a Solana transaction changes from offer to offer; who may settle an `upto` decides how much.
    let settler = if terms.scheme == Scheme::Upto { terms.facilitator.as_deref() } else { None };
    let transfer = format!("{:?}", terms.transfer);
    framed(&[
        "tollwarden approval 1",
        id,
        &subject(request),
        terms.scheme.as_str(),
        terms.network.as_str(),
        &terms.asset.text(),
        &amount,
        &terms.pay_to,
        &lifetime,
        terms.flow.as_str(),
        &transfer,
        settler.unwrap_or_default(),
        policy,
        &at,
        &until,
    ])
}

/// SHA-256 over what is requested and for whom, without the offer, in hex.
#[must_use]
pub fn subject(request: &Request) -> String {
    framed(&[
        "tollwarden request 1",
        &request.agent,
        &request.session,
        &request.client,
        &request.method,
        &request.url,
        request.offer_origin.as_deref().unwrap_or_default(),
        request.body_digest.as_deref().unwrap_or_default(),
        request.idempotency_key.as_deref().unwrap_or_default(),
    ])
}
