//! The questions that stand, as one cell lists them.

use crate::time::Millis;

/// How long a question is remembered after its time, in milliseconds.
pub const REMEMBERED: Millis = 24 * 3_600_000;

/// A question that stands, in the one cell that lists them all. It changes whenever an answer comes in, so that whoever
/// waits for any of them has one cell to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The payment's id.
    pub id: String,
    /// The agent that asks.
    pub agent: String,
    /// From then on it is forgotten.
    pub until: Millis,
    /// Who is asked and has not answered. Nothing once it is decided: then it counts for the agent alone, so that an agent
    /// that was refused can't go on asking.
    pub waiting: Option<Vec<String>>,
}
