//! What each rule of the policy saw of one payment, and what it said. The checks report it themselves while they judge,
//! so it can't differ from the decision. Where nobody records, nothing is made ready: every text is a closure.

use serde::Serialize;

use crate::decision::Decision;
use crate::time::Millis;

/// What a rule said, from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It does not speak of this payment, or the answer was clear before its turn.
    NotAsked,
    /// It lets the payment pass.
    Pass,
    /// It speaks for the payment.
    Allow,
    /// It marks the payment.
    Flag,
    /// It wants people to decide.
    Approve,
    /// It denies the payment.
    Deny,
}

impl Said {
    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Said::NotAsked => "not asked",
            Said::Pass => "pass",
            Said::Allow => "allow",
            Said::Flag => "flag",
            Said::Approve => "approve",
            Said::Deny => "deny",
        }
    }
}

/// Which side of a figure a payment touched, to the smallest step: one atomic unit, one payment, one day or one
/// millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The figure exactly: the last that a cap lets pass, the first that a threshold concerns.
    Met,
    /// One step on the other side of it: the first that a cap stops, the last that a threshold leaves alone.
    Crossed,
}

/// A figure of the policy that a payment touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edge {
    /// The figure, such as `payment.max_usd` or `daily.limit_usd`.
    pub figure: String,
    /// On which side.
    pub side: Side,
}

/// What one rule saw and said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TraceLine {
    /// The rule: the name of a budget, rate or rule, or a place in the policy such as `payment.max_usd`.
    pub rule: String,
    /// What it saw, with the figures; or why it was not asked.
    pub saw: String,
    /// What it said.
    pub said: Said,
    /// The figures that the payment touched exactly, or missed by the smallest step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
}

/// What the rules saw and said of one entry of an offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryTrace {
    /// Which entry of the offer.
    pub accept: usize,
    /// Each rule, in the order in which they were asked.
    pub rules: Vec<TraceLine>,
}

/// One payment, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trace {
    /// Each rule, and what it said to the entry that the decision is about. Empty where the answer was clear before
    /// any rule was asked, such as for a URL that can't be read or while the warden is frozen.
    pub rules: Vec<TraceLine>,
    /// The other entries of the offer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<EntryTrace>,
    /// The decision, as `check` gives it.
    #[cfg_attr(feature = "schema", schemars(transform = without_words))]
    pub decision: Decision,
}

/// Beside a reference, words would make TypeScript's generator write the type twice.
#[cfg(feature = "schema")]
fn without_words(schema: &mut schemars::Schema) {
    schema.remove("description");
}

impl Trace {
    /// Puts the entry that the decision is about first.
    #[must_use]
    pub fn new(decision: Decision, entries: Vec<EntryTrace>) -> Self {
        let (chosen, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| Some(entry.accept) == decision.accept);
        Self { rules: chosen.into_iter().flat_map(|entry| entry.rules).collect(), others, decision }
    }
}

/// Takes down what the checks report, where somebody wants to know.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    lines: Option<Vec<TraceLine>>,
    counts: (usize, usize, usize),
}

impl Recorder {
    /// A recorder that takes everything down, or nothing.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self { lines: on.then(Vec::new), ..Self::default() }
    }

    /// Whether anything is taken down. The module that only decides has no `explain`, and none of these texts.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        cfg!(feature = "tools") && self.lines.is_some()
    }

    /// Begins the line of a rule. `counts`: the denials, approvals and flags so far; what is added to them until the
    /// next line is what this rule says.
    pub fn begin(&mut self, counts: (usize, usize, usize), rule: &str, said: Said, saw: impl FnOnce() -> String) {
        if !self.is_on() {
            return;
        }
        self.end(counts);
        if let Some(lines) = &mut self.lines {
            lines.push(TraceLine { rule: rule.to_owned(), saw: saw(), said, edges: Vec::new() });
        }
    }

    /// Ends the line that was begun last.
    pub fn end(&mut self, counts: (usize, usize, usize)) {
        if !self.is_on() {
            return;
        }
        let Some(line) = self.lines.as_mut().and_then(|lines| lines.last_mut()) else {
            self.counts = counts;
            return;
        };
        let heard = match counts {
            (denials, _, _) if denials > self.counts.0 => Said::Deny,
            (_, approvals, _) if approvals > self.counts.1 => Said::Approve,
            (_, _, flags) if flags > self.counts.2 => Said::Flag,
            _ => line.said,
        };
        line.said = line.said.max(heard);
        self.counts = counts;
    }

    /// Notes on which side of a figure the payment lies, if it is so close.
    pub fn edge(&mut self, side: impl FnOnce() -> Option<Side>, figure: impl FnOnce() -> String) {
        if !self.is_on() {
            return;
        }
        let Some(line) = self.lines.as_mut().and_then(|lines| lines.last_mut()) else { return };
        if let Some(side) = side() {
            line.edges.push(Edge { figure: figure(), side });
        }
    }

    /// The lines; empty where nothing was recorded.
    #[must_use]
    pub fn lines(&self) -> &[TraceLine] {
        self.lines.as_deref().unwrap_or_default()
    }
}

/// Against a cap: what is no more than it passes.
#[must_use]
pub fn cap(value: u128, most: u128) -> Option<Side> {
    match value.checked_sub(most) {
        Some(0) => Some(Side::Met),
        Some(1) => Some(Side::Crossed),
        _ => None,
    }
}

/// Against a floor: what is no less than it meets it.
#[must_use]
pub fn floor(value: u128, least: u128) -> Option<Side> {
    match least.checked_sub(value) {
        Some(0) => Some(Side::Met),
        Some(1) => Some(Side::Crossed),
        _ => None,
    }
}

/// Against the edges of a span of time: its first and its last millisecond, and those just outside.
#[must_use]
pub fn span(inside: impl Fn(Millis) -> bool, now: Millis) -> Option<Side> {
    let here = inside(now);
    let edge = inside(now.saturating_sub(1)) != here || inside(now.saturating_add(1)) != here;
    match (edge, here) {
        (true, true) => Some(Side::Met),
        (true, false) => Some(Side::Crossed),
        (false, _) => None,
    }
}
