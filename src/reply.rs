//! What the core answers to an event.

use serde::Serialize;

use crate::decision::{BudgetLine, Decision, HoldLine, Outcome};
use crate::json::Json;
use crate::policy::PolicyError;
#[cfg(feature = "tools")]
use crate::trace::Trace;

/// The answer to an event.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Reply {
    /// To `authorize` and `check`.
    Decision(Box<Decision>),
    /// To the events that move a hold on.
    Outcome(Box<Outcome>),
    /// To `explain`.
    #[cfg(feature = "tools")]
    Trace(Box<Trace>),
    /// To `budgets`.
    Budgets {
        /// One line for each counter.
        budgets: Vec<BudgetLine>,
    },
    /// To `holds`.
    Holds {
        /// One line for each hold, the oldest first.
        holds: Vec<HoldLine>,
    },
    /// To `approvals`.
    Approvals {
        /// The questions, the oldest first.
        #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::approval::view::ApprovalView>"))]
        approvals: Vec<Json>,
    },
    /// To `freezes`.
    Freezes {
        /// The freezes: that of everything, and those of agents.
        #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::approval::switch::FreezeLine>"))]
        freezes: Vec<Json>,
    },
    /// To `policy`.
    Policy {
        /// Whether the policy is in force now.
        ok: bool,
        /// The hash of the policy in force.
        policy: String,
        /// What is wrong with the one that was refused.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        errors: Vec<PolicyError>,
    },
    /// To the events that concern no payment.
    Done {
        /// Always true.
        ok: bool,
    },
    /// To `scan`.
    #[cfg(feature = "privacy")]
    Scan(Box<crate::privacy::told::Scan>),
    /// Cells are wanted first: load them and say the same again.
    Missing {
        /// Their keys.
        missing: Vec<String>,
    },
    /// It was not an event.
    Error {
        /// What is wrong with it.
        error: EventError,
    },
}

/// Why a line is not an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventError {
    /// `not_json`, `unknown_event`, `unknown_member`, `malformed_event` or `internal_error`.
    pub code: &'static str,
    /// One sentence that names the member.
    pub message: String,
    /// The line's number, from 1, where lines are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// What most answers are shorter than, in bytes: they are written in one piece.
const MOST: usize = 512;

/// A reply as one line of JSON.
#[must_use]
pub fn text(reply: &Reply) -> String {
    // Writing these types can't fail. Should it ever, the answer is an error, which no caller takes for an allowance.
    let mut text = Vec::with_capacity(MOST);
    let written = serde_json::to_writer(&mut text, reply).ok().and_then(|()| String::from_utf8(text).ok());
    written.unwrap_or_else(|| {
        String::from(r#"{"error":{"code":"internal_error","message":"the answer can't be written"}}"#)
    })
}
