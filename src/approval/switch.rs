//! Pulling the kill switch, heeding it, and lifting it.

use super::freeze::{Freeze, Lifted, freeze_key};
use super::proof;
use super::view::visible;
use crate::json::{Json, texts};
use crate::ledger::cells::Cell;
use crate::ledger::key;
use crate::ledger::working::{Missing, Working};
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::time::{Millis, format_instant};

/// Why an agent may not pay now, if it is so: everything is frozen, or it is.
///
/// # Errors
/// The cells that are not here.
pub fn frozen(policy: &Policy, work: &mut Working<'_>, agent: &str) -> Result<Option<Refusal>, Missing> {
    let everything = key::FREEZE.to_owned();
    let mut found = None;
    for name in [everything, key::agent(agent)] {
        if found.is_none() {
            found = work.freeze(&name)?.filter(|freeze| !freeze.is_lifted(policy));
        }
    }
    Ok(found.map(|Freeze { agent, reason, at, disabled, .. }| {
        let (code, field, word) = match (agent.as_str(), disabled) {
            ("", _) => (Reason::Frozen, "", "frozen"),
            (_, true) => (Reason::AgentDisabled, "agent", "this agent is disabled"),
            (_, false) => (Reason::AgentPaused, "agent", "this agent is paused"),
        };
        Refusal::at(code, field, format!("{word} since {}: {reason}", format_instant(at)))
    }))
}

/// Freezes everything, or one agent.
///
/// # Errors
/// The cells that are not here.
pub fn freeze(
    work: &mut Working<'_>,
    agent: String,
    reason: String,
    disabled: bool,
    now: Millis,
) -> Result<(), Missing> {
    let name = freeze_key(&agent);
    work.need([key::CLOCK, &name])?;
    let at = work.time(now)?;
    work.put(&name, Cell::Freeze(Freeze { reason, at, agent, disabled, lifted: None }), None);
    Ok(())
}

/// Lifts a freeze. With a signature it is written beside the freeze, for every decider to check; without one it is taken
/// away, which a policy with keys refuses. Lifting what is not frozen does nothing.
///
/// # Errors
/// The cells that are not here.
pub fn unfreeze(
    policy: &Policy,
    work: &mut Working<'_>,
    agent: &str,
    signed: Option<Lifted>,
    now: Millis,
) -> Result<Result<(), Refusal>, Missing> {
    let name = freeze_key(agent);
    work.need([key::CLOCK, &name])?;
    let now = work.time(now)?;
    let Some(mut freeze) = work.freeze(&name)? else { return Ok(Ok(())) };
    let refuse = |message: &str| Ok(Err(Refusal::at(Reason::BadCountersignature, "", message)));
    let has_keys = !policy.approvals.keys.is_empty();
    let Some(lifted) = signed else {
        if has_keys {
            return refuse("the policy names keys: what lifts a freeze has to be signed by one of them");
        }
        work.remove(&name);
        return Ok(Ok(()));
    };
    if lifted.proof.signed_at > now.saturating_add(proof::AHEAD) {
        return refuse("the signature is of a time that has not come");
    }
    if has_keys && !freeze.lifts(policy, &lifted) {
        return refuse("it is not the signature of an approver for this freeze");
    }
    freeze.lifted = Some(lifted);
    work.put(&name, Cell::Freeze(freeze), None);
    Ok(Ok(()))
}

/// A freeze, for people.
#[cfg(feature = "schema")]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct FreezeLine {
    /// The agent; absent where all are frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The agent is taken out of service, rather than paused.
    pub disabled: bool,
    /// The words of whoever froze it.
    pub reason: String,
    /// Since when (ISO 8601).
    pub at: String,
    /// What a signature that lifts it is bound to.
    pub digest: String,
    /// Who has lifted it. Whether that counts is for the policy of whoever decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<String>,
}

/// A freeze, for people: a `FreezeLine`.
#[must_use]
pub fn line(freeze: &Freeze) -> Json {
    let mut line = texts(vec![
        ("reason", visible(&freeze.reason)),
        ("at", format_instant(freeze.at)),
        ("digest", freeze.digest()),
    ]);
    line.push((String::from("disabled"), Json::Bool(freeze.disabled)));
    if !freeze.agent.is_empty() {
        line.extend(texts(vec![("agent", visible(&freeze.agent))]));
    }
    if let Some(lifted) = &freeze.lifted {
        line.extend(texts(vec![("lifted_by", visible(&lifted.approver))]));
    }
    Json::Object(line)
}
